"""Answers the backward question: which functions call this one?"""

from __future__ import annotations

import ast
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import definitions, functions, method_decorators, names, runners
from stripe_lint.analysis.references import ClassReference, FunctionReference, ObjectReference, Reference
from stripe_lint.analysis.scopes import BindingKind, NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_MOST_HANDOVERS: Final = 2
"""Through how many functions that only hand it on an argument is followed."""


def call_sites(module: Module, function: NamedFunction) -> list[tuple[Module, ast.Call]] | None:
    """The calls of ``function`` in the project; ``None`` where there may be others that can't be found."""
    key = ("call sites", function)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    module.memory[key] = None
    found = _call_sites(module, function)
    module.memory[key] = found
    return found


def _call_sites(module: Module, function: NamedFunction) -> list[tuple[Module, ast.Call]] | None:
    paths = module.project.files_that_mention(_called_name(module, function), module.path)
    if paths is None:
        return None
    found: list[tuple[Module, ast.Call]] = []
    for path in paths:
        source = module.project.module_at(path)
        if source is None:
            continue
        found.extend((source, call) for call in _calls_in(source, module, function))
    return found


def _called_name(module: Module, function: NamedFunction) -> str:
    owner = module.enclosing_class(function)
    return owner.name if owner is not None and function.name in {"__init__", "__call__"} else function.name


def _calls_in(source: Module, module: Module, function: NamedFunction) -> list[ast.Call]:
    found = []
    for call in source.calls.get(function.name, ()):
        reference = names.resolve(source, call.func)
        if isinstance(reference, FunctionReference):
            if is_same(reference, module, function):
                found.append(call)
        elif (
            reference is None and isinstance(call.func, ast.Attribute) and module.enclosing_class(function) is not None
        ):
            only = definitions.only_definition(source, function.name)
            if only is not None and is_same(only, module, function) and _fits(function, call):
                found.append(call)
    for name in runners.QUEUES:
        for call in source.calls.get(name, ()):
            target = call.func.value if isinstance(call.func, ast.Attribute) else None
            candidates = [target, *call.args[:2]] if target is not None else call.args[:2]
            for candidate in candidates:
                if isinstance(candidate, ast.Name | ast.Attribute) and functions.last_name(candidate) == function.name:
                    reference = names.resolve(source, candidate)
                    if isinstance(reference, FunctionReference) and is_same(reference, module, function):
                        found.append(call)
    return found


def is_same(reference: FunctionReference, module: Module, function: NamedFunction) -> bool:
    """Whether a reference means ``function``; the module may have been read again since it was resolved."""
    if reference.node is function:
        return True
    node = reference.node
    return (
        isinstance(node, NamedFunction)
        and reference.module.path == module.path
        and node.name == function.name
        and node.lineno == function.lineno
    )


def _fits(function: NamedFunction, call: ast.Call) -> bool:
    """Whether the keywords of a call of something unknown are parameters of ``function``."""
    taken = {parameter.arg for parameter in functions.parameters(function)}
    return function.args.kwarg is not None or all(
        keyword.arg is None or keyword.arg in taken for keyword in call.keywords
    )


def handed_references(module: Module, function: NamedFunction) -> list[tuple[Module, ast.expr]]:
    """The places where ``function`` is handed to a call as an argument instead of being called."""
    key = ("handed references", function)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    module.memory[key] = []
    found: list[tuple[Module, ast.expr]] = []
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path)
        if source is None:
            continue
        found.extend((source, node) for node in _handed(source, function.name, module, function))
    module.memory[key] = found
    return found


def _handed(source: Module, name: str, module: Module, function: NamedFunction) -> list[ast.expr]:
    found: list[ast.expr] = []
    for argument in _arguments_by_name(source).get(name, ()):
        reference = names.resolve(source, argument)
        if isinstance(reference, FunctionReference) and is_same(reference, module, function):
            found.append(argument)
    return found


