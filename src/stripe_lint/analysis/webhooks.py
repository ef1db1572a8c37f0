"""What the webhook rules read: what the handlers that lead to a file do wrong."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import application_guards, guards, other_providers, syntax, webhook_handlers
from stripe_lint.analysis.facts import Facts, PayloadFact, UnverifiedUse, Use
from stripe_lint.analysis.frameworks import base64_names
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Failure, Place
from stripe_lint.analysis.values import Mark, Tag
from stripe_lint.sources import concerns_stripe

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.webhook_handlers import Handler


class Unverified(NamedTuple):
    """A handler of which no path verifies: where the event is made from the body, and what is done with it.

    ``beside_fetched`` tells that no path does anything before it has fetched an object that the body names.
    ``origins`` are all places of the file where it is made. ``never_run`` is the first call of a verification whose
    coroutine is not awaited, and ``passed_over`` the first decorator that verifies above the one that registers the
    handler.
    """

    place: Place
    beside_fetched: bool
    use: Place
    handler: Handler
    origins: tuple[ast.AST, ...]
    never_run: Place | None = None
    passed_over: ast.expr | None = None


def _stripe_handlers(module: Module) -> list[Handler]:
    return [handler for handler in webhook_handlers.analysed_handlers(module) if handler.is_stripe]


def unverified(module: Module) -> Iterator[Unverified]:
    """The handlers in which nothing verifies, by the place in ``module`` where the event is built."""
    seen: set[ast.AST] = set()
    for handler in webhook_handlers.analysed_handlers(module):
        facts = handler.facts
        if handler.verifies or not handler.is_stripe or "forwarded" in facts.evidence:
            continue
        effects = [use for use in facts.uses if use.kind is not Use.READ]
        rebuilt = dict(facts.rebuilt)
        built = [tag for tag in facts.rebuilt if tag]
        if not effects and not built:
            continue
        used = effects or list(facts.uses)
        origins = {_built_from(use.origin, rebuilt) for use in used}
        origins |= {target for _, target in facts.rebuilt if not effects}
        places = [_checked_place(handler, tag.module, tag.node) for tag in origins if tag.module and tag.node]
        here = [place for place in places if place.module.path == module.path]
        if not here or application_guards.guarded_by_application(handler.module, handler.function):
            continue
        first = Place(module, min(here, key=_position).node)
        if first.node in seen:
            continue
        seen.add(first.node)
        fetches = "object fetched" in facts.evidence
        alone = [use for use in effects if fetches and use.kind is Use.EFFECT and not use.fetched]
        use = min((use.place for use in alone or used), key=lambda place: place.line, default=first)
        origins_here = tuple(place.node for place in here)
        never_run = min(facts.never_run, key=_position, default=None)
        passed_over = next(iter(guards.passed_over(handler.module, handler.function)), None)
        yield Unverified(first, fetches and not alone, use, handler, origins_here, never_run, passed_over)


def _built_from(origin: Tag, rebuilt: dict[Tag, Tag]) -> Tag:
    plain = Tag(Mark.PARSED, origin.module, origin.node)
    return rebuilt.get(plain, plain)


def _position(place: Place) -> tuple[int, int]:
    return place.line, getattr(place.node, "col_offset", 0)


def bypasses(module: Module, besides: Container[ast.AST] = ()) -> Iterator[tuple[Place, Place]]:
    """The first unverified use on a path around the verification, ``besides`` left out, with the verification."""
    seen: set[ast.AST] = set()
    for handler in webhook_handlers.analysed_handlers(module):
        if not handler.verifies or not handler.is_stripe:
            continue
        found = {_first_seen(handler, use) for use in handler.facts.uses if _is_bypass(handler.facts, use)}
        here = [place for place in found if place.module.path == module.path and place.node not in besides]
        if not here:
            continue
        first = min(here, key=_position)
        if first.node in seen:
            continue
        seen.add(first.node)
        yield first, min(handler.facts.verifications, key=lambda place: place.line, default=first)


def _checked_place(handler: Handler, module: Module, node: ast.AST) -> Place:
    """The place of ``node``; where its file is never checked, the call in the handler's files that leads there."""
    if concerns_stripe(module.text):
        return Place(module, node)
    site = handler.facts.parsed_by.get((module, node))
    return site if site is not None else Place(handler.module, handler.function)


def _first_seen(handler: Handler, use: UnverifiedUse) -> Place:
    """Where the unverified event comes in: where it is made, if only the path around the verification makes it."""
    origin = use.origin
    if origin.module is None or origin.node is None or isinstance(origin.node, NamedFunction):
        return use.place
    if Place(origin.module, origin.node) in handler.facts.parsed_early:
        return use.place
    return _checked_place(handler, origin.module, origin.node)


