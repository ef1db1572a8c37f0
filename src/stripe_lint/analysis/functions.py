"""Plain questions about one function definition: its parameters, decorators and what it returns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import syntax
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.scopes import FunctionNode

_PROPERTIES = frozenset({"property", "cached_property"})


def parameters(node: FunctionNode) -> list[ast.arg]:
    """All parameters that take one argument each, in order: positional ones, then keyword-only ones."""
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def positional_parameters(node: FunctionNode) -> list[ast.arg]:
    """The parameters that positional arguments fill, in order."""
    return [*node.args.posonlyargs, *node.args.args]


def first_parameter(node: FunctionNode) -> ast.arg | None:
    """The first positional parameter, ``self`` or ``cls`` in a method."""
    positional = positional_parameters(node)
    return positional[0] if positional else None


def below_docstring(node: NamedFunction) -> list[ast.stmt]:
    """The statements of a function behind its docstring; none where that is all it has."""
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def unpacks(call: ast.Call) -> bool:
    """Whether a call has ``*arguments`` or ``**arguments``, so that it may pass more than is written."""
    return any(isinstance(argument, ast.Starred) for argument in call.args) or any(
        keyword.arg is None for keyword in call.keywords
    )


def default_of(node: FunctionNode, parameter: ast.arg) -> ast.expr | None:
    """The default of ``parameter``."""
    positional = positional_parameters(node)
    for candidate, value in zip(reversed(positional), reversed(node.args.defaults), strict=False):
        if candidate is parameter:
            return value
    for candidate, keyword_value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if candidate is parameter:
            return keyword_value
    return None


def changes_parameter(node: FunctionNode, name: str) -> bool:
    """Whether a function sets entries of the dict that it gets as the parameter ``name``."""
    for inner in syntax.own_nodes(node):
        if (
            isinstance(inner, ast.Subscript)
            and isinstance(inner.ctx, ast.Store)
            and isinstance(inner.value, ast.Name)
            and inner.value.id == name
        ):
            return True
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            target = inner.func.value
            if inner.func.attr in {"update", "setdefault"} and isinstance(target, ast.Name) and target.id == name:
                return True
    return False


def tests(node: FunctionNode, name: str) -> bool:
    """Whether a condition in the function reads ``name``."""
    return any(
        isinstance(inner, ast.Name) and inner.id == name
        for part in syntax.own_nodes(node)
        if isinstance(part, ast.If | ast.IfExp | ast.Assert)
        for inner in syntax.descendants(part.test)
    )


def decorator_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    """The last part of each decorator's name, called or not."""
    for decorator in node.decorator_list:
        name = last_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name is not None:
            yield name


def has_decorator(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Whether a decorator of that name (its last part) stands on the function."""
    return name in decorator_names(node)


def is_overload(node: ast.AST) -> bool:
    """Whether a definition only says how the one that follows may be called."""
    return isinstance(node, NamedFunction) and has_decorator(node, "overload")


def is_abstract(node: FunctionNode) -> bool:
    """Whether a function only says that a subclass has to define it."""
    if isinstance(node, ast.Lambda):
        return False
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is not None and "NotImplementedError" in ast.dump(last.exc)


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether reading the attribute runs the function."""
    return any(name in _PROPERTIES for name in decorator_names(node))


def last_name(node: ast.expr) -> str | None:
    """``c`` of ``a.b.c`` or of ``c``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    return None


def is_super(node: ast.expr) -> bool:
    """Whether an expression is ``super()``."""
    return isinstance(node, ast.Call) and last_name(node.func) == "super"


def attribute_chain(node: ast.expr) -> list[str] | None:
    """``["a", "b", "c"]`` for ``a.b.c``; ``None`` where the chain does not start at a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    names.append(node.id)
    names.reverse()
    return names


def dotted_name(node: ast.expr) -> str | None:
    """``a.b.c`` as text; ``None`` where the chain does not start at a name."""
    chain = attribute_chain(node)
    return ".".join(chain) if chain is not None else None
