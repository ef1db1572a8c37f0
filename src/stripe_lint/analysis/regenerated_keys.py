"""What the regenerated-key rule reads: the requests whose key is made anew for each attempt."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import (
    callers,
    functions,
    key_choices,
    keys,
    keys_made_instead,
    requests,
    retries,
    retry_loops,
    syntax,
)
from stripe_lint.analysis.handovers import handovers
from stripe_lint.analysis.retries import Retry
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Place
from stripe_lint.analysis.values import Mark, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stripe_lint.analysis.handovers import Handover
    from stripe_lint.analysis.keys_made_instead import OptionalKey
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request


class Regenerated(NamedTuple):
    """A retried request whose key each attempt makes anew.

    ``handover`` is the call within the retry that hands the key to the function that sends it, where one does.
    """

    node: ast.Call
    source: Place
    retry: Retry
    request: Request
    handover: Handover | None = None


def regenerated_keys(module: Module) -> Iterator[Regenerated]:
    """The retried requests whose key is made inside what is repeated."""
    for request in requests.keyed(module):
        fresh = {
            tag
            for fact in request.facts
            if fact.key is not None
            for tag in fact.key.tagged(Mark.FRESH)
            if tag.detail != "module"
        }
        counted = _attempt_number(
            module, request.node, [request.key_argument, key_choices.key_expression(module, request)]
        )
        if counted is not None:
            yield Regenerated(request.node, Place(module, request.node), counted, request)
            continue
        optional = keys_made_instead.optional_key(request) if fresh else None
        if optional is not None:
            found = _made_instead_in_retry(request, optional, fresh) or _handed_in_retry(request, optional.handovers())
        elif fresh:
            found = _made_in_retry(module, request, fresh, retries.retry_around(module, request.node))
        else:
            found = _handed_in_retry(request, handovers(module, request.key_argument))
        if found is not None:
            yield found


def _handed_in_retry(request: Request, handed: Iterable[Handover]) -> Regenerated | None:
    """A key that a caller makes within a retry and hands to the function that sends the request."""
    for handover in handed:
        source, call = handover.module, handover.call
        written = [handover.argument, handover.assigned]
        counted = _attempt_number(source, call, written, handover.argument)
        if counted is not None:
            return Regenerated(request.node, Place(source, call), counted, request, handover)
        made = next((found for part in written if (found := keys.fresh_call(source, part)) is not None), None)
        retry = retries.retry_around(source, call) if made is not None else None
        if made is None or retry is None or _is_kept(source, made, retry):
            continue
        if made in set(syntax.descendants(retry.repeated)):
            return Regenerated(request.node, Place(source, made), retry, request, handover)
    return None


def _made_instead_in_retry(request: Request, optional: OptionalKey, fresh: set[Tag]) -> Regenerated | None:
    """A key that each attempt makes because the caller leaves it out."""
    left_out = optional.left_out()
    if not left_out:
        return None
    module = request.module
    own = retries.retry_around(module, request.node, retries.FARTHEST_CALLER)
    if own is not None:
        return _made_in_retry(module, request, fresh, own)
    for source, call in left_out:
        around = retries.retry_around(source, call, 1) if callers.is_direct(source, call) else None
        if around is not None:
            repeated = Retry(around.place, around.words, optional.function)
            return _made_in_retry(module, request, fresh, repeated)
    return None


def _made_in_retry(module: Module, request: Request, fresh: set[Tag], retry: Retry | None) -> Regenerated | None:
    if retry is None or _hands_key_on(request, retry):
        return None
    inside = set(syntax.descendants(retry.repeated))
    for tag in sorted(fresh, key=lambda tag: getattr(tag.node, "lineno", 0)):
        if tag.module is None or tag.node is None or _is_kept(tag.module, tag.node, retry):
            continue
        made = Place(tag.module, tag.node)
        if made.node in inside or _called_inside(made, retry, module, request):
            return Regenerated(request.node, made, retry, request)
    return None


def _hands_key_on(request: Request, retry: Retry) -> bool:
    """Whether a function that calls itself after a failure passes its key along."""
    again, key = retry.place.node, request.key_argument
    if not isinstance(again, ast.Call) or not isinstance(key, ast.Name):
        return False
    arguments = [*again.args, *(keyword.value for keyword in again.keywords)]
    return any(isinstance(argument, ast.Name) and argument.id == key.id for argument in arguments)


def _is_kept(module: Module, node: ast.AST, retry: Retry) -> bool:
    """Whether a fresh value is only made where there is none yet, and outlives the attempt."""
    statement = module.statement_of(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    assigned = [functions.attribute_chain(target) for target in targets]
    for around in module.ancestors(node):
        guarded: list[ast.AST] = []
        if isinstance(around, ast.BoolOp) and isinstance(around.op, ast.Or):
            guarded = list(around.values[:-1])
        elif isinstance(around, ast.If | ast.IfExp):
            guarded = list(syntax.descendants(around.test))
        for part in guarded:
            if not isinstance(part, ast.Name | ast.Attribute) or functions.attribute_chain(part) not in assigned:
                continue
            if isinstance(part, ast.Attribute) or _outlives(module, part.id, retry):
                return True
        if isinstance(around, NamedFunction):
            return False
    return False


def _outlives(module: Module, name: str, retry: Retry) -> bool:
    """Whether a variable keeps its value from one attempt to the next."""
    if isinstance(retry.repeated, ast.For | ast.AsyncFor | ast.While):
        found = module.scope_of(retry.repeated).lookup(name)
        bindings = found[1] if found is not None else []
        return any(binding.node not in set(syntax.descendants(retry.repeated)) for binding in bindings)
    again = retry.place.node
    return isinstance(again, ast.Call) and any(
        isinstance(part, ast.Name) and part.id == name
        for argument in (*again.args, *(keyword.value for keyword in again.keywords))
        for part in syntax.descendants(argument)
    )


def _called_inside(place: Place, retry: Retry, module: Module, request: Request) -> bool:
    """Whether the key comes from a function that is called within what is repeated."""
    maker = place.module.enclosing_function(place.node)
    if not isinstance(maker, NamedFunction) or maker is module.enclosing_function(request.node):
        return False
    return any(
        isinstance(node, ast.Call) and functions.last_name(node.func) == maker.name
        for node in syntax.descendants(retry.repeated)
    )


def _attempt_number(
    module: Module, call: ast.Call, expressions: Sequence[ast.expr | None], key: ast.expr | None = None
) -> Retry | None:
    """The retry loop around ``call`` whose counter is part of the key that ``expressions`` make.

    ``key`` is the argument that holds it where ``call`` hands it to the function that sends the request.
    """
    read = {name for part in expressions if part is not None for name in syntax.names_in(part)}
    if not read:
        return None
    for loop in retry_loops.loops_around(module, call, module.enclosing_function(call)):
        if counters(loop) & read and retry_loops.is_retry_loop(module, loop, call, key):
            return Retry(Place(module, loop), "this loop repeats the request", loop)
    return None


def counters(loop: ast.AST) -> set[str]:
    """The names that are another thing in each round of a loop because the loop itself says so."""
    if isinstance(loop, ast.For | ast.AsyncFor):
        return syntax.names_in(loop.target)
    return {
        node.target.id
        for node in syntax.descendants(loop)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
