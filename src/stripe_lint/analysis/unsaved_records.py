"""Whether a record that was made has been stored, where only the database gives it its id."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import definitions, functions, names, syntax, work
from stripe_lint.analysis.references import ClassReference
from stripe_lint.analysis.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Binding, NamedFunction

_STORES: Final = frozenset(
    {"save", "asave", "insert", "add", "flush", "commit", "refresh", "create", "bulk_create", "abulk_create"}
)
"""Methods of a record, or of what is given it, that store it, so that it gets its id."""

_NOTES: Final = frozenset({"add", "add_all"})
"""What a session of SQLAlchemy only notes until it is flushed."""

_STORING_WORK: Final = frozenset({Work.INSERT, Work.WRITE, Work.COMMIT})
_ROW_CLASSES: Final = r"django\.(?:db\.models|contrib)\.|(?:^|\.)models\.\w*Model\w*$|peewee\.Model$|tortoise\."
"""The base classes whose objects are stored by a method of their own."""

_MAPPED_CLASSES: Final = r"sqlalchemy\.|flask_sqlalchemy\.|sqlmodel\."
"""The base classes whose objects a session stores."""

_IDS: Final = frozenset({"id", "pk"})


def is_unsaved(
    module: Module, function: NamedFunction, binding: Binding, name: str, attribute: str | None, node: ast.Call
) -> bool:
    """Whether the record that ``binding`` gives ``name`` has no ``attribute`` yet where ``node`` is evaluated."""
    value = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
    if not isinstance(value, ast.Call) or _is_assigned(module, binding, name, attribute, node):
        return False
    if _is_not_committed(value):
        return not _is_stored(module, function, binding, name, node)
    reference = names.resolve(module, value.func)
    if not isinstance(reference, ClassReference) or attribute is None or not _comes_later(reference, value, attribute):
        return False
    bases = definitions.external_bases(reference)
    if any(re.match(_MAPPED_CLASSES, base) for base in bases) or "__tablename__" in _fields(reference):
        return not _is_flushed(module, function, binding, name, node)
    return any(re.search(_ROW_CLASSES, base) for base in bases) and not _is_stored(
        module, function, binding, name, node
    )


def _is_not_committed(value: ast.Call) -> bool:
    """Whether a record is made by a form that leaves storing it to others."""
    return any(
        keyword.arg == "commit" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        for keyword in value.keywords
    )


def _comes_later(owner: ClassReference, made: ast.Call, attribute: str) -> bool:
    """Whether an attribute of the record that ``made`` makes is given it only where it is stored."""
    fields = _fields(owner)
    keys = {name for name, field in fields.items() if field is not None and _keyword(field, "primary_key") is not None}
    column = next(iter(keys), "id") if attribute == "pk" else attribute
    if made.args or {column, attribute} & {keyword.arg for keyword in made.keywords}:
        return False
    if names.find_method(owner, attribute) is not None or any(
        module.bindings_on_self(node, column) for module, node in names.linearized(owner)
    ):
        return False
    field = fields.get(column)
    if field is None:
        return column in _IDS
    return _keyword(field, "default_factory") is None and (
        _is_column(field) or syntax.is_none(_keyword(field, "default") or ast.Constant(None))
    )


def _is_column(field: ast.Call) -> bool:
    """Whether the default of a field is applied by SQLAlchemy, which does so where the record is stored."""
    return functions.last_name(field.func) in {"Column", "mapped_column"}


def _fields(owner: ClassReference) -> dict[str, ast.Call | None]:
    """What the class of a record says of its attributes, the nearest base first."""
    found: dict[str, ast.Call | None] = {}
    for _, node in names.linearized(owner):
        for statement in node.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                    if isinstance(target, ast.Name):
                        value = statement.value
                        found.setdefault(target.id, value if isinstance(value, ast.Call) else None)
    return found


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


# what happens with the record before the request


def _is_assigned(module: Module, binding: Binding, name: str, attribute: str | None, node: ast.Call) -> bool:
    """Whether the attribute is set by hand between where the record is made and the request."""
    made = getattr(binding.node, "end_lineno", 0)
    return any(
        each.attr == attribute
        and isinstance(each.ctx, ast.Store)
        and isinstance(each.value, ast.Name)
        and each.value.id == name
        and made < each.lineno < node.lineno
        for each in module.of_kind(ast.Attribute)
    )


def _is_stored(module: Module, function: NamedFunction, binding: Binding, name: str, node: ast.Call) -> bool:
    """Whether the record is stored between where it is made and the request."""
    return any(
        functions.last_name(call.func) in _STORES or work.of_whole_call(module, call) & _STORING_WORK
        for call in _calls_between(module, function, binding, node)
        if _concerns(call, name)
    )


def _is_flushed(module: Module, function: NamedFunction, binding: Binding, name: str, node: ast.Call) -> bool:
    """Whether a session has sent the record to the database between where it is made and the request."""
    for call in _calls_between(module, function, binding, node):
        done = work.of_whole_call(module, call)
        if Work.COMMIT in done:
            return True
        if not _concerns(call, name):
            continue
        called = functions.last_name(call.func)
        if called in _NOTES:
            # a session that is left at the end of a `with` is flushed there
            if any(_ends_before(around, node) for around in module.ancestors(call)):
                return True
        elif called in _STORES or done & _STORING_WORK:
            return True
    return False


def _ends_before(around: ast.AST, node: ast.Call) -> bool:
    return isinstance(around, ast.With | ast.AsyncWith) and (around.end_lineno or 0) < node.lineno


def _calls_between(module: Module, function: NamedFunction, binding: Binding, node: ast.Call) -> Iterator[ast.Call]:
    made = getattr(binding.node, "end_lineno", 0)
    return (call for call in module.calls_of.get(function, ()) if made < call.lineno < node.lineno)


def _concerns(call: ast.Call, name: str) -> bool:
    """Whether a call is one of the record, or gets it, alone or in a list."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    given = [receiver, *call.args, *(keyword.value for keyword in call.keywords)]
    parts = [part for each in given for part in (each.elts if isinstance(each, ast.List | ast.Tuple) else [each])]
    return any(isinstance(each, ast.Name) and each.id == name for each in parts)
