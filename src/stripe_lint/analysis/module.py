"""One Python file as the rules see it: a tree walked once, with parents, scopes and calls by name."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from stripe_lint.analysis import syntax
from stripe_lint.analysis.scopes import Binding, BindingKind, FunctionNode, Scope
from stripe_lint.model import Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stripe_lint.analysis.references import Reference
    from stripe_lint.manifests.requirement import StripeRequirement
    from stripe_lint.project import Project

Node = TypeVar("Node", bound=ast.AST)
# asked for each step of each way up: a test of the class is several times faster than ``isinstance``
_FUNCTIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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
        self._known_scopes: dict[ast.AST, Scope] = {}
        self.attribute_bindings: dict[str, list[tuple[ast.Attribute, Binding]]] = {}
        self.imported_modules: set[str] = set()
        self.memory: dict[object, object] = {}
        self.resolved: dict[ast.expr, Reference | None] = {}
        self.scope = Scope(tree, None)
        self._lines: list[str] | None = None
        self._by_kind: dict[type[ast.AST], list[ast.AST]] | None = None
        self._walk()

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
        known = self._known_scopes.get(node)
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
            known = self._known_scopes.get(current)
            if known is not None:
                found = known
                break
            if scope is None:
                passed.append(current)
            child, current = current, self.parents.get(current)
        for around in passed:
            self._known_scopes[around] = found
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
            if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
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

    def _walk(self) -> None:
        pending: list[tuple[list[ast.AST], Scope]] = [(list(self.tree.body), self.scope)]
        self.scopes[self.tree] = self.scope
        for statement in self.tree.body:
            self.parents[statement] = self.tree
        while pending:
            nodes, scope = pending.pop()
            self._walk_scope(nodes, scope, pending)

    def _walk_scope(self, stack: list[ast.AST], scope: Scope, pending: list[tuple[list[ast.AST], Scope]]) -> None:
        parents = self.parents
        fields = syntax.FIELDS
        leaves = syntax.LEAVES
        actions = _ACTIONS
        stack.reverse()
        while stack:
            node = stack.pop()
            kind = node.__class__
            action = actions.get(kind)
            if action is not None and action(self, node, scope, stack, pending):
                continue
            for name in fields[kind]:
                child = getattr(node, name, None)
                if child is None:
                    continue
                if child.__class__ is list:
                    for item in child:
                        if item is not None:
                            parents[item] = node
                            if item.__class__ not in leaves:
                                stack.append(item)
                else:
                    parents[child] = node
                    if child.__class__ not in leaves:
                        stack.append(child)

    def _bind_target(self, target: ast.expr, scope: Scope, binding: Binding) -> None:
        if isinstance(target, ast.Name):
            scope.bind(target.id, binding)
        elif isinstance(target, ast.Attribute):
            self.attribute_bindings.setdefault(target.attr, []).append((target, binding))
        elif isinstance(target, ast.Tuple | ast.List):
            inner = binding
            if binding.kind is not BindingKind.UNPACKING:
                inner = Binding(BindingKind.UNPACKING, binding.node, binding.value)
            for element in target.elts:
                self._bind_target(element, scope, inner)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, scope, Binding(BindingKind.UNPACKING, binding.node, binding.value))

    def _open_scope(
        self,
        node: ast.AST,
        parent: Scope,
        inside: list[ast.AST],
        pending: list[tuple[list[ast.AST], Scope]],
    ) -> Scope:
        scope = Scope(node, parent)  # type: ignore[arg-type]
        self.scopes[node] = scope
        for child in inside:
            self.parents[child] = node
        pending.append((inside, scope))
        return scope

    def _on_call(self, node: ast.Call, scope: Scope, *_: object) -> bool:
        self.calls_of.setdefault(scope.owner, []).append(node)
        function = node.func
        if isinstance(function, ast.Attribute):
            self.calls.setdefault(function.attr, []).append(node)
            function = function.value
            while function.__class__ is ast.Attribute:
                function = function.value
        elif isinstance(function, ast.Name):
            self.calls.setdefault(function.id, []).append(node)
        self._known_scopes[function] = scope
        for argument in node.args:
            if isinstance(argument, ast.Attribute):
                self.handed_on.setdefault(argument.attr, []).append(argument)
        for keyword in node.keywords:
            value = keyword.value
            if isinstance(value, ast.Attribute):
                self.handed_on.setdefault(value.attr, []).append(value)
        return False

    def _on_assign(self, node: ast.Assign, scope: Scope, *_: object) -> bool:
        binding = Binding(BindingKind.ASSIGNMENT, node, node.value)
        for target in node.targets:
            self._bind_target(target, scope, binding)
        return False

    def _on_annotated(self, node: ast.AnnAssign, scope: Scope, *_: object) -> bool:
        kind = BindingKind.ANNOTATION if node.value is None else BindingKind.ASSIGNMENT
        self._bind_target(node.target, scope, Binding(kind, node, node.value, node.annotation))
        return False

    def _on_augmented(self, node: ast.AugAssign, scope: Scope, *_: object) -> bool:
        self._bind_target(node.target, scope, Binding(BindingKind.AUGMENTED, node, node.value))
        return False

    def _on_walrus(self, node: ast.NamedExpr, scope: Scope, *_: object) -> bool:
        while scope.node.__class__ in _COMPREHENSIONS and scope.parent is not None:
            scope = scope.parent
        self._bind_target(node.target, scope, Binding(BindingKind.ASSIGNMENT, node, node.value))
        return False

    def _on_for(self, node: ast.For | ast.AsyncFor, scope: Scope, *_: object) -> bool:
        self._bind_target(node.target, scope, Binding(BindingKind.ITERATION, node, node.iter))
        return False

    def _on_with(self, node: ast.With | ast.AsyncWith, scope: Scope, *_: object) -> bool:
        for item in node.items:
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, scope, Binding(BindingKind.CONTEXT, item, item.context_expr))
        return False

    def _on_handler(self, node: ast.ExceptHandler, scope: Scope, *_: object) -> bool:
        if node.name is not None:
            scope.bind(node.name, Binding(BindingKind.EXCEPTION, node, node.type))
        return False

    def _on_delete(self, node: ast.Delete, scope: Scope, *_: object) -> bool:
        for target in node.targets:
            self._bind_target(target, scope, Binding(BindingKind.DELETION, node))
        return False

    def _on_pattern(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: Scope, *_: object) -> bool:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            scope.bind(name, Binding(BindingKind.PATTERN, node))
        return False

    def _on_global(self, node: ast.Global, scope: Scope, *_: object) -> bool:
        scope.global_names.update(node.names)
        return False

    def _on_nonlocal(self, node: ast.Nonlocal, scope: Scope, *_: object) -> bool:
        scope.nonlocal_names.update(node.names)
        return False

    def _on_import(self, node: ast.Import, scope: Scope, *_: object) -> bool:
        for name in node.names:
            self.parents[name] = node
            self.imported_modules.add(name.name)
            scope.bind(name.asname or name.name.partition(".")[0], Binding(BindingKind.IMPORT, name))
        return True

    def _on_import_from(self, node: ast.ImportFrom, scope: Scope, *_: object) -> bool:
        if node.level == 0 and node.module:
            self.imported_modules.add(node.module)
        for name in node.names:
            self.parents[name] = node
            scope.bind(name.asname or name.name, Binding(BindingKind.IMPORT_FROM, name))
        return True

    def _on_return(self, node: ast.Return, scope: Scope, *_: object) -> bool:
        self.returns.setdefault(scope.owner, []).append(node)
        return False

    def _on_yield(self, node: ast.Yield | ast.YieldFrom, scope: Scope, *_: object) -> bool:
        self.yields.setdefault(scope.owner, []).append(node.value)
        return False

    def _on_try(self, node: ast.Try, *_: object) -> bool:
        self.tries.append(node)
        return False

    def _on_class(
        self, node: ast.ClassDef, scope: Scope, stack: list[ast.AST], pending: list[tuple[list[ast.AST], Scope]]
    ) -> bool:
        self.classes.append(node)
        scope.bind(node.name, Binding(BindingKind.CLASS, node))
        for outside in [*node.decorator_list, *node.bases, *node.keywords]:
            self.parents[outside] = node
            stack.append(outside)
        self._open_scope(node, scope, list(node.body), pending)
        return True

    def _on_function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        scope: Scope,
        stack: list[ast.AST],
        pending: list[tuple[list[ast.AST], Scope]],
    ) -> bool:
        self.functions.append(node)
        self.functions_by_name.setdefault(node.name, []).append(node)
        self.nested.setdefault(scope.owner, []).append(node)
        scope.bind(node.name, Binding(BindingKind.FUNCTION, node))
        for decorator in node.decorator_list:
            self.parents[decorator] = node
            stack.append(decorator)
        if node.returns is not None:
            self.parents[node.returns] = node
        inner = self._open_scope(node, scope, list(node.body), pending)
        self._bind_parameters(node, inner, stack)
        return True

    def _on_lambda(
        self, node: ast.Lambda, scope: Scope, stack: list[ast.AST], pending: list[tuple[list[ast.AST], Scope]]
    ) -> bool:
        self.functions.append(node)
        self.nested.setdefault(scope.owner, []).append(node)
        inner = self._open_scope(node, scope, [node.body], pending)
        self._bind_parameters(node, inner, stack)
        return True

    def _bind_parameters(self, node: FunctionNode, inner: Scope, stack: list[ast.AST]) -> None:
        arguments = node.args
        self.parents[arguments] = node
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: dict[str, ast.expr] = {}
        for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            defaults[parameter.arg] = default
        for parameter, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword_default is not None:
                defaults[parameter.arg] = keyword_default
        everything = [*positional, *arguments.kwonlyargs]
        everything += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
        for parameter in everything:
            self.parents[parameter] = arguments
            value = defaults.get(parameter.arg)
            inner.bind(parameter.arg, Binding(BindingKind.PARAMETER, parameter, value, parameter.annotation))
            for outside in (parameter.annotation, value):
                if outside is not None:
                    self.parents[outside] = parameter
                    stack.append(outside)

    def _on_comprehension(
        self, node: ast.expr, scope: Scope, stack: list[ast.AST], pending: list[tuple[list[ast.AST], Scope]]
    ) -> bool:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        inside: list[ast.AST] = []
        if isinstance(node, ast.DictComp):
            inside += [node.key, node.value]
        else:
            inside.append(node.elt)  # type: ignore[attr-defined]
        inner = self._open_scope(node, scope, inside, pending)
        for position, generator in enumerate(generators):
            self.parents[generator] = node
            self._bind_target(generator.target, inner, Binding(BindingKind.ITERATION, generator, generator.iter))
            for child in (generator.target, generator.iter, *generator.ifs):
                self.parents[child] = generator
            # the first iterable is evaluated outside the comprehension
            (stack if position == 0 else inside).append(generator.iter)
            inside.extend(generator.ifs)
        return True


_ACTIONS: Final[dict[type[ast.AST], Callable[..., bool]]] = {
    ast.Call: Module._on_call,
    ast.Assign: Module._on_assign,
    ast.AnnAssign: Module._on_annotated,
    ast.AugAssign: Module._on_augmented,
    ast.NamedExpr: Module._on_walrus,
    ast.For: Module._on_for,
    ast.AsyncFor: Module._on_for,
    ast.With: Module._on_with,
    ast.AsyncWith: Module._on_with,
    ast.ExceptHandler: Module._on_handler,
    ast.Delete: Module._on_delete,
    ast.MatchAs: Module._on_pattern,
    ast.MatchStar: Module._on_pattern,
    ast.MatchMapping: Module._on_pattern,
    ast.Global: Module._on_global,
    ast.Nonlocal: Module._on_nonlocal,
    ast.Import: Module._on_import,
    ast.ImportFrom: Module._on_import_from,
    ast.Return: Module._on_return,
    ast.Yield: Module._on_yield,
    ast.YieldFrom: Module._on_yield,
    ast.Try: Module._on_try,
    ast.ClassDef: Module._on_class,
    ast.FunctionDef: Module._on_function,
    ast.AsyncFunctionDef: Module._on_function,
    ast.Lambda: Module._on_lambda,
    ast.ListComp: Module._on_comprehension,
    ast.SetComp: Module._on_comprehension,
    ast.DictComp: Module._on_comprehension,
    ast.GeneratorExp: Module._on_comprehension,
}


def _is_inside(scope_node: ast.AST, child: ast.AST) -> bool:
    """Whether ``child``, a direct child of ``scope_node``, sees the names that ``scope_node`` binds."""
    if isinstance(scope_node, ast.FunctionDef | ast.AsyncFunctionDef):
        return (
            child.__class__ is not ast.arguments
            and child not in scope_node.decorator_list
            and (child is not scope_node.returns)
        )
    if isinstance(scope_node, ast.Lambda):
        return child is scope_node.body
    if isinstance(scope_node, ast.ClassDef):
        return isinstance(child, ast.stmt)
    if isinstance(scope_node, _COMPREHENSIONS):
        return child is not scope_node.generators[0]
    return True
