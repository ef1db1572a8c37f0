"""How the SDK spells its own names, and what its functions and methods return."""

from __future__ import annotations

import ast
from typing import Final

from stripe_lint.analysis import webhook_functions
from stripe_lint.analysis.references import External, ExternalInstance, ExternalList, Reference, StripeService
from stripe_lint.data import surface

CLIENTS: Final = frozenset({"stripe.StripeClient", "stripe._stripe_client.StripeClient"})
_ALIASES: Final = (("stripe.webhook.", "stripe."), ("stripe._webhook.", "stripe."), ("stripe._error.", "stripe."))


def canonical(path: str) -> str:
    """The public spelling of a path into the SDK."""
    for alias, public in _ALIASES:
        if path.startswith(alias):
            return public + path[len(alias) :]
    return path


def is_of_sdk(reference: Reference | None) -> bool:
    """Whether a reference is the SDK or something of it by its path."""
    return isinstance(reference, External) and reference.path.partition(".")[0] == "stripe"


def call_result(path: str) -> Reference | None:
    """What calling something outside the project by its dotted path gives; a class gives an object of it."""
    if path in CLIENTS:
        return StripeService("")
    if path.startswith("stripe."):
        base, _, name = path.rpartition(".")
        on_object = base.endswith("()")
        method = surface.instance_method(base[:-2], name) if on_object else surface.resource_method(path)
        if method is not None:
            return _result(method)
        if name == "without_verification" and base in webhook_functions.VERIFYING_HANDLERS:
            return ExternalInstance(f"{base}WithoutVerification")
        return ExternalInstance(path) if name[:1].isupper() else None
    return ExternalInstance(path) if path.rpartition(".")[2][:1].isupper() else None


def service_call_result(path: str) -> Reference | None:
    """What calling a method of a ``StripeClient`` or of one of its services gives."""
    handler = webhook_functions.HANDLERS_MADE.get(path)
    if handler is not None:
        return ExternalInstance(handler)
    method = surface.service_method(path)
    return _result(method) if method is not None else None


def _result(method: surface.Method) -> Reference | None:
    """What a method of the API returns."""
    if method.returns is not None:
        return ExternalInstance(method.returns)
    if method.returns_list_of is not None:
        return ExternalList(method.returns_list_of)
    return None


def _held(resource: str, field: str) -> ExternalInstance | ExternalList | None:
    """The object, or the list of objects, that a field of an object of the SDK holds, where its name tells."""
    if not resource.startswith("stripe."):
        return None
    inner = surface.resource_in_field(field)
    if inner is None:
        return None
    return ExternalList(inner) if field.endswith("s") else ExternalInstance(inner)


def held_by(path: str) -> ExternalInstance | ExternalList | None:
    """What a path through an object of the SDK leads to: ``stripe.PaymentIntent().latest_charge``."""
    resource, on_object, field = path.rpartition("().")
    return _held(resource, field) if on_object and "." not in field else None


def entry(base: Reference | None, key: ast.expr) -> Reference | None:
    """An item of a list of the SDK, or an object or list within one of its objects."""
    name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    if isinstance(base, External):
        base = held_by(base.path)
    if isinstance(base, ExternalList):
        if name is None:
            return ExternalInstance(base.path)
        return base if name == "data" else None
    return _held(base.path, name) if isinstance(base, ExternalInstance) and name is not None else None


def list_in(reference: Reference | None) -> Reference | None:
    """The list that a field of an object of the SDK is; what is no such field stays as it is."""
    return held_by(reference.path) if isinstance(reference, External) else reference
