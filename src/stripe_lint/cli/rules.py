"""``stripe-lint rules``: lists the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stripe_lint.catalogue import all_rules
from stripe_lint.cli.pipes import quiet_when_reader_leaves

if TYPE_CHECKING:
    from stripe_lint.model import Rule


@click.command()
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", help="How to list them.")
def command(format_: str) -> None:
    """List the rules; as JSON with their fixes."""
    with quiet_when_reader_leaves():
        click.echo(_as_json() if format_ == "json" else _as_table())


def _as_json() -> str:
    import json

    return json.dumps({"schema_version": 1, "rules": [_as_object(rule) for rule in all_rules()]}, indent=2)


def _as_table() -> str:
    rules = all_rules()
    longest = max((len(rule.name) for rule in rules), default=0)
    return "\n".join(
        f"{rule.code}  {rule.name:{longest}}  {_state(rule):3}  {rule.severity.label:7}  {rule.summary}"
        for rule in rules
    )


def _state(rule: Rule) -> str:
    return "on" if rule.default else "off"


def _as_object(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.label,
        "confidence": rule.confidence.label,
        "cwe": list(rule.cwe),
        "default": rule.default,
        "fix": rule.fix.value,
        "in_tests": rule.in_tests,
        "since": rule.since,
    }
