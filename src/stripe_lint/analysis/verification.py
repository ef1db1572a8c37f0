"""What verifies a webhook: the SDK's functions, a hand-made comparison, fetching the event again, unseen code."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import body_uses, conventions, exceptions, runners, webhook_functions
from stripe_lint.analysis.facts import PayloadFact
from stripe_lint.analysis.references import External, StripeService
from stripe_lint.analysis.state import Outcome, Raised
from stripe_lint.analysis.values import UNKNOWN, Mark, Tag, Value, deep_tagged, tagged

if TYPE_CHECKING:
    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.evaluation import Evaluation
    from stripe_lint.analysis.references import Reference

_SDK_PATHS: Final = frozenset(
    {
        "stripe.Webhook.construct_event",
        "stripe.WebhookSignature.verify_header",
        "stripe.Webhook.verify_header",
        "stripe.StripeClient.construct_event",
    }
)
_REFETCHES: Final = frozenset({"stripe.Event.retrieve", "stripe.Event.retrieve_async"})
_REFETCH_SERVICE: Final = r"(v1\.|v2\.core\.)?events\.retrieve(_async)?$"
DIGESTS: Final = frozenset({"hmac.new", "hmac.digest", "hmac.HMAC"})
COMPARISONS: Final = frozenset({"compare_digest", "constant_time_compare", "consteq", "safe_str_cmp", "secure_compare"})
_VERIFIER_NAME: Final = r"(?i:(verif|validat|check|authenticat|construct|require|ensure|signed))"
_VERIFIED_THING: Final = r"(?i:(signature|webhook|stripe.*event|stripe.*header|hmac))"

SIGNATURE_FAILURE: Final = frozenset({exceptions.SIGNATURE_ERROR})
PAYLOAD_FAILURE: Final = frozenset({"ValueError"})


@cache
def names_a_verifier(name: str) -> bool:
    """Whether a function that can't be seen says by its name that it verifies Stripe's signature."""
    if not re.search(_VERIFIER_NAME, name) or not re.search(_VERIFIED_THING, name):
        return False
    lowered = name.lower()
    return "stripe" in lowered or "signature" in lowered or "webhook" in lowered


def is_sdk_verification(call: Call) -> bool:
    """Whether a call is one of the SDK's own verifications."""
    return is_sdk_function(call.reference, call.name)


def is_sdk_function(reference: Reference | None, name: str) -> bool:
    """Whether a function or method called ``name`` is one of the SDK's own verifications."""
    if isinstance(reference, External):
        path = reference.path
        if path in _SDK_PATHS:
            return True
        if webhook_functions.is_handling(path, webhook_functions.VERIFYING_HANDLERS):
            return True
        return name in webhook_functions.VERIFYING and (path.startswith("stripe.") or not path.startswith("builtins."))
    return name in webhook_functions.VERIFYING and (reference is None or isinstance(reference, StripeService))


def is_class_function(reference: Reference | None) -> bool:
    """Whether a verification is a function of the SDK's classes, not a method of a ``StripeClient``."""
    return isinstance(reference, External) and reference.path in _SDK_PATHS - {"stripe.StripeClient.construct_event"}


def called(evaluation: Evaluation, call: Call) -> Value | None:
    """A call that verifies, or takes part in verifying; ``None`` for every other call."""
    if is_sdk_verification(call):
        return _verified_by_sdk(evaluation, call)
    path = call.path
    if path in _REFETCHES or (
        isinstance(call.reference, StripeService) and re.match(_REFETCH_SERVICE, call.reference.path)
    ):
        return _refetched(evaluation, call)
    if path in DIGESTS:
        return _digest(evaluation, call)
    if call.name in COMPARISONS and (call.reference is None or isinstance(call.reference, External)):
        if any(value.has(Mark.DIGEST) for value in call.values):
            return _verdict(evaluation, call.node, "equal")
        return UNKNOWN
    told = evaluation.module.project.conventions.verifiers
    if _is_unseen_verifier(call) or conventions.is_one_of(told, call.node.func, call.reference):
        _succeeded(evaluation, call.node, call)
        return tagged(Mark.EVENT, evaluation.module, call.node)
    return None


def handed_over(evaluation: Evaluation, call: Call) -> Value | None:
    """A call that can't be seen and gets the body with its signature: it verifies, or hands both on to what does."""
    if body_uses.is_harmless(call):
        return None
    values = [tag for value in call.values for tag in deep_tagged(value, Mark.RAW, Mark.SIGNATURE, Mark.HEADERS)]
    marks = {tag.mark for tag in values}
    if Mark.RAW not in marks or not marks & {Mark.SIGNATURE, Mark.HEADERS}:
        return None
    if call.name in _FORWARDING or Mark.SIGNATURE not in marks:
        evaluation.facts.evidence.add("forwarded")
        return None
    _succeeded(evaluation, call.node, call)
    return tagged(Mark.EVENT, evaluation.module, call.node)


def _is_unseen_verifier(call: Call) -> bool:
    if call.reference is not None and not isinstance(call.reference, External):
        return False
    if isinstance(call.reference, External):
        path = call.reference.path
        if path.startswith(("builtins.", "stripe.")):
            return False
    return names_a_verifier(call.name) and not body_uses.is_harmless(call)


_FORWARDING: Final = runners.QUEUES | {
    *("post", "put", "request", "send_message", "publish", "create", "save", "add", "insert", "insert_one")
}


