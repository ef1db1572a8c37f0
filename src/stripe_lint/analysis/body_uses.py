"""Uses of data from the body: what is read, decided and done with it, and where nothing had verified it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, static_values, stripe_calls, syntax
from stripe_lint.analysis.facts import UnverifiedUse, Use
from stripe_lint.analysis.state import Failure, Place
from stripe_lint.analysis.values import NONE, UNKNOWN, Mark, Tag, Value, deep_tagged
from stripe_lint.data import event_types

if TYPE_CHECKING:
    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.dataflow import Frame
    from stripe_lint.analysis.evaluation import Evaluation

MOST_EARLY_USES: Final = 6
"""How many uses before a verification one path remembers."""

_HARMLESS: Final = frozenset(
    {
        "len",
        "isinstance",
        "type",
        "bool",
        "print",
        "pprint",
        "pformat",
        "dumps",
        "hasattr",
        "id",
        "hash",
        "repr",
        "str",
        "debug",
        "info",
    }
    | {"warning", "warn", "error", "exception", "critical", "log", "set_tag", "set_context", "add_breadcrumb", "bind"}
    | {"capture_message", "capture_exception", "set_extra", "keys", "int", "float", "callable", "contextualize"}
)
_LOOKUPS: Final = frozenset(
    {
        "filter",
        "get",
        "filter_by",
        "find",
        "find_one",
        "where",
        "get_object_or_404",
        "exists",
        "exclude",
        "first_or_404",
    }
    | {
        "get_or_none",
        "scalar",
        "scalars",
        "fetchone",
        "fetch_one",
        "select",
        "get_item",
        "aget",
        "first",
        "one_or_none",
    }
)
_LOOKUP_NAME: Final = r"_*(get|find|fetch|load|lookup|look_up|retrieve|select|search|query|resolve)(_|$)(?!or_create)"
_IDENTIFIERS: Final = frozenset({"id", "account", "livemode", "created", "api_version", "request", "pending_webhooks"})


def read(evaluation: Evaluation, node: ast.expr, base: Value, key: str | None) -> Value:
    """Reading the entry ``key`` of parsed data."""
    if base.detail(Mark.PARSED) == FOUND:
        # an attribute of the project's own row says nothing that the sender chose
        return UNKNOWN
    missing(evaluation, base, node)
    if key in {"type", "event_type"}:
        evaluation.facts.evidence.add("type")
    elif key in {"data", "object"}:
        evaluation.facts.evidence.add("data")
    if key != "id":
        used(evaluation, node, base, Use.READ)
    return Value(tags=frozenset(_narrowed(tag, key) for tag in base.tagged(Mark.PARSED)))


def _narrowed(tag: Tag, key: str | None) -> Tag:
    """The tag of the entry ``key``; a dot before it in the detail tells that it is in another entry."""
    if key is None:
        return tag
    return Tag(tag.mark, tag.module, tag.node, f".{key}" if tag.detail else key)


def is_entry_of_body(tag: Tag) -> bool:
    """Whether a tag is of what the body has under one name, not of something inside that."""
    return bool(tag.detail) and not tag.detail.startswith(".")


def entry_name(tag: Tag) -> str:
    """The name under which something was read from the body, or from an entry of it."""
    return tag.detail.removeprefix(".")


def missing(evaluation: Evaluation, value: Value, node: ast.AST | None = None) -> None:
    """Record that the event which a failed verification did not give is used all the same."""
    if not (value.has(Mark.MISSING) or is_none(value)) or evaluation.history.verified:
        return
    failure = evaluation.history.failure
    if failure is not None and (value.has(Mark.MISSING) or failure.left):
        evaluation.facts.failures_ignored.add(Failure(failure.handler, failure.verification))
    elif failure is None and node is not None:
        used_in_finally(evaluation, node)


def used_in_finally(evaluation: Evaluation, node: ast.AST) -> bool:
    """Whether ``node`` runs in a ``finally`` because a verification failed; it is recorded as a failure ignored."""
    raised = evaluation.before.raised
    if raised is None or raised.verification is None:
        return False
    child: ast.AST = node
    for around in evaluation.module.ancestors(node):
        if isinstance(around, ast.Try) and child in around.finalbody:
            evaluation.facts.failures_ignored.add(Failure(Place(evaluation.module, around), raised.verification))
            return True
        child = around
    return False


def used(evaluation: Evaluation, node: ast.AST, value: Value, kind: Use) -> None:
    """Record a use of data from the body where nothing has verified it."""
    history = evaluation.history
    if history.verified or (history.failure is None and used_in_finally(evaluation, node)):
        return
    situation = history.failure, history.through, history.fetched
    for tag in deep_tagged(value, Mark.PARSED):
        if tag in history.confirmed:
            continue
        place = lifted(evaluation.frame, evaluation.place(node), tag)
        evaluation.facts.uses.add(UnverifiedUse(place, plain_tag(tag), kind, *situation))
        if kind is Use.EFFECT and not tag.detail:
            evaluation.facts.evidence.add("handed on whole")
        if kind is not Use.EFFECT and evaluation.interpreter.may_verify and len(history.early) < MOST_EARLY_USES:
            evaluation.remember(early=evaluation.history.early | {place})


def plain_tag(tag: Tag) -> Tag:
    """The tag of the whole body, whatever has been read from it since."""
    return Tag(tag.mark, tag.module, tag.node)


def origin(tag: Tag) -> object:
    """What two tags share that come from the same place, whatever has been read from them since."""
    return tag.module, tag.node


def lifted(frame: Frame, place: Place, tag: Tag) -> Place:
    """``place``, or the call on the way there in the function that did not get the value as an argument."""
    current = frame
    while current.caller is not None and current.call_site is not None and origin(tag) in current.received:
        place = Place(current.caller.module, current.call_site)
        current = current.caller
    return place


def renamed(evaluation: Evaluation, target: ast.Name, value: Value, source: ast.expr | None) -> None:
    """Data from the body gets another name, or takes the place of an event that was never made."""
    if not value.has(Mark.PARSED):
        return
    if isinstance(source, ast.Name):
        used(evaluation, source, value, Use.READ)
    failure = evaluation.history.failure
    if failure is not None and evaluation.names.get(target.id, UNKNOWN).has(Mark.MISSING):
        evaluation.remember(failure=failure._replace(noticed=True, left=True))


def is_harmless(call: Call) -> bool:
    """Whether a call only shows or measures what it is given."""
    return call.name in _HARMLESS


FOUND: Final = "found by it"
"""The detail of a value that was looked up by data from the body."""


def passed(evaluation: Evaluation, call: Call) -> Value | None:
    """A call of something unknown that is handed data from the body; what it finds by it."""
    affected = [value for value in call.values if deep_tagged(value, Mark.PARSED, Mark.MISSING)]
    if not affected or is_harmless(call):
        return None
    method = stripe_calls.method_of(call.reference)
    if method is not None and method.verb == "get":
        evaluation.facts.evidence.add("object fetched")
        evaluation.remember(fetched=True)
        return None
    looks_up = call.name in _LOOKUPS or "secret" in call.name.lower() or re.match(_LOOKUP_NAME, call.name) is not None
    kind = Use.DECISION if looks_up else Use.EFFECT
    for value in affected:
        missing(evaluation, value)
        used(evaluation, call.node, value, kind)
    if not looks_up or evaluation.history.verified:
        return None
    found = {
        Tag(Mark.PARSED, tag.module, tag.node, FOUND)
        for value in affected
        for tag in deep_tagged(value, Mark.PARSED)
        if tag not in evaluation.history.confirmed
    }
    return Value(tags=frozenset(found)) if found else None


def dispatched(evaluation: Evaluation, node: ast.expr, table: Value, key: Value) -> None:
    """A handler of an event is looked up in a dict by what the body says."""
    if table.fields is not None and (key.has(Mark.PARSED) or key.has(Mark.EVENT)):
        evaluation.facts.event_types.update(name for name, _ in table.fields if event_types.is_known(name))
        used(evaluation, node, key, Use.DECISION)


def stored(evaluation: Evaluation, target: ast.expr, value: Value) -> None:
    """Data from the body is stored in an attribute or an entry."""
    if not value.has(Mark.PARSED):
        return
    base = target.value if isinstance(target, ast.Attribute | ast.Subscript) else target
    if isinstance(target, ast.Attribute) and functions.attribute_chain(base) != ["self"]:
        used(evaluation, target, value, Use.EFFECT)


def compared(evaluation: Evaluation, node: ast.expr, value: Value, others: list[ast.expr]) -> None:
    """Data from the body, or an event, is compared with ``others``."""
    if not (value.has(Mark.PARSED) or value.has(Mark.EVENT) or value.has(Mark.MISSING)):
        return
    if any(syntax.is_none(other) for other in others):
        return
    found = {text for other in others for text in _texts(evaluation, other)}
    evaluation.facts.event_types.update(text for text in found if event_types.is_known(text))
    if value.has(Mark.PARSED) and any(entry_name(tag) not in _IDENTIFIERS for tag in value.tagged(Mark.PARSED)):
        used(evaluation, node, value, Use.DECISION)
    if value.has(Mark.MISSING) and found:
        missing(evaluation, value)


def _texts(evaluation: Evaluation, node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for element in node.elts for text in _texts(evaluation, element)]
    if isinstance(node, ast.Dict):
        return [text for key in node.keys if key is not None for text in _texts(evaluation, key)]
    if isinstance(node, ast.Name | ast.Attribute):
        value = evaluation.names.get(node.id) if isinstance(node, ast.Name) else None
        value = value or static_values.of(evaluation.module, node)
        content = [value, *(item for _, item in value.fields or ())]
        return [text for text in map(text_of, content) if text is not None]
    return []


def text_of(value: Value) -> str | None:
    """The text of a literal."""
    content = value.constant.value if value.constant is not None else None
    return content if isinstance(content, str) else None


def is_none(value: Value) -> bool:
    """Whether the value is certainly ``None``."""
    return value.constant == NONE.constant
