"""How settings are read: the functions, the names that such functions have, and what holds settings.

The sets differ because the questions do: what certainly reads a setting, what a secret is read by, what may be one.
"""

from __future__ import annotations

from typing import Final

ENVIRONMENT: Final = "os.environ"
"""The mapping of the variables of the environment; its subscript fails for one that is missing."""

ENVIRONMENT_FUNCTIONS: Final = frozenset({"os.getenv", "os.environ.get"})
"""Functions that read a variable of the environment, and give ``None`` for one that is missing."""

ENVIRONMENT_READ: Final = r"\b(environ|getenv)\b"
"""What stands in the text of an expression that reads the environment."""

FUNCTIONS: Final = ENVIRONMENT_FUNCTIONS | {"decouple.config"}
"""Functions that read a setting and do nothing else."""

WITH_DEFAULT: Final = FUNCTIONS | {"os.environ.setdefault", "os.environ.pop", "builtins.getattr"}
"""Functions whose second argument stands in for a setting that is missing."""

FAILING_READERS: Final = ("decouple.", "environ.", "environs.", "starlette.config.")
"""How the dotted names begin of what raises an error for a setting that is missing and has no default."""

NAMES: Final = frozenset({"getenv", "config", "env"})
"""What a function is called that reads the setting that its first argument names."""

SPEAKING_NAMES: Final = frozenset({"getenv", "get_env", "get_secret", "get_config", "get_setting"})
"""What a function is called that can't but read a setting, of whatever object it is a method."""

CONTAINERS: Final = r"(?i)(^|[._])(env|environ|environment|settings?|config|conf)$"
"""What the objects are called whose methods read settings."""

MAPPINGS: Final = frozenset({"environ", "config"})
"""What the mappings are called whose entries are settings."""

HOLDERS: Final = frozenset({"settings", "config", "environ", "conf", "cfg"})
"""What the objects are called whose attributes or entries are settings."""

HOLDER_WORDS: Final = r"(?i)environ|env|config|settings|secrets"
"""What is a part of the names of objects that hold settings, secret ones among them."""

SETTINGS_BASES: Final = frozenset({"BaseSettings", "Settings"})
"""What the classes are called whose fields are filled from the environment."""
