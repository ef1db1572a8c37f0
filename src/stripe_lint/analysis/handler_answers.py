"""Whether what a handler answers tells Stripe that the delivery was taken, as its framework understands it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import answers, handlers, names
from stripe_lint.analysis.answers import Answer
from stripe_lint.analysis.frameworks import is_response_exception
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.reach import Reached


def is_taken(reached: Reached, returned: Sequence[ast.Return], *, falls_off: bool, accepted: bool = False) -> bool:
    """Whether all that a handler returns says 2xx.

    ``falls_off`` where it may end without a ``return``, ``accepted`` where such an answer was written before.
    """
    nothing = falls_off or any(each.value is None for each in returned)
    if nothing and not accepted and not _may_return_nothing(reached):
        return False
    return all(_tells_taken(reached, each.value) for each in returned)


def _tells_taken(reached: Reached, value: ast.expr | None) -> bool:
    """Whether an answer says 2xx; so does an exception that is returned, not raised, where the framework encodes it."""
    framework = handlers.framework_for(reached.handler.module, reached.handler.function)
    encodes = framework.returns_exception_text and framework.plain_answers
    if encodes and value is not None and _is_exception(reached.module, value):
        return True
    return answers.answer_of(reached.module, value) is Answer.TAKEN


def _is_exception(module: Module, value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return is_response_exception(names.dotted_path(module, value.func))
    bindings = module.bindings_of(value)
    return bool(bindings) and all(each.kind is BindingKind.EXCEPTION for each in bindings)


def _may_return_nothing(reached: Reached) -> bool:
    """Whether the framework makes a 200 of a handler that returns ``None``."""
    return handlers.framework_for(reached.handler.module, reached.handler.function).none_answers


def are_answers(returned: Sequence[ast.Return]) -> bool:
    """Whether what is returned is meant for Stripe, not a verdict for a caller."""
    return not any(_is_no_answer(each.value) for each in returned)


def _is_no_answer(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple):
        return any(_is_no_answer(element) for element in node.elts[:1])
    return node is None or (isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool)))
