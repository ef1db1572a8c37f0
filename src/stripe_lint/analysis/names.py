"""Resolves names, attribute chains and calls to what they mean, across scopes, classes and files.

The answer holds for the whole scope, whatever the flow: a name that is bound to two different things resolves to
``None``, and ``None`` never produces a finding. Recursion is bounded by ``_DEEPEST``.

What an expression means, what a class is and what an annotation says need each other, so they stand in one file; what
needs only one of them is in ``imports``, ``sdk`` and ``definitions``.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, imports, runners, sdk, syntax
from stripe_lint.analysis.frameworks import is_dependency_marker, known_modules
from stripe_lint.analysis.references import (
    ClassReference,
    External,
    ExternalInstance,
    ExternalList,
    FolderReference,
    FunctionReference,
    ModuleReference,
    ObjectReference,
    OfClass,
    PartialReference,
    Reference,
    StripeService,
    agreed,
)
from stripe_lint.analysis.scopes import Binding, BindingKind, NamedFunction, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module

_DEEPEST: Final = 40
"""How many steps one resolution may take before it gives up."""

_PENDING: Final = object()
_ALWAYS_THE_MODULE: Final = frozenset({"json", "os", "hmac", "hashlib", "uuid", "logging"})
"""Modules of the standard library whose names mean them, too, where a ``*`` from an unseen file has brought them."""
_BUILTINS: Final = frozenset(dir(builtins))
_depth = 0

OPTIONAL_WRAPPERS: Final = frozenset({"typing.Optional", "typing_extensions.Optional", "typing.Union"})
"""Generic types whose parts are the types that a value may have."""

ANNOTATED: Final = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
"""Generic types whose first part is the type."""

# made once: a union costs more to make than to ask for
_OUTSIDE: Final = ExternalInstance | External
_LIST_METHODS: Final = frozenset({"auto_paging_iter", "auto_paging_iter_async"})
_PARTIALS: Final = runners.paths_of(runners.Kind.BOUND)
_PASS_THROUGH_CALLS: Final = frozenset({"typing.cast", "copy.copy", "copy.deepcopy"})


def resolve(module: Module, node: ast.expr) -> Reference | None:
    """What the expression ``node`` of ``module`` means; ``None`` where that is unknown or ambiguous."""
    global _depth
    resolved = module.resolved
    if node in resolved:
        return resolved[node]
    if _depth >= _DEEPEST:
        return None
    resolved[node] = None
    _depth += 1
    try:
        answer = _resolve(module, node)
    finally:
        _depth -= 1
    resolved[node] = answer
    return answer


def dotted_path(module: Module, node: ast.expr) -> str | None:
    """The import path of an external thing that ``node`` means, if it means one."""
    reference = resolve(module, node)
    return reference.path if isinstance(reference, External) else None


def imported_name(module: Module, call: ast.Call) -> str | None:
    """What ``call`` calls, by the last name that it has where it is imported from, under whatever name it is here."""
    path = dotted_path(module, call.func)
    return path.rpartition(".")[2] if path is not None else functions.last_name(call.func)


def _resolve(module: Module, node: ast.expr) -> Reference | None:
    if isinstance(node, ast.Name):
        return resolve_name(module, node.id, module.scope_of(node))
    if isinstance(node, ast.Attribute):
        if functions.is_super(node.value):
            return _inherited(module, node)
        base = resolve(module, node.value)
        if base is None or isinstance(base, _OUTSIDE):
            held = _held_attribute(module, node)
            if held is not None:
                return held
        return attribute(base, node.attr) if base is not None else None
    if isinstance(node, ast.Call):
        return _resolve_call(module, node)
    if isinstance(node, ast.Await | ast.NamedExpr):
        return resolve(module, node.value)
    if isinstance(node, ast.IfExp):
        return agreed(resolve(module, part) for part in (node.body, node.orelse) if not syntax.is_none(part))
    if isinstance(node, ast.BoolOp):
        return agreed(resolve(module, part) for part in node.values if not syntax.is_none(part))
    if isinstance(node, ast.Subscript):
        return sdk.entry(resolve(module, node.value), node.slice)
    return None


def _held_attribute(module: Module, node: ast.Attribute) -> Reference | None:
    """What the file itself keeps as an attribute of a module-level object: ``local.stripe = stripe``."""
    bound = module.attribute_bindings.get(node.attr)
    holder = functions.attribute_chain(node.value) if bound is not None else None
    if bound is None or holder is None or holder[0] not in module.scope.bindings:
        return None
    values = [
        binding.value
        for target, binding in bound
        if binding.value is not None and functions.attribute_chain(target.value) == holder
    ]
    return agreed(resolve(module, value) for value in values if not syntax.is_none(value)) if values else None


def resolve_name(module: Module, name: str, scope: Scope) -> Reference | None:
    """What ``name`` means when read in ``scope``."""
    found = scope.lookup(name)
    if found is None:
        starred = _from_star_imports(module, name)
        return starred or (External(f"builtins.{name}") if name in _BUILTINS else None)
    owner, bindings = found
    key = ("name", name, owner)
    known = module.memory.get(key, _PENDING)
    if known is not _PENDING:
        return known  # type: ignore[return-value]
    module.memory[key] = None
    answer = _resolve_bindings(module, name, owner, bindings)
    module.memory[key] = answer
    return answer


def _resolve_bindings(module: Module, name: str, owner: Scope, bindings: list[Binding]) -> Reference | None:
    said = [
        binding
        for binding in bindings
        if not (syntax.is_none(binding.value) and binding.kind is BindingKind.ASSIGNMENT)
        and binding.kind is not BindingKind.DELETION
        and not functions.is_overload(binding.node)
    ]
    if len(said) > 1 and all(binding.is_import for binding in said):
        meant = (_from_binding(module, name, owner, binding) for binding in said)
        of_sdk = [reference for reference in meant if sdk.is_of_sdk(reference)]
        if len(of_sdk) == 1:
            # an import of the SDK beside an import of a double for it
            return of_sdk[0]
    own = [binding for binding in said if _own_method(binding, name) is not None]
    if own and len(own) < len(said):
        answer = agreed(_from_binding(module, name, owner, binding) for binding in said if binding not in own)
        return agreed([answer, *(_after_method(answer, _own_method(binding, name)) for binding in own)])
    return agreed(_from_binding(module, name, owner, binding) for binding in said)


def _own_method(binding: Binding, name: str) -> str | None:
    """``confirm`` where a name is bound again to what a method of its own value returns: ``x = x.confirm()``."""
    value = binding.value
    if isinstance(value, ast.Await):
        value = value.value
    if binding.kind is BindingKind.ASSIGNMENT and isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        receiver = value.func.value
        if isinstance(receiver, ast.Name) and receiver.id == name:
            return value.func.attr
    return None


def _after_method(receiver: Reference | None, method: str | None) -> Reference | None:
    if receiver is None or method is None:
        return None
    return call_result(attribute(receiver, method))


def _from_star_imports(module: Module, name: str) -> Reference | None:
    key = ("starred", name)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    module.memory[key] = None
    answer = _search_star_imports(module, name)
    module.memory[key] = answer
    return answer


def _search_star_imports(module: Module, name: str) -> Reference | None:
    for binding in module.scope.bindings.get("*", ()):
        statement = module.parents[binding.node]
        if isinstance(statement, ast.ImportFrom):
            source = imports.imported_module(module, statement)
            if source is not None and source is not module:
                if name in source.scope.bindings:
                    return resolve_name(source, name, source.scope)
                further = _from_star_imports(source, name)
                if further is not None:
                    return further
            if source is None and statement.module in {"stripe", "aiohttp.web"}:
                return None
            if source is None and name in _ALWAYS_THE_MODULE and not _is_of_framework(statement):
                return External(name)
    return None


def _is_of_framework(statement: ast.ImportFrom) -> bool:
    """Whether a framework's own names are imported, which may be those of the standard library's modules."""
    return not statement.level and (statement.module or "").partition(".")[0] in known_modules()


def _from_binding(module: Module, name: str, scope: Scope, binding: Binding) -> Reference | None:
    kind = binding.kind
    if kind is BindingKind.IMPORT:
        return _from_import(module, name, binding)
    if kind is BindingKind.IMPORT_FROM:
        return _from_import_from(module, binding)
    if isinstance(binding.node, NamedFunction):
        return FunctionReference(module, binding.node)
    if isinstance(binding.node, ast.ClassDef):
        return ClassReference(module, binding.node)
    if kind is BindingKind.PARAMETER:
        return _from_parameter(module, scope, binding)
    if kind is BindingKind.ITERATION and binding.value is not None:
        iterated = sdk.list_in(resolve(module, binding.value))
        return ExternalInstance(iterated.path) if isinstance(iterated, ExternalList) else None
    if kind is BindingKind.ANNOTATION and binding.annotation is not None:
        return instance_of_annotation(module, binding.annotation)
    if kind is BindingKind.CONTEXT and binding.value is not None:
        return resolve(module, binding.value)
    if kind is BindingKind.ASSIGNMENT and binding.value is not None:
        if isinstance(binding.value, ast.Name) and binding.value.id == name and scope.parent is not None:
            # ``stripe = stripe`` in a class body reads the name of the scope around it
            return resolve_name(module, name, scope.parent) if scope.is_class else None
        if isinstance(binding.value, ast.BoolOp):
            # ``client = client or default()`` says nothing new about its own old value
            parts = [part for part in binding.value.values if not (isinstance(part, ast.Name) and part.id == name)]
            return agreed(resolve(module, part) for part in parts if not syntax.is_none(part))
        answer = resolve(module, binding.value)
        if answer is None and binding.annotation is not None:
            answer = instance_of_annotation(module, binding.annotation)
        return answer
    if kind is BindingKind.UNPACKING and isinstance(binding.node, ast.Assign):
        return _from_unpacking(module, name, binding.node)
    return None


def _from_unpacking(module: Module, name: str, statement: ast.Assign) -> Reference | None:
    """What ``name``, a variable or an attribute, gets in ``first, second = …``, from a tuple or a function's tuples."""
    places = [
        (place, len(target.elts))
        for target in statement.targets
        if isinstance(target, ast.Tuple | ast.List) and not _has_star(target)
        for place, element in enumerate(target.elts)
        if not isinstance(element, ast.Tuple | ast.List) and functions.last_name(element) == name
    ]
    if len(places) != 1:
        return None
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    source, tuples = module, [value]
    if isinstance(value, ast.Call):
        callee = resolve(module, value.func)
        if not isinstance(callee, FunctionReference):
            return None
        source = callee.module
        tuples = [each.value for each in source.returns.get(callee.node, ()) if each.value is not None]
    place, length = places[0]
    if not all(isinstance(each, ast.Tuple) and len(each.elts) == length and not _has_star(each) for each in tuples):
        return None
    parts = (each.elts[place] for each in tuples if isinstance(each, ast.Tuple))
    return agreed(resolve(source, part) for part in parts if not syntax.is_none(part))


