"""``stripe-lint rules``: lists the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stripe_lint.catalogue import all_rules

if TYPE_CHECKING:
    from stripe_lint.model import Rule


@click.command()
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", help="How to list them.")
def command(format_: str) -> None:
    """List the rules with their names, severities and fixes."""
    if format_ == "json":
        import json

        click.echo(json.dumps({"schema_version": 1, "rules": [_as_object(rule) for rule in all_rules()]}, indent=2))
        return
    longest = max((len(rule.name) for rule in all_rules()), default=0)
    for rule in all_rules():
        state = "on" if rule.default else "off"
        click.echo(f"{rule.code}  {rule.name:{longest}}  {state:3}  {rule.severity.label:7}  {rule.summary}")


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
