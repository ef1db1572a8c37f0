"""Assignment targets of every form: what a statement makes of the names it binds, and what it forgets."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import body_uses, error_text, functions, keys, syntax
from stripe_lint.analysis.values import (
    KEPT_BY_TEXT,
    UNKNOWN,
    Mark,
    Value,
    all_tags,
    deep_tagged,
    element_of,
    join,
    only,
    tagged,
)

if TYPE_CHECKING:
    from stripe_lint.analysis.evaluation import Evaluation
    from stripe_lint.analysis.state import Place


def bind(evaluation: Evaluation, target: ast.expr, value: Value, source: ast.expr | None) -> None:
    """Assign ``value`` to a target of any form."""
    if isinstance(target, ast.Name):
        keys.reassigned(evaluation, target.id)
        body_uses.renamed(evaluation, target, value, source)
        if value == UNKNOWN:
            evaluation.names.pop(target.id, None)
        else:
            evaluation.names[target.id] = value
    elif isinstance(target, ast.Attribute):
        _bind_attribute(evaluation, target, value)
    elif isinstance(target, ast.Subscript):
        bind_entry(evaluation, target, value)
    elif isinstance(target, ast.Tuple | ast.List):
        for position, element in enumerate(target.elts):
            part = value.field(str(position)) if value.fields is not None else None
            bind(evaluation, element, part if part is not None else element_of(value), None)
    elif isinstance(target, ast.Starred):
        bind(evaluation, target.value, element_of(value), None)


def _bind_attribute(evaluation: Evaluation, target: ast.Attribute, value: Value) -> None:
    name = functions.dotted_name(target)
    body_uses.stored(evaluation, target, value)
    error_text.stored(evaluation, target, value)
    failure = evaluation.history.failure
    if failure is not None and "status" in target.attr and error_text.refusing(value) is not None:
        evaluation.remember(failure=failure._replace(noticed=True))
    if name is None:
        return
    keys.reassigned(evaluation, name)
    if value == UNKNOWN:
        evaluation.names.pop(name, None)
    else:
        evaluation.names[name] = value


def bind_entry(evaluation: Evaluation, target: ast.Subscript, value: Value) -> None:
    """Assign ``value`` to ``holder[key]``."""
    name = functions.dotted_name(target.value)
    evaluation.evaluate(target.slice)
    body_uses.stored(evaluation, target, value)
    if name is None:
        return
    keys.reassigned(evaluation, name)
    holder = evaluation.names.get(name, UNKNOWN)
    key = _constant_key(target.slice)
    if key is not None:
        evaluation.names[name] = holder.with_field(key, value)
    elif deep_tagged(value, Mark.TEXT, Mark.EXCEPTION, Mark.HEADERS):
        evaluation.names[name] = holder._replace(tags=holder.tags | all_tags(value), complete=False)
    elif holder.complete:
        evaluation.names[name] = holder._replace(complete=False)


def forget(evaluation: Evaluation, target: ast.expr) -> None:
    """Drop what is known about a target that is deleted."""
    name = functions.dotted_name(target)
    if name is not None:
        evaluation.names.pop(name, None)


def lose_targets(evaluation: Evaluation, statement: ast.Assign | ast.AnnAssign, verification_place: Place) -> None:
    """Note that the names which a failed verification would have bound have no event."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    missing = tagged(Mark.MISSING, verification_place.module, verification_place.node)
    for target in targets:
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        for part in parts:
            if isinstance(part, ast.Name):
                current = evaluation.names.get(part.id, UNKNOWN)
                evaluation.names[part.id] = current._replace(tags=current.tags | missing.tags)


def forget_pattern(evaluation: Evaluation, pattern: ast.pattern) -> None:
    """Drop what is known about the names that a pattern captures."""
    for node in syntax.descendants(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            evaluation.names.pop(name, None)


def augment(evaluation: Evaluation, statement: ast.AugAssign) -> None:
    """Run ``target += value``: the marks of both stay."""
    added = evaluation.evaluate(statement.value)
    target = statement.target
    current = evaluation.evaluate(target) if isinstance(target, ast.Name) else _entry_of_target(evaluation, target)
    bind(evaluation, target, only(join(current, added), *KEPT_BY_TEXT), statement.value)


def _entry_of_target(evaluation: Evaluation, target: ast.expr) -> Value:
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        name = _constant_key(target.slice)
        holder = evaluation.names.get(target.value.id)
        if holder is not None and name is not None:
            return holder.field(name) or UNKNOWN
    return UNKNOWN


def _constant_key(node: ast.expr) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str | int) else None