def _has_star(node: ast.Tuple | ast.List) -> bool:
    return any(isinstance(element, ast.Starred) for element in node.elts)


def _from_import(module: Module, name: str, binding: Binding) -> Reference | None:
    alias = binding.node
    return _imported(module, alias.name if isinstance(alias, ast.alias) and alias.asname else name)


def _imported(module: Module, dotted: str) -> Reference | None:
    """What ``module`` has under the ``dotted`` path after ``import shop.payments.api``: any part of it, or all."""
    path = module.project.find_module(dotted, module.path)
    if path is not None:
        imported = module.project.module_at(path)
        return ModuleReference(imported) if imported is not None else None
    inner = (each for each in module.imported_paths if each.startswith(f"{dotted}."))
    is_folder = any(module.project.find_module(each, module.path) is not None for each in inner)
    return FolderReference(module, dotted) if is_folder else External(dotted)


def _from_import_from(module: Module, binding: Binding) -> Reference | None:
    alias = binding.node
    statement = module.parents[alias]
    if not isinstance(alias, ast.alias) or not isinstance(statement, ast.ImportFrom):
        return None
    source = imports.imported_module(module, statement)
    if source is not None and source is not module:
        if alias.name in source.scope.bindings:
            return resolve_name(source, alias.name, source.scope)
        starred = _from_star_imports(source, alias.name)
        if starred is not None:
            return starred
    submodule = imports.submodule(module, statement, alias.name)
    if submodule is not None:
        return ModuleReference(submodule)
    if source is not None:
        return None
    prefix = "." * statement.level + (statement.module or "")
    return External(sdk.canonical(f"{prefix}.{alias.name}"))


