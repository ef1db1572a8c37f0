"""Text that comes from a caught exception, and where it is sent to a client."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    body_uses,
    conventions,
    definitions,
    handlers,
    http_statuses,
    logging_calls,
    names,
    request_reads,
)
from stripe_lint.analysis.facts import ResponseFact
from stripe_lint.analysis.frameworks import (
    is_abort_call,
    is_message_call,
    is_response_call,
    is_response_exception,
    is_template_call,
    is_textless_exception,
)
from stripe_lint.analysis.references import ClassReference, External, ExternalInstance
from stripe_lint.analysis.scopes import FunctionNode
from stripe_lint.analysis.state import Diverged, Raised
from stripe_lint.analysis.values import UNKNOWN, Mark, Tag, Value, deep_tagged, join

if TYPE_CHECKING:
    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.evaluation import Evaluation

TEXT_ATTRIBUTES: Final = frozenset(
    {
        "args",
        "message",
        "user_message",
        "json_body",
        "http_body",
        "error",
        "_message",
        "detail",
        "description",
        "reason",
    }
    | {"strerror", "msg", "body", "messages", "__doc__", "__cause__", "__context__", "errors"}
)
CODE_KEYS: Final = frozenset(
    {"code", "type", "decline_code", "param", "doc_url", "charge", "http_status", "status", "request_id", "status_code"}
    | {"payment_intent", "setup_intent", "payment_method", "source", "request_log_url", "advice_code"}
    | {"__name__", "__qualname__", "__module__", "__class__", "__traceback__"}
)
TRACEBACKS: Final = frozenset(
    {"traceback.format_exc", "traceback.format_exception", "traceback.format_exception_only", "sys.exc_info"}
    | {"sys.exception", "traceback.format_tb"}
)
_WRITES: Final = frozenset({"write", "writelines"})
CURRENT_EXCEPTION_NAMES: Final = frozenset(path.rpartition(".")[2] for path in TRACEBACKS)
"""The last names of the functions that give text of the exception being handled without being handed it."""


def attribute(node: ast.Attribute, base: Value) -> Value | None:
    """An attribute of a caught exception; ``None`` where ``base`` is something else."""
    if base.has(Mark.EXCEPTION):
        return _part(base, node.attr)
    if base.has(Mark.TEXT):
        return narrowed(base, node.attr)
    return None


def _part(base: Value, name: str) -> Value:
    if name not in TEXT_ATTRIBUTES:
        return (
            Value(tags=frozenset(tag for tag in base.tags if tag.mark is Mark.TEXT))
            if name not in CODE_KEYS
            else UNKNOWN
        )
    made = {Tag(Mark.TEXT, tag.module, tag.node, name) for tag in base.tagged(Mark.EXCEPTION)}
    return Value(tags=frozenset(made) | frozenset(base.tagged(Mark.TEXT)))


def narrowed(base: Value, key: str) -> Value:
    """An entry of a part of an exception, such as ``e.json_body["error"]``."""
    if key in CODE_KEYS:
        return UNKNOWN
    return Value(
        tags=frozenset(
            Tag(tag.mark, tag.module, tag.node, f"{tag.detail}.{key}" if tag.detail != "str" else tag.detail)
            for tag in base.tagged(Mark.TEXT)
        )
    )


def as_text(value: Value) -> Value:
    """The value written as text: an exception becomes its message."""
    if not value.has(Mark.EXCEPTION):
        return value
    made = {Tag(Mark.TEXT, tag.module, tag.node, "str") for tag in value.tagged(Mark.EXCEPTION)}
    kept = {tag for tag in value.tags if tag.mark is not Mark.EXCEPTION}
    return value._replace(tags=frozenset(made | kept), truth=None, constant=None)


def get_attribute(call: Call) -> Value | None:
    """``getattr(error, "user_message", default)``."""
    holder, name = call.positional[0], call.positional[1].constant
    if name is None or not isinstance(name.value, str):
        return None
    default = call.positional[2] if len(call.positional) > 2 else UNKNOWN
    if holder.has(Mark.EXCEPTION):
        return join(_part(holder, name.value), default)
    if holder.has(Mark.TEXT):
        return join(narrowed(holder, name.value), default)
    return None


def called(evaluation: Evaluation, call: Call) -> Value | None:
    """A call that makes text from an exception, or sends text to a client."""
    path = call.path
    if path in TRACEBACKS:
        handler = _handler_around(evaluation, call.node)
        return handler if handler is not None else UNKNOWN
    if path is not None and _answers(path):
        return _sent(evaluation, call)
    told = evaluation.module.project.conventions.response_functions
    if conventions.is_one_of(told, call.node.func, call.reference):
        return _sent(evaluation, call)
    if isinstance(call.reference, ClassReference):
        bases = definitions.external_bases(call.reference)
        if any(_answers(base) for base in bases):
            return _sent(evaluation, call)
    framework = request_reads.view_framework(call.receiver.reference)
    if framework is not None and call.name in framework.response_methods | framework.template_methods:
        failure = evaluation.history.failure
        if failure is not None and (call.name in framework.refusing_methods or refusal_status(call) is not None):
            evaluation.remember(failure=failure._replace(noticed=True))
        return _sent(evaluation, call)
    if _is_written_to_client(evaluation, call):
        return _sent(evaluation, call)
    if isinstance(call.node.func, ast.Attribute):
        framework = handlers.answering_object(evaluation.module, call.node.func.value)
        if framework is not None and call.name in framework.response_methods:
            return _sent(evaluation, call, aborts=call.name in framework.abort_methods)
    if call.name in logging_calls.RECORDERS and not call.receiver.tags and call.reference is None:
        return UNKNOWN
    return None


def _is_written_to_client(evaluation: Evaluation, call: Call) -> bool:
    """Whether a call writes to a stream of a view that is the body of its answer: ``self.wfile.write(…)``."""
    stream = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    if call.name not in _WRITES or not isinstance(stream, ast.Attribute):
        return False
    framework = request_reads.view_framework(names.resolve(evaluation.module, stream.value))
    return framework is not None and stream.attr in framework.response_streams


def _answers(path: str) -> bool:
    if is_textless_exception(path):
        return False
    return is_response_call(path) or is_response_exception(path) or is_message_call(path) or is_template_call(path)


def stored(evaluation: Evaluation, target: ast.Attribute, value: Value) -> None:
    """Exception text is set on the response object that the framework hands to the handler."""
    found = deep_tagged(value, Mark.TEXT, Mark.EXCEPTION)
    if not found:
        return
    framework = handlers.answering_object(evaluation.module, target.value)
    if framework is not None and target.attr in framework.response_attributes:
        place = evaluation.place(evaluation.module.statement_of(target))
        for tag in found:
            evaluation.facts.responses.add(ResponseFact(place, Value(tags=frozenset({tag})), returned=False))


def _handler_around(evaluation: Evaluation, node: ast.AST) -> Value | None:
    for around in evaluation.module.ancestors(node):
        if isinstance(around, ast.ExceptHandler):
            return Value(tags=frozenset({Tag(Mark.TEXT, evaluation.module, around, "traceback")}))
        if isinstance(around, FunctionNode):
            return None
    return None


def _sent(evaluation: Evaluation, call: Call, *, aborts: bool = False) -> Value:
    found = [tag for value in call.values for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION)]
    raised_later = is_response_exception(call.path) and not is_response_call(call.path)
    if raised_later and not isinstance(evaluation.module.parents.get(call.node), ast.Raise):
        return Value(tags=frozenset(found), reference=names.call_result(call.reference))
    place = evaluation.place(evaluation.module.statement_of(call.node))
    for tag in found:
        at = body_uses.lifted(evaluation.frame, place, tag)
        if at is not place:
            at = at._replace(node=at.module.statement_of(at.node))
        evaluation.facts.responses.add(ResponseFact(at, Value(tags=frozenset({tag})), returned=False))
    if aborts or is_abort_call(call.path):
        raise Diverged(Raised(frozenset({"HTTPException"})))
    reference = names.call_result(call.reference) if isinstance(call.reference, External | ClassReference) else None
    status = refusal_status(call)
    if status is not None:
        return Value(tags=frozenset({Tag(Mark.ANSWER, evaluation.module, call.node, status)}), reference=reference)
    return Value(reference=reference)


def raised(evaluation: Evaluation, node: ast.expr, value: Value, reference: ExternalInstance) -> None:
    """A response that was made before is raised now."""
    if is_response_exception(reference.path) and not is_textless_exception(reference.path):
        for tag in deep_tagged(value, Mark.TEXT):
            place = evaluation.place(evaluation.module.statement_of(node))
            evaluation.facts.responses.add(ResponseFact(place, Value(tags=frozenset({tag})), returned=False))


def refusal_status(call: Call) -> str | None:
    """The 4xx or 5xx status that a call gives to a response, if it does."""
    if http_statuses.is_refusing_name(call.name):
        return call.name
    for value in call.values:
        found = refusing(value)
        if found is not None:
            return found
    return None


def refusing(value: Value) -> str | None:
    """The 4xx or 5xx status in a value: a number, a status line, an entry of a dict, a part of a tuple."""
    if value.constant is not None:
        status = http_statuses.stated_status(value.constant.value)
        if status is not None and status >= http_statuses.FIRST_OF_CLIENT:
            return str(status)
    if value.has(Mark.ANSWER):
        return value.detail(Mark.ANSWER)
    reference = value.reference
    if isinstance(reference, External):
        status = http_statuses.named_status(reference.path)
        if status is not None and status >= http_statuses.FIRST_OF_CLIENT:
            return str(status)
    for _, item in value.fields or ():
        inner = refusing(item)
        if inner is not None:
            return inner
    return None
