"""The handlers of webhooks that lead to a file, each run once by the interpreter.

A function that is no handler itself is judged through the handlers that call it, in this file or in another.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    applied_decorators,
    callers,
    functions,
    guards,
    handler_parameters,
    handlers,
    names,
    other_providers,
    routes,
    starts,
    syntax,
    verifiers,
    webhook_functions,
)
from stripe_lint.analysis.dataflow import Interpreter
from stripe_lint.analysis.frameworks import all_names, body_names, is_request_factory
from stripe_lint.analysis.scopes import FunctionNode, NamedFunction
from stripe_lint.analysis.values import UNKNOWN
from stripe_lint.data import event_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.facts import Facts
    from stripe_lint.analysis.module import Module

FARTHEST_CALLER: Final = 3
"""How many calls up a handler is looked for."""

DEPTHS: Final = (6, 1, 0)
"""How many calls deep a handler is followed; the next one where the one before takes too long."""

MOST_ROOTS: Final = 16
"""How many handlers of one file are run."""

_WEBHOOK_WORDS: Final = (
    *("hook", "event_type", "stripe_event", "event[", "stripe-signature", "stripe_signature"),
    *(*webhook_functions.VERIFYING, *webhook_functions.BUILDING, f".{webhook_functions.DESERIALIZING}("),
    *("notification_handler", "notificationhandler", "event.retrieve", "events.retrieve"),
)
_COMMON_PARTS: Final = ("event", "signature", "notification")
"""What is sought first, for all words that it is in: most files have none of these."""

_UNVERIFIED: Final = "(?i:without_?verification)"
_BUILDING: Final = frozenset(
    {*webhook_functions.BUILDING, webhook_functions.DESERIALIZING, *webhook_functions.UNVERIFYING}
)
_HANDLING_WORDS: Final = (
    *("signature", "hook", "stripe_event", "verification", "handle", "load", "json"),
    *(*webhook_functions.BUILDING, webhook_functions.DESERIALIZING),
)
_PARSERS: Final = frozenset({"loads", "load", "get_json", "json"})
_BODY_USES: Final = _PARSERS | {"model_validate_json", "parse_raw", "request"}


class Handler(NamedTuple):
    """A handler that was run, and what was seen."""

    module: Module
    function: NamedFunction
    facts: Facts

    @property
    def is_stripe(self) -> bool:
        """Whether there is evidence that the body is meant as a Stripe event."""
        facts = self.facts
        if facts.evidence & {"verification", "signature header", "event built", "event fetched"}:
            return True
        is_typed = len(facts.event_types) >= 2 or (bool(facts.event_types) and "type" in facts.evidence)
        if not is_typed and not facts.evidence & {"type", "data", "handed on whole"}:
            return False
        if routes.is_told_webhook(self.module, self.function):
            return True
        if other_providers.serves_other_provider(self.module, self.function):
            return False
        return is_typed or _names_stripe_webhook(self.module, self.function)

    @property
    def verifies(self) -> bool:
        """Whether some path verifies; where not all paths were followed, whether one may."""
        if self.facts.exhausted and not self.facts.verifications:
            return verifiers.mentions_verification(self.module, self.function)
        return bool(self.facts.verifications)

    @property
    def is_genuine(self) -> bool:
        """Whether what it handles is Stripe's: some path verifies, or fetches the event by the id that was sent."""
        return self.verifies or "delivered event fetched" in self.facts.evidence


def analysed_handlers(module: Module) -> list[Handler]:
    """The handlers that matter for ``module``: its own, and those elsewhere that call into it."""
    known = module.memory.get("handlers")
    if isinstance(known, list):
        return known
    module.memory["handlers"] = []
    found = [_analysed(owner, function) for owner, function in _roots(module)]
    module.memory["handlers"] = found
    return found


def _analysed(module: Module, function: NamedFunction) -> Handler:
    """A handler of ``module``, run once whichever file asks."""
    key = ("handler", function)
    known = module.memory.get(key)
    if not isinstance(known, Handler):
        known = _run(module, function)
        module.memory[key] = known
    return known


def _run(module: Module, function: NamedFunction) -> Handler:
    may_verify = (
        verifiers.mentions_verification(module, function)
        or bool(function.decorator_list)
        or bool(applied_decorators.applied_decorators(module, function))
    )
    for deepest in DEPTHS:
        interpreter = Interpreter(deepest=deepest, only_unverified=True, may_verify=may_verify)
        starts.run_handler(interpreter, module, function)
        if not interpreter.facts.exhausted:
            break
    return Handler(module, function, interpreter.facts)


def has_handlers(module: Module) -> bool:
    """Whether there are handlers that matter for ``module``; none is run for that."""
    return bool(_roots(module))


