"""The expressions that a value may come from: the arms of a choice, each assignment, the default of a setting."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import assignments, blocks, functions, names, secret_defaults
from stripe_lint.analysis.references import External, ModuleReference, OfClass
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding

_DEEPEST: Final = 6
_DJANGO_SETTINGS: Final = "django.conf.settings."
_KEEPING_VALUE: Final = frozenset({"int", "float", "bool"})
_FIELDS: Final = frozenset({"Field", "field", "attrib", "ib"})


class Source(NamedTuple):
    """An expression and the file that it stands in."""

    module: Module
    node: ast.expr


def sources(module: Module, node: ast.expr, depth: int = 0) -> Iterator[Source]:
    """What may make the value of ``node``; ``node`` itself where nothing more is known of it."""
    found = list(_behind(module, node)) if depth < _DEEPEST else []
    if not found:
        yield Source(module, node)
    for source, each in found:
        yield from sources(source, each, depth + 1)


def _behind(module: Module, node: ast.expr) -> Iterator[Source]:
    if isinstance(node, ast.IfExp):
        yield from (Source(module, node.body), Source(module, node.orelse))
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        yield from (Source(module, each) for each in node.values)
    elif isinstance(node, ast.Call):
        default = _converted(module, node) or default_of_setting(module, node)
        if default is not None:
            yield Source(module, default)
    elif isinstance(node, ast.Name):
        yield from _of_name(module, node)
    elif isinstance(node, ast.Attribute):
        yield from _of_attribute(module, node)


def _converted(module: Module, call: ast.Call) -> ast.expr | None:
    """What ``int(…)`` and its like make a number of."""
    path = names.dotted_path(module, call.func) or ""
    keeps = path.rpartition(".")[2] in _KEEPING_VALUE and path.startswith("builtins.")
    return call.args[0] if keeps and len(call.args) == 1 and not isinstance(call.args[0], ast.Constant) else None


def default_of_setting(module: Module, call: ast.Call) -> ast.expr | None:
    """What stands in for a setting that is missing: ``os.environ.get("TOLERANCE", "300")``."""
    if not secret_defaults.reads_configuration(module, call):
        return None
    given = next((each.value for each in call.keywords if each.arg in {"default", "fallback"}), None)
    position = 2 if functions.last_name(call.func) == "getattr" else 1
    return given or (call.args[position] if len(call.args) > position else None)


def _of_name(module: Module, node: ast.Name) -> Iterator[Source]:
    bindings = module.bindings_of(node)
    if len(bindings) == 1:
        source, assigned = assignments.assigned_expression(module, node)
        if assigned is not node:
            yield Source(source, assigned)
    elif all(each.kind is BindingKind.ASSIGNMENT for each in bindings):
        yield from _assigned(module, bindings)


def _assigned(module: Module, bindings: Sequence[Binding]) -> Iterator[Source]:
    """What is assigned, save what the same block replaces again."""
    steps = [_steps(module, binding.node) for binding in bindings]
    for binding, own in zip(bindings, steps, strict=True):
        after = [each for step in own for each in _after(module, step)]
        if binding.value is not None and not any(step in after for other in steps for step in other):
            yield Source(module, binding.value)


def _steps(module: Module, node: ast.AST) -> list[ast.stmt]:
    """The statement of a node, and each ``try`` … ``finally`` whose body it stands in: where one runs, all do."""
    found = [module.statement_of(node)]
    around = module.parents[found[-1]]
    while isinstance(around, ast.Try) and not around.handlers and found[-1] in around.body:
        found.append(around)
        around = module.parents[around]
    return found


def _after(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    block = blocks.block_of(module, statement)
    return block[block.index(statement) + 1 :]


def _of_attribute(module: Module, node: ast.Attribute) -> Iterator[Source]:
    reference = names.resolve(module, node)
    if isinstance(reference, External) and reference.path.startswith(_DJANGO_SETTINGS):
        yield from _of_django_setting(module, node.attr)
        return
    owner = names.resolve(module, node.value)
    if isinstance(owner, ModuleReference):
        yield from _assigned(owner.module, owner.module.scope.bindings.get(node.attr, ()))
    elif isinstance(owner, OfClass):
        for source, each in names.linearized(owner):
            held = source.bindings_on_self(each, node.attr)
            scope = source.scopes.get(each)
            bindings = [binding for _, binding in held] or (scope.bindings.get(node.attr) if scope is not None else ())
            for binding in bindings or ():
                if binding.kind is BindingKind.ASSIGNMENT and binding.value is not None:
                    yield Source(source, _default_of_field(binding.value))
            if bindings:
                return


def _default_of_field(value: ast.expr) -> ast.expr:
    """The default in ``Field(300, gt=0)``; any other value as it is."""
    if not isinstance(value, ast.Call) or functions.last_name(value.func) not in _FIELDS:
        return value
    given = next((each.value for each in value.keywords if each.arg == "default"), None)
    return given or (value.args[0] if value.args else value)


def _of_django_setting(module: Module, name: str) -> Iterator[Source]:
    """What the settings of a Django project say, where one file alone does."""
    found = []
    for path in module.project.files_that_mention(name) or ():
        source = module.project.module_at(path)
        bindings = source.scope.bindings.get(name) if source is not None else None
        if source is not None and bindings and any("settings" in part for part in (path.stem, path.parent.name)):
            found.append((source, bindings))
    if len(found) == 1:
        yield from _assigned(*found[0])
