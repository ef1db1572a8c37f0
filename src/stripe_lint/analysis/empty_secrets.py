"""What becomes of a secret that is empty: whether it is refused, or only looked at."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import blocks, functions, names, syntax
from stripe_lint.analysis.references import ClassReference, FunctionReference, ObjectReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Scope
    from stripe_lint.analysis.secret_defaults import SecretDefault

_CLEANED: Final = frozenset({"strip", "lower", "upper"})


def is_only_looked_at(module: Module, node: ast.AST) -> bool:
    """Whether nothing is done with a value but looking at it, where it is read or wherever its variable stands."""
    return _always(module, node, _is_looked_at)


def gives_way(module: Module, node: ast.AST) -> bool:
    """Whether an empty value is used for nothing: it is only looked at, or something else takes its place."""
    return _always(
        module,
        node,
        lambda source, each: (
            _is_looked_at(source, each) or _is_replaced(source, each) or _is_known_to_be_full(source, each)
        ),
    )


def _always(module: Module, node: ast.AST, holds: Callable[[Module, ast.AST], bool]) -> bool:
    """Whether something holds of a value where it is read, or of each use of the local variable that is assigned it."""
    if holds(module, node):
        return True
    uses = _uses_of_variable(module, node)
    return bool(uses) and all(holds(module, use) for use in uses)


def _uses_of_variable(module: Module, node: ast.AST) -> list[ast.Name]:
    """The uses of the local variable that holds the value, where it holds nothing else."""
    value = node
    for around in module.ancestors(node):
        if isinstance(around, ast.Attribute):
            if around.attr not in _CLEANED:
                return []
        elif not (isinstance(around, ast.Call) and around.func is value):
            break
        value = around
    statement = module.parents.get(value)
    target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    if not isinstance(target, ast.Name):
        return []
    found = module.scope_of(target).lookup(target.id)
    if found is None or found[0].function is None or len(found[1]) != 1:
        return []
    return [
        each
        for each in module.of_kind(ast.Name)
        if each.id == target.id and isinstance(each.ctx, ast.Load) and _is_bound_in(module, each, found[0])
    ]


def _is_bound_in(module: Module, node: ast.Name, scope: Scope) -> bool:
    found = module.scope_of(node).lookup(node.id)
    return found is not None and found[0] is scope


def _is_looked_at(module: Module, node: ast.AST) -> bool:
    """Whether nothing is asked of a value but if there is one, or how it begins: ``bool(os.getenv("NAME", ""))``."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.UnaryOp):
            return isinstance(around.op, ast.Not)
        if isinstance(around, ast.If | ast.While | ast.IfExp | ast.Assert):
            return child is around.test
        if isinstance(around, ast.Compare):
            return all(_is_literal(part) for part in (around.left, *around.comparators) if part is not child)
        if isinstance(around, ast.Subscript):
            return child is around.value and isinstance(around.slice, ast.Slice)
        if isinstance(around, ast.Call):
            if child in around.args:
                return isinstance(around.func, ast.Name) and around.func.id in {"bool", "len"}
            if child is not around.func:
                return False
        elif isinstance(around, ast.Attribute):
            if around.attr in {"startswith", "endswith"}:
                return True
            if around.attr not in _CLEANED:
                return False
        elif not isinstance(around, ast.BoolOp):
            return False
        child = around
    return False


