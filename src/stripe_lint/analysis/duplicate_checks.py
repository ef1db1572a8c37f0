"""Whether something is decided by a look at an earlier delivery: a look-up, a status, a flag, the event's id.

What can't be seen is taken for such a look.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    definitions,
    exceptions,
    functions,
    logging_calls,
    names,
    stripe_calls,
    syntax,
    unique_columns,
    work,
)
from stripe_lint.analysis.references import ClassReference, FunctionReference, ObjectReference
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_EVENT_PARTS: Final = frozenset(
    {"event", "stripe_event", "payload", "event_data", "obj_data", "data_object", "metadata", "webhook_data"}
    | {"event_type", "livemode"}
)
_ROUNDS: Final = 2
_OWN_ATTRIBUTE: Final = 2
_MOST_NAMES: Final = 6
"""Through how many names a condition is followed; two of them may be assigned each other."""
_PLAIN_FUNCTIONS: Final = frozenset(
    {"int", "str", "float", "round", "len", "dict", "list", "bool", "abs", "min", "max", "getattr", "loads", "Decimal"}
    | {"fromtimestamp", "utcfromtimestamp", "UUID", "sorted", "set", "tuple", "to_dict", "to_dict_recursive", "next"}
)
_PLAIN_TESTS: Final = frozenset({"isinstance", "hasattr", "callable", "len", "any", "all", "bool", "getenv"})
_OR_CREATE: Final = r"_or_create(?:_|$)|^upsert|^ensure_"
_STATUS_NAME: Final = r"status|state|processed|handled|paid|done|sent|pending|fulfilled|_at$|__isnull$|active"
_TAKEN_ALREADY: Final = (
    r"Integrity|Unique|Duplicate|AlreadyExists|ConditionalCheck|Conflict|AlreadyProcessed|FailedPrecondition"
)
FOUND_NOTHING: Final = r"DoesNotExist|NoResult|NotFound"
"""The names of exceptions that tell that a look-up has found nothing."""
_TELLS_FIRST: Final = (
    r"new|first|creat|claim|acquir|should|updat|insert|chang|rows|count|affect|ok|success|already|lock|fresh|processed"
)
_TEXT_TESTS: Final = frozenset({"startswith", "endswith", "isdigit", "lower", "upper", "strip", "match", "search"})
_ANSWERED: Final = frozenset({"status_code", "ok", "is_success", "statusCode", "reason"})
_EVENT_NAME: Final = r"event|notification|^evt$|delivery|hook_data|webhook_data"


class Names(NamedTuple):
    """What the names of one function hold: parts of the event, rows of the project, whether a row has been created."""

    event: frozenset[str]
    rows: frozenset[str]
    created: frozenset[str]


def names_in(module: Module, function: FunctionNode, event_parameters: frozenset[str]) -> Names:
    """What the names in ``function`` hold where ``event_parameters`` are parts of the event."""
    event = set(event_parameters)
    rows: set[str] = set()
    created: set[str] = set()
    bound = [each for node in syntax.own_nodes(function) for each in _bindings(node)]
    bound.sort(key=lambda each: (getattr(each[1], "lineno", 0), getattr(each[1], "col_offset", 0)))
    known = Names(frozenset(event), frozenset(), frozenset())
    for _ in range(_ROUNDS):
        before = known
        for target, value in bound:
            _learn(module, target, value, known, event, rows, created)
            known = Names(frozenset(event), frozenset(rows), frozenset(created))
        if known == before:
            break
    return known


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor):
        yield node.target, node.iter


def _learn(
    module: Module,
    target: ast.expr,
    value: ast.expr,
    known: Names,
    event: set[str],
    rows: set[str],
    created: set[str],
) -> None:
    if isinstance(target, ast.Tuple | ast.List):
        called = _call(value)
        if (
            called is not None
            and re.search(_OR_CREATE, functions.last_name(called.func) or "")
            and len(target.elts) == 2
        ):
            created.update(each.id for each in target.elts if isinstance(each, ast.Name))
            return
        for element in target.elts:
            _learn(module, element, value, known, event, rows, created)
        return
    name = functions.dotted_name(target)
    if name is None or ("." in name and not name.startswith("self.")):
        # what is stored in a row may be what an earlier delivery has stored there
        return
    if is_of_event(module, value, known):
        event.add(name)
        rows.discard(name)
    elif name not in event and Work.LOOKUP in works_of(module, value):
        rows.add(name)


def _call(node: ast.expr) -> ast.Call | None:
    inner = node.value if isinstance(node, ast.Await) else node
    return inner if isinstance(inner, ast.Call) else None


def works_of(module: Module, node: ast.AST) -> frozenset[Work]:
    """What the calls in an expression or statement do."""
    return frozenset(
        kind
        for inner in work.nodes_of(node)
        if isinstance(inner, ast.Call)
        for kind in work.of_whole_call(module, inner)
    )


def is_of_event(module: Module, node: ast.expr, known: Names) -> bool:
    """Whether an expression is a part of the event, or made of parts and constants alone."""
    found = False
    for inner in work.nodes_of(node):
        if isinstance(inner, ast.Call):
            if stripe_calls.call_verifies(module, inner):
                return True
            method = stripe_calls.method_of(names.resolve(module, inner.func))
            if method is not None:
                return not method.mutating
            if not _extracts(module, inner, known):
                return False
        elif isinstance(inner, ast.Name | ast.Attribute) and isinstance(inner.ctx, ast.Load):
            found = found or _names_event(inner, known)
    return found


def _names_event(node: ast.expr, known: Names) -> bool:
    chain = functions.attribute_chain(node)
    if chain is None:
        return False
    if any(".".join(chain[: length + 1]) in known.event for length in range(len(chain))):
        return True
    return any(part in _EVENT_PARTS for part in chain)


def _extracts(module: Module, call: ast.Call, known: Names) -> bool:
    """Whether a call only takes something out of its receiver or arguments, or writes it in another way."""
    name = functions.last_name(call.func) or ""
    if name in _PLAIN_FUNCTIONS:
        return True
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if receiver is not None and is_of_event(module, receiver, known):
        return True
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        return not work.of_function(reference.module, reference.node)
    return False


def event_arguments(module: Module, call: ast.AST, reference: FunctionReference, known: Names) -> frozenset[str]:
    """The parameters of a function that get parts of the event from ``call``; all of them where it is no plain call."""
    if not isinstance(call, ast.Call):
        return frozenset(each.arg for each in functions.parameters(reference.node)) - {"self", "cls"}
    given = callers.bound(reference.module, reference.node, call)
    return frozenset(parameter for parameter, argument in given.items() if is_of_event(module, argument, known))


# what decides


def is_checked(
    module: Module, function: FunctionNode, node: ast.AST, known: Names, *, constraints: bool = True
) -> bool:
    """Whether something before ``node`` or around it looks at an earlier delivery and decides whether it runs.

    With ``constraints`` an ``except IntegrityError`` counts as such a look.
    """
    child = node
    for around in module.ancestors(node):
        if _decides(module, around, child, known, constraints=constraints):
            return True
        for block in _blocks(around):
            if child in block:
                before = block[: block.index(child)]
                if _checked_before(module, before, known, constraints=constraints):
                    return True
        if around is function:
            return False
        child = around
    return False


def _blocks(node: ast.AST) -> Iterator[list[ast.AST]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block


def _decides(module: Module, around: ast.AST, child: ast.AST, known: Names, *, constraints: bool) -> bool:
    if isinstance(around, ast.If | ast.While):
        if child in around.body:
            return is_duplicate_test(module, around.test, known, holds=True)
        return child in around.orelse and is_duplicate_test(module, around.test, known, holds=False)
    if isinstance(around, ast.IfExp):
        return child is not around.test and is_duplicate_test(module, around.test, known, holds=child is around.body)
    if isinstance(around, ast.For | ast.AsyncFor) and child in around.body:
        return filters_by_status(around.iter) or bool(syntax.names_in(around.iter) & known.rows)
    if isinstance(around, ast.Try) and child in around.body:
        return constraints and any(_is_taken_already(module, handler) for handler in around.handlers)
    if isinstance(around, ast.ExceptHandler):
        # what follows a failed look-up runs only where nothing was found
        types = exceptions.handler_types(module, around) or []
        return any(re.search(FOUND_NOTHING, exceptions.class_names(module, each)[0]) for each in types)
    return False


def _is_taken_already(module: Module, handler: ast.ExceptHandler) -> bool:
    types = exceptions.handler_types(module, handler) or []
    return any(re.search(_TAKEN_ALREADY, exceptions.class_names(module, each)[0]) for each in types)


def _checked_before(
    module: Module, before: Sequence[ast.AST], known: Names, *, constraints: bool, tolerated: bool = False
) -> bool:
    """Whether one of the statements ``before`` something decides on it.

    Where errors are ``tolerated``, what the database refuses decides nothing.
    """
    for statement in before:
        if isinstance(statement, ast.If):
            if leaves(statement.body) and is_duplicate_test(module, statement.test, known, holds=False):
                return True
            if statement.orelse and leaves(statement.orelse):
                if is_duplicate_test(module, statement.test, known, holds=True):
                    return True
                inner = statement.orelse[0]
                if isinstance(inner, ast.If) and _checked_before(module, [inner], known, constraints=constraints):
                    return True
        elif isinstance(statement, ast.Try):
            left = [each for each in statement.handlers if leaves(each.body)]
            if constraints and any(_is_taken_already(module, each) for each in left):
                return True
            if leaves(statement.body) and Work.LOOKUP in works_of(module, statement):
                return True
            goes_on = tolerated or len(left) < len(statement.handlers)
            inside = [*statement.body, *statement.orelse, *statement.finalbody]
            if _checked_before(module, inside, known, constraints=constraints, tolerated=goes_on):
                return True
        elif isinstance(statement, ast.With | ast.AsyncWith) and _checked_before(
            module, statement.body, known, constraints=constraints, tolerated=tolerated
        ):
            return True
        stores = isinstance(statement, ast.Expr | ast.Assign) and not tolerated
        if stores and _stored_once(module, statement, known):
            return True
        if not isinstance(statement, ast.If) and _hands_id_on(module, statement, known):
            return True
    return False


def _stored_once(module: Module, statement: ast.AST, known: Names) -> bool:
    """Whether a row is added that the database refuses a second time, as a unique column holds a part of the event."""
    for inner in work.nodes_of(statement):
        if not isinstance(inner, ast.Call) or functions.last_name(inner.func) not in {"create", "acreate"}:
            continue
        manager = inner.func.value if isinstance(inner.func, ast.Attribute) else None
        owner = manager.value if isinstance(manager, ast.Attribute) and manager.attr == "objects" else manager
        reference = names.resolve(module, owner) if owner is not None else None
        if isinstance(reference, ClassReference):
            of_event = {each.arg for each in inner.keywords if each.arg and is_of_event(module, each.value, known)}
            if unique_columns.has_unique_column(reference, of_event):
                return True
    return False


def leaves(block: list[ast.stmt]) -> bool:
    """Whether a block always ends in leaving what is around it."""
    last = block[-1] if block else None
    if isinstance(last, ast.If):
        return bool(last.orelse) and leaves(last.body) and leaves(last.orelse)
    if isinstance(last, ast.Try) and not last.handlers:
        return leaves(last.body)
    if isinstance(last, ast.With | ast.AsyncWith):
        return leaves(last.body)
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return functions.last_name(last.value.func) in {"abort", "exit", "_exit"}
    return isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break)


def _hands_id_on(module: Module, statement: ast.AST, known: Names) -> bool:
    """Whether the event's id is handed to something that may remember it."""
    for inner in work.nodes_of(statement):
        if not isinstance(inner, ast.Call) or _only_shows(module, inner) or _makes_record(module, inner):
            continue
        if _asks_stripe(module, inner):
            continue
        if any(_is_event_id(module, each, known) for each in (*inner.args, *(k.value for k in inner.keywords))):
            return True
    return False


