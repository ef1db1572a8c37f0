"""Whether Dependabot or Renovate keeps a manifest up to date, by the configuration in its repository.

Only what certainly leaves the manifest out counts as not covering it; a configuration that can't be read covers all.
"""

from __future__ import annotations

import fnmatch
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import PACKAGE
from stripe_lint.sources import is_regular

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DEPENDABOT_FILES: Final = (".github/dependabot.yml", ".github/dependabot.yaml")
"""Where Dependabot's configuration may lie, from the root of the repository."""

RENOVATE_FILES: Final = (
    *("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".renovaterc.json5"),
    *(".github/renovate.json", ".github/renovate.json5", ".gitlab/renovate.json", ".gitlab/renovate.json5"),
)
"""Where Renovate's configuration may lie; it may also be a key of ``package.json``."""

_ECOSYSTEMS: Final = {
    "pip": frozenset(Kind) - {Kind.UV_LOCK, Kind.PDM_LOCK, Kind.PYLOCK},
    "uv": frozenset({Kind.UV_LOCK, Kind.PYPROJECT, Kind.REQUIREMENTS}),
}
_MANAGERS: Final = {
    Kind.REQUIREMENTS: frozenset({"pip_requirements", "pip-compile"}),
    Kind.PYPROJECT: frozenset({"pep621", "poetry"}),
    Kind.POETRY_LOCK: frozenset({"poetry"}),
    Kind.UV_LOCK: frozenset({"pep621"}),
    Kind.PDM_LOCK: frozenset({"pep621"}),
    Kind.PYLOCK: frozenset({"pep621"}),
    Kind.PIPFILE: frozenset({"pipenv"}),
    Kind.PIPFILE_LOCK: frozenset({"pipenv"}),
    Kind.SETUP_CFG: frozenset({"setup-cfg"}),
    Kind.SETUP_PY: frozenset({"pip_setup"}),
}
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')|//[^\n]*|/\*.*?\*/', re.DOTALL)


def is_kept_up_to_date(path: Path, kind: Kind) -> bool:
    """Whether one of the two updates ``stripe`` in the manifest at the absolute ``path``."""
    root = repository_root(path)
    return _by_dependabot(path, kind, root) or _by_renovate(path, kind, root)


def repository_root(path: Path) -> Path:
    """The root of the repository around ``path``; without one the outermost folder with a configuration, or its own."""
    for folder in path.parents:
        if (folder / ".git").exists():
            return folder
    configured = [
        folder
        for folder in path.parents
        if any((folder / name).is_file() for name in (*DEPENDABOT_FILES, *RENOVATE_FILES))
    ]
    return configured[-1] if configured else path.parent


def dependabot_updates(path: Path) -> list[dict[str, Any]]:
    """The entries in one of Dependabot's configurations; none where it can't be read."""
    content = _yaml(path)
    updates = _list(content.get("updates")) if isinstance(content, dict) else []
    return [entry for entry in updates if isinstance(entry, dict)]


def covers(configuration: str, path: Path, kind: Kind) -> bool:
    """Whether Dependabot, told so by the text of its ``configuration``, updates the manifest at ``path``."""
    content = _loaded(configuration)
    updates = _list(content.get("updates")) if isinstance(content, dict) else []
    return any(_updates(entry, path, kind, repository_root(path)) for entry in updates)


def _by_dependabot(path: Path, kind: Kind, root: Path) -> bool:
    for name in DEPENDABOT_FILES:
        content = _yaml(root / name)
        if content is None:
            continue
        if not isinstance(content, dict) or not isinstance(content.get("updates"), list):
            return True
        if any(_updates(entry, path, kind, root) for entry in content["updates"]):
            return True
    return False