def receives_events(module: Module, function: NamedFunction) -> bool:
    """Whether ``function`` is a handler to which Stripe delivers its events, verified or not."""
    return (module, function) in _roots(module) and _analysed(module, function).is_stripe


def _speaks_of_webhooks(module: Module) -> bool:
    lowered = module.lowered
    missing = [part for part in _COMMON_PARTS if part not in lowered]
    for word in _WEBHOOK_WORDS:
        if not any(part in word for part in missing) and word in lowered:
            return True
    return bool(_naming_types(module))


def _naming_types(module: Module) -> set[ast.AST]:
    """The functions that name a type of events, and all else that is around such a name."""
    known = module.memory.get("names types of events")
    if not isinstance(known, set):
        named = (
            node
            for node in module.of_kind(ast.Constant)
            if isinstance(node.value, str) and "." in node.value and event_types.is_known(node.value)
        )
        known = module.memory["names types of events"] = {each for node in named for each in module.ancestors(node)}
    return known


def _roots(module: Module) -> list[tuple[Module, NamedFunction]]:
    known = module.memory.get("roots of handlers")
    if not isinstance(known, list):
        known = module.memory["roots of handlers"] = _search_roots(module)
    return known


def _search_roots(module: Module) -> list[tuple[Module, NamedFunction]]:
    roots: dict[tuple[Module, NamedFunction], None] = {}
    speaks = _speaks_of_webhooks(module) or bool(module.project.conventions.webhook_paths)
    concerns = _concerns_webhooks if speaks else _parses_for_webhooks
    for function in module.functions:
        if isinstance(function, ast.Lambda) or not concerns(module, function):
            continue
        for root in _entry_points(module, function, 0, set()):
            if _can_see_body(*root):
                roots[root] = None
    return list(roots)[:MOST_ROOTS]


def _can_see_body(module: Module, function: NamedFunction) -> bool:
    """Whether a function gets at a request, or verifies what it is given; of any other nothing can be told."""
    if handlers.takes_request(module, function) or verifiers.mentions_verification(module, function):
        return True
    if any(framework.request_globals or framework.request_attributes for framework in handlers.frameworks(module)):
        return True
    framework = handlers.framework_for(module, function)
    return any(
        handler_parameters.parameter_value(module, function, parameter, framework, None) != UNKNOWN
        or handler_parameters.dependency_of_parameter(module, function, parameter) is not None
        for parameter in functions.parameters(function)
    )


def _concerns_webhooks(module: Module, function: NamedFunction) -> bool:
    if (
        isinstance(module.enclosing_function(function), NamedFunction)
        and handlers.registered_by(module, function) is None
        and not _is_nested_view(module, function)
    ):
        return False
    if _makes_up_requests(module, function):
        return False
    if verifiers.mentions_verification(module, function) or guards.wrappers(module, function):
        return True
    if any(webhook_functions.names_signature_header(each.arg) for each in functions.parameters(function)):
        return True
    if not _may_handle_events(module, function):
        return False
    names_read = set()
    builds_event = False
    names_header = webhook_functions.names_signature_header
    for node in syntax.descendants(function):
        kind = node.__class__
        if kind is ast.Attribute:
            names_read.add(node.attr)  # type: ignore[attr-defined]
        elif kind is ast.Name:
            names_read.add(node.id)  # type: ignore[attr-defined]
        elif kind is ast.Constant and names_header(node.value):  # type: ignore[attr-defined]
            builds_event = True
    if builds_event or names_read & _BUILDING:
        return True
    if names_read & webhook_functions.HANDLING and re.search(_UNVERIFIED, module.text):
        return True
    if names_read & _PARSERS and _serves_webhooks(module, function):
        return True
    has_body = (
        not names_read.isdisjoint(_BODY_USES | body_names()) or handlers.registered_by(module, function) is not None
    )
    return has_body and (
        function in _naming_types(module)
        or _names_stripe_webhook(module, function)
        or _hands_body_on(names_read)
        or routes.is_told_webhook(module, function)
    )


def _may_handle_events(module: Module, function: NamedFunction) -> bool:
    """Whether the text of a function, or what it is called, has a word of those that make it a handler.

    A word is found in a text many times as fast as nodes are looked at.
    """
    text = "\n".join(module.lines_of(function)).lower()
    return (
        function in _naming_types(module)
        or any(word in text for word in _HANDLING_WORDS)
        or _names_stripe_webhook(module, function)
        or routes.is_told_webhook(module, function)
    )


def _parses_for_webhooks(module: Module, function: NamedFunction) -> bool:
    """Whether a function of a file that never speaks of webhooks decodes a body for a handler that does."""
    return any(
        functions.last_name(call.func) in _PARSERS for call in module.calls_within(function)
    ) and _serves_webhooks(module, function)


