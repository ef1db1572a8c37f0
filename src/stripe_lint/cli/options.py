"""What the commands have in common in how they read their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STDIN = "-"
"""The path that means standard input."""


def split_list(context: click.Context, parameter: click.Parameter, value: Sequence[str]) -> list[str] | None:  # noqa: ARG001
    """A list option may be repeated, and may hold several values with commas between."""
    if not value:
        return None
    items = [item.strip() for word in value for item in word.split(",") if item.strip()]
    if not items:
        raise click.BadParameter("the list is empty")
    return items


def layer_of(options: Mapping[str, object]) -> dict[str, object]:
    """The options that were given, by their keys in the configuration."""
    return {key.replace("_", "-"): value for key, value in options.items() if value is not None}
