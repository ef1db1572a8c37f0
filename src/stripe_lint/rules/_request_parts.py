"""How a repair writes the parts of a request in one function: the request itself, its raw body, the signature."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import functions, handlers, module_names, syntax
from stripe_lint.analysis.references import ObjectReference
from stripe_lint.analysis.request_reads import view_framework

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction
    from stripe_lint.fixing.edit import Edit


class RequestParts(NamedTuple):
    """The request of one function as source: ``request`` is the expression for it."""

    framework: Framework
    request: str

    @property
    def raw_body(self) -> str:
        """The expression for the body as it was sent; empty where it can't be had again."""
        return self.framework.raw_body.replace("{request}", self.request)

    @property
    def signature(self) -> str:
        """The expression for the signature header."""
        return self.framework.signature_header.replace("{request}", self.request)


def request_parts(module: Module, function: NamedFunction, edit: Edit) -> RequestParts:
    """How ``function`` gets at its request. Adds a parameter where the framework fills one; else declines."""
    framework = handlers.framework_for(module, function)
    if framework.name == "generic":
        edit.decline("the web framework can't be told here")
    request = _parameter(module, function, framework) or _attribute(module, function, framework)
    if request is None and framework.request_globals:
        existing = (module_names.existing_name(module, name, function) for name in framework.request_globals)
        request = next((name for name in existing if name is not None), None)
        if request is None:
            request = edit.imported(framework.request_globals[0], function)
    if request is None:
        request = _new_parameter(module, function, framework, edit)
    return RequestParts(framework, request)


def raw_body(parts: RequestParts, function: NamedFunction, before: ast.stmt, edit: Edit) -> str:
    """The expression for the raw body at ``before``. Declines where the framework or the function has none."""
    if not parts.raw_body:
        edit.decline("the framework gives the body only once; read it into a variable and verify that")
    if parts.raw_body.startswith("await ") and not isinstance(function, ast.AsyncFunctionDef):
        edit.decline(f"{function.name} is no coroutine, so it can't await the raw body; make it `async def`")
    if not parts.framework.keyed or not parts.framework.base64_flag:
        return parts.raw_body
    decode = edit.name_of("base64.b64decode", before)
    flag = f'{parts.request}.get("{parts.framework.base64_flag}")'
    decoded = f"{decode}({parts.raw_body}) if {flag} else {parts.raw_body}"
    return edit.new_variable(before, decoded, "payload", "raw_body")


def _parameter(module: Module, function: NamedFunction, framework: Framework) -> str | None:
    if framework.keyed:
        registered = handlers.registered_by(module, function) is framework
        return functions.parameters(function)[0].arg if registered and functions.parameters(function) else None
    for parameter in functions.parameters(function):
        if _is_dictionary(parameter):
            continue
        if handlers.is_request_parameter(module, function, parameter):
            return parameter.arg
    return None


def _is_dictionary(parameter: ast.arg) -> bool:
    annotation = parameter.annotation
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return base is not None and functions.last_name(base) in {"dict", "Dict", "Any"}


def _attribute(module: Module, function: NamedFunction, framework: Framework) -> str | None:
    """``self.request`` of a view, ``app.current_request`` and their like; ``self`` where the view is the request."""
    for node in syntax.descendants(function):
        if isinstance(node, ast.Attribute) and node.attr in framework.request_attributes:
            return ast.unparse(node)
    owner = module.enclosing_class(function)
    first = functions.first_parameter(function)
    if owner is None or first is None:
        return None
    if framework.view_is_request:
        return first.arg
    if "request" not in framework.request_attributes:
        return None
    return f"{first.arg}.request" if view_framework(ObjectReference(module, owner)) is not None else None


def _new_parameter(module: Module, function: NamedFunction, framework: Framework, edit: Edit) -> str:
    if not (framework.body_parameters and framework.request_types and handlers.registered_by(module, function)):
        edit.decline(f"the request is not in sight in {function.name}; read its raw body where it is")
    edit.unsafe("the handler would need one more parameter, the request")
    existing = (module_names.existing_name(module, name, function) for name in framework.request_types)
    annotation = next((name for name in existing if name is not None), None) or edit.imported(
        framework.request_types[0], function
    )
    name = edit.free_name(function.body[0], "request", "http_request")
    edit.add_first_parameter(function, name, annotation)
    return name