def _from_parameter(module: Module, scope: Scope, binding: Binding) -> Reference | None:
    function = scope.node
    parameter = binding.node
    if isinstance(function, NamedFunction):
        owner = module.enclosing_class(function)
        if owner is not None and functions.first_parameter(function) is parameter:
            if functions.has_decorator(function, "staticmethod"):
                return None
            if functions.has_decorator(function, "classmethod"):
                return ClassReference(module, owner)
            return ObjectReference(module, owner)
    if binding.annotation is not None:
        answer = instance_of_annotation(module, binding.annotation)
        if answer is not None:
            return answer
    if binding.value is not None:
        dependency = dependency_of(module, binding.value)
        if dependency is not None:
            return call_result(resolve(module, dependency))
        return resolve(module, binding.value) if not isinstance(binding.value, ast.Constant) else None
    return None


def dependency_of(module: Module, node: ast.expr) -> ast.expr | None:
    """The function that a ``Depends(function)`` default or annotation names."""
    if isinstance(node, ast.Call) and node.args:
        path = dotted_path(module, node.func)
        if path is not None and is_dependency_marker(path):
            return node.args[0]
    return None


def instance_of_annotation(module: Module, annotation: ast.expr) -> Reference | None:
    """An object of the class that ``annotation`` names; ``Optional`` and ``| None`` are looked through."""
    expression = syntax.annotation_expression(annotation)
    if expression is not annotation:
        return _instance_of_text(module, annotation, expression)
    if isinstance(expression, ast.Subscript):
        path = dotted_path(module, expression.value)
        inner = expression.slice
        if path in OPTIONAL_WRAPPERS:
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return agreed(instance_of_annotation(module, part) for part in parts if not syntax.is_none(part))
        if path in ANNOTATED and isinstance(inner, ast.Tuple) and inner.elts:
            for extra in inner.elts[1:]:
                dependency = dependency_of(module, extra)
                if dependency is not None:
                    answer = call_result(resolve(module, dependency))
                    if answer is not None:
                        return answer
            return instance_of_annotation(module, inner.elts[0])
        return None
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.BitOr):
        parts = [part for part in (expression.left, expression.right) if not syntax.is_none(part)]
        return agreed(instance_of_annotation(module, part) for part in parts)
    if isinstance(expression, ast.Name):
        alias = imports.annotation_alias(module, expression)
        if alias is not None:
            return instance_of_annotation(*alias)
    return _instance_of(resolve(module, expression))