def _is_literal(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return all(isinstance(part, ast.Constant) for part in parts)


def _is_replaced(module: Module, node: ast.AST) -> bool:
    """Whether something else is taken where a value is empty: ``secret or None``, ``secret if secret else None``."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.BoolOp) and isinstance(around.op, ast.Or) and child is not around.values[-1]:
            return True
        if not (isinstance(around, ast.Attribute) and around.attr in _CLEANED) and not (
            isinstance(around, ast.Call) and around.func is child
        ):
            return False
        child = around
    return False


def _is_known_to_be_full(module: Module, node: ast.AST) -> bool:
    """Whether a variable is used only where a condition around it has found that it is not empty."""
    if not isinstance(node, ast.Name):
        return False
    child: ast.AST = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If):
            if child in around.body and _says_full(around.test, node.id):
                return True
            if child in around.orelse and _is_negated(around.test, node.id):
                return True
        elif isinstance(around, ast.IfExp):
            if child is around.body and _says_full(around.test, node.id):
                return True
            if child is around.orelse and _is_negated(around.test, node.id):
                return True
        elif isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
        child = around
    return False


def _says_full(test: ast.expr, name: str) -> bool:
    """Whether a condition holds only where the variable ``name`` is not empty."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_says_full(each, name) for each in test.values)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute):
        return test.func.attr in _CLEANED and _says_full(test.func.value, name)
    return isinstance(test, ast.Name) and test.id == name


def _is_negated(test: ast.expr, name: str) -> bool:
    """Whether a condition is ``not name``."""
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and _says_full(test.operand, name)


def is_refused(module: Module, default: SecretDefault) -> bool:
    """Whether somewhere in the project an empty value ends the request or the process."""
    for name in default.names:
        if _refused_in(module, name):
            return True
        for path in module.project.files_that_mention(name, module.path) or ():
            source = module.project.module_at(path)
            if source is not None and source is not module and _refused_in(source, name):
                return True
    return False


def _refused_in(module: Module, name: str) -> bool:
    known_as = {name, *_aliases(module, name)}
    if any(_is_refusal(module, node, known_as) for node in syntax.descendants(module.tree)):
        return True
    return _refused_by_callee(module, known_as)


def _is_refusal(module: Module, node: ast.AST, known_as: set[str]) -> bool:
    """Whether a statement ends the request or the process where the secret is empty."""
    if isinstance(node, ast.Assert):
        return _names(node.test, known_as)
    if not isinstance(node, ast.If):
        return False
    if _says_empty(node.test, known_as) and blocks.leaves(module, node.body):
        return True
    return (
        bool(node.orelse)
        and _names(node.test, known_as)
        and not _negates(node.test)
        and blocks.leaves(module, node.orelse)
    )


def _refused_by_callee(module: Module, known_as: set[str]) -> bool:
    """Whether the secret is handed to something of the project that refuses an empty one."""
    for calls in module.calls.values():
        for call in calls:
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            if not any(isinstance(each, ast.Name | ast.Attribute) and _names(each, known_as) for each in arguments):
                continue
            reference = names.resolve(module, call.func)
            if isinstance(reference, ObjectReference | ClassReference):
                method = names.find_method(reference, "__init__")
                held = method[1] if method is not None else None
                node: ast.AST = reference.node
            elif isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
                held = node = reference.node
            else:
                continue
            taken = (
                {parameter.arg for parameter in functions.parameters(held)} - {"self"} if held is not None else set()
            )
            if taken and any(_is_refusal(reference.module, inner, taken) for inner in syntax.descendants(node)):
                return True
    return False


def _aliases(module: Module, name: str) -> Iterator[str]:
    """Variables that hold the secret: ``secret = settings.NAME``."""
    for node in module.of_kind(ast.Assign):
        if _names(node.value, {name}):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id


def _says_empty(test: ast.expr, known_as: set[str]) -> bool:
    for node in syntax.descendants(test):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and _names(node.operand, known_as):
            return True
        if (
            isinstance(node, ast.Compare)
            and _names(node, known_as)
            and any(isinstance(operator, ast.Eq | ast.Is | ast.In) for operator in node.ops)
            and any(
                isinstance(part, ast.Constant) and part.value in {"", None}
                for each in node.comparators
                for part in syntax.descendants(each)
            )
        ):
            return True
    return False


def _negates(test: ast.expr) -> bool:
    return any(isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) for node in syntax.descendants(test))


def _names(node: ast.AST, known_as: set[str]) -> bool:
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Name) and inner.id in known_as:
            return True
        if isinstance(inner, ast.Attribute) and inner.attr in known_as:
            return True
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value in known_as:
            return True
    return False