def dependents(module: Module, function: NamedFunction) -> Iterator[tuple[Module, NamedFunction | None]]:
    """The functions whose request a framework lets ``function`` see first, as a dependency; ``None`` for a router."""
    for source, reference in handed_references(module, function):
        call = source.parents.get(reference)
        if isinstance(call, ast.Call) and names.dependency_of(source, call) is reference:
            around = (each for each in source.ancestors(call) if isinstance(each, NamedFunction))
            yield source, next(around, None)


def _arguments_by_name(source: Module) -> dict[str, list[ast.expr]]:
    """The names and attributes that a module's calls get as arguments, by their last name."""
    known = source.memory.get("arguments by name")
    if isinstance(known, dict):
        return known
    found: dict[str, list[ast.expr]] = {}
    for calls in source.calls_of.values():
        for call in calls:
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(argument, ast.Name):
                    found.setdefault(argument.id, []).append(argument)
                elif isinstance(argument, ast.Attribute):
                    found.setdefault(argument.attr, []).append(argument)
    source.memory["arguments by name"] = found
    return found


def is_kept(module: Module, function: NamedFunction) -> bool:
    """Whether ``function`` is kept somewhere to be called later: in a variable, an attribute or a table, or by name."""
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path)
        if source is None:
            continue
        if any(_gets_by_name(call, function.name) for call in source.calls.get("getattr", ())):
            return True
        mentions: list[ast.expr] = [*source.of_kind(ast.Attribute), *source.of_kind(ast.Name)]
        for node in mentions:
            if functions.last_name(node) != function.name or not isinstance(source.parents.get(node), _KEEPING):
                continue
            reference = names.resolve(source, node)
            if isinstance(reference, FunctionReference) and is_same(reference, module, function):
                return True
    return False


_KEEPING: Final = (
    *(ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Return, ast.IfExp),
    *(ast.BoolOp, ast.Yield, ast.Starred),
)


def _gets_by_name(call: ast.Call, name: str) -> bool:
    return any(isinstance(argument, ast.Constant) and argument.value == name for argument in call.args[1:2])


def bound(module: Module, function: FunctionNode, call: ast.Call) -> dict[str, ast.expr]:
    """What ``call`` passes to ``function`` by place or name, by the names of the parameters, ``self`` aside.

    What ``*arguments`` fill, and what comes behind them, can't be told and is not there.
    """
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    written = takewhile(lambda argument: not isinstance(argument, ast.Starred), call.args)
    positional = (parameter.arg for parameter in _fillable(module, function))
    return dict(zip(positional, written, strict=False)) | named


def argument_for(module: Module, function: FunctionNode, call: ast.Call, name: str) -> ast.expr | None:
    """What ``call`` passes for the parameter ``name``; ``None`` where it passes nothing that can be told."""
    return bound(module, function, call).get(name)


def parameters_for(module: Module, function: FunctionNode, call: ast.Call, argument: ast.AST) -> list[str]:
    """The parameters that may get ``argument``: one, or all that ``*arguments`` and what is behind them may fill."""
    for keyword in call.keywords:
        if keyword.value is argument:
            return [keyword.arg] if keyword.arg is not None else []
    positional = [parameter.arg for parameter in _fillable(module, function)]
    for place, each in enumerate(call.args):
        if isinstance(each, ast.Starred):
            return positional[place:]
        if each is argument:
            return positional[place : place + 1]
    return []


def _fillable(module: Module, function: FunctionNode) -> list[ast.arg]:
    """The parameters that the positional arguments of a call fill."""
    positional = functions.positional_parameters(function)
    is_bound = (
        not isinstance(function, ast.Lambda)
        and module.enclosing_class(function) is not None
        and not functions.has_decorator(function, "staticmethod")
    )
    return positional[1:] if is_bound else positional


