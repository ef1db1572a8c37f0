"""Keys that are no names of an operation: from the clock, from chance, from a person, or of a customer alone."""

from __future__ import annotations

import ast
import re
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import assignments, functions, key_choices, names, regenerated_keys, requests, syntax
from stripe_lint.analysis.handovers import handovers
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.static_values import CHANCE, CLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.handovers import Handover
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request

_DEEPEST: Final = 4

_DAYS: Final = frozenset({"datetime.date.today", "django.utils.timezone.localdate"})
_UNIQUE: Final = r"(?:uuid[1-8]?|token_hex|token_urlsafe|token_bytes|urandom|ulid|ULID|nanoid|ksuid)$"
_DIGESTS: Final = r"^hashlib\.|^hmac\.|uuid\.uuid[35]$|blake|sha\d|md5"
_PERSONAL: Final = (
    r"(?i)(?:^|_)(?:e_?mail(?:_address)?|phone(?:_number)?|full_?name|first_name|last_name|birth_?(?:day|date)|ssn|iban"
    r"|card_number|address_line\d?|ip_address|remote_addr)$"
)
_WHO: Final = r"(?i)(?:^|_)(?:user|customer|client|member|account_holder|buyer|subscriber|profile)$"
_WHO_ID: Final = (
    r"(?i)(?:^|_)(?:user|customer|client|member|buyer|subscriber)_?(?:id|pk|uuid)$|^stripe_customer(?:_id)?$"
)
_NO_OPERATION: Final = r"(?i)(?:user|customer|client|member|stripe|key|idempotency|idem|id|uid|[\W_\d])*"


class Weakness(Enum):
    """Why a key does not name the operation."""

    CHANCE = "comes from `random`, which repeats itself: use uuid4, or derive it from the operation"
    PROCESS = "comes from id() or hash(), which differ in each process: derive it from the operation"
    COUNTER = "comes from a counter, which starts again with each process: derive it from the operation"
    CLOCK = "comes from the clock, so a repeated request is a new one: derive it from the operation"
    DAY = "is the same for everything on one day: derive it from the operation"
    PERSONAL = "holds personal data, which Stripe asks to keep out of keys: use an id of the operation"
    CUSTOMER = "names a customer and no operation, so the next request of that customer is taken for this one"


class WeakKey(NamedTuple):
    """A key that does not name the operation: where it is made, in the function that sends it, else the request.

    ``holds_id`` tells that it also holds something that the function is given, such as the id of an order.
    """

    node: ast.expr
    weakness: Weakness
    request: Request
    handover: Handover | None = None
    holds_id: bool = False


def weak_keys(module: Module) -> Iterator[WeakKey]:
    """The requests whose key comes from something that does not name the operation."""
    retried = {found.node for found in regenerated_keys.regenerated_keys(module)}
    for request in requests.keyed(module):
        if request.key_argument is not None and request.node not in retried:
            found = _judged(module, request) or _judged_handed(module, request)
            if found is not None:
                yield found


def _judged_handed(module: Module, request: Request) -> WeakKey | None:
    """A weak key that a caller makes, and hands to the function that sends it."""
    for handover in handovers(module, request.key_argument):
        weakness = _weakness_of(handover.module, handover.written, request)
        if weakness is not None:
            return WeakKey(request.node, weakness, request, handover)
    return None


def _judged(module: Module, request: Request) -> WeakKey | None:
    whole = key_choices.key_expression(module, request)
    chosen = key_choices.key_expressions(module, request)
    judged = (_judged_expression(module, request, each) for each in (whole, *chosen) if each is not None)
    return next((weak for weak in judged if weak is not None), None)


def _judged_expression(module: Module, request: Request, made: ast.expr) -> WeakKey | None:
    if isinstance(made, ast.Await):
        made = made.value
    here = module.enclosing_function(made) is module.enclosing_function(request.node)
    source, expression = module, made
    reported: ast.expr = made if here and made is not request.key_argument else request.node
    if isinstance(made, ast.Call):
        reference = names.resolve(module, made.func)
        if isinstance(reference, FunctionReference):
            returned = [each.value for each in reference.module.returns.get(reference.node, ()) if each.value]
            if len(returned) != 1:
                return None
            source, expression, reported = reference.module, returned[0], request.node
    weakness = _weakness_of(source, expression, request)
    if weakness is None:
        return None
    return WeakKey(reported, weakness, request, holds_id=_holds_id(source, expression))


def _weakness_of(module: Module, expression: ast.expr, request: Request) -> Weakness | None:
    of_customer = request.method.path.lower().removeprefix("stripe.").startswith("customer")
    return _weakness(module, list(_parts(module, expression)), of_customer=of_customer)