def _serves_webhooks(module: Module, function: NamedFunction) -> bool:
    return _serves_verification(module, function) or _is_dependency(module, function)


def _is_dependency(module: Module, function: NamedFunction) -> bool:
    """Whether a handler that speaks of events depends on ``function``."""
    return any(
        holder is not None and verifiers.speaks_of_events(source, holder)
        for source, holder in callers.dependents(module, function)
    )


def _serves_verification(module: Module, function: NamedFunction) -> bool:
    """Whether a function that parses is called by, or decorates, a function that verifies."""
    for source, call in callers.call_sites(module, function) or ():
        around = source.enclosing_function(call)
        if around is None:
            continue
        if verifiers.mentions_verification(source, around) or verifiers.speaks_of_events(source, around):
            return True
    return any(verifiers.mentions_verification(*decorated) for decorated in callers.decorated_by(module, function))


def _is_nested_view(module: Module, function: NamedFunction) -> bool:
    """Whether a function made inside another one takes requests itself, and is not what a decorator puts in place."""
    outer = module.enclosing_function(function)
    if not handlers.takes_request(module, function) or not isinstance(outer, NamedFunction):
        return False
    wrapper = guards.wrapper_of(module, outer)
    return wrapper is None or wrapper.node is not function


def _hands_body_on(names_read: set[str]) -> bool:
    return any("webhook" in name.lower() or "stripe_event" in name.lower() for name in names_read)


def _entry_points(
    module: Module, function: NamedFunction, distance: int, seen: set[NamedFunction]
) -> Iterator[tuple[Module, NamedFunction]]:
    """The handlers that lead to ``function``; itself where it takes a request or nobody is seen to call it."""
    if function in seen:
        return
    seen.add(function)
    if handlers.registered_by(module, function) is not None:
        yield module, function
        return
    through = list(_through_framework(module, function, seen))
    if through:
        yield from through
        return
    takes_request = handlers.takes_request(module, function) and bool(handlers.frameworks(module))
    if takes_request and applied_decorators.is_registered(module, function):
        yield module, function
        return
    if distance < FARTHEST_CALLER:
        sites = callers.call_sites(module, function)
        found: list[tuple[Module, NamedFunction]] = []
        for source, call in sites or ():
            around = source.enclosing_function(call)
            while isinstance(around, FunctionNode):
                if not isinstance(around, ast.Lambda) and handlers.registered_by(source, around) is not None:
                    break
                outer = source.enclosing_function(around)
                if outer is None:
                    break
                around = outer
            if isinstance(around, NamedFunction) and not _makes_up_requests(source, around):
                found.extend(_entry_points(source, around, distance + 1, seen))
        if takes_request:
            # a helper that is handed the request, not a view that something else calls too
            found = [root for root in found if _can_see_body(*root)]
        if found:
            yield from found
            return
    yield module, function


def _makes_up_requests(module: Module, function: NamedFunction) -> bool:
    """Whether a function, such as one of a script, calls a view with a request that no client has sent."""
    names_one = module.memory.get("names a request factory")
    if not isinstance(names_one, bool):
        names_one = any(path.rpartition(".")[2] in module.text for path in all_names("request_factories"))
        module.memory["names a request factory"] = names_one
    return names_one and any(
        is_request_factory(names.dotted_path(module, call.func)) for call in module.calls_within(function)
    )


def _through_framework(
    module: Module, function: NamedFunction, seen: set[NamedFunction]
) -> Iterator[tuple[Module, NamedFunction]]:
    """The handlers that ``function`` is a dependency or a decorator of."""
    for source, holder in callers.dependents(module, function):
        if holder is not None:
            yield from _entry_points(source, holder, 1, seen)
    for source, decorated in callers.decorated_by(module, function):
        yield from _entry_points(source, decorated, 1, seen)


def _names_stripe_webhook(module: Module, function: NamedFunction) -> bool:
    """Whether a handler's name, class, route or file says Stripe and webhook together."""
    spoken = [function.name, module.path.stem, module.path.parent.name]
    owner = module.enclosing_class(function)
    if owner is not None:
        spoken.append(owner.name)
    for decorator in function.decorator_list:
        constants = (node.value for node in syntax.descendants(decorator) if isinstance(node, ast.Constant))
        spoken.extend(value for value in constants if isinstance(value, str))
    own = " ".join([function.name, *spoken[3:]]).lower()
    everything = " ".join(spoken).lower()
    return "stripe" in everything and "hook" in everything and ("hook" in own or "stripe" in own or "handler" in own)
