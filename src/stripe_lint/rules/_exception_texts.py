"""Finds in an ``except`` the expressions by which the exception's text gets into a response."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import blocks, callers, deciding_texts, error_text, functions, logging_calls, names, syntax
from stripe_lint.analysis.references import FunctionReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode, NamedFunction

_TEXT_FUNCTIONS: Final = frozenset(
    {"str", "repr", "format", "ascii", "smart_str", "force_str", "smart_text", "force_text", "text_type", "unicode"}
    | {"escape", "quote", "quote_plus", "Markup", "mark_safe", "strip_tags", "pformat", "list", "tuple", "join"}
)
"""Functions that give the text, or the parts, of what they are given."""

_QUESTIONS: Final = frozenset({"isinstance", "issubclass", "type", "hasattr", "bool", "len", "id", "hash"})
"""Functions that tell something of the exception which is not its text."""

_ADDING: Final = frozenset({"append", "extend", "add", "insert", "update", "setdefault", "appendleft"})
"""Methods that put what they are given into the object they belong to."""


class Catch(NamedTuple):
    """An ``except``, or a function that the framework calls with an exception, and what the exception is called."""

    module: Module
    node: ast.ExceptHandler | NamedFunction
    names: frozenset[str]

    @property
    def function(self) -> FunctionNode | None:
        """The function in which the exception is caught."""
        return self.module.enclosing_function(self.node) if isinstance(self.node, ast.ExceptHandler) else self.node

    @property
    def body(self) -> list[ast.stmt]:
        """What is run with the exception."""
        return self.node.body

    def surrounds(self, node: ast.AST) -> bool:
        """Whether ``node`` is run with the exception."""
        return self.node in self.module.ancestors(node)


def carriers(catch: Catch, place: ast.AST) -> list[ast.expr]:
    """The expressions that bring text of what ``catch`` caught into the response at ``place``, in order."""
    module = catch.module
    function = module.enclosing_function(place)
    found: list[ast.expr] = []
    if function is catch.function:
        if catch.surrounds(place):
            found = _within(catch, place)
        found = found or _stored(catch, function, _read(place))
    else:
        around = catch.function
        for statement in syntax.own_nodes(around) if around is not None else ():
            if isinstance(statement, ast.Return) and statement.value is not None:
                if catch.surrounds(statement):
                    found += _within(catch, statement)
                else:
                    found += _stored(catch, around, _read(statement))
            elif isinstance(statement, ast.Raise) and catch.surrounds(statement):
                found += _within(catch, statement)
    return sorted(dict.fromkeys(found), key=lambda node: (node.lineno, node.col_offset))


def texts(module: Module, tree: ast.AST, exceptions: Iterable[str], parts: Iterable[str] = ()) -> list[ast.expr]:
    """The largest expressions of ``tree`` that are text of an exception, or a part of it that holds text.

    ``exceptions`` are the exception's names, ``parts`` the names of what was taken from it.
    """
    known, taken = frozenset(exceptions), frozenset(parts)
    found: dict[ast.expr, None] = {}
    for node in (tree, *syntax.own_nodes(tree)):
        whole = None
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in known | taken:
            whole = _whole(module, node, known | taken, is_text=node.id in taken)
        elif isinstance(node, ast.Call) and names.dotted_path(module, node.func) in error_text.TRACEBACKS:
            whole = _whole(module, node, known | taken, is_text=True)
        if whole is not None:
            found[whole] = None
    return [node for node in found if not any(around in found for around in module.ancestors(node))]


def _whole(module: Module, node: ast.expr, known: frozenset[str], *, is_text: bool) -> ast.expr | None:
    """The largest expression around ``node`` that is still only text of the exception; ``None`` if it is none."""
    current = node
    while True:
        parent = module.parents[current]
        goes_on = _carries_on(module, parent, current, known, is_text=is_text)
        if goes_on is None:
            return None
        if not goes_on or not isinstance(parent, ast.expr):
            return current
        is_text = is_text or not isinstance(parent, ast.BoolOp | ast.IfExp)
        current = parent


def _carries_on(
    module: Module, parent: ast.AST, child: ast.expr, known: frozenset[str], *, is_text: bool
) -> bool | None:
    """Whether ``parent`` is still text of the exception; ``None`` if it tells something else of it."""
    if isinstance(parent, ast.Attribute):
        if parent.attr in error_text.CODE_KEYS or not (is_text or parent.attr in error_text.TEXT_ATTRIBUTES):
            return None
        return True
    if isinstance(parent, ast.Subscript):
        if child is not parent.value:
            return False
        return None if _is_code(parent.slice) else True
    if isinstance(parent, ast.Call):
        return _call_carries_on(module, parent, child, is_text=is_text)
    if isinstance(parent, ast.BoolOp):
        if isinstance(parent.op, ast.And):
            return True if child is parent.values[-1] else None
        return all(isinstance(other, ast.Constant) or _mentions(other, known) for other in parent.values)
    if isinstance(parent, ast.IfExp):
        if child is parent.test:
            return None
        other = parent.orelse if child is parent.body else parent.body
        return isinstance(other, ast.Constant) or _mentions(other, known)
    if isinstance(parent, ast.Compare | ast.Raise | ast.If | ast.While | ast.Assert):
        return None
    return None if isinstance(parent, ast.UnaryOp) else False


def _call_carries_on(module: Module, call: ast.Call, child: ast.expr, *, is_text: bool) -> bool | None:
    if child is call.func:
        return None if any(_is_code(argument) for argument in call.args[:1]) else True
    name = functions.last_name(call.func)
    if name in _QUESTIONS:
        return None
    if not is_text and _looks_into(module, call, child):
        return None
    if name == "getattr" and child is call.args[0]:
        asked = call.args[1] if len(call.args) > 1 else None
        if not isinstance(asked, ast.Constant) or _is_code(asked):
            return None
        return True if is_text or asked.value in error_text.TEXT_ATTRIBUTES else None
    if name == "format" and isinstance(call.func, ast.Attribute):
        return False
    return name in _TEXT_FUNCTIONS or name == "getattr" or name in error_text.CURRENT_EXCEPTION_NAMES


def _looks_into(module: Module, call: ast.Call, child: ast.expr) -> bool:
    """Whether a function of the project needs the exception that it is given, and not only its text."""
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference) or isinstance(reference.node, ast.Lambda):
        return False
    function = reference.node
    parameters = callers.parameters_for(reference.module, function, call, child)
    for inner in syntax.own_nodes(function) if parameters else ():
        if isinstance(inner, ast.Name) and inner.id in parameters:
            around = reference.module.parents[inner]
            asked = isinstance(around, ast.Call) and functions.last_name(around.func) in _QUESTIONS | {"getattr"}
            if asked or isinstance(around, ast.Attribute | ast.Raise):
                return True
    return False


def _is_code(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in error_text.CODE_KEYS


def _mentions(node: ast.AST, known: frozenset[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in known for inner in syntax.descendants(node))


def _read(node: ast.AST) -> set[str]:
    return {
        inner.id
        for inner in syntax.descendants(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
    }


def _within(catch: Catch, place: ast.AST) -> list[ast.expr]:
    """The texts in a statement that is run with the exception, and in the variables that it reads."""
    module = catch.module
    parts = dict.fromkeys(_parts(catch))
    found: list[ast.expr] = []
    for store in _stores_into(catch.body, _read(place) - catch.names):
        if store.bases and store.bases <= parts.keys():
            continue
        made = texts(module, store.statement, catch.names, parts)
        if store.name is not None and made and _is_used_otherwise(catch, store.name, place):
            parts[store.name] = None
            continue
        found += made
    return texts(module, place, catch.names, parts) + found


def _parts(catch: Catch) -> Iterator[str]:
    """The names of what is taken from the exception as it is: ``err = e.error``, ``body = e.json_body``."""
    module = catch.module
    known: set[str] = set()
    for statement in _statements(catch.body):
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple):
            if isinstance(value, ast.Call) and names.dotted_path(module, value.func) in error_text.TRACEBACKS:
                known |= {element.id for element in target.elts if isinstance(element, ast.Name)}
        elif isinstance(target, ast.Name) and shape_of(value, known | catch.names) is not Shape.TEXT:
            taken = texts(module, statement, catch.names, known)
            if taken == [value]:
                known.add(target.id)
    yield from known


def unread(catch: Catch, replaced: Iterable[ast.expr]) -> list[ast.Assign]:
    """The assignments of parts of the exception that nothing reads any more once ``replaced`` is gone."""
    gone: set[ast.AST] = set(replaced)
    module, parts = catch.module, set(_parts(catch))
    read = {
        node.id
        for node in syntax.descendants(catch.function or module.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not gone & {node, *module.ancestors(node)}
    }
    return [
        statement
        for statement in _statements(catch.body)
        if isinstance(statement, ast.Assign)
        and not gone & set(syntax.descendants(statement))
        and all(isinstance(target, ast.Name) and target.id in parts - read for target in statement.targets)
    ]


class Shape:
    """What stands where an exception's text stands: a text, or an object that holds it."""

    TEXT: Final = "text"
    BODY: Final = "body"
    ERROR: Final = "error"
    LIST: Final = "list"
    EXCEPTION: Final = "exception"
    RAW: Final = "raw"