def _asks_stripe(module: Module, call: ast.Call) -> bool:
    """Whether a call only fetches something from Stripe, which does not keep in mind what was asked for."""
    method = stripe_calls.method_of(names.resolve(module, call.func))
    return method is not None and not method.mutating


def _only_shows(module: Module, call: ast.Call) -> bool:
    if functions.last_name(call.func) in {"str", "repr", "get", "format"} or logging_calls.may_record(module, call):
        return True
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return receiver is not None and any("log" in part.lower() for part in functions.attribute_chain(receiver) or [])


def asks_for_event(module: Module, test: ast.expr, known: Names) -> bool:
    """Whether a condition holds where the event's id is found among those that were handled before."""
    if isinstance(test, ast.Name):
        assigned = names.assigned_expression(module, test)[1]
        return test.id in known.rows and assigned is not test and looks_for_event(module, assigned, known)
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.In) and _is_event_id(module, test.left, known)
    return isinstance(test, ast.Call | ast.Await) and looks_for_event(module, test, known)


def looks_for_event(module: Module, node: ast.expr, known: Names) -> bool:
    """Whether an expression is a look-up by the event's id."""
    return Work.LOOKUP in works_of(module, node) and any(
        isinstance(inner, ast.expr) and _is_event_id(module, inner, known) for inner in syntax.descendants(node)
    )