def _instance_of_text(module: Module, place: ast.expr, expression: ast.expr) -> Reference | None:
    """As ``instance_of_annotation`` for an annotation in quotes, whose nodes have no parents."""
    scope = module.scope_of(place)
    if isinstance(expression, ast.Name):
        return _instance_of(resolve_name(module, expression.id, scope))
    if isinstance(expression, ast.Attribute):
        chain = functions.attribute_chain(expression)
        if chain is None:
            return None
        base = resolve_name(module, chain[0], scope)
        for name in chain[1:]:
            base = attribute(base, name) if base is not None else None
        return _instance_of(base)
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.BitOr):
        parts = [part for part in (expression.left, expression.right) if not syntax.is_none(part)]
        return agreed(_instance_of_text(module, place, part) for part in parts)
    if isinstance(expression, ast.Subscript) and isinstance(expression.value, ast.Name):
        return _instance_of_text(module, place, expression.slice) if expression.value.id == "Optional" else None
    return None


def _instance_of(reference: Reference | None) -> Reference | None:
    """An object of the class that ``reference`` is."""
    if isinstance(reference, External):
        if reference.path in sdk.CLIENTS:
            return StripeService("")
        if reference.path.startswith("stripe.") or reference.path.rpartition(".")[2][:1].isupper():
            return ExternalInstance(reference.path)
    if isinstance(reference, ClassReference):
        client = _stripe_client_base(reference)
        return client or ObjectReference(reference.module, reference.node)
    return None