_SHAPES: Final = {"json_body": Shape.BODY, "error": Shape.ERROR, "args": Shape.LIST, "http_body": Shape.RAW}


def shape_of(node: ast.expr, known: Iterable[str] = ()) -> str:
    """What kind of value an expression is that takes something from an exception, one of ``known``."""
    if isinstance(node, ast.Name):
        return Shape.EXCEPTION if node.id in known else Shape.TEXT
    if isinstance(node, ast.BoolOp):
        return shape_of(node.values[-1] if isinstance(node.op, ast.And) else node.values[0], known)
    if isinstance(node, ast.Attribute):
        return _SHAPES.get(node.attr, Shape.TEXT)
    key = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call):
        if functions.last_name(node.func) in {"list", "tuple"}:
            return Shape.LIST
        if functions.last_name(node.func) == "get" and node.args:
            key = node.args[0]
        elif functions.last_name(node.func) == "getattr" and len(node.args) > 1:
            key = node.args[1]
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return _SHAPES.get(key.value, Shape.TEXT)
    return Shape.TEXT


def _is_used_otherwise(catch: Catch, name: str, place: ast.AST) -> bool:
    """Whether a variable goes elsewhere too than into what is answered at ``place``: into a log, into a row."""
    module, function = catch.module, catch.function
    for node in syntax.own_nodes(function) if function is not None else ():
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        around = module.ancestors(node)
        if not catch.surrounds(node):
            continue
        if deciding_texts.decided_in(module, node) is function:
            return True
        if place in around:
            continue
        if not (isinstance(module.statement_of(node), ast.Return) or deciding_texts.is_truth(module, node)):
            return True
    return False


