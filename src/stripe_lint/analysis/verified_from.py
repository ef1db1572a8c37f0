"""From which line on a function that runs for a delivery has the verified event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.analysis import reach, stripe_calls
from stripe_lint.analysis.values import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.reach import Reached
    from stripe_lint.analysis.scopes import FunctionNode
    from stripe_lint.analysis.webhook_handlers import Handler


def verified_from(reached: Reached) -> int:
    """The line on which a function verifies the event, itself or by a call; 0 where it gets it verified."""
    return _lines(reached.handler).get(reached.function, 0)


def known_from(reached: Reached) -> int:
    """The line from which on a function can know anything of the event; 0 where something may be known at once."""
    facts = reached.handler.facts
    parses = facts.parsed_early or any(each.payload.has(Mark.PARSED) for each in facts.payloads)
    return 0 if parses else verified_from(reached)


def _lines(handler: Handler) -> dict[FunctionNode, int]:
    key = ("verified from", handler.function)
    known = handler.module.memory.get(key)
    if isinstance(known, dict):
        return known
    found: dict[FunctionNode, int] = {}
    for function, line in _verifying(handler):
        found[function] = min(line, found.get(function, line))
    handler.module.memory[key] = found
    return found


def _verifying(handler: Handler) -> Iterator[tuple[FunctionNode, int]]:
    """The functions that verify, and those that call them, with the line on which they do."""
    for reached in reach.reached_from(handler):
        own = [*_own(reached)]
        if not own:
            continue
        yield reached.function, min(own)
        current = reached
        while current.caller is not None:
            if current.call is not None:
                yield current.caller.function, getattr(current.call, "lineno", 0)
            current = current.caller


def _own(reached: Reached) -> Iterator[int]:
    module, function = reached.module, reached.function
    for place in reached.handler.facts.verifications:
        if place.module.path == module.path and function.lineno <= place.line <= (function.end_lineno or 0):
            yield place.line
    for call in module.calls_of.get(function, ()):
        if stripe_calls.call_verifies(module, call):
            yield call.lineno
