"""Which functions read a request, and which expressions are a view whose request can be read."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import definitions, functions, names, syntax
from stripe_lint.analysis.frameworks import generated_base, request_global, view_base
from stripe_lint.analysis.references import FunctionReference, OfClass, Reference

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode

_WRITERS: Final = frozenset({"dumps", "str", "model_dump_json"})


def view_framework(reference: Reference | None) -> Framework | None:
    """The framework whose view class ``reference`` is an instance of."""
    if not isinstance(reference, OfClass):
        return None
    key = ("view framework", reference.node)
    memory = reference.module.memory
    if key not in memory:
        memory[key] = _framework_of_bases(reference)
    return memory[key]  # type: ignore[return-value]


def framework_of_view(module: Module, node: ast.expr) -> Framework | None:
    """The framework whose view ``node`` is, where that is the request itself."""
    reference = names.resolve(module, node) if isinstance(node, ast.Name) else None
    framework = view_framework(reference)
    return framework if framework is not None and framework.view_is_request else None


def _framework_of_bases(reference: OfClass) -> Framework | None:
    for path in sorted(definitions.external_bases(reference)):
        framework = view_base(path) or generated_base(path)
        if framework is not None:
            return framework
    for module, base in names.linearized(reference)[1:]:
        framework = generated_base(f"{module.path.stem}.{base.name}")
        if framework is not None:
            return framework
    return None


def reads_request(module: Module, function: FunctionNode) -> bool:
    """Whether a function reads the framework's global request."""
    key = ("reads request", function)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = any(
            isinstance(node, ast.Name) and _is_request_global(module, node) for node in syntax.own_nodes(function)
        )
        module.memory[key] = known
    return known


def writes_json(module: Module, function: FunctionNode) -> bool:
    """Whether a function returns its data written as text again."""
    key = ("writes JSON", function)
    known = module.memory.get(key)
    if not isinstance(known, bool):
        known = any(
            isinstance(node, ast.Call) and functions.last_name(node.func) in _WRITERS
            for statement in module.returns.get(function, ())
            for node in syntax.descendants(statement)
        )
        module.memory[key] = known
    return known


def body_and_headers(framework: Framework) -> frozenset[str]:
    """The attributes of a request that hold its body, as it was sent or decoded, or its headers."""
    held = framework.raw_attributes | framework.raw_streams | framework.parsed_attributes
    return held | framework.form_attributes | framework.header_attributes


def reads_own_request(method: FunctionReference) -> bool:
    """Whether a method reads ``self.request``, or parts of the request where ``self`` is that."""
    function = method.node
    first = functions.first_parameter(function)
    framework = view_framework(method.receiver)
    read = body_and_headers(framework) if framework is not None and framework.view_is_request else {"request"}
    return first is not None and any(
        isinstance(node, ast.Attribute)
        and node.attr in read
        and isinstance(node.value, ast.Name)
        and node.value.id == first.arg
        for node in syntax.own_nodes(function)
    )


def _is_request_global(module: Module, node: ast.Name) -> bool:
    if "request" not in node.id:
        return False
    path = names.dotted_path(module, node)
    return path is not None and request_global(path) is not None
