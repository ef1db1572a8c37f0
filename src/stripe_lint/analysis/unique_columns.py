"""Which columns of a table can hold a value only once, as far as its class says so."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stripe_lint.analysis.references import ClassReference

_UNIQUE: Final = r"Unique|unique"


def refuses_second(owner: ClassReference, made: ast.Call) -> bool:
    """Whether the database refuses to store what ``made`` makes twice, by one of its columns or several together."""
    given = {keyword.arg for keyword in made.keywords}
    if None in given and any(name != "id" for name in _unique_columns(owner)):
        return True
    return has_unique_column(owner, given) or _has_constraint(owner)


def has_unique_column(owner: ClassReference, given: Collection[str | None]) -> bool:
    """Whether one of the ``given`` columns of a class is unique by itself."""
    return any(name in given for name in _unique_columns(owner))


def _unique_columns(owner: ClassReference) -> Iterator[str | None]:
    for statement in _statements(owner):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        value = getattr(statement, "value", None)
        if isinstance(target, ast.expr) and isinstance(value, ast.Call) and _is_unique_field(value):
            yield functions.last_name(target)


def _has_constraint(owner: ClassReference) -> bool:
    for statement in _statements(owner):
        is_meta = isinstance(statement, ast.ClassDef) and statement.name == "Meta"
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        name = functions.last_name(target) if isinstance(target, ast.expr) else None
        if (is_meta or name == "__table_args__") and re.search(_UNIQUE, ast.dump(statement)):
            return True
    return False


def _statements(owner: ClassReference) -> Iterator[ast.stmt]:
    for _, node in names.linearized(owner):
        yield from node.body


def _is_unique_field(field: ast.Call) -> bool:
    if functions.last_name(field.func) == "OneToOneField":
        return True
    return any(
        keyword.arg in {"unique", "primary_key"}
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in field.keywords
    )
