"""Repairs a response that carries exception text: another text for the client, and the exception in the log."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import caught_errors, deciding_texts, error_handlers, error_responses, functions, handlers
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.rules import _error_wording, _exception_logs, _exception_names
from stripe_lint.rules._exception_texts import Catch, carriers, helper_with_exception, unread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_lint.analysis.error_responses import Leak
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_CARD_ERRORS: Final = (
    "where a card can be declined, catch stripe.CardError before the other classes and answer its user_message: "
    "the fixed text hides it"
)


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer a fixed text at ``hit``, or what Stripe means for the customer after a card error."""
    leaks = _leaks_at(module, hit)
    if not leaks:
        edit.decline("the response is not found again")
    if all(leak.fixed_text for leak in leaks):
        edit.decline("the exception is raised with fixed texts only; nothing of Stripe's answer is in them")
    if all(leak.only_user_message for leak in leaks):
        edit.decline(
            "user_message is shown on purpose; catch stripe.CardError before and answer the others a fixed text"
        )
    edit.unsafe("a fixed text changes what the client gets")
    if any(leak.whole_exception for leak in leaks):
        _answer_with_status(module, leaks[0], edit)
        return
    replaced: dict[Catch, list[ast.expr]] = {}
    for leak in leaks:
        catch = _catch_to_repair(module, leak, edit)
        found = carriers(catch, leak.place.node)
        if not found:
            helper = helper_with_exception(catch)
            if helper is not None:
                edit.decline(f"{helper} makes the text of the exception; answer a fixed text there")
            edit.decline("the text gets into the response in a way that is not clear; answer a fixed text by hand")
        _require_undecided(module, found, edit)
        replaced.setdefault(catch, []).extend(text for text in found if text not in replaced.get(catch, ()))
    for catch, found in replaced.items():
        _error_wording.replace(module, catch, found, edit)
        if not _error_wording.is_for_customer(catch):
            _exception_logs.log(module, _catch_to_log(module, catch, found, leaks[0]), found, edit)
            if _error_wording.hides_card_errors(catch):
                edit.note(_CARD_ERRORS)
        for statement in unread(catch, found):
            edit.remove_statement(statement)
            found.append(statement.value)
        _drop_name(module, catch, found, edit)
    edit.describe(f"the client gets {_error_wording.description(replaced)}")


def _require_undecided(module: Module, found: Iterable[ast.expr], edit: Edit) -> None:
    """Decline where another function decides by a text that would be replaced."""
    for text in found:
        function = deciding_texts.decided_in(module, text)
        if function is not None:
            name = "what it is handed to" if isinstance(function, ast.Lambda) else function.name
            edit.decline(f"{name} decides by the text of the exception; answer a fixed text behind that")


def _leaks_at(module: Module, hit: Hit) -> list[Leak]:
    for leak in error_responses.leaks(module):
        if module.span(leak.place.node) == hit.span:
            return error_responses.leaks_at(module, leak.place.node)
    return []


def _catch_to_repair(module: Module, leak: Leak, edit: Edit) -> Catch:
    """Where the text is taken from the exception: where Stripe's was caught, or where an own one is answered."""
    caught = leak.caught
    answering = _answering(module, leak.place.node)
    if caught.module is module:
        catch = _catch(module, caught.node, edit)
        if answering is None or answering.node is catch.node or not carriers(answering, leak.place.node):
            return catch
        return catch if _is_raised_with_own_text(module, answering) else answering
    where = f"{caught.module.path.name}, line {caught.line}"
    if answering is None or not carriers(answering, leak.place.node):
        edit.decline(f"the text is made in {where}; answer a fixed text there")
    if isinstance(answering.node, ast.ExceptHandler) and _is_raised_with_own_text(caught.module, answering):
        edit.decline(f"the exception has texts of its own too; raise it with a fixed text in {where}")
    return answering


def _catch(module: Module, node: ast.AST, edit: Edit) -> Catch:
    if isinstance(node, ast.ExceptHandler):
        return Catch(module, node, frozenset({node.name} if node.name is not None else ()))
    if not isinstance(node, NamedFunction):
        edit.decline("it is not clear where the exception is caught")
    return Catch(module, node, frozenset(_exception_parameters(module, node)))


def _exception_parameters(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [
        parameter.arg
        for parameter in functions.parameters(function)
        if not handlers.is_request_parameter(module, function, parameter) and parameter.arg not in {"self", "cls"}
    ]


def _answering(module: Module, place: ast.AST) -> Catch | None:
    """The clause or function in this file that answers with an exception caught and raised again elsewhere."""
    for around in module.ancestors(place):
        if isinstance(around, ast.ExceptHandler) and around.name is not None:
            return Catch(module, around, frozenset({around.name}))
        if isinstance(around, NamedFunction):
            if any(function is around for function, _ in error_handlers.registered_for_own(module)):
                return Catch(module, around, frozenset(_exception_parameters(module, around)))
            return None
    return None


def _is_raised_with_own_text(module: Module, answering: Catch) -> bool:
    """Whether what a clause catches is also raised, in ``module``, with texts that the project wrote for it."""
    if not isinstance(answering.node, ast.ExceptHandler):
        return False
    caught = caught_errors.caught_names(answering.module, answering.node)
    for name in caught:
        for call in module.calls.get(name, ()):
            inside_except = any(isinstance(around, ast.ExceptHandler) for around in module.ancestors(call))
            if isinstance(module.parents.get(call), ast.Raise) and not inside_except:
                return True
    return False


def _catch_to_log(module: Module, catch: Catch, found: Iterable[ast.expr], leak: Leak) -> Catch:
    """Where the exception is logged: not where it is only raised again as another one, which is caught in this file."""
    raised = all(isinstance(module.statement_of(text), ast.Raise) for text in found)
    answering = _answering(module, leak.place.node)
    if raised and answering is not None and not catch.surrounds(leak.place.node):
        return answering
    return catch


def _answer_with_status(module: Module, leak: Leak, edit: Edit) -> None:
    """``return e`` becomes a text with a status, where the framework takes such an answer."""
    statement = leak.place.node
    function = module.enclosing_function(statement)
    if (
        not isinstance(statement, ast.Return)
        or not isinstance(statement.value, ast.Name)
        or leak.caught.module is not module
    ):
        edit.decline("the exception comes from elsewhere; answer a fixed text with a status")
    if not isinstance(function, NamedFunction) or not handlers.framework_for(module, function).status_in_tuple:
        edit.decline("answer a response of the framework with a fixed text and a status")
    catch = _catch(module, leak.caught.node, edit)
    if not catch.surrounds(statement):
        edit.decline("the exception is kept and returned later; answer a fixed text with a status")
    status = 400 if _error_wording.is_bad_request(catch) else 500
    text = _error_wording.literal(catch, statement)
    edit.replace(statement.value, f"{text}, {status}")
    _exception_logs.log(module, catch, [statement.value], edit)
    _drop_name(module, catch, [statement.value], edit)
    edit.describe(f"the client gets {text} with status {status}")


def _drop_name(module: Module, catch: Catch, replaced: list[ast.expr], edit: Edit) -> None:
    """Take ``as e`` away where nothing is left that reads it."""
    if isinstance(catch.node, ast.ExceptHandler) and not _error_wording.needs_exception(catch, replaced):
        _exception_names.drop_exception_name(module, catch.node, replaced, edit)