def _is_bypass(facts: Facts, use: UnverifiedUse) -> bool:
    if use.kind is not Use.EFFECT and use.place in facts.preceding:
        return False
    origin = use.origin
    if (
        origin.module is not None
        and origin.node is not None
        and other_providers.is_for_other_provider(origin.module, origin.node)
    ):
        return False
    ignored = {failure.handler for failure in _ignored(facts)}
    if use.through & ignored:
        return False
    return use.failure is None or not _goes_on_below(use)


def _goes_on_below(use: UnverifiedUse) -> bool:
    """Whether the use only goes on after the ``except``, which is then what is wrong."""
    failure = use.failure
    if failure is None or failure.noticed:
        return False
    body = (
        set(syntax.descendants(failure.handler.node)) if isinstance(failure.handler.node, ast.ExceptHandler) else set()
    )
    return use.place.node not in body and use.origin.node not in body


def _ignored(facts: Facts) -> set[Failure]:
    from_uses = {use.failure for use in facts.uses if use.failure is not None and _goes_on_below(use)}
    return facts.failures_ignored | from_uses


class Swallowed(NamedTuple):
    """What lets a handler go on after a failed verification: an ``except``, ``with``, or ``try`` with ``finally``."""

    place: Place
    verification: Place | None
    handler: Handler


def swallowed(module: Module) -> Iterator[Swallowed]:
    """The places that let a handler go on after a failed verification."""
    seen: set[ast.AST] = set()
    for handler in _stripe_handlers(module):
        for failure in sorted(_ignored(handler.facts), key=lambda failure: failure.handler.line):
            node = failure.handler.node
            if failure.handler.module.path == module.path and node not in seen:
                seen.add(node)
                yield Swallowed(failure.handler, failure.verification, handler)


def parsed_early(module: Module) -> Iterator[tuple[Place, Place]]:
    """The places where the body is parsed before the verification of the same request, with the verification."""
    seen: set[ast.AST] = set()
    for handler in _stripe_handlers(module):
        facts = handler.facts
        as_payload = {tag.node for payload in facts.payloads for tag in payload.payload.tagged(Mark.PARSED)}
        for parsed in sorted(facts.parsed_early, key=lambda place: place.line):
            if not concerns_stripe(parsed.module.text) and parsed not in facts.parsed_by:
                # a dependency of the handler: no line of its files parses
                continue
            place = _checked_place(handler, *parsed)
            if place.module.path == module.path and place.node not in seen and parsed.node not in as_payload:
                seen.add(place.node)
                yield place, min(facts.verifications, key=lambda verification: verification.line, default=place)


class WrongPayload(NamedTuple):
    """A verification whose payload is not the raw body: where and why.

    ``base64_flag`` is the name that would say so, where all that is wrong is that the body may be base64.
    ``fact`` is what reached the verification, ``made`` where the wrong value was made of the request.
    """

    place: Place
    reason: str
    base64_flag: str
    fact: PayloadFact
    made: Place | None = None


def wrong_payloads(module: Module) -> Iterator[WrongPayload]:
    """The verifications that get something else than the raw body."""
    seen: set[ast.AST] = set()
    for handler in webhook_handlers.analysed_handlers(module):
        for fact in sorted(handler.facts.payloads, key=lambda fact: fact.place.line):
            wrong = _wrong_payload(handler, fact)
            if wrong is not None and wrong.place.module.path == module.path and wrong.place.node not in seen:
                seen.add(wrong.place.node)
                yield wrong


def _wrong_payload(handler: Handler, fact: PayloadFact) -> WrongPayload | None:
    payload = fact.payload
    if payload.has(Mark.RAW) and not payload.has(Mark.ALTERED) and not payload.has(Mark.PARSED):
        flags = {tag.detail for tag in payload.tagged(Mark.RAW)}
        if flags <= base64_names() and not knows_base64(handler.facts.modules):
            return WrongPayload(fact.place, "a Lambda's body may be base64", min(flags), fact)
        return None
    for tag in payload.tagged(Mark.ALTERED):
        return WrongPayload(_answerable(handler, fact.place, tag), tag.detail, "", fact, _made(tag))
    for tag in payload.tagged(Mark.PARSED):
        return WrongPayload(_answerable(handler, fact.place, tag), "parsed data", "", fact, _made(tag))
    return None


def _made(tag: Tag) -> Place | None:
    return Place(tag.module, tag.node) if tag.module is not None and tag.node is not None else None


def _answerable(handler: Handler, place: Place, tag: Tag) -> Place:
    """The call that hands the wrong thing to the verification, where a caller makes it."""
    sites = handler.facts.sites.get((place, tag))
    return sites if sites is not None else place


def knows_base64(modules: Iterable[Module]) -> bool:
    """Whether one of the files that a handler runs in regards a body in base64."""
    return any(name in module.text for module in modules for name in base64_names())


def finally_line(module: Module, node: ast.Try) -> int:
    """The line of the ``finally:`` of a ``try``."""
    line = node.finalbody[0].lineno
    while line > node.lineno and not module.lines[line - 1].lstrip().startswith("finally"):
        line -= 1
    return line