def _stripe_client_base(reference: ClassReference) -> StripeService | None:
    for base in reference.node.bases:
        if dotted_path(reference.module, base) in sdk.CLIENTS:
            return StripeService("")
    return None


def attribute(base: Reference, name: str) -> Reference | None:
    """What the attribute ``name`` of ``base`` means."""
    if isinstance(base, External):
        inner = sdk.held_by(base.path)
        if isinstance(inner, ExternalInstance) or (isinstance(inner, ExternalList) and name == "data"):
            return attribute(inner, name)
        return External(sdk.canonical(f"{base.path}.{name}"))
    if isinstance(base, StripeService):
        return StripeService(f"{base.path}.{name}" if base.path else name)
    if isinstance(base, ModuleReference):
        return _module_attribute(base.module, name)
    if isinstance(base, FolderReference):
        return _imported(base.module, f"{base.path}.{name}")
    if isinstance(base, OfClass):
        return _class_attribute(base, name)
    if isinstance(base, ExternalList) and name == "data":
        return base
    if isinstance(base, ExternalInstance):
        return External(f"{base.path}().{name}")
    return None


def _module_attribute(module: Module, name: str) -> Reference | None:
    if name in module.scope.bindings:
        return resolve_name(module, name, module.scope)
    starred = _from_star_imports(module, name)
    if starred is not None:
        return starred
    if module.path.name == "__init__.py":
        path = module.project.find_relative(name, 1, module.path)
        submodule = module.project.module_at(path) if path is not None else None
        if submodule is not None:
            return ModuleReference(submodule)
    return None


def linearized(reference: OfClass) -> list[tuple[Module, ast.ClassDef]]:
    """The class and its bases within the project, depth first and each once."""
    key = ("linearized", reference.node)
    known = reference.module.memory.get(key)
    if isinstance(known, list):
        return known
    found: dict[ast.ClassDef, Module] = {}
    pending = [(reference.module, reference.node)]
    is_certain = True
    while pending and len(found) < _DEEPEST:
        module, node = pending.pop(0)
        if node in found:
            continue
        found[node] = module
        bases = [resolve(module, base) for base in node.bases]
        is_certain = is_certain and None not in bases
        pending[:0] = [(base.module, base.node) for base in bases if isinstance(base, ClassReference)]
    answer = [(module, node) for node, module in found.items()]
    if is_certain:
        # a base that is being resolved further up is not known yet
        reference.module.memory[key] = answer
    return answer


def find_method(reference: OfClass, name: str) -> tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef] | None:
    """The method ``name`` as an instance of the class has it, in the project."""
    return _method_in(linearized(reference), name)


def _method_in(
    classes: Iterable[tuple[Module, ast.ClassDef]], name: str
) -> tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef] | None:
    for module, node in classes:
        scope = module.scopes.get(node)
        for binding in reversed(scope.bindings.get(name, []) if scope is not None else []):
            if isinstance(binding.node, NamedFunction):
                return module, binding.node
    return None