def _updates(entry: object, path: Path, kind: Kind, root: Path) -> bool:
    """Whether one entry of Dependabot's ``updates`` covers the manifest."""
    if not isinstance(entry, dict):
        return True
    if kind not in _ECOSYSTEMS.get(str(entry.get("package-ecosystem")), frozenset()):
        return False
    if entry.get("open-pull-requests-limit") == 0:
        # this is how version updates are switched off while security updates stay on
        return False
    folders = [entry.get("directory"), *_list(entry.get("directories"))]
    if not any(_is_in(path, kind, root, str(folder)) for folder in folders if folder is not None):
        return False
    if any(_names_stripe(rule) and not set(rule) & {"versions", "update-types"} for rule in _rules(entry, "ignore")):
        return False
    allowed = _rules(entry, "allow")
    return not allowed or any("dependency-name" not in rule or _names_stripe(rule) for rule in allowed)


def _is_in(path: Path, kind: Kind, root: Path, directory: str) -> bool:
    """Whether Dependabot looks at the manifest when it looks into ``directory``.

    It reads lists of requirements one folder further down, too.
    """
    folder = path.parent.relative_to(root).as_posix()
    folders = ["" if folder == "." else folder]
    if kind is Kind.REQUIREMENTS and folders[0]:
        folders.append(folders[0].rpartition("/")[0])
    pattern = directory.strip("/").removeprefix("./").rstrip("/.")
    if pattern in {"**", "**/*"}:
        return True
    return any(fnmatch.fnmatchcase(each, pattern) or each == pattern for each in folders)


def _rules(entry: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [rule for rule in _list(entry.get(key)) if isinstance(rule, dict)]


def _names_stripe(rule: dict[str, Any]) -> bool:
    return fnmatch.fnmatchcase(PACKAGE, str(rule.get("dependency-name", "")))


def _by_renovate(path: Path, kind: Kind, root: Path) -> bool:
    contents = [content for name in RENOVATE_FILES if (content := _json5(root / name)) is not None]
    package = _json5(root / "package.json")
    if isinstance(package, dict) and "renovate" in package:
        contents.append(package["renovate"])
    return any(_renovates(content, path, kind, root) for content in contents)


def _renovates(content: object, path: Path, kind: Kind, root: Path) -> bool:
    if not isinstance(content, dict):
        return True
    if content.get("enabled") is False:
        return False
    managers = _list(content.get("enabledManagers"))
    if managers and not _MANAGERS[kind] & set(map(str, managers)):
        return False
    relative = path.relative_to(root).as_posix()
    included = _list(content.get("includePaths"))
    if included and not _any_match(relative, included):
        return False
    if _any_match(relative, _list(content.get("ignorePaths"))):
        return False
    if PACKAGE in _list(content.get("ignoreDeps")):
        return False
    return not any(_switches_off(rule) for rule in _list(content.get("packageRules")))


def _switches_off(rule: object) -> bool:
    """Whether a rule of Renovate stops all updates of ``stripe``, and of nothing narrower than it."""
    if not isinstance(rule, dict) or rule.get("enabled") is not False:
        return False
    conditions = {key for key in rule if key.startswith("match")}
    return conditions == {"matchPackageNames"} and PACKAGE in _list(rule["matchPackageNames"])


def _any_match(relative: str, patterns: Iterable[object]) -> bool:
    """Whether a glob covers the path; ``**`` also stands for no folder at all."""
    for pattern in map(str, patterns):
        if any(fnmatch.fnmatchcase(relative, each) for each in (pattern, pattern.replace("**/", ""), f"{pattern}/*")):
            return True
    return False


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


@cache
def _yaml(path: Path) -> object | None:
    """The content of a YAML file, ``None`` if there is none, and an empty string for one that can't be read."""
    text = _text(path)
    return None if text is None else _loaded(text)


@cache
def _json5(path: Path) -> object | None:
    text = _text(path)
    if text is None:
        return None
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        # JSON5 without its comments is YAML, but for what no configuration of Renovate uses.
        return _loaded(_COMMENT.sub(lambda match: match[1] or " ", text))
    return content


def _loaded(text: str) -> object:
    import yaml

    try:
        content: object = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return ""
    return "" if content is None else content


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig") if is_regular(path) else None
    except (OSError, ValueError):
        return None
