"""Whether a condition looks at an earlier delivery: at a row, a status, a flag, at what a call found out."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    assignments,
    blocks,
    callers,
    claims,
    configuration_reads,
    event_values,
    exceptions,
    functions,
    names,
    stripe_calls,
    syntax,
    work,
)
from stripe_lint.analysis.references import FunctionReference, ObjectReference
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from stripe_lint.analysis.event_values import Names
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

FOUND_NOTHING: Final = r"DoesNotExist|NoResult|NotFound"
"""The names of exceptions that tell that a look-up has found nothing."""

_OWN_ATTRIBUTE: Final = 2
_MOST_NAMES: Final = 6
"""Through how many names a condition is followed; two of them may be assigned each other."""
_PLAIN_TESTS: Final = frozenset({"isinstance", "hasattr", "callable", "len", "any", "all", "bool", "getenv"})
_STATUS_NAME: Final = r"status|state|processed|handled|paid|done|sent|pending|fulfilled|_at$|__isnull$|active"
_TELLS_FIRST: Final = (
    r"new|first|creat|claim|acquir|should|updat|insert|chang|rows|count|affect|ok|success|already|lock|fresh|processed"
)
_TEXT_TESTS: Final = frozenset(
    {"startswith", "endswith", "isdigit", "lower", "upper", "strip", "match", "fullmatch", "search"}
)
_GIVEN: Final = configuration_reads.HOLDERS | {"request"}
_ANSWERED: Final = frozenset({"status_code", "ok", "is_success", "statusCode", "reason"})


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
        return not holds or _found_by_status(module, node) or _was_inserted(module, node)
    assigned = assignments.assigned_expression(module, node)[1]
    if assigned is node:
        look_up = _says_found(module, node)
        if look_up is not None:
            return not holds or any(filters_by_status(each) for each in look_up)
        return not _is_plain_flag(module, node)
    if isinstance(assigned, ast.Constant | ast.Name):
        return False
    called = event_values.call_of(assigned)
    if called is not None and holds and not re.search(_TELLS_FIRST, node.id):
        # something has to be there; what wrote it may also say whether it was there before
        return claims.sets_once(called) or bool(work.of_calls_in(module, called) & {Work.INSERT, Work.WRITE})
    return is_duplicate_test(module, assigned, known, holds=holds, depth=depth + 1)


def _is_plain_flag(module: Module, node: ast.Name) -> bool:
    """Whether a name holds one constant, whatever has happened."""
    bindings = module.bindings_of(node)
    return not bindings or (len(bindings) == 1 and isinstance(bindings[0].value, ast.Constant))


def _says_found(module: Module, node: ast.Name) -> list[ast.stmt] | None:
    """The look-up, with what stands beside it in a ``try``, that has found something where a flag is set."""
    bindings = module.bindings_of(node)
    values = [binding.value.value for binding in bindings if isinstance(binding.value, ast.Constant)]
    if len(values) < len(bindings) or values.count(True) != 1:
        return None
    for attempt in exceptions.attempts_around(module, bindings[values.index(True)].node):
        for handler in exceptions.handlers_of(attempt):
            types = exceptions.handler_types(module, handler) or ()
            if any(re.search(FOUND_NOTHING, exceptions.class_names(module, each)[0]) for each in types):
                return attempt.body
    return None


def _found_by_status(module: Module, node: ast.Name) -> bool:
    return any(each.value is not None and filters_by_status(each.value) for each in module.bindings_of(node))


def _was_inserted(module: Module, node: ast.Name) -> bool:
    called = [event_values.call_of(each.value) for each in module.bindings_of(node) if each.value is not None]
    return any(each is not None and claims.fetches_what_is_added(module, each) for each in called)


def iterates_by_status(module: Module, node: ast.expr, known: Names) -> bool:
    """Whether a loop goes through what a look-up found before, and that took only rows in a certain state."""
    return any(
        isinstance(each, ast.Name) and each.id in known.rows and _found_by_status(module, each)
        for each in syntax.descendants(node)
    )


def filters_by_status(node: ast.AST) -> bool:
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
    if syntax.is_none(other):
        is_there = isinstance(operator, ast.IsNot | ast.NotEq)
        return is_duplicate_test(module, test.left, known, holds=is_there is holds, depth=depth)
    if isinstance(operator, ast.In | ast.NotIn):
        if _is_remembered(module, test, known):
            return True
        if isinstance(other, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Constant):
            return not event_values.is_of_event(module, test.left, known) and not isinstance(test.left, ast.Constant)
        assigned = assignments.assigned_expression(module, other)[1]
        if assigned is not other and isinstance(assigned, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Call):
            return isinstance(assigned, ast.Call) and Work.LOOKUP in work.of_calls_in(module, assigned)
        return not event_values.is_of_event(module, other, known)
    return any(_is_of_row(module, part, known) for part in (test.left, *test.comparators))


def _is_remembered(module: Module, test: ast.Compare, known: Names) -> bool:
    """Whether the event's id is looked for among those that the process itself keeps in mind."""
    if not isinstance(test.ops[0], ast.In | ast.NotIn):
        return False
    given = isinstance(test.left, ast.Name) and test.left.id in known.ids
    if not given and not event_values.is_event_id(module, test.left):
        return False
    kept = assignments.assigned_expression(module, test.comparators[0])[1]
    is_written_out = isinstance(kept, ast.Constant) or getattr(kept, "elts", None) or getattr(kept, "keys", None)
    return not is_written_out


