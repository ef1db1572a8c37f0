"""Questions about the project's definitions that need names resolved: a class's bases, the one method of a name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import functions, names
from stripe_lint.analysis.references import (
    ClassReference,
    FunctionReference,
    ObjectReference,
    OfClass,
    PartialReference,
    Reference,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction


def external_bases(reference: OfClass) -> set[str]:
    """The dotted paths of the bases outside the project, however far up."""
    paths = set()
    for module, node in names.linearized(reference):
        for base in node.bases:
            expression = base.value if isinstance(base, ast.Subscript) else base
            path = names.dotted_path(module, expression)
            if path is not None:
                paths.add(path)
    return paths


def function_behind(reference: Reference | None) -> FunctionReference | None:
    """The function of the project that runs where ``reference`` is called."""
    if isinstance(reference, PartialReference):
        reference = reference.function
    if isinstance(reference, ObjectReference):
        method = names.find_method(reference, "__call__")
        return FunctionReference(*method, reference) if method is not None else None
    return reference if isinstance(reference, FunctionReference) else None


def only_definition(module: Module, name: str, arguments: int | None = None) -> FunctionReference | None:
    """The project's only method or function called ``name``, where there is exactly one that takes the arguments."""
    key = ("only", name, arguments)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    module.memory[key] = None
    paths = module.project.files_that_mention(name, module.path)
    found: list[FunctionReference] = []
    for path in paths or ():
        source = module.project.module_at(path)
        if source is None:
            continue
        for node in source.functions_by_name.get(name, ()):
            owner = source.enclosing_class(node)
            receiver = ObjectReference(source, owner) if owner is not None else None
            candidate = FunctionReference(source, node, receiver)
            if arguments is None or _takes(candidate, arguments):
                found.append(candidate)
    answer = found[0] if len(found) == 1 else None
    module.memory[key] = answer
    return answer


def is_overridden(module: Module, function: NamedFunction) -> bool:
    """Whether a method has another version in a class above or below its own."""
    owner = module.enclosing_class(function)
    if owner is None:
        return False
    above = {node for _, node in names.linearized(ClassReference(module, owner))}
    return any(
        other in above or _is_below(source, other, module, owner)
        for source, other in _classes_with(module, function)
        if other is not owner
    )


def is_replaced_below(module: Module, function: NamedFunction) -> bool:
    """Whether a class below that of a method has a version of its own."""
    owner = module.enclosing_class(function)
    return owner is not None and any(
        other is not owner and _is_below(source, other, module, owner)
        for source, other in _classes_with(module, function)
    )


def _classes_with(module: Module, function: NamedFunction) -> Iterator[tuple[Module, ast.ClassDef]]:
    """The classes of the project that have a method of that name."""
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path)
        for node in source.functions_by_name.get(function.name, ()) if source is not None else ():
            owner = source.enclosing_class(node) if source is not None else None
            if source is not None and owner is not None:
                yield source, owner


def _is_below(source: Module, node: ast.ClassDef, module: Module, owner: ast.ClassDef) -> bool:
    return any(
        base.name == owner.name and base_module.path == module.path
        for base_module, base in names.linearized(ClassReference(source, node))
    )


def _takes(reference: FunctionReference, arguments: int) -> bool:
    node = reference.node
    if isinstance(node, ast.Lambda):
        return False
    positional = len(functions.positional_parameters(node)) - (1 if reference.receiver is not None else 0)
    if functions.has_decorator(node, "staticmethod"):
        positional += 1
    required = positional - len(node.args.defaults)
    most = positional + len(node.args.kwonlyargs)
    return required <= arguments and (arguments <= most or node.args.vararg is not None or node.args.kwarg is not None)