def _makes_record(module: Module, call: ast.Call) -> bool:
    """Whether a call makes an object that is stored nowhere, such as one of a dataclass."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, ClassReference):
        return False
    bases = {base.rpartition(".")[2] for base in definitions.external_bases(reference)}
    return not bases or bool(bases & {"NamedTuple", "TypedDict", "BaseModel", "object"})


def _is_event_id(module: Module, node: ast.expr, known: Names) -> bool:
    if isinstance(node, ast.Name):
        if re.fullmatch(r"(?:stripe_)?(?:event|evt|delivery)_?id", node.id):
            return True
        found = names.assigned_expression(module, node)[1]
        return found is not node and not isinstance(found, ast.Name) and _is_event_id(module, found, known)
    base: ast.expr | None = None
    if isinstance(node, ast.Attribute):
        base = node.value if node.attr == "id" else None
    elif isinstance(node, ast.Subscript):
        base = node.value if isinstance(node.slice, ast.Constant) and node.slice.value == "id" else None
    elif isinstance(node, ast.Call) and functions.last_name(node.func) == "get" and node.args:
        key = node.args[0]
        if isinstance(key, ast.Constant) and key.value == "id" and isinstance(node.func, ast.Attribute):
            base = node.func.value
    return base is not None and re.search(_EVENT_NAME, (functions.last_name(base) or "").lower()) is not None


def is_duplicate_test(module: Module, test: ast.expr, known: Names, *, holds: bool, depth: int = 0) -> bool:
    """Whether a condition that turned out as ``holds`` says something about an earlier delivery."""
    if depth > _MOST_NAMES:
        return True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return is_duplicate_test(module, test.operand, known, holds=not holds, depth=depth)
    if isinstance(test, ast.BoolOp):
        return any(is_duplicate_test(module, each, known, holds=holds, depth=depth) for each in test.values)
    if isinstance(test, ast.Await):
        return is_duplicate_test(module, test.value, known, holds=holds, depth=depth)
    if isinstance(test, ast.NamedExpr):
        return is_duplicate_test(module, test.value, known, holds=holds, depth=depth)
    if isinstance(test, ast.Constant):
        return False
    if isinstance(test, ast.Compare):
        return _compares_earlier(module, test, known, holds=holds, depth=depth)
    if isinstance(test, ast.Call):
        return _asks_for_earlier(module, test, known, holds=holds, depth=depth)
    if isinstance(test, ast.Name):
        return _name_tells(module, test, known, holds=holds, depth=depth)
    if isinstance(test, ast.Attribute):
        return _is_of_row(module, test, known) and not (holds and _only_looks_up(module, test))
    return isinstance(test, ast.Subscript) and _is_of_row(module, test, known)


def _name_tells(module: Module, node: ast.Name, known: Names, *, holds: bool, depth: int) -> bool:
    if node.id in known.created:
        return True
    if node.id in known.event:
        return False
    if node.id in known.rows:
        return not holds or _found_by_status(module, node)
    assigned = names.assigned_expression(module, node)[1]
    if assigned is node:
        return not _is_plain_flag(module, node)
    if isinstance(assigned, ast.Constant | ast.Name):
        return False
    called = _call(assigned)
    if called is not None and holds and not re.search(_TELLS_FIRST, node.id):
        # something has to be there; what wrote it may also say whether it was there before
        return bool(works_of(module, called) & {Work.INSERT, Work.WRITE})
    return is_duplicate_test(module, assigned, known, holds=holds, depth=depth + 1)


def _is_plain_flag(module: Module, node: ast.Name) -> bool:
    """Whether a name holds one constant, whatever has happened."""
    bindings = module.bindings_of(node)
    return not bindings or (len(bindings) == 1 and isinstance(bindings[0].value, ast.Constant))


def _found_by_status(module: Module, node: ast.Name) -> bool:
    return any(each.value is not None and filters_by_status(each.value) for each in module.bindings_of(node))


def filters_by_status(node: ast.expr) -> bool:
    """Whether a look-up takes only rows in a certain state."""
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.keyword) and inner.arg is not None and re.search(_STATUS_NAME, inner.arg):
            return True
        if isinstance(inner, ast.Compare) and re.search(_STATUS_NAME, functions.last_name(inner.left) or ""):
            return True
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and " status" in inner.value.lower():
            return True
    return False


def _compares_earlier(module: Module, test: ast.Compare, known: Names, *, holds: bool, depth: int) -> bool:
    operator, other = test.ops[0], test.comparators[0]
    if isinstance(other, ast.Constant) and other.value is None:
        is_there = isinstance(operator, ast.IsNot | ast.NotEq)
        return is_duplicate_test(module, test.left, known, holds=is_there is holds, depth=depth)
    if isinstance(operator, ast.In | ast.NotIn):
        if isinstance(other, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Constant):
            return not is_of_event(module, test.left, known) and not isinstance(test.left, ast.Constant)
        assigned = names.assigned_expression(module, other)[1]
        if assigned is not other and isinstance(assigned, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Call):
            return isinstance(assigned, ast.Call) and Work.LOOKUP in works_of(module, assigned)
        return not is_of_event(module, other, known)
    return any(_is_of_row(module, part, known) for part in (test.left, *test.comparators))


def _is_of_row(module: Module, node: ast.expr, known: Names, depth: int = 0) -> bool:
    """Whether a compared value comes from the project's own data."""
    if isinstance(node, ast.Constant) or is_of_event(module, node, known) or _is_setting(node):
        return False
    if isinstance(node, ast.Name):
        if node.id in known.rows or node.id in known.created:
            return True
        assigned = names.assigned_expression(module, node)[1]
        return assigned is not node and (depth > _MOST_NAMES or _is_of_row(module, assigned, known, depth + 1))
    if isinstance(node, ast.Call):
        return Work.LOOKUP in works_of(module, node) or names.resolve(module, node.func) is None
    if isinstance(node, ast.Attribute):
        chain = functions.attribute_chain(node)
        if node.attr in _ANSWERED or (chain is not None and chain[0][:1].isupper()):
            return False
        computed = _property(module, node)
        if computed is not None:
            return bool(work.of_function(*computed) - {Work.MESSAGE})
        if chain is not None and chain[0] == "self" and len(chain) <= _OWN_ATTRIBUTE:
            # what the handler's object was made with; what it remembers of a delivery says so
            return bool(re.search(_STATUS_NAME, node.attr) or re.search(_TELLS_FIRST, node.attr))
        return True
    return isinstance(node, ast.Subscript)


