"""What dj-stripe calls with the events that it has verified and stored (2.8.4 to 2.10.3)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import names

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

PACKAGE: Final = "djstripe"

_REGISTERING: Final = frozenset(
    {"djstripe.event_handlers.djstripe_receiver", "djstripe.webhooks.handler", "djstripe.webhooks.handler_all"}
)
"""Its decorators, with the types of the events as arguments; ``djstripe_receiver`` since 2.9.0."""

_SIGNALS: Final = "djstripe.signals.WEBHOOK_SIGNALS"
"""Django's signals for the types of events, for Django's own ``receiver``."""


def receives_events(module: Module, function: NamedFunction) -> bool:
    """Whether dj-stripe calls the function with each delivery of an event."""
    return any(_registers(module, decorator) for decorator in function.decorator_list)


def _registers(module: Module, decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call):
        return names.dotted_path(module, decorator) in _REGISTERING
    if names.dotted_path(module, decorator.func) in _REGISTERING:
        return True
    return any(
        isinstance(signal, ast.Subscript) and names.dotted_path(module, signal.value) == _SIGNALS
        for argument in decorator.args
        for signal in (argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument])
    )
