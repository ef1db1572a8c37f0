"""Plain uses of the SDK: its removed module of errors, settings of its transport, addresses that it is given."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import exceptions, functions, names, static_values, stripe_calls, syntax
from stripe_lint.analysis.references import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_IMPORT_ERRORS: Final = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError"})
_ATTRIBUTE_ERRORS: Final = frozenset({"AttributeError"})
_VERIFY: Final = "verify_ssl_certs"
_BASES: Final = frozenset(
    {"api_base", "connect_api_base", "upload_api_base", "files_api_base", "meter_events_api_base"}
)
_INSECURE: Final = r"(?i)http://(?P<host>\[[^\]]*\]|[^/:{\s]+)"
_LOCAL: Final = r"(?i)localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|[^.]+|.*\.(localhost|test)"


class ErrorModuleUse(NamedTuple):
    """A use of ``stripe.error``: as a module that is imported, or as an attribute of the package."""

    node: ast.AST
    imports_module: bool


def error_module_uses(module: Module) -> Iterator[ErrorModuleUse]:
    """Where a file needs ``stripe.error``, unless it has an answer to its absence."""
    if ".error" not in module.text and "import error" not in module.text:
        return
    for imported in module.of_kind(ast.Import):
        if any(name.name == "stripe.error" for name in imported.names) and not _is_optional(module, imported):
            yield ErrorModuleUse(imported, imports_module=True)
    for taken in module.of_kind(ast.ImportFrom):
        of_module = taken.module == "stripe.error"
        of_package = taken.module == "stripe" and any(name.name == "error" for name in taken.names)
        if (of_module or of_package) and not taken.level and not _is_optional(module, taken):
            yield ErrorModuleUse(taken, imports_module=of_module)
    for attribute in error_attributes(module):
        if isinstance(module.parents.get(attribute), ast.Attribute) and not _is_optional(module, attribute):
            yield ErrorModuleUse(attribute, imports_module=False)


def error_attributes(module: Module) -> Iterator[ast.Attribute]:
    """Each ``stripe.error`` in a file, whatever is done with it and however the file copes with its absence."""
    for node in module.of_kind(ast.Attribute):
        if _is_error_attribute(module, node):
            yield node


def _is_error_attribute(module: Module, node: ast.Attribute) -> bool:
    return node.attr == "error" and _is_package(module, node.value)


def _is_package(module: Module, node: ast.expr) -> bool:
    return names.resolve(module, node) == External("stripe")


def _is_optional(module: Module, node: ast.AST) -> bool:
    """Whether the file copes where there is no such module, or only type checkers see the use."""
    for around in module.ancestors(node):
        if isinstance(around, ast.If) and "TYPE_CHECKING" in ast.dump(around.test):
            return True
        if isinstance(around, ast.If | ast.IfExp) and (
            "hasattr" in ast.dump(around.test) or _asks_for_release(module, around.test)
        ):
            return True
        if isinstance(around, ast.ExceptHandler) and _catches_import_error(module, around):
            return True
    is_import = isinstance(node, ast.Import | ast.ImportFrom)
    return any(
        isinstance(handler, ast.ExceptHandler)
        and _catches_import_error(module, handler, _IMPORT_ERRORS if is_import else _ATTRIBUTE_ERRORS)
        for attempt in exceptions.attempts_around(module, node, within=module.tree if is_import else None)
        for handler in exceptions.handlers_of(attempt)
    )


def _asks_for_release(module: Module, test: ast.expr, depth: int = 0) -> bool:
    """Whether a condition compares the release of something: ``stripe.VERSION``, ``version("stripe")``."""
    if depth == 0 and not any(isinstance(node, ast.Compare) for node in syntax.descendants(test)):
        return False
    for node in syntax.descendants(test):
        name = (functions.last_name(node) or "").lower() if isinstance(node, ast.Name | ast.Attribute) else ""
        if "version" in name and "api" not in name:
            return True
        assigned = module.only_assignment(node) if isinstance(node, ast.Name) and depth == 0 else None
        if assigned is not None and _asks_for_release(module, assigned, depth + 1):
            return True
    return False


def _catches_import_error(module: Module, handler: ast.ExceptHandler, errors: frozenset[str] = _IMPORT_ERRORS) -> bool:
    types = exceptions.handler_types(module, handler) or ()
    return any(exceptions.class_names(module, each)[0] in errors for each in types)


def unverified_transports(module: Module) -> Iterator[ast.AST]:
    """Where the check of Stripe's certificate is switched off."""
    for target, binding in module.attribute_bindings.get(_VERIFY, ()):
        if switches_off(binding.value) and _is_package(module, target.value):
            yield module.statement_of(target)
    for call in module.calls.get("setattr", ()):
        if len(call.args) == 3 and _is_package(module, call.args[0]):
            name, value = call.args[1:]
            if isinstance(name, ast.Constant) and name.value == _VERIFY and switches_off(value):
                yield call
    for call in (call for calls in module.calls.values() for call in calls if call.keywords):
        switched_off = {keyword.arg for keyword in call.keywords if switches_off(keyword.value)}
        own = _VERIFY in switched_off and _makes_client(module, call)
        if own or ("verify" in switched_off and _is_given_to_client(module, call)):
            yield call
    for target, binding in module.attribute_bindings.get("verify", ()):
        holder = target.value
        if switches_off(binding.value) and isinstance(holder, ast.Name) and _is_handed_to_client(module, holder):
            yield module.statement_of(target)


