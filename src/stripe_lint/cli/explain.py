"""``stripe-lint explain``: prints a rule's page."""

from __future__ import annotations

import click

from stripe_lint.catalogue import find_rule, page
from stripe_lint.cli.pipes import quiet_when_reader_leaves


@click.command()
@click.argument("rule")
def command(rule: str) -> None:
    """Explain a RULE, given by its code or its name."""
    found = find_rule(rule)
    with quiet_when_reader_leaves():
        click.echo(f"{found.code} {found.name}\n\n{page(found)}", nl=False)
