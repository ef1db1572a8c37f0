"""The command with its subcommands, one module each, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from stripe_lint import __version__

COMMANDS = ("check", "config", "explain", "fix", "rules")
"""The subcommands, which are the names of the modules; each module has one ``command``."""


class _Subcommands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"stripe_lint.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in COMMANDS and Path(word).exists():
            raise click.UsageError(f'"{word}" is a path, not a command; did you mean `stripe-lint check {word}`?', ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Subcommands)
@click.version_option(__version__, message="stripe-lint %(version)s")
def application() -> None:
    """Finds the mistakes in Stripe integrations that cost money."""


def run(words: list[str]) -> int:
    """Runs the subcommand that ``words`` name and returns its exit code, 2 where the words themselves are wrong."""
    try:
        code = application.main(words, prog_name="stripe-lint", standalone_mode=False)
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except click.ClickException as error:
        error.show()
        return 2
    return code if isinstance(code, int) else 0