def switches_off(node: ast.expr | None) -> bool:
    """Whether a value is, or may be, false."""
    if isinstance(node, ast.Constant):
        return node.value is False or node.value == 0
    if isinstance(node, ast.IfExp):
        return switches_off(node.body) or switches_off(node.orelse)
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and "debug" in ast.dump(node.operand).lower()


def _makes_client(module: Module, call: ast.Call) -> bool:
    """Whether a call makes a client of the SDK, or one of its HTTP clients."""
    path = names.dotted_path(module, call.func)
    return path is not None and path.startswith("stripe.") and path.rpartition(".")[2].endswith(("Client", "client"))


def _is_given_to_client(module: Module, call: ast.Call) -> bool:
    """Whether the object that a call makes is what a client of the SDK sends its requests with."""
    parent = module.parents.get(call)
    holder = module.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    if isinstance(holder, ast.Call) and _makes_client(module, holder):
        return True
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        return _is_handed_to_client(module, parent.targets[0])
    return False


def _is_handed_to_client(module: Module, holder: ast.Name) -> bool:
    """Whether a variable is what a client of the SDK sends its requests with."""
    found = module.scope_of(holder).lookup(holder.id)
    return found is not None and any(
        _makes_client(module, call)
        for calls in module.calls.values()
        for call in calls
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        if isinstance(argument, ast.Name)
        and argument.id == holder.id
        and (bound := module.scope_of(argument).lookup(argument.id)) is not None
        and bound[0] is found[0]
    )


def insecure_addresses(module: Module) -> Iterator[ast.AST]:
    """Where the SDK, or a webhook endpoint, gets an address that begins with ``http://``."""
    for attribute in _BASES:
        for target, binding in module.attribute_bindings.get(attribute, ()):
            if binding.value is not None and is_insecure(module, binding.value) and _is_package(module, target.value):
                yield module.statement_of(target)
    for calls in module.calls.values():
        for call in calls:
            for keyword in call.keywords:
                if (
                    keyword.arg == "base_addresses"
                    and _makes_client(module, call)
                    and _holds_insecure(module, keyword.value)
                ):
                    yield keyword.value
    for call_to_stripe in stripe_calls.stripe_calls(module):
        path = call_to_stripe.method.path
        if "WebhookEndpoint" not in path and "webhook_endpoints" not in path:
            continue
        for keyword in call_to_stripe.node.keywords:
            if keyword.arg == "url" and is_insecure(module, keyword.value):
                yield keyword.value
            elif keyword.arg == "params":
                yield from _insecure_url(module, keyword.value)
        for argument in call_to_stripe.node.args:
            yield from _insecure_url(module, argument)


def _insecure_url(module: Module, node: ast.expr) -> Iterator[ast.expr]:
    for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
        if isinstance(key, ast.Constant) and key.value == "url" and is_insecure(module, value):
            yield value


def _holds_insecure(module: Module, node: ast.expr) -> bool:
    return isinstance(node, ast.Dict) and any(is_insecure(module, value) for value in node.values)


def is_insecure(module: Module, node: ast.expr) -> bool:
    """Whether an address is ``http://`` with a host that is neither this machine nor a container beside it."""
    text: object = None
    if isinstance(node, ast.Constant):
        text = node.value
    elif isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        text = f"{node.values[0].value!s}{'{}' if len(node.values) > 1 else ''}"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_insecure(module, node.left)
    elif isinstance(node, ast.Name | ast.Attribute):
        binding = module.only_binding(node)
        if binding is not None and isinstance(binding.value, ast.Constant):
            return is_insecure(module, binding.value)
        value = static_values.of(module, node)
        text = value.constant.value if value.constant is not None else None
    if not isinstance(text, str):
        return False
    if re.fullmatch(r"(?i)http://(\{\})?", text):
        return True
    found = re.match(_INSECURE, text)
    return found is not None and re.fullmatch(_LOCAL, found["host"]) is None