def _is_of_row(module: Module, node: ast.expr, known: Names, depth: int = 0) -> bool:
    """Whether a compared value comes from the project's own data."""
    if isinstance(node, ast.Constant) or event_values.is_of_event(module, node, known) or _is_setting(node):
        return False
    if isinstance(node, ast.Name):
        if node.id in known.rows or node.id in known.created:
            return True
        assigned = assignments.assigned_expression(module, node)[1]
        return assigned is not node and (depth > _MOST_NAMES or _is_of_row(module, assigned, known, depth + 1))
    if isinstance(node, ast.Call):
        return Work.LOOKUP in work.of_calls_in(module, node) or names.resolve(module, node.func) is None
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
    if any(part.lower() in _GIVEN for part in chain):
        return True
    return bool(chain) and chain[-1].isupper()


def _asks_for_earlier(module: Module, call: ast.Call, known: Names, *, holds: bool, depth: int) -> bool:
    name = functions.last_name(call.func) or ""
    if name in _PLAIN_TESTS or stripe_calls.call_verifies(module, call):
        return any(is_duplicate_test(module, each, known, holds=holds, depth=depth) for each in call.args)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if receiver is not None and (
        name in _TEXT_TESTS or event_values.is_of_event(module, receiver, known) or _is_setting(receiver)
    ):
        return False
    reference = names.resolve(module, call.func)
    if isinstance(reference, FunctionReference):
        kinds = work.of_function(reference.module, reference.node)
        unseen = bool(kinds & {Work.INSERT, Work.WRITE, Work.UNSEEN})
        if unseen or (Work.LOOKUP in kinds and (not holds or re.search(_STATUS_NAME, name))):
            return True
        return _answers_for_event(module, call, reference, known, holds=holds, depth=depth)
    asked = stripe_calls.method_of(reference)
    if asked is not None and not asked.mutating:
        return False
    if Work.LOOKUP in work.of_calls_in(module, call):
        return not holds or filters_by_status(call) or claims.fetches_what_is_added(module, call)
    return True


# what a function of the project answers that is given the event's id


def _answers_for_event(
    module: Module, call: ast.Call, reference: FunctionReference, known: Names, *, holds: bool, depth: int
) -> bool:
    """Whether a function that gets the event's id returns, where it counts as ``holds``, whether it has been there."""
    source, function = reference.module, reference.node
    given = callers.bound(source, function, call)
    ids = {parameter for parameter, argument in given.items() if event_values.is_event_id(module, argument)}
    parameters = event_values.event_arguments(module, call, reference, known)
    inside = event_values.names_in(source, function, parameters)._replace(ids=frozenset(ids))
    for each in source.returns.get(function, ()):
        if each.value is None or (isinstance(each.value, ast.Constant) and bool(each.value.value) is not holds):
            continue
        if isinstance(each.value, ast.Constant):
            told = _is_decided(source, function, each, inside, depth=depth + 1)
        else:
            told = is_duplicate_test(source, each.value, inside, holds=holds, depth=depth + 1)
        if told and (ids or event_values.names_event_id(source, function)):
            return True
    return False


def _is_decided(module: Module, function: FunctionNode, node: ast.Return, known: Names, *, depth: int) -> bool:
    """Whether what stands before a ``return`` or around it looks at an earlier delivery."""
    around = list(module.ancestors(node))
    for each in module.own_of_kind(function, ast.If):
        if each in around:
            inside = any(statement is node or statement in around for statement in each.body)
            if is_duplicate_test(module, each.test, known, holds=inside, depth=depth):
                return True
        elif (
            each.lineno < node.lineno
            and blocks.leaves(module, each.body)
            and is_duplicate_test(module, each.test, known, holds=False, depth=depth)
        ):
            return True
    return any(
        re.search(FOUND_NOTHING, exceptions.class_names(module, caught)[0])
        for each in around
        if isinstance(each, ast.ExceptHandler)
        for caught in exceptions.handler_types(module, each) or ()
    )
