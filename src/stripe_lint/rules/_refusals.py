"""Which statement answers 400 at a place, by the framework's table and by what the file imports already."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stripe_lint.analysis import (
    applied_decorators,
    callers,
    exceptions,
    functions,
    guards,
    handlers,
    module_names,
    sdk_uses,
)
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Raised
from stripe_lint.data import milestones

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework, Refusal
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.webhook_handlers import Handler
    from stripe_lint.fixing.edit import Edit

_REFUSAL = Raised(frozenset({"HTTPException"}))


def answers(module: Module, function: NamedFunction) -> bool:
    """Whether what ``function`` returns is the answer to the request."""
    if handlers.registered_by(module, function) is not None:
        return True
    if applied_decorators.is_registered(module, function):
        return True
    if callers.handed_references(module, function) and handlers.framework_for(module, function).dependency_markers:
        return False
    if handlers.takes_request(module, function) and not callers.call_sites(module, function):
        return True
    outer = module.enclosing_function(function)
    if not isinstance(outer, NamedFunction):
        return False
    wrapper = guards.wrapper_of(module, outer)
    return wrapper is not None and wrapper.node is function


def refusal(module: Module, function: NamedFunction, handler: Handler, at: ast.stmt, edit: Edit) -> str:
    """The statement that ends ``function`` at ``at`` with status 400. Declines where there is none."""
    framework = handlers.framework_for(module, function)
    if framework.name == "generic" or not framework.refusals:
        framework = handlers.framework_for(handler.module, handler.function)
    returning = answers(module, function)
    usable = [
        each
        for each in framework.refusals
        if (returning if each.returns else not _would_be_caught(module, function, at))
        and (not each.by_object or _answering_object(module, function, framework) is not None)
    ]
    if not usable:
        _decline(framework, function, handler, edit, returning=returning)
    answering = _answering_object(module, function, framework)
    for each in usable:
        existing = [module_names.existing_name(module, need, at) for need in each.needs.split()]
        written = [name for name in existing if name is not None]
        if len(written) == len(existing):
            return _in_view(_written(each, written, answering), function)
    imported = [edit.imported(need, at) for need in usable[0].needs.split()]
    return _in_view(_written(usable[0], imported, answering), function)


def _answering_object(module: Module, function: NamedFunction, framework: Framework) -> str | None:
    """How ``function`` calls the object by which its handler answers: an ``await`` before it where that has to be."""
    found = handlers.answering_parameter(module, function)
    if found is None or found[1] is not framework:
        return None
    return f"await {found[0]}" if isinstance(function, ast.AsyncFunctionDef) else found[0]


def _decline(framework: Framework, function: NamedFunction, handler: Handler, edit: Edit, *, returning: bool) -> None:
    if framework.name == "generic" or not framework.refusals:
        edit.decline("the web framework, and so the form of its answer 400, can't be told here")
    if not returning:
        edit.decline(
            f"{function.name} does not answer the request itself; "
            f"let it raise, and answer 400 in {handler.function.name}"
        )
    edit.decline("the answer 400 would be caught by an `except` around it; leave in another way")


def signature_error(module: Module, at: ast.AST, edit: Edit, package: str | None = None) -> str:
    """How to write the class of the error of a bad signature. ``package`` is how the SDK is written, if that is known.

    Old releases have the class only in ``stripe.error``, later ones have not got that.
    """
    imported = module_names.existing_name(module, "stripe.error.SignatureVerificationError", at)
    if imported is not None:
        return imported
    holder = "stripe.error" if _is_in_error_module(module) else "stripe"
    if package is not None:
        return f"{package}{holder.removeprefix('stripe')}.SignatureVerificationError"
    module_name = module_names.existing_name(module, holder, at) if holder == "stripe.error" else None
    if module_name is not None:
        return f"{module_name}.SignatureVerificationError"
    return edit.imported(f"{holder}.SignatureVerificationError", at)


def _is_in_error_module(module: Module) -> bool:
    """Whether the class is taken from ``stripe.error``: the project's release has it there, or the file tells so."""
    requirement = module.stripe_requirement
    if requirement is not None:
        if requirement.excludes(milestones.WITH_ERRORS_IN_PACKAGE):
            return True
        if requirement.excludes(milestones.WITHOUT_ERRORS_IN_PACKAGE) or requirement.admits(
            milestones.WITHOUT_ERROR_ATTRIBUTE
        ):
            return False
    return any(True for _ in sdk_uses.error_attributes(module))


def _written(refusal: Refusal, names: list[str], answering: str | None) -> str:
    source = refusal.source
    for need, name in zip(refusal.needs.split(), names, strict=True):
        source = re.sub(rf"\b{need.rpartition('.')[2]}\b", name, source, count=1)
    return source.replace("{response}", answering or "")


def _in_view(written: str, function: NamedFunction) -> str:
    first = functions.first_parameter(function)
    return written.replace("{view}", first.arg) if first is not None else written


def _would_be_caught(module: Module, function: NamedFunction, at: ast.stmt) -> bool:
    """Whether an exception that is raised at ``at`` meets an ``except`` for any exception in its function."""
    return any(
        exceptions.catches(module, handler, _REFUSAL)
        for attempt in exceptions.attempts_around(module, at, within=function)
        for handler in exceptions.handlers_of(attempt)
    )
