"""Fills a module's tables in one walk over its tree: parents, scopes and what they bind, calls by name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import syntax
from stripe_lint.analysis.scopes import Binding, BindingKind, Comprehension, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode, ScopeNode

_Pending = list[tuple[list[ast.AST], Scope]]
"""The insides of scopes that are still to be walked."""


def index(module: Module) -> None:
    """Walk the tree of ``module`` once and fill its tables."""
    pending: _Pending = [(list(module.tree.body), module.scope)]
    module.scopes[module.tree] = module.scope
    for statement in module.tree.body:
        module.parents[statement] = module.tree
    while pending:
        nodes, scope = pending.pop()
        _walk_scope(module, nodes, scope, pending)


def _walk_scope(module: Module, stack: list[ast.AST], scope: Scope, pending: _Pending) -> None:
    parents = module.parents
    fields = syntax.FIELDS
    leaves = syntax.LEAVES
    actions = _ACTIONS
    stack.reverse()
    while stack:
        node = stack.pop()
        kind = node.__class__
        action = actions.get(kind)
        if action is not None and action(module, node, scope, stack, pending):
            continue
        for name in fields[kind]:
            child = getattr(node, name, None)
            if child is None:
                continue
            if child.__class__ is list:
                for item in child:
                    if item is not None:
                        parents[item] = node
                        if item.__class__ not in leaves:
                            stack.append(item)
            else:
                parents[child] = node
                if child.__class__ not in leaves:
                    stack.append(child)


def _bind_target(module: Module, target: ast.expr, scope: Scope, binding: Binding) -> None:
    if isinstance(target, ast.Name):
        scope.bind(target.id, binding)
    elif isinstance(target, ast.Attribute):
        module.attribute_bindings.setdefault(target.attr, []).append((target, binding))
    elif isinstance(target, ast.Tuple | ast.List):
        inner = binding
        if binding.kind is not BindingKind.UNPACKING:
            inner = Binding(BindingKind.UNPACKING, binding.node, binding.value)
        for element in target.elts:
            _bind_target(module, element, scope, inner)
    elif isinstance(target, ast.Starred):
        _bind_target(module, target.value, scope, Binding(BindingKind.UNPACKING, binding.node, binding.value))


def _open_scope(module: Module, node: ScopeNode, parent: Scope, inside: list[ast.AST], pending: _Pending) -> Scope:
    scope = Scope(node, parent)
    module.scopes[node] = scope
    for child in inside:
        module.parents[child] = node
    pending.append((inside, scope))
    return scope


def _on_call(module: Module, node: ast.Call, scope: Scope, *_: object) -> bool:
    module.calls_of.setdefault(scope.owner, []).append(node)
    function = node.func
    if isinstance(function, ast.Attribute):
        module.calls.setdefault(function.attr, []).append(node)
        function = function.value
        while function.__class__ is ast.Attribute:
            function = function.value
    elif isinstance(function, ast.Name):
        module.calls.setdefault(function.id, []).append(node)
    module.known_scopes[function] = scope
    for argument in node.args:
        if isinstance(argument, ast.Attribute):
            module.handed_on.setdefault(argument.attr, []).append(argument)
    for keyword in node.keywords:
        value = keyword.value
        if isinstance(value, ast.Attribute):
            module.handed_on.setdefault(value.attr, []).append(value)
    return False


def _on_assign(module: Module, node: ast.Assign, scope: Scope, *_: object) -> bool:
    binding = Binding(BindingKind.ASSIGNMENT, node, node.value)
    for target in node.targets:
        _bind_target(module, target, scope, binding)
    return False


def _on_annotated(module: Module, node: ast.AnnAssign, scope: Scope, *_: object) -> bool:
    kind = BindingKind.ANNOTATION if node.value is None else BindingKind.ASSIGNMENT
    _bind_target(module, node.target, scope, Binding(kind, node, node.value, node.annotation))
    return False


def _on_augmented(module: Module, node: ast.AugAssign, scope: Scope, *_: object) -> bool:
    _bind_target(module, node.target, scope, Binding(BindingKind.AUGMENTED, node, node.value))
    return False


def _on_walrus(module: Module, node: ast.NamedExpr, scope: Scope, *_: object) -> bool:
    while isinstance(scope.node, Comprehension) and scope.parent is not None:
        scope = scope.parent
    _bind_target(module, node.target, scope, Binding(BindingKind.ASSIGNMENT, node, node.value))
    return False


def _on_for(module: Module, node: ast.For | ast.AsyncFor, scope: Scope, *_: object) -> bool:
    _bind_target(module, node.target, scope, Binding(BindingKind.ITERATION, node, node.iter))
    return False


def _on_with(module: Module, node: ast.With | ast.AsyncWith, scope: Scope, *_: object) -> bool:
    for item in node.items:
        if item.optional_vars is not None:
            _bind_target(module, item.optional_vars, scope, Binding(BindingKind.CONTEXT, item, item.context_expr))
    return False


def _on_handler(_module: Module, node: ast.ExceptHandler, scope: Scope, *_: object) -> bool:
    if node.name is not None:
        scope.bind(node.name, Binding(BindingKind.EXCEPTION, node, node.type))
    return False


def _on_delete(module: Module, node: ast.Delete, scope: Scope, *_: object) -> bool:
    for target in node.targets:
        _bind_target(module, target, scope, Binding(BindingKind.DELETION, node))
    return False


def _on_pattern(
    _module: Module, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: Scope, *_: object
) -> bool:
    name = node.rest if isinstance(node, ast.MatchMapping) else node.name
    if name is not None:
        scope.bind(name, Binding(BindingKind.PATTERN, node))
    return False


def _on_global(_module: Module, node: ast.Global, scope: Scope, *_: object) -> bool:
    scope.global_names.update(node.names)
    return False


def _on_nonlocal(_module: Module, node: ast.Nonlocal, scope: Scope, *_: object) -> bool:
    scope.nonlocal_names.update(node.names)
    return False


def _on_import(module: Module, node: ast.Import, scope: Scope, *_: object) -> bool:
    for name in node.names:
        module.parents[name] = node
        package = name.name.partition(".")[0]
        module.imported_packages.add(package)
        if package != name.name and name.asname is None:
            module.imported_paths.add(name.name)
        scope.bind(name.asname or package, Binding(BindingKind.IMPORT, name))
    return True


def _on_import_from(module: Module, node: ast.ImportFrom, scope: Scope, *_: object) -> bool:
    if node.level == 0 and node.module:
        module.imported_packages.add(node.module.partition(".")[0])
    for name in node.names:
        module.parents[name] = node
        scope.bind(name.asname or name.name, Binding(BindingKind.IMPORT_FROM, name))
    return True


def _on_return(module: Module, node: ast.Return, scope: Scope, *_: object) -> bool:
    module.returns.setdefault(scope.owner, []).append(node)
    return False


def _on_yield(module: Module, node: ast.Yield | ast.YieldFrom, scope: Scope, *_: object) -> bool:
    module.yields.setdefault(scope.owner, []).append(node.value)
    return False


def _on_try(module: Module, node: ast.Try, *_: object) -> bool:
    module.tries.append(node)
    return False


def _on_class(module: Module, node: ast.ClassDef, scope: Scope, stack: list[ast.AST], pending: _Pending) -> bool:
    module.classes.append(node)
    scope.bind(node.name, Binding(BindingKind.CLASS, node))
    for outside in [*node.decorator_list, *node.bases, *node.keywords]:
        module.parents[outside] = node
        stack.append(outside)
    _open_scope(module, node, scope, list(node.body), pending)
    return True


def _on_function(
    module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, stack: list[ast.AST], pending: _Pending
) -> bool:
    module.functions.append(node)
    module.functions_by_name.setdefault(node.name, []).append(node)
    module.nested.setdefault(scope.owner, []).append(node)
    scope.bind(node.name, Binding(BindingKind.FUNCTION, node))
    for decorator in node.decorator_list:
        module.parents[decorator] = node
        stack.append(decorator)
    if node.returns is not None:
        module.parents[node.returns] = node
    inner = _open_scope(module, node, scope, list(node.body), pending)
    _bind_parameters(module, node, inner, stack)
    return True


def _on_lambda(module: Module, node: ast.Lambda, scope: Scope, stack: list[ast.AST], pending: _Pending) -> bool:
    module.functions.append(node)
    module.nested.setdefault(scope.owner, []).append(node)
    inner = _open_scope(module, node, scope, [node.body], pending)
    _bind_parameters(module, node, inner, stack)
    return True


def _bind_parameters(module: Module, node: FunctionNode, inner: Scope, stack: list[ast.AST]) -> None:
    arguments = node.args
    module.parents[arguments] = node
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, ast.expr] = {}
    for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        defaults[parameter.arg] = default
    for parameter, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_default is not None:
            defaults[parameter.arg] = keyword_default
    everything = [*positional, *arguments.kwonlyargs]
    everything += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    for parameter in everything:
        module.parents[parameter] = arguments
        value = defaults.get(parameter.arg)
        inner.bind(parameter.arg, Binding(BindingKind.PARAMETER, parameter, value, parameter.annotation))
        for outside in (parameter.annotation, value):
            if outside is not None:
                module.parents[outside] = parameter
                stack.append(outside)


def _on_comprehension(
    module: Module, node: Comprehension, scope: Scope, stack: list[ast.AST], pending: _Pending
) -> bool:
    inside: list[ast.AST] = []
    if isinstance(node, ast.DictComp):
        inside += [node.key, node.value]
    else:
        inside.append(node.elt)
    inner = _open_scope(module, node, scope, inside, pending)
    for position, generator in enumerate(node.generators):
        module.parents[generator] = node
        _bind_target(module, generator.target, inner, Binding(BindingKind.ITERATION, generator, generator.iter))
        for child in (generator.target, generator.iter, *generator.ifs):
            module.parents[child] = generator
        # the first iterable is evaluated outside the comprehension
        (stack if position == 0 else inside).append(generator.iter)
        inside.extend(generator.ifs)
    return True


_ACTIONS: Final[dict[type[ast.AST], Callable[..., bool]]] = {
    ast.Call: _on_call,
    ast.Assign: _on_assign,
    ast.AnnAssign: _on_annotated,
    ast.AugAssign: _on_augmented,
    ast.NamedExpr: _on_walrus,
    ast.For: _on_for,
    ast.AsyncFor: _on_for,
    ast.With: _on_with,
    ast.AsyncWith: _on_with,
    ast.ExceptHandler: _on_handler,
    ast.Delete: _on_delete,
    ast.MatchAs: _on_pattern,
    ast.MatchStar: _on_pattern,
    ast.MatchMapping: _on_pattern,
    ast.Global: _on_global,
    ast.Nonlocal: _on_nonlocal,
    ast.Import: _on_import,
    ast.ImportFrom: _on_import_from,
    ast.Return: _on_return,
    ast.Yield: _on_yield,
    ast.YieldFrom: _on_yield,
    ast.Try: _on_try,
    ast.ClassDef: _on_class,
    ast.FunctionDef: _on_function,
    ast.AsyncFunctionDef: _on_function,
    ast.Lambda: _on_lambda,
    ast.ListComp: _on_comprehension,
    ast.SetComp: _on_comprehension,
    ast.DictComp: _on_comprehension,
    ast.GeneratorExp: _on_comprehension,
}
