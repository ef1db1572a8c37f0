"""How settings are read: the functions, the names that such functions have, and the classes that hold settings."""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = frozenset({"os.getenv", "os.environ.get", "decouple.config"})
"""Functions that read a setting and do nothing else."""

WITH_DEFAULT: Final = FUNCTIONS | {"os.environ.setdefault", "os.environ.pop", "builtins.getattr"}
"""Functions whose second argument stands in for a setting that is missing."""

NAMES: Final = frozenset({"getenv", "config", "env"})
"""What a function is called that reads the setting that its first argument names."""

SPEAKING_NAMES: Final = frozenset({"getenv", "get_env", "get_secret", "get_config", "get_setting"})
"""What a function is called that can't but read a setting, of whatever object it is a method."""

CONTAINERS: Final = r"(?i)(^|[._])(env|environ|environment|settings?|config|conf)$"
"""What the objects are called whose methods read settings."""

SETTINGS_BASES: Final = frozenset({"BaseSettings", "Settings"})
"""What the classes are called whose fields are filled from the environment."""
