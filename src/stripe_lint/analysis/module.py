"""One Python file as the rules see it: a tree walked once, with parents, scopes and calls by name."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from stripe_lint.analysis import indexing, syntax
from stripe_lint.analysis.scopes import Binding, BindingKind, Comprehension, FunctionNode, NamedFunction, Scope
from stripe_lint.model import Span

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_lint.analysis.references import Reference
    from stripe_lint.manifests.requirement import StripeRequirement
    from stripe_lint.project import Project

Node = TypeVar("Node", bound=ast.AST)
# asked for each step of each way up: a test of the class is several times faster than ``isinstance``
_FUNCTIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda})


class Module:
    """A parsed file and the index that one walk over it makes.

    ``path`` is absolute; ``text`` is the decoded source. Side tables are keyed by node; the tree itself, which may
    belong to flake8, is never written to.
    """

    def __init__(self, path: Path, text: str, tree: ast.Module, project: Project) -> None:
        """Walk ``tree``, which ``text`` of the file ``path`` was parsed to."""
        self.path = path
        self.text = text
        self.tree = tree
        self.project = project
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.calls: dict[str, list[ast.Call]] = {}
        self.functions: list[FunctionNode] = []
        self.functions_by_name: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self.classes: list[ast.ClassDef] = []
        self.tries: list[ast.Try] = []
        self.calls_of: dict[ast.AST, list[ast.Call]] = {}
        self.nested: dict[ast.AST, list[FunctionNode]] = {}
        self.returns: dict[ast.AST, list[ast.Return]] = {}
        self.yields: dict[ast.AST, list[ast.expr | None]] = {}
        self.handed_on: dict[str, list[ast.Attribute]] = {}
        self.known_scopes: dict[ast.AST, Scope] = {}
        self.attribute_bindings: dict[str, list[tuple[ast.Attribute, Binding]]] = {}
        self.imported_packages: set[str] = set()
        self.imported_paths: set[str] = set()
        self.memory: dict[object, object] = {}
        self.resolved: dict[ast.expr, Reference | None] = {}
        self.scope = Scope(tree, None)
        self._lines: list[str] | None = None
        self._by_kind: dict[type[ast.AST], list[ast.AST]] | None = None
        self._own_by_kind: dict[ast.AST, dict[type[ast.AST], list[ast.AST]]] = {}
        indexing.index(self)

    def __repr__(self) -> str:
        """The file's name."""
        return f"Module({self.path.name})"

    @property
    def stripe_requirement(self) -> StripeRequirement | None:
        """The releases of ``stripe`` that this code may meet; ``None`` where nothing says which."""
        from stripe_lint.manifests.requirement import stripe_requirement

        return stripe_requirement(self.path, self.project.conventions.stripe_version)

    @cached_property
    def lowered(self) -> str:
        """The text in lower case, for a first look at what a file can hold."""
        return self.text.lower()

    @property
    def lines(self) -> list[str]:
        """The text line by line, without line ends; a form feed does not end a line."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines

    def lines_of(self, node: ast.expr | ast.stmt) -> list[str]:
        """The whole lines that a node stands on, with those of its decorators."""
        starts = [node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))]
        return self.lines[min(starts) - 1 : node.end_lineno]

    def span(self, node: ast.AST) -> Span:
        """The place of ``node``, which must be a statement, expression, handler, argument or keyword."""
        located = node if isinstance(node, ast.expr | ast.stmt | ast.ExceptHandler | ast.arg | ast.keyword) else None
        if located is None:
            return self.span(self.parents[node])
        return Span(
            located.lineno,
            located.col_offset,
            located.end_lineno or located.lineno,
            located.end_col_offset or located.col_offset,
        )

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope whose names ``node`` sees. A function's decorators and defaults see the scope around it."""
        known = self.known_scopes.get(node)
        if known is not None:
            return known
        found = self.scope
        passed = []
        child: ast.AST = node
        current = self.parents.get(node)
        while current is not None:
            scope = self.scopes.get(current)
            if scope is not None and _is_inside(current, child):
                found = scope
                break
            if current.__class__ is ast.comprehension and child is not current.iter:
                found = self.scopes[self.parents[current]]
                break
            known = self.known_scopes.get(current)
            if known is not None:
                found = known
                break
            if scope is None:
                passed.append(current)
            child, current = current, self.parents.get(current)
        for around in passed:
            self.known_scopes[around] = found
        return found

    def bindings_of(self, name: ast.expr) -> list[Binding]:
        """All that binds the name which ``name`` is, in the scope that defines it; nothing for what is no name."""
        found = self.scope_of(name).lookup(name.id) if isinstance(name, ast.Name) else None
        return found[1] if found is not None else []

    def only_binding(self, name: ast.expr) -> Binding | None:
        """What binds the name which ``name`` is, where that happens in one place."""
        bindings = self.bindings_of(name)
        return bindings[0] if len(bindings) == 1 else None

    def only_assignment(self, name: ast.expr) -> ast.expr | None:
        """What the name which ``name`` is is assigned, where nothing else binds it.

        Not what it gets a part of: the right side of ``a, b = …``, what a loop goes through, what a ``with`` enters.
        """
        binding = self.only_binding(name)
        return binding.value if binding is not None and binding.kind is BindingKind.ASSIGNMENT else None

    def enclosing_function(self, node: ast.AST) -> FunctionNode | None:
        """The innermost function whose body holds ``node``, ``None`` at module or class level."""
        child: ast.AST = node
        current = self.parents.get(node)
        while current is not None:
            if current.__class__ in _FUNCTIONS and _is_inside(current, child):
                return current  # type: ignore[return-value]
            child, current = current, self.parents.get(current)
        return None

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose body directly holds the function ``node`` (or the node itself), if any."""
        current = self.parents.get(node)
        while current is not None:
            if isinstance(current, ast.ClassDef):
                return current
            if isinstance(current, FunctionNode):
                return None
            current = self.parents.get(current)
        return None

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds ``node``."""
        current = node
        while not isinstance(current, ast.stmt):
            current = self.parents[current]
        return current

    def calls_within(self, node: ast.AST) -> list[ast.Call]:
        """The calls in a function and in the functions nested in it."""
        found = list(self.calls_of.get(node, ()))
        for inner in self.nested.get(node, ()):
            found.extend(self.calls_within(inner))
        return found

    def ancestors(self, node: ast.AST) -> list[ast.AST]:
        """The nodes around ``node``, innermost first, up to the module."""
        found = []
        current = self.parents.get(node)
        while current is not None:
            found.append(current)
            current = self.parents.get(current)
        return found

    def of_kind(self, kind: type[Node]) -> list[Node]:
        """All nodes of exactly this class, in no particular order."""
        if self._by_kind is None:
            self._by_kind = {}
            for node in self.parents:
                self._by_kind.setdefault(node.__class__, []).append(node)
        return self._by_kind.get(kind, [])  # type: ignore[return-value]

    def own_of_kind(self, owner: ast.AST, kind: type[Node]) -> list[Node]:
        """The nodes of exactly this class in a function itself, as ``syntax.own_nodes`` has them."""
        known = self._own_by_kind.get(owner)
        if known is None:
            known = self._own_by_kind[owner] = {}
            for node in syntax.own_nodes(owner):
                known.setdefault(node.__class__, []).append(node)
        return known.get(kind, [])  # type: ignore[return-value]

    def bindings_on_self(self, owner: ast.ClassDef, name: str) -> list[tuple[ast.Attribute, Binding]]:
        """Where methods of the class ``owner`` itself bind ``self.name``."""
        found = []
        for target, binding in self.attribute_bindings.get(name, ()):
            function = self.enclosing_function(target)
            if function is None or self.enclosing_class(function) is not owner:
                continue
            first = [*function.args.posonlyargs, *function.args.args][:1]
            if first and isinstance(target.value, ast.Name) and target.value.id == first[0].arg:
                found.append((target, binding))
        return found


def _is_inside(scope_node: ast.AST, child: ast.AST) -> bool:
    """Whether ``child``, a direct child of ``scope_node``, sees the names that ``scope_node`` binds."""
    if isinstance(scope_node, NamedFunction):
        return (
            child.__class__ is not ast.arguments
            and child not in scope_node.decorator_list
            and (child is not scope_node.returns)
        )
    if isinstance(scope_node, ast.Lambda):
        return child is scope_node.body
    if isinstance(scope_node, ast.ClassDef):
        return isinstance(child, ast.stmt)
    if isinstance(scope_node, Comprehension):
        return child is not scope_node.generators[0]
    return True