def _parts(module: Module, node: ast.expr, depth: int = 0) -> Iterator[ast.expr]:
    """What a key is put together from."""
    if depth > _DEEPEST:
        yield node
    elif isinstance(node, ast.Await):
        yield from _parts(module, node.value, depth + 1)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            plain = isinstance(part, ast.FormattedValue) and part.format_spec is None
            yield from _parts(module, part.value if plain else part, depth + 1)  # type: ignore[attr-defined]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        yield from _parts(module, node.left, depth + 1)
        yield from _parts(module, node.right, depth + 1)
    elif isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from _parts(module, element, depth + 1)
    elif isinstance(node, ast.Name):
        source, assigned = assignments.assigned_expression(module, node)
        if assigned is not node and source is module and isinstance(assigned, ast.Call | ast.JoinedStr | ast.BinOp):
            yield from _parts(module, assigned, depth + 1)
        else:
            yield node
    elif isinstance(node, ast.Call) and names.dotted_path(module, node.func) in _WRITTEN:
        for argument in node.args[:1]:
            yield from _parts(module, argument, depth + 1)
    elif isinstance(node, ast.Call) and functions.last_name(node.func) == "format":
        yield node.func.value if isinstance(node.func, ast.Attribute) else node
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            yield from _parts(module, argument, depth + 1)
    elif isinstance(node, ast.Call) and functions.last_name(node.func) == "join" and node.args:
        elements = node.args[0].elts if isinstance(node.args[0], ast.List | ast.Tuple) else node.args[:1]
        for element in elements:
            yield from _parts(module, element, depth + 1)
    else:
        yield node
        if isinstance(node, ast.Call) and _is_digest(module, node):
            for inner in syntax.descendants(node):
                yield from _parts_behind(module, inner, depth)


def _parts_behind(module: Module, node: ast.AST, depth: int) -> Iterator[ast.expr]:
    """What a name that is digested is put together from."""
    if isinstance(node, ast.Name):
        source, assigned = assignments.assigned_expression(module, node)
        if assigned is not node and source is module:
            yield from _parts(module, assigned, depth + 1)


_WRITTEN: Final = frozenset({"builtins.str", "builtins.int", "builtins.repr", "builtins.round", "builtins.hex"})


def _is_digest(module: Module, node: ast.Call) -> bool:
    return any(re.search(_DIGESTS, path) for path in _called(module, node))


def _weakness(module: Module, parts: list[ast.expr], *, of_customer: bool) -> Weakness | None:
    varying = [part for part in parts if not isinstance(part, ast.Constant)]
    called = [_called(module, part) for part in varying]
    if any(re.search(_UNIQUE, path) for paths in called for path in paths):
        return None
    if any(paths & CHANCE for paths in called):
        return Weakness.CHANCE
    if any(paths & {"builtins.id", "builtins.hash"} for paths in called):
        return Weakness.PROCESS
    if any("builtins.next" in paths for paths in called):
        return Weakness.COUNTER
    if any(paths & CLOCKS and not _is_of_day(part) for part, paths in zip(varying, called, strict=True)):
        return Weakness.CLOCK
    if len(varying) == 1 and called[0] & (_DAYS | CLOCKS):
        return Weakness.DAY
    hashed = any(re.search(_DIGESTS, path) for paths in called for path in paths)
    if not hashed and any(re.search(_PERSONAL, name) for part in varying for name in _names(part)):
        return Weakness.PERSONAL
    # a user becomes a customer once
    if varying and not of_customer and all(_is_who(part) for part in varying) and not _names_operation(parts):
        return Weakness.CUSTOMER
    return None


_CHANGING: Final = CLOCKS | _DAYS | CHANCE | {"builtins.id", "builtins.hash", "builtins.next"}


def _holds_id(module: Module, expression: ast.expr) -> bool:
    """Whether a part of a key is taken from what its function is given or makes, and is the same when asked again."""
    for part in _parts(module, expression):
        if _called(module, part) & _CHANGING:
            continue
        for inner in syntax.descendants(part):
            found = module.scope_of(inner).lookup(inner.id) if isinstance(inner, ast.Name) else None
            if found is not None and found[0].function is not None:
                return True
    return False


def _called(module: Module, node: ast.expr) -> set[str]:
    return {
        path
        for inner in syntax.descendants(node)
        if isinstance(inner, ast.Call)
        for path in [names.dotted_path(module, inner.func) or functions.last_name(inner.func) or ""]
    }


def _is_of_day(node: ast.expr) -> bool:
    """Whether a time is written as a date alone, which names a period."""
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Attribute) and inner.attr in {"date", "day", "month", "year", "isocalendar"}:
            return True
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and "%" in inner.value:
            return not re.search(r"%[HIMSfscXTp]", inner.value)
    return False


def _names(node: ast.expr) -> Iterator[str]:
    last = functions.last_name(node)
    if last is not None:
        yield last
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        yield node.slice.value
    if isinstance(node, ast.Call) and functions.last_name(node.func) in {"get", "lower", "strip"}:
        for argument in node.args[:1]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value
        if isinstance(node.func, ast.Attribute):
            yield from _names(node.func.value)


def _is_who(node: ast.expr) -> bool:
    """Whether a part of a key is the id of a customer or user."""
    if isinstance(node, ast.Attribute) and node.attr in {"id", "pk", "uuid"}:
        return re.search(_WHO, functions.last_name(node.value) or "") is not None
    return any(re.search(_WHO_ID, name) for name in _names(node))


def _names_operation(parts: list[ast.expr]) -> bool:
    """Whether a key has a word for what is done."""
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return re.fullmatch(_NO_OPERATION, "".join(texts)) is None
