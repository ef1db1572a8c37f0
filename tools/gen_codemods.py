"""Writes ``src/stripe_lint/codemods/stpNNN.py``: a command of LibCST for each rule that has a fix.

    python tools/gen_codemods.py [DIRECTORY]

Other modules of rules in the directory are removed: they belong to fixes that are gone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.catalogue import all_rules

if TYPE_CHECKING:
    from stripe_lint.model import Rule

DIRECTORY = Path(__file__).parent.parent / "src" / "stripe_lint" / "codemods"

MODULE = '''"""The fix of {code} as a command of LibCST. Written by tools/gen_codemods.py."""

from stripe_lint.codemods.command import FixCommand


class {name}(FixCommand):
    """Makes what ``stripe-lint fix --select {code}`` makes."""

    CODE = "{code}"
    DESCRIPTION = "Fixes {code}: {summary}"
'''


def main() -> None:
    """Writes all modules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, default=DIRECTORY)
    directory = parser.parse_args().directory
    modules = {f"{rule.code.lower()}.py": module_of(rule) for rule in all_rules() if rule.repair is not None}
    for stale in {path.name for path in directory.glob("stp*.py")} - set(modules):
        (directory / stale).unlink()
    for name, text in modules.items():
        (directory / name).write_text(text, encoding="utf-8")


def module_of(rule: Rule) -> str:
    """The module of one rule; the class is called by the rule's name."""
    name = "Fix" + "".join(word.capitalize() for word in rule.name.split("-"))
    return MODULE.format(code=rule.code, name=name, summary=rule.summary)


if __name__ == "__main__":
    main()
