"""Changes one statement: LibCST parses it, its nodes are edited, and it is generated anew."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from stripe_lint.errors import Declined
from stripe_lint.fixing.anchors import find_anchors
from stripe_lint.fixing.edits import (
    AddArgument,
    AddParameter,
    RemoveKeyword,
    Replace,
    SetEntry,
    SetKeyword,
)
from stripe_lint.fixing.sequences import appended, removed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import libcst

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edits import WithinStatement
    from stripe_lint.fixing.fragments import Fragment
    from stripe_lint.fixing.places import Places

_BINDING_TIGHTLY = (
    *(ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Attribute, ast.Await, ast.Starred, ast.IfExp),
    ast.FormattedValue,
)


def identical(fragment: Fragment) -> libcst.Module:
    """The tree of the fragment. Raises ``Declined`` where LibCST can't read it or would not write the same text."""
    import libcst

    try:
        tree = libcst.parse_module(fragment.source)
    except libcst.ParserSyntaxError as error:
        raise Declined("LibCST can't read this statement") from error
    if tree.code != fragment.source:
        raise Declined("LibCST would not write this statement as it is")
    return tree


def rendered(module: Module, places: Places, fragment: Fragment, edits: Sequence[WithinStatement]) -> str:
    """The text of the fragment after ``edits``. Raises ``Declined`` where that can't be done."""
    tree = identical(fragment)
    anchors = find_anchors(tree, fragment, places, {edit.node: None for edit in edits})
    changes: dict[int, list[WithinStatement]] = {}
    for edit in edits:
        changes.setdefault(id(anchors[edit.node]), []).append(edit)
    changed = tree.visit(_transformer(module, changes))
    return fragment.cut(changed.code)


def _transformer(module: Module, changes: dict[int, list[WithinStatement]]) -> Any:
    import libcst

    class Transformer(libcst.CSTTransformer):
        def on_leave(self, original_node: Any, updated_node: Any) -> Any:
            for edit in changes.get(id(original_node), ()):
                updated_node = _edited(module, updated_node, edit)
            return updated_node

    return Transformer()


def _edited(module: Module, node: Any, edit: WithinStatement) -> Any:
    match edit:
        case Replace(old, source):
            return _replaced(module, node, old, source)
        case SetKeyword(_, name, source):
            return _with_keyword(node, name, source)
        case RemoveKeyword(_, name):
            return _without_keyword(node, name)
        case AddArgument(_, source):
            return _with_argument(node, source)
        case SetEntry(_, key, source):
            return _with_entry(node, key, source)
        case AddParameter(_, name, default):
            return _with_parameter(node, name, default)


def _expression(source: str) -> libcst.BaseExpression:
    """The tree of an expression; one of several lines is meant to stand where parentheses are around it already."""
    import libcst

    try:
        if "\n" not in source:
            return libcst.parse_expression(source)
        tree = libcst.parse_expression(f"({source})")
    except libcst.ParserSyntaxError as error:
        raise Declined("LibCST can't read what would be written") from error
    return tree.with_changes(lpar=tree.lpar[1:], rpar=tree.rpar[:-1])


def _replaced(module: Module, node: libcst.BaseExpression, old: ast.expr, source: str) -> libcst.BaseExpression:
    import libcst

    new = _expression(source)
    parent = module.parents[old]
    tight = isinstance(parent, _BINDING_TIGHTLY) or _is_head(parent, old)
    loose = not isinstance(ast.parse(f"({source})", mode="eval").body, _ATOMS)
    if node.lpar:
        return new.with_changes(lpar=node.lpar, rpar=node.rpar)
    if tight and loose:
        return new.with_changes(lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()])
    return new


_ATOMS = (
    *(ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.JoinedStr),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _is_head(parent: ast.AST, node: ast.expr) -> bool:
    """Whether ``node`` is what is called or subscripted."""
    return node is (parent.func if isinstance(parent, ast.Call) else getattr(parent, "value", None)) and isinstance(
        parent, ast.Call | ast.Subscript
    )


def _keyword_number(node: libcst.Call, name: str) -> int | None:
    return next((n for n, arg in enumerate(node.args) if arg.keyword is not None and arg.keyword.value == name), None)


def _with_keyword(node: libcst.Call, name: str, source: str) -> libcst.Call:
    import libcst

    number = _keyword_number(node, name)
    if number is not None:
        args = list(node.args)
        args[number] = args[number].with_changes(value=_expression(source))
        return node.with_changes(args=args)
    equal = libcst.AssignEqual(libcst.SimpleWhitespace(""), libcst.SimpleWhitespace(""))
    return _with_arg(node, libcst.Arg(keyword=libcst.Name(name), value=_expression(source), equal=equal))


def _with_arg(node: libcst.Call, new: libcst.Arg) -> libcst.Call:
    import libcst

    args, _ = appended(node.args, new, node.whitespace_before_args, libcst.SimpleWhitespace(""))
    return node.with_changes(args=args)


def _with_argument(node: libcst.Call, source: str) -> libcst.Call:
    import libcst

    if any(arg.keyword is not None or arg.star for arg in node.args):
        raise Declined("a positional argument can't follow the others here")
    return _with_arg(node, libcst.Arg(_expression(source)))


def _without_keyword(node: libcst.Call, name: str) -> libcst.Call:
    number = _keyword_number(node, name)
    if number is None:
        raise Declined(f"{name} is not passed by name")
    return node.with_changes(args=removed(node.args, number))


def _with_entry(node: libcst.Dict, key: str, source: str) -> libcst.Dict:
    import libcst

    elements = list(node.elements)
    for number, element in enumerate(elements):
        if (
            isinstance(element, libcst.DictElement)
            and isinstance(element.key, libcst.SimpleString)
            and element.key.evaluated_value == key
        ):
            elements[number] = element.with_changes(value=_expression(source))
            return node.with_changes(elements=elements)
    new = libcst.DictElement(libcst.SimpleString(f'"{key}"'), _expression(source))
    added, closing = appended(elements, new, node.lbrace.whitespace_after, node.rbrace.whitespace_before)
    return node.with_changes(elements=added, rbrace=node.rbrace.with_changes(whitespace_before=closing))


def _with_parameter(node: libcst.FunctionDef, name: str, default: str) -> libcst.FunctionDef:
    import libcst

    parameters = node.params
    new = libcst.Param(
        libcst.Name(name),
        default=_expression(default),
        equal=libcst.AssignEqual(libcst.SimpleWhitespace(""), libcst.SimpleWhitespace("")),
    )
    if parameters.star_kwarg is not None or parameters.kwonly_params:
        return node.with_changes(params=parameters.with_changes(kwonly_params=(*parameters.kwonly_params, new)))
    if isinstance(parameters.star_arg, libcst.Param):
        return node.with_changes(params=parameters.with_changes(kwonly_params=(new,)))
    changed = parameters.with_changes(star_arg=libcst.ParamStar(), kwonly_params=(new,))
    return node.with_changes(params=changed)