def _verified_by_sdk(evaluation: Evaluation, call: Call) -> Value:
    made_up = call.argument(0, "payload", "raw", "body")
    if made_up is not None and made_up.constant is not None:
        # a self-test of a body that the program wrote: no request is verified
        return tagged(Mark.EVENT, evaluation.module, call.node)
    evaluation.met_verification = True
    place = evaluation.place(call.node)
    facts = evaluation.facts
    facts.verifications.add(place)
    facts.evidence.add("verification")
    payload = call.argument(0, "payload", "raw", "body")
    if payload is not None:
        facts.payloads.add(PayloadFact(place, payload, call.expression(0, "payload", "raw", "body")))
        for tag in payload.tagged(Mark.ALTERED, Mark.PARSED):
            facts.sites[place, tag] = body_uses.lifted(evaluation.frame, place, tag)
    _settle_parses(evaluation, payload or UNKNOWN)
    return evaluation.fork(call, outcomes(evaluation, call))


def _settle_parses(evaluation: Evaluation, payload: Value) -> None:
    own = {(tag.module, tag.node) for tag in payload.tagged(Mark.PARSED)}
    for place in evaluation.history.parsed:
        if (place.module, place.node) not in own:
            evaluation.facts.parsed_early.add(place)
    evaluation.facts.preceding.update(evaluation.history.early)


def outcomes(evaluation: Evaluation, call: Call) -> list[Outcome]:
    """A verification gives the event, or says that the signature or the payload is wrong."""
    place = evaluation.place(call.node)
    history = evaluation.history._replace(early=frozenset())
    event = Value(truth=True) if call.name == "verify_header" else tagged(Mark.EVENT, evaluation.module, call.node)
    good = history._replace(verified=True, failure=None, parsed=frozenset(), early=frozenset())
    found = [
        Outcome(event, None, good),
        Outcome(None, Raised(SIGNATURE_FAILURE, verification=place), history),
    ]
    if call.name != "verify_header":
        found.append(Outcome(None, Raised(PAYLOAD_FAILURE, verification=place), history))
    return found


def _refetched(evaluation: Evaluation, call: Call) -> Value:
    evaluation.facts.evidence.add("event fetched")
    fetched = call.argument(0, "id") or UNKNOWN
    if fetched.has(Mark.PARSED):
        evaluation.facts.evidence.add("delivered event fetched")
    ids = {tag for tag in fetched.tagged(Mark.PARSED) if body_uses.is_entry_of_body(tag)}
    evaluation.remember(confirmed=evaluation.history.confirmed | ids)
    return tagged(Mark.EVENT, evaluation.module, call.node)


def _digest(evaluation: Evaluation, call: Call) -> Value:
    if any(value.has(Mark.RAW) or value.has(Mark.ALTERED) for value in call.values):
        return tagged(Mark.DIGEST, evaluation.module, call.node)
    return UNKNOWN


def _verdict(evaluation: Evaluation, node: ast.AST, detail: str) -> Value:
    evaluation.facts.verifications.add(evaluation.place(node))
    _settle_parses(evaluation, UNKNOWN)
    return tagged(Mark.VERDICT, evaluation.module, node, detail)


def _succeeded(evaluation: Evaluation, node: ast.AST, call: Call) -> None:
    evaluation.facts.verifications.add(evaluation.place(node))
    payload = next((value for value in call.values if value.has(Mark.PARSED)), UNKNOWN)
    _settle_parses(evaluation, payload)
    evaluation.remember(verified=True, failure=None, parsed=frozenset(), early=frozenset())


def compared(evaluation: Evaluation, node: ast.Compare, left: Value, right: Value) -> Value | None:
    """A digest compared with ``==``, ``!=`` or ``in``, or the outcome of that compared with ``True`` or ``False``."""
    for verdict, other in ((left, right), (right, left)):
        if verdict.has(Mark.VERDICT) and other.constant is not None:
            return _verdict_compared(node.ops[0], verdict, other)
    if not (left.has(Mark.DIGEST) or right.has(Mark.DIGEST)):
        return None
    operator = node.ops[0]
    if isinstance(operator, ast.Eq | ast.In):
        return _verdict(evaluation, node, "equal")
    if isinstance(operator, ast.NotEq | ast.NotIn):
        return _verdict(evaluation, node, "unequal")
    return None


def _verdict_compared(operator: ast.cmpop, verdict: Value, other: Value) -> Value | None:
    truth = other.constant.value if other.constant is not None else None
    if not isinstance(truth, bool) or not isinstance(operator, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
        return None
    same = isinstance(operator, ast.Is | ast.Eq) is truth
    return verdict if same else inverted(verdict)


def inverted(value: Value) -> Value:
    """``not verdict``."""
    flipped = {"equal": "unequal", "unequal": "equal"}
    return Value(
        tags=frozenset(
            Tag(tag.mark, tag.module, tag.node, flipped.get(tag.detail, tag.detail))
            for tag in value.tagged(Mark.VERDICT)
        )
    )


def decided(evaluation: Evaluation, value: Value, truth: bool) -> None:
    """A condition that holds a verdict turned out as ``truth``."""
    detail = value.detail(Mark.VERDICT)
    if detail is not None and (detail == "equal") is truth:
        evaluation.remember(verified=True, failure=None, parsed=frozenset(), early=frozenset())
