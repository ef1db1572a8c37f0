"""Methods of Pydantic models that look at the value of one field."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import definitions, functions, names, syntax
from stripe_lint.analysis.references import ClassReference
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_VALIDATORS: Final = frozenset({"pydantic.field_validator", "pydantic.validator"})
_ASKING_FOR_DEFAULTS: Final = frozenset({"validate_default", "validate_all", "always"})
"""What has to be set so that defaults are looked at too, but in settings that are read from the environment."""


def of_default(module: Module, statement: ast.stmt) -> Iterator[tuple[NamedFunction, str]]:
    """The methods that are given the default of the field that ``statement`` is, each with the parameter that gets it.

    https://docs.pydantic.dev/latest/concepts/validators/ and, for defaults, ``validate_default``.
    """
    owner = module.parents.get(statement)
    field = statement.target if isinstance(statement, ast.AnnAssign) else None
    if not isinstance(owner, ast.ClassDef) or not isinstance(field, ast.Name):
        return
    for method in owner.body:
        for decorator in method.decorator_list if isinstance(method, NamedFunction) else ():
            if not isinstance(method, NamedFunction) or not _looks_at(module, decorator, field.id):
                continue
            taken = [parameter.arg for parameter in functions.positional_parameters(method)]
            if len(taken) > 1 and _validates_defaults(module, owner, statement, decorator):
                yield method, taken[1]


def _looks_at(module: Module, decorator: ast.expr, field: str) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and names.dotted_path(module, decorator.func) in _VALIDATORS
        and any(isinstance(each, ast.Constant) and each.value in {field, "*"} for each in decorator.args)
    )


def _validates_defaults(module: Module, owner: ast.ClassDef, statement: ast.stmt, decorator: ast.expr) -> bool:
    bases = {base.rpartition(".")[2] for base in definitions.external_bases(ClassReference(module, owner))}
    if "BaseSettings" in bases:
        return True
    asked = {
        keyword.arg
        for part in (statement, decorator, *(each for each in owner.body if not isinstance(each, NamedFunction)))
        for keyword in syntax.descendants(part)
        if isinstance(keyword, ast.keyword)
    }
    return not asked.isdisjoint(_ASKING_FOR_DEFAULTS)
