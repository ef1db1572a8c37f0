"""What a name or an attribute chain can mean, as values that compare equal when they mean the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode


class _Named:
    """What is told apart by its kind and a dotted path."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and self.__class__ is other.__class__ and self.path == other.path

    def __hash__(self) -> int:
        return hash((self.__class__, self.path))


class OfClass:
    """A class of the project or an instance of one: what is told apart by its kind and the class."""

    __slots__ = ("module", "node")

    def __init__(self, module: Module, node: ast.ClassDef) -> None:
        """The class ``node`` of ``module``."""
        self.module = module
        self.node = node

    def __eq__(self, other: object) -> bool:
        """Whether both are the same class, or both an instance of it."""
        return isinstance(other, OfClass) and self.__class__ is other.__class__ and self.node is other.node

    def __hash__(self) -> int:
        """The hash that goes with ``__eq__``."""
        return hash((self.__class__, self.node))


class External(_Named):
    """Something outside the project by its dotted path: a module, class or function (``stripe.Webhook``)."""

    __slots__ = ()


class ExternalInstance(_Named):
    """An object of a class outside the project (``stripe.PaymentIntent``)."""

    __slots__ = ()


class ExternalList(_Named):
    """A list or iterator of objects of a class outside the project."""

    __slots__ = ()


class StripeService(_Named):
    """A ``StripeClient`` (empty path) or one of its services by path (``checkout.sessions``)."""

    __slots__ = ()


class ModuleReference(NamedTuple):
    """A module of the project."""

    module: Module


class FolderReference(NamedTuple):
    """A folder of modules that has no code of its own, by the dotted path that ``module`` imports it by."""

    module: Module
    path: str


class ClassReference(OfClass):
    """A class of the project."""

    __slots__ = ()


class ObjectReference(OfClass):
    """An instance of a class of the project."""

    __slots__ = ()


class FunctionReference(NamedTuple):
    """A function or method of the project; ``receiver`` is what it is bound to, if anything."""

    module: Module
    node: FunctionNode
    receiver: OfClass | None = None


class PartialReference(NamedTuple):
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
    | FolderReference
    | OfClass
    | FunctionReference
    | PartialReference
)


def agreed(references: Iterable[Reference | None]) -> Reference | None:
    """The one thing that all ``references`` say; ``None`` where they differ or one is unknown."""
    answer: Reference | None = None
    for reference in references:
        if reference is None or (answer is not None and reference != answer):
            return None
        answer = reference
    return answer
