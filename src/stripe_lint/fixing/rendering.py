"""Changes one statement: LibCST parses it, its nodes are edited, and it is generated anew."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from stripe_lint.errors import Declined
from stripe_lint.fixing.anchors import find_anchors
from stripe_lint.fixing.edits import (
    AddArgument,
    AddFirstParameter,
    AddParameter,
    RemoveArgument,
    RemoveEntry,
    RemoveKeyword,
    Replace,
    SetEntry,
    SetKeyword,
)
from stripe_lint.fixing.sequences import appended, removed
from stripe_lint.parsing import tree_of

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
        case RemoveArgument(_, number):
            return node.with_changes(args=removed(node.args, number))
        case SetEntry(_, key, source):
            return _with_entry(node, key, source)
        case RemoveEntry(_, key):
            return _without_entry(node, key)
        case AddParameter(_, name, default):
            return _with_parameter(node, name, default)
        case AddFirstParameter(function, name, annotation):
            is_method = isinstance(module.parents[function], ast.ClassDef)
            return _with_first_parameter(node, name, annotation, behind_self=is_method)


def _expression(source: str) -> Any:
    import libcst

    try:
        # Only in brackets may an expression go on in the next line.
        node = libcst.parse_expression(f"({source})")
    except libcst.ParserSyntaxError as error:
        raise Declined("LibCST can't read what is to be put there") from error
    node = node.with_changes(lpar=node.lpar[1:], rpar=node.rpar[:-1])
    return node if "\n" not in source else node.visit(_as_it_is())


def _as_it_is() -> Any:
    """Keeps lines as they are where they come to stand in a block; LibCST would indent them with it."""
    import libcst

    class Transformer(libcst.CSTTransformer):
        def on_leave(self, original_node: Any, updated_node: Any) -> Any:  # noqa: ARG002
            if isinstance(updated_node, libcst.ParenthesizedWhitespace | libcst.EmptyLine):
                return updated_node.with_changes(indent=False)
            return updated_node

    return Transformer()


def _replaced(module: Module, node: libcst.BaseExpression, old: ast.expr, source: str) -> libcst.BaseExpression:
    import libcst

    new: libcst.BaseExpression = _expression(source)
    parent = module.parents[old]
    tight = isinstance(parent, _BINDING_TIGHTLY) or _is_head(parent, old)
    loose = _binding(_tree_of(source)) < _binding(old)
    left, right = node.lpar, node.rpar
    if isinstance(old, ast.Tuple | ast.GeneratorExp):
        # The innermost are its own, and go with it.
        left, right = left[:-1], right[1:]
    if left and isinstance(new, libcst.Tuple | libcst.GeneratorExp):
        return new.with_changes(lpar=(*left, *new.lpar), rpar=(*new.rpar, *right))
    if left:
        return new.with_changes(lpar=left, rpar=right)
    if tight and loose:
        return new.with_changes(lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()])
    return new


def _tree_of(source: str) -> ast.expr:
    [statement] = tree_of(f"({source})").body
    if not isinstance(statement, ast.Expr):
        raise TypeError(f"what replaces an expression must be one: {source}")
    return statement.value


_ORDER_OF_BINDING: tuple[tuple[type[ast.AST], ...], ...] = (
    (ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Tuple, ast.Starred),
    (ast.Lambda, ast.IfExp),
    (ast.Or,),
    (ast.And,),
    (ast.Not,),
    (ast.Compare,),
    (ast.BitOr,),
    (ast.BitXor,),
    (ast.BitAnd,),
    (ast.LShift, ast.RShift),
    (ast.Add, ast.Sub),
    (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.MatMult),
    (ast.UnaryOp,),
    (ast.Pow,),
    (ast.Await,),
)
"""What binds weakest comes first; operators stand for what they join."""


def _binding(node: ast.expr) -> int:
    """How tightly an expression holds together without parentheses; more is tighter."""
    operator = getattr(node, "op", None)
    kind = type(operator) if operator is not None and not isinstance(operator, _SIGNS) else type(node)
    return next((number for number, kinds in enumerate(_ORDER_OF_BINDING) if kind in kinds), len(_ORDER_OF_BINDING))


_SIGNS = (ast.UAdd, ast.USub, ast.Invert)


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


def _entry_number(node: libcst.Dict, key: str) -> int | None:
    import libcst

    for number, element in enumerate(node.elements):
        if (
            isinstance(element, libcst.DictElement)
            and isinstance(element.key, libcst.SimpleString)
            and element.key.evaluated_value == key
        ):
            return number
    return None


def _without_entry(node: libcst.Dict, key: str) -> libcst.Dict:
    number = _entry_number(node, key)
    if number is None:
        raise Declined(f"the dict has no entry {key} that is written out")
    return node.with_changes(elements=removed(node.elements, number))


def _with_entry(node: libcst.Dict, key: str, source: str) -> libcst.Dict:
    import libcst

    elements = list(node.elements)
    number = _entry_number(node, key)
    if number is not None:
        elements[number] = elements[number].with_changes(value=_expression(source))
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


def _with_first_parameter(
    node: libcst.FunctionDef, name: str, annotation: str, *, behind_self: bool
) -> libcst.FunctionDef:
    import libcst

    parameters = node.params
    new = libcst.Param(libcst.Name(name), annotation=libcst.Annotation(_expression(annotation)))
    if parameters.posonly_params or (behind_self and len(parameters.params) < 2):
        raise Declined("the parameters leave no place for another")
    if not parameters.params and (parameters.star_arg or parameters.kwonly_params or parameters.star_kwarg):
        raise Declined("the parameters leave no place for another")
    if not parameters.params:
        return node.with_changes(params=parameters.with_changes(params=(new,)))
    opening = node.whitespace_before_params
    several_lines = isinstance(opening, libcst.ParenthesizedWhitespace) and opening.first_line.comment is None
    after = opening if several_lines else libcst.SimpleWhitespace(" ")
    new = new.with_changes(comma=libcst.Comma(whitespace_after=after))
    number = 1 if behind_self else 0
    changed = (*parameters.params[:number], new, *parameters.params[number:])
    return node.with_changes(params=parameters.with_changes(params=changed))