def _decides(module: Module, function: FunctionNode, name: str) -> bool:
    """Whether the text in a variable decides something in the function itself."""
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and deciding_texts.decided_in(module, node) is function
        for node in syntax.own_nodes(function)
    )


def helper_with_exception(catch: Catch) -> str | None:
    """The function of the project that is given the exception itself and looks into it, not to decide a branch."""
    for statement in _statements(catch.body):
        for node in syntax.own_nodes(statement):
            if isinstance(node, ast.Call):
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    given = isinstance(argument, ast.Name) and argument.id in catch.names
                    if given and _looks_into(catch.module, node, argument) and not _is_condition(catch.module, node):
                        return functions.last_name(node.func)
    return None


def _is_condition(module: Module, call: ast.Call) -> bool:
    """Whether a call is a part of a condition."""
    child: ast.AST = call
    for around in module.ancestors(call):
        if isinstance(around, ast.If | ast.While | ast.IfExp | ast.Assert) and child is around.test:
            return True
        if isinstance(around, ast.stmt):
            return False
        child = around
    return False


class _Store(NamedTuple):
    """A statement that gives a variable a value, or puts something into it; ``name`` if it is all that it holds."""

    statement: ast.stmt
    bases: frozenset[str]
    name: str | None
    value: ast.expr | None


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and of the blocks in it, in order, those of other functions left out."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for block in blocks.blocks_of(statement):
            yield from _statements(block)


