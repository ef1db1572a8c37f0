"""Finds the rules: one module each in ``stripe_lint.rules``, imported only when something asks for it.

A rule's module is named by its code in lower case (``stp101``), optionally with a word after an underscore, and
defines ``RULE``. Nothing else has to be registered anywhere.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stripe_lint import rules
from stripe_lint.errors import ConfigError
from stripe_lint.model import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.config import Config
    from stripe_lint.model import Hit

COULD_NOT_CHECK_PAGE = """A file that could not be checked.

The command reports it for a file that can't be read, decoded or parsed, and for a rule that crashed on it. The rest of
the run goes on, and the exit code is 2: a clean report never means "not looked at".

It can't be ignored or suppressed. Exclude the file if it is not meant to be checked; report a crash as a bug of
stripe-lint. Syntax newer than the Python that runs the check is read through LibCST; where that fails too, run it on
the Python version of the code.
"""

UNUSED_SUPPRESSION = "STP900"
"""The rule about suppressions, whose findings the command makes once all others are known; flake8 has its own."""

_CODE_OR_PREFIX: Final = r"STP\d{0,3}"


def _finds_nothing(module: Module) -> Iterator[Hit]:  # noqa: ARG001
    return iter(())


COULD_NOT_CHECK = Rule(
    code="STP000",
    name="could-not-check",
    summary="A file can't be read or parsed, or a rule crashed on it.",
    severity=Severity.ERROR,
    cwe=(),
    detect=_finds_nothing,
    in_tests=True,
)
"""The diagnostic of the engine itself; it has no module, and the flake8 plugin does not show it."""


def codes() -> tuple[str, ...]:
    """The codes of all rules, sorted, without importing any."""
    return tuple(sorted(_modules()))


def rule(code: str) -> Rule:
    """The rule with this code, which must exist."""
    return _load(_modules()[code], code)


def all_rules() -> tuple[Rule, ...]:
    """Every rule, sorted by code. Imports them all."""
    return tuple(rule(code) for code in codes())


def find_rule(code_or_name: str) -> Rule:
    """The one rule with this code or name, ``STP000`` included. Raises ``ConfigError`` if there is none."""
    wanted = code_or_name.upper()
    if wanted in _modules():
        return rule(wanted)
    known = (COULD_NOT_CHECK, *all_rules())
    for candidate in known:
        if code_or_name.lower() == candidate.name or wanted == candidate.code:
            return candidate
    raise ConfigError(_unknown(code_or_name, [word for each in known for word in (each.code, each.name)]))


def page(subject: Rule) -> str:
    """The rule's documentation in Markdown: its module's docstring, or its summary where Python strips docstrings."""
    if subject is COULD_NOT_CHECK:
        return COULD_NOT_CHECK_PAGE
    return (import_module(_modules()[subject.code]).__doc__ or subject.summary).strip() + "\n"


def resolve_selector(selector: str) -> str:
    """What a user wrote for one or several rules, as a code or the beginning of codes.

    Accepts a code, the first characters of codes (``STP``, ``STP1``) and a rule's name. Raises ``ConfigError`` with the
    nearest known word if no rule is meant.
    """
    as_code = selector.upper()
    known = (COULD_NOT_CHECK.code, *codes())
    if re.fullmatch(_CODE_OR_PREFIX, as_code) and any(code.startswith(as_code) for code in known):
        return as_code
    names = {each.name: each.code for each in (COULD_NOT_CHECK, *all_rules())}
    if selector in names:
        return names[selector]
    raise ConfigError(_unknown(selector, [*known, *names]))


def select_rules(config: Config) -> tuple[Rule, ...]:
    """The rules that are on under this configuration, sorted by code.

    Without ``select`` these are the rules that are on by default. The longest matching entry decides between switching
    on and off, and ``ignore`` wins a tie.
    """
    return _selected(config.select, config.extend_select, config.ignore)


@cache
def _selected(
    select: tuple[str, ...] | None, extend_select: tuple[str, ...], ignore: tuple[str, ...]
) -> tuple[Rule, ...]:
    chosen = []
    for code in codes():
        if select is None:
            on = max(_longest_match(code, extend_select), 0 if rule(code).default else -1)
        else:
            on = _longest_match(code, (*select, *extend_select))
        if on > _longest_match(code, ignore):
            chosen.append(rule(code))
    return tuple(chosen)


def _longest_match(code: str, prefixes: Iterable[str]) -> int:
    """The length of the longest prefix of ``code`` among ``prefixes``, -1 if there is none."""
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)


def _modules() -> dict[str, str]:
    """The rules' modules by code, found by file name."""
    return _modules_in(tuple(rules.__path__))


@cache
def _modules_in(folders: tuple[str, ...]) -> dict[str, str]:
    return {
        file.stem[:6].upper(): f"{rules.__name__}.{file.stem}"
        for folder in folders
        for file in Path(folder).iterdir()
        if _is_rule(file.name)
    }


def _is_rule(file_name: str) -> bool:
    """Whether a file is called ``stp101.py`` or ``stp101_word.py``; asked of each file on each start."""
    stem, _, suffix = file_name.partition(".")
    return suffix == "py" and stem.startswith("stp") and stem[3:6].isdigit() and stem[6:7] in {"", "_"}


@cache
def _load(module_name: str, code: str) -> Rule:
    found = import_module(module_name).RULE
    if not isinstance(found, Rule) or found.code != code:
        raise AssertionError(f"{module_name} must define RULE, a Rule with the code {code}")
    return found


def unknown(word: str) -> str:
    """What to say of a word that is no rule's code or name."""
    return _unknown(word, [known for each in all_rules() for known in (each.code, each.name)])


def _unknown(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    candidates = list(known)
    near = get_close_matches(word, candidates, 1) or get_close_matches(word.upper(), candidates, 1)
    hint = f'; did you mean "{near[0]}"?' if near else "; `stripe-lint rules` lists them"
    return f'unknown rule "{word}"{hint}'
