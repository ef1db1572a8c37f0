"""What a name or an attribute chain can mean, as values that compare equal when they mean the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the project by its dotted path: a module, class or function (``stripe.Webhook``)."""

    path: str


@dataclass(frozen=True, slots=True)
class ExternalInstance:
    """An object of a class outside the project (``stripe.PaymentIntent``)."""

    path: str


@dataclass(frozen=True, slots=True)
class ExternalList:
    """A list or iterator of objects of a class outside the project."""

    path: str


@dataclass(frozen=True, slots=True)
class StripeService:
    """A ``StripeClient`` (empty path) or one of its services by path (``checkout.sessions``)."""

    path: str


@dataclass(frozen=True, slots=True)
class ModuleReference:
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True)
class ClassReference:
    """A class of the project."""

    module: Module
    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An instance of a class of the project."""

    module: Module
    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class FunctionReference:
    """A function or method of the project; ``receiver`` is what it is bound to, if anything.

    ``wrapped`` is the function that a decorator's inner function calls in its place, where it is one.
    """

    module: Module
    node: FunctionNode
    receiver: ObjectReference | ClassReference | None = None


@dataclass(frozen=True, slots=True)
class PartialReference:
    """``functools.partial(function, …)`` with the call that made it."""

    function: Reference
    module: Module
    call: ast.Call


Reference = (
    External
    | ExternalInstance
    | ExternalList
    | StripeService
    | ModuleReference
    | ClassReference
    | ObjectReference
    | FunctionReference
    | PartialReference
)
