"""Which function handles which type of event."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stripe_lint.runtime import event_types
from stripe_lint.runtime.errors import ConfigurationError
from stripe_lint.runtime.flow import is_asynchronous

if TYPE_CHECKING:
    from collections.abc import Callable


class UnknownEventType(UserWarning):
    """A handler is registered for a type of event that no release of Stripe's library knows."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of the user's.

    Args:
        function: Called with the event, and with the delivery if it takes two arguments.
        takes_delivery: Whether it does.
        asynchronous: Whether it gives a coroutine.
    """

    function: Callable[..., Any]
    takes_delivery: bool
    asynchronous: bool


def handler_of(function: Callable[..., Any]) -> Handler:
    """Looks at a function's signature.

    Raises:
        ConfigurationError: It can't be called with an event, or with an event and a delivery.
    """
    parameters = inspect.signature(function).parameters.values()
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    required = [each for each in positional if each.default is each.empty]
    named = [each for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty]
    variable = any(each.kind is each.VAR_POSITIONAL for each in parameters)
    if len(required) > 2 or named or not (positional or variable):
        raise ConfigurationError(f"a handler takes the event, or the event and the delivery: {function!r}")
    takes_delivery = len(required) == 2 or (len(positional) > 1 and positional[1].name == "delivery") or variable
    return Handler(function, takes_delivery, is_asynchronous(function))


class Handlers:
    """One handler for each type."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def add(self, types: tuple[str, ...], function: Callable[..., Any]) -> None:
        """Registers a function for some types.

        Raises:
            ConfigurationError: There is no type, a pattern, or a type that has a handler already.
        """
        if not types or not all(isinstance(each, str) and each for each in types):
            raise ConfigurationError('name the type: @inbox.on("checkout.session.completed")')
        handler = handler_of(function)
        for each in types:
            if each in self._handlers:
                raise ConfigurationError(
                    f"{each} has a handler already: one handler a type, so that one outcome counts"
                )
            if "*" in each:
                raise ConfigurationError(f"{each} is a pattern: register each type by its name")
            if each not in event_types.known():
                nearest = event_types.nearest(each)
                hint = f": did you mean {nearest}?" if nearest else ""
                warnings.warn(f"Stripe has no event type {each}{hint}", UnknownEventType, stacklevel=3)
        self._handlers.update(dict.fromkeys(types, handler))

    def of(self, name: str) -> Handler | None:
        """The handler of a type."""
        return self._handlers.get(name)