def decorated_by(module: Module, function: NamedFunction) -> list[tuple[Module, NamedFunction]]:
    """The functions that ``function`` decorates."""
    key = ("decorated by", function)
    if key in module.memory:
        return module.memory[key]  # type: ignore[return-value]
    found: list[tuple[Module, NamedFunction]] = []
    for path in module.project.files_that_mention(function.name, module.path) or ():
        source = module.project.module_at(path)
        for candidate in source.functions if source is not None else ():
            if source is None or isinstance(candidate, ast.Lambda) or not candidate.decorator_list:
                continue
            if any(_is_decorator(source, decorator, module, function) for decorator in candidate.decorator_list):
                found.append((source, candidate))
        for owner in source.classes if source is not None else ():
            if source is not None and any(
                _is_decorator(source, decorator, module, function) for decorator in owner.decorator_list
            ):
                methods = [node for node in owner.body if isinstance(node, NamedFunction)]
                found.extend((source, method) for method in methods)
    module.memory[key] = found
    return found


def _is_decorator(source: Module, decorator: ast.expr, module: Module, function: NamedFunction) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    for target in method_decorators.put_on_methods(source, decorator) or [called]:
        if functions.last_name(target) == function.name:
            reference = names.resolve(source, target)
            if isinstance(reference, FunctionReference) and is_same(reference, module, function):
                return True
    return False


def is_direct(source: Module, call: ast.Call) -> bool:
    """Whether a call site runs the function here and now, not as a task elsewhere."""
    if functions.last_name(call.func) not in runners.QUEUES:
        return True
    return isinstance(names.resolve(source, call.func), FunctionReference)


def is_always_given(module: Module, name: ast.Name, wanted: Reference, distance: int = 0) -> bool:
    """Whether ``name`` is a parameter for which all callers, of whom there are some, pass ``wanted``."""
    found = module.scope_of(name).lookup(name.id)
    if found is None or len(found[1]) != 1 or found[1][0].kind is not BindingKind.PARAMETER:
        return False
    function = found[0].function
    if not isinstance(function, NamedFunction) or distance > _MOST_HANDOVERS:
        return False
    sites = call_sites(module, function)
    return bool(sites) and all(
        (argument := argument_for(module, function, call, name.id)) is not None
        and (
            names.resolve(source, argument) == wanted
            or (isinstance(argument, ast.Name) and is_always_given(source, argument, wanted, distance + 1))
        )
        for source, call in sites or ()
    )


def constructor_argument(owner: ObjectReference, attribute: str) -> Reference | None:
    """What every construction of an object passes for the argument that ``__init__`` keeps as ``self.attribute``."""
    for module, node in names.linearized(owner):
        for target, binding in module.bindings_on_self(node, attribute):
            function = module.enclosing_function(target)
            if isinstance(binding.value, ast.Name) and isinstance(function, ast.FunctionDef):
                return _passed_to_constructor(module, node, function, binding.value.id)
    return None


def _passed_to_constructor(
    module: Module, owner: ast.ClassDef, function: ast.FunctionDef, parameter: str
) -> Reference | None:
    found: set[Reference] = set()
    for source, call in constructions(module, owner):
        argument = argument_for(module, function, call, parameter)
        reference = names.resolve(source, argument) if argument is not None else None
        if reference is not None:
            found.add(reference)
    return found.pop() if len(found) == 1 else None


def constructions(module: Module, owner: ast.ClassDef) -> list[tuple[Module, ast.Call]]:
    """The calls in the project that make an object of a class, or of one derived from it."""
    key = ("constructions", owner)
    known = module.memory.get(key)
    if not isinstance(known, list):
        known = module.memory[key] = list(_constructions(module, owner))
    return known


def _constructions(module: Module, owner: ast.ClassDef) -> Iterator[tuple[Module, ast.Call]]:
    for path in module.project.files_that_mention(owner.name, module.path) or ():
        source = module.project.module_at(path)
        if source is None:
            continue
        for calls in source.calls.values():
            for call in calls:
                made = names.resolve(source, call.func) if isinstance(call.func, ast.Name) else None
                if isinstance(made, ClassReference) and any(node is owner for _, node in names.linearized(made)):
                    yield source, call