def _store(statement: ast.stmt) -> _Store | None:
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        bases = {base for target in targets for base in _bases(target)}
        only = targets[0] if len(targets) == 1 and not isinstance(statement, ast.AugAssign) else None
        plain = isinstance(statement.value, ast.Dict | ast.List | ast.Tuple | ast.Set)
        name = only.id if isinstance(only, ast.Name) and not plain else None
        return _Store(statement, frozenset(bases), name, statement.value)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Attribute) and function.attr in _ADDING:
            return _Store(statement, frozenset(_bases(function.value)), None, None)
    return None


def _bases(target: ast.expr) -> Iterator[str]:
    """The names of the variables that an assignment to ``target`` changes; attributes of objects are none."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Subscript):
        yield from _bases(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _bases(element)


def _stores_into(body: Iterable[ast.stmt], wanted: set[str]) -> list[_Store]:
    """The stores in a block on which the values of the variables ``wanted`` depend."""
    stores = [store for store in map(_store, _statements(body)) if store is not None]
    needed = set(wanted)
    while True:
        relevant = [store for store in stores if store.bases & needed]
        more = {name for store in relevant for name in _read(store.statement)}
        if more <= needed:
            return relevant
        needed |= more


def _stored(catch: Catch, function: FunctionNode | None, wanted: set[str]) -> list[ast.expr]:
    """The texts that ``catch`` puts into the variables ``wanted``, which are read when it has ended."""
    if function is None or isinstance(function, ast.Lambda):
        return []
    parts = list(_parts(catch))
    found: list[ast.expr] = []
    for store in _stores_into(function.body, wanted):
        if store.name is not None and _decides(catch.module, function, store.name):
            continue
        if catch.surrounds(store.statement) and not (store.name in parts and store.name not in wanted):
            found += texts(catch.module, store.statement, catch.names, parts)
    return found


def records(catch: Catch, replaced: Iterable[ast.expr]) -> bool:
    """Whether the exception is logged for certain with what is left of its texts."""
    gone: set[ast.AST] = set(replaced)
    module = catch.module
    known = set(catch.names)
    for statement in _statements(catch.body):
        if isinstance(statement, ast.Assign) and texts(module, statement, known):
            left = [text for text in texts(module, statement, known) if text not in gone]
            if left:
                known |= {name for target in statement.targets for name in _bases(target)}
    for statement in _certain(catch.body):
        for node in syntax.own_nodes(statement):
            if isinstance(node, ast.Call) and _records(module, node, known, gone):
                return True
    return False


def _certain(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The simple statements that are run whenever the block is."""
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith | ast.Try):
            yield from _certain(statement.body)
        elif not hasattr(statement, "body"):
            yield statement


def _records(module: Module, call: ast.Call, known: set[str], gone: set[ast.AST]) -> bool:
    if not logging_calls.may_record(module, call):
        return False
    if functions.last_name(call.func) in logging_calls.EXCEPTION_RECORDERS:
        return True
    if any(keyword.arg == "exc_info" and not _is_false(keyword.value) for keyword in call.keywords):
        return True
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(
        (isinstance(inner, ast.Name) and inner.id in known and not gone & {inner, *module.ancestors(inner)})
        or (isinstance(inner, ast.Call) and names.dotted_path(module, inner.func) in error_text.TRACEBACKS)
        for argument in arguments
        for inner in syntax.descendants(argument)
    )


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value