def _inherited(module: Module, node: ast.Attribute) -> Reference | None:
    """The method of a base class within the project that ``super().method`` means."""
    for method in module.ancestors(node):
        owner = module.enclosing_class(method) if isinstance(method, NamedFunction) else None
        if owner is not None and isinstance(method, NamedFunction):
            is_of_class = functions.has_decorator(method, "classmethod")
            receiver = ClassReference(module, owner) if is_of_class else ObjectReference(module, owner)
            found = _method_in(linearized(receiver)[1:], node.attr)
            is_called = found is not None and not functions.is_property(found[1])
            return FunctionReference(*found, receiver) if found is not None and is_called else None
    return None


def _class_attribute(base: OfClass, name: str) -> Reference | None:
    """A method, a property's value, a class attribute or an attribute that a method sets on ``self``."""
    for module, node in linearized(base):
        scope = module.scopes.get(node)
        if scope is not None and name in scope.bindings:
            method = scope.bindings[name][-1].node
            if isinstance(method, NamedFunction):
                bound = FunctionReference(module, method, base)
                if functions.is_property(method):
                    return call_result(bound)
                if functions.has_decorator(method, "staticmethod"):
                    return FunctionReference(module, method)
                return bound
            answer = resolve_name(module, name, scope)
            if answer is not None:
                return answer
        values = [binding for _, binding in module.bindings_on_self(node, name)]
        if values:
            return agreed(
                _from_binding(module, name, module.scope, binding)
                for binding in values
                if not syntax.is_none(binding.value)
            )
    return None


def _resolve_call(module: Module, node: ast.Call) -> Reference | None:
    callee = resolve(module, node.func)
    if isinstance(callee, External):
        if callee.path in _PARTIALS and node.args:
            target = resolve(module, node.args[0])
            return PartialReference(target, module, node) if target is not None else None
        if callee.path in _PASS_THROUGH_CALLS and node.args:
            return resolve(module, node.args[-1])
    if isinstance(node.func, ast.Attribute) and node.func.attr in _LIST_METHODS:
        listed = sdk.list_in(resolve(module, node.func.value))
        return listed if isinstance(listed, ExternalList) else None
    return call_result(callee)


def call_result(callee: Reference | None) -> Reference | None:
    """What calling ``callee`` gives."""
    if isinstance(callee, External):
        return sdk.call_result(callee.path)
    if isinstance(callee, StripeService):
        return sdk.service_call_result(callee.path)
    if isinstance(callee, ClassReference):
        return _stripe_client_base(callee) or ObjectReference(callee.module, callee.node)
    if isinstance(callee, FunctionReference):
        return _returned_by(callee)
    if isinstance(callee, PartialReference):
        return call_result(callee.function)
    if isinstance(callee, ObjectReference):
        called = find_method(callee, "__call__")
        return _returned_by(FunctionReference(*called, callee)) if called is not None else None
    return None


def _returned_by(function: FunctionReference) -> Reference | None:
    """What a function of the project returns, by all of its ``return`` statements or else its annotation."""
    node = function.node
    if isinstance(node, ast.Lambda):
        return resolve(function.module, node.body)
    values = [statement.value for statement in function.module.returns.get(node, ())]
    declared = instance_of_annotation(function.module, node.returns) if node.returns is not None else None
    if isinstance(declared, StripeService):
        return declared
    answer = None
    if values and all(value is not None for value in values):
        answer = agreed(
            resolve(function.module, value) for value in values if value is not None and not syntax.is_none(value)
        )
    if answer is None:
        answer = agreed(
            resolve(function.module, value) for value in function.module.yields.get(node, ()) if value is not None
        )
    if answer is None and node.returns is not None:
        answer = instance_of_annotation(function.module, node.returns)
    return answer
