"""Writes ``docs/rules/``: a page for each rule and an index, from the docstrings of the rules' modules.

    python tools/gen_docs.py [DIRECTORY]

Other pages in the directory are removed: they belong to rules that are gone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.catalogue import all_rules, page
from stripe_lint.model import FixClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stripe_lint.model import Rule

DIRECTORY = Path(__file__).parent.parent / "docs" / "rules"
NOTE = "<!-- Written by tools/gen_docs.py from {source}. -->\n"
INDEX = "README.md"

AT_RUN_TIME = {
    "STP1": "`stripe_lint.runtime` has a [webhook inbox](../runtime/README.md#verification) that does this for you.",
    "STP2": "`stripe_lint.runtime` has a [store of idempotency keys](../runtime/keys.md) that does this for you.",
    "STP3": "The [webhook inbox](../runtime/README.md#guarantees) of `stripe_lint.runtime` tells nothing in its "
    "replies,\nlogs each refusal without body or secret, and hands over events whose data are plain dicts.",
}
"""The part of the runtime that does what the rules of a group ask for."""

USUAL = """\
Severity and fix are the usual ones. The code around a finding can make it better or worse, and one rule can be repaired
safely here and in a way that has to be reviewed there (STP104 and STP201, for two): the page of the rule tells when.
`--unsafe-fixes` makes what has to be reviewed.
"""
"""What the list of all rules ends with."""

FIXES = {
    FixClass.NONE: "none",
    FixClass.SAFE: "safe",
    FixClass.UNSAFE: "unsafe: to be reviewed",
}


def main() -> None:
    """Writes all pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, default=DIRECTORY)
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    pages = documents()
    for stale in {path.name for path in directory.glob("*.md")} - set(pages):
        (directory / stale).unlink()
    for name, text in pages.items():
        (directory / name).write_text(text, encoding="utf-8")


def documents() -> dict[str, str]:
    """The text of every file by its name."""
    rules = all_rules()
    return {INDEX: index(rules), **{f"{rule.code}.md": rule_page(rule) for rule in rules}}


def index(rules: Iterable[Rule]) -> str:
    """The list of all rules."""
    rows = [(f"[{rule.code}]({rule.code}.md)", rule.name, grade(rule), FIXES[rule.fix], rule.summary) for rule in rules]
    header = ("Code", "Name", "Severity", "Fix", "What it finds")
    return NOTE.format(source="the rules") + "\n# The rules\n\n" + table(header, rows) + "\n" + USUAL


def rule_page(rule: Rule) -> str:
    """The page of one rule: what it is at a glance, then its docstring."""
    title, _, body = page(rule).partition("\n")
    weaknesses = [f"[CWE-{number}](https://cwe.mitre.org/data/definitions/{number}.html)" for number in rule.cwe]
    glance = {
        "Severity": grade(rule),
        "Confidence": rule.confidence.label,
        "Weakness": ", ".join(weaknesses),
        "Fix": FIXES[rule.fix],
        "In test code": "reported" if rule.in_tests else "not reported",
        "Since": rule.since,
    }
    parts = [
        NOTE.format(source=f"the docstring of {rule.detect.__module__}"),
        f"# {rule.code} {rule.name}\n",
        f"{title}\n",
        table(tuple(glance), [tuple(glance.values())]),
        body.strip() + "\n" if body.strip() else "",
        f"## At run time\n\n{AT_RUN_TIME[rule.code[:4]]}\n" if rule.code[:4] in AT_RUN_TIME else "",
    ]
    return "\n".join(part for part in parts if part)


def grade(rule: Rule) -> str:
    """The usual severity, and whether the rule has to be switched on."""
    return rule.severity.label + ("" if rule.default else ", off by default")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    main()
