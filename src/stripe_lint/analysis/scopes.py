"""Scopes and bindings: which names a module, class, function or comprehension defines, and how."""

from __future__ import annotations

import ast
from enum import Enum, auto

NamedFunction = ast.FunctionDef | ast.AsyncFunctionDef
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
ScopeNode = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.expr


class BindingKind(Enum):
    """How a name comes to be bound."""

    # what is looked up everywhere needs a quick hash, and that of an ``Enum`` is a call of Python code
    __hash__ = object.__hash__

    IMPORT = auto()
    IMPORT_FROM = auto()
    ASSIGNMENT = auto()
    ANNOTATION = auto()
    UNPACKING = auto()
    AUGMENTED = auto()
    FUNCTION = auto()
    CLASS = auto()
    PARAMETER = auto()
    ITERATION = auto()
    CONTEXT = auto()
    EXCEPTION = auto()
    PATTERN = auto()
    DELETION = auto()


class Binding:
    """One place that binds a name.

    ``value`` is the expression that the name takes its value from, where there is one: the right side of an
    assignment, the iterable of a loop, the context expression of a ``with``. ``node`` is the syntax that binds.
    """

    __slots__ = ("annotation", "kind", "node", "value")

    def __init__(
        self, kind: BindingKind, node: ast.AST, value: ast.expr | None = None, annotation: ast.expr | None = None
    ) -> None:
        """``node`` binds the name, as ``kind`` says."""
        self.kind = kind
        self.node = node
        self.value = value
        self.annotation = annotation

    @property
    def is_import(self) -> bool:
        """Whether an ``import`` or a ``from … import`` binds the name."""
        return self.kind is BindingKind.IMPORT or self.kind is BindingKind.IMPORT_FROM

    @property
    def is_alone(self) -> bool:
        """Whether the assignment binds nothing else: not so for ``a = b = …``."""
        return not isinstance(self.node, ast.Assign) or len(self.node.targets) == 1


class Scope:
    """The names bound in one module, class, function, lambda or comprehension.

    ``owner`` is the scope's own node, or for a comprehension the function, class or module around it.
    """

    __slots__ = ("bindings", "global_names", "node", "nonlocal_names", "owner", "parent")

    def __init__(self, node: ScopeNode, parent: Scope | None) -> None:
        """An empty scope of ``node`` inside ``parent``."""
        self.node = node
        self.parent = parent
        is_comprehension = parent is not None and isinstance(node, Comprehension)
        self.owner: ast.AST = parent.owner if is_comprehension and parent is not None else node
        self.bindings: dict[str, list[Binding]] = {}
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()

    def bind(self, name: str, binding: Binding) -> None:
        """Record that ``binding`` binds ``name`` here, or where a ``global`` statement says."""
        scope = self
        if name in self.global_names:
            while scope.parent is not None:
                scope = scope.parent
        scope.bindings.setdefault(name, []).append(binding)

    @property
    def is_class(self) -> bool:
        """Whether this is a class body, whose names its methods do not see."""
        return self.node.__class__ is ast.ClassDef

    @property
    def function(self) -> FunctionNode | None:
        """The function that this scope is the body of, or the nearest around a comprehension."""
        scope: Scope | None = self
        while scope is not None:
            node = scope.node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return node
            if isinstance(node, ast.ClassDef | ast.Module):
                return None
            scope = scope.parent
        return None

    def lookup(self, name: str) -> tuple[Scope, list[Binding]] | None:
        """The scope that defines ``name`` as seen from here, and its bindings; ``None`` for builtins."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            if first or not scope.is_class:
                bindings = scope.bindings.get(name)
                if bindings is not None and name not in scope.nonlocal_names:
                    return scope, bindings
            first = False
            scope = scope.parent
        return None