def _property(module: Module, node: ast.Attribute) -> tuple[Module, FunctionNode] | None:
    """The function that computes an attribute of an object of the project."""
    owner = names.resolve(module, node.value)
    method = names.find_method(owner, node.attr) if isinstance(owner, ObjectReference) else None
    return method if method is not None and functions.is_property(method[1]) else None


def _only_looks_up(module: Module, node: ast.Attribute) -> bool:
    """Whether an attribute is computed by a look-up, so that something has to be there."""
    computed = _property(module, node)
    return computed is not None and work.of_function(*computed) == {Work.LOOKUP}


def _is_setting(node: ast.expr) -> bool:
    chain = functions.attribute_chain(node.value if isinstance(node, ast.Subscript) else node) or []
    if any(part.lower() in {"settings", "config", "environ", "conf", "cfg", "request"} for part in chain):
        return True
    return bool(chain) and chain[-1].isupper()


def _asks_for_earlier(module: Module, call: ast.Call, known: Names, *, holds: bool, depth: int) -> bool:
    name = functions.last_name(call.func) or ""
    if name in _PLAIN_TESTS or stripe_calls.call_verifies(module, call):
        return any(is_duplicate_test(module, each, known, holds=holds, depth=depth) for each in call.args)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if receiver is not None and (name in _TEXT_TESTS or is_of_event(module, receiver, known) or _is_setting(receiver)):
        return False
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        kinds = work.of_function(reference.module, reference.node)
        if not kinds & {Work.LOOKUP, Work.INSERT, Work.WRITE, Work.UNSEEN}:
            return False
        return not (kinds <= {Work.LOOKUP} and holds and not re.search(_STATUS_NAME, name))
    if Work.LOOKUP in works_of(module, call):
        return not holds or filters_by_status(call)
    return True
