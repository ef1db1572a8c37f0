"""What each kind of expression evaluates to, calls aside."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from stripe_lint.analysis import (
    bindings,
    body_uses,
    call_results,
    error_text,
    functions,
    names,
    request_values,
    static_values,
    syntax,
    verification,
)
from stripe_lint.analysis.references import FunctionReference, ObjectReference
from stripe_lint.analysis.state import Fork, Outcome
from stripe_lint.analysis.values import (
    KEPT_BY_ELEMENTS,
    KEPT_BY_TEXT,
    NONE,
    UNKNOWN,
    Mark,
    Tag,
    Value,
    all_tags,
    constant,
    element_of,
    entries,
    join,
    key_text,
    merged_dicts,
    only,
    tagged,
    text_of_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.analysis.evaluation import Evaluation
    from stripe_lint.analysis.references import Reference
    from stripe_lint.analysis.scopes import Comprehension

# made once: a union costs more to make than to ask for
_UNTOLD = complex | type(...)


def _constant(_: Evaluation, node: ast.Constant) -> Value:
    return constant(node.value) if not isinstance(node.value, _UNTOLD) else UNKNOWN


def _name(evaluation: Evaluation, node: ast.Name) -> Value:
    value = evaluation.names.get(node.id)
    if value is None:
        value = evaluation.frame.captured.get(node.id)
    if value is not None:
        return value
    return _static(evaluation, node)


def _static(evaluation: Evaluation, node: ast.expr) -> Value:
    value = static_values.of(evaluation.module, node)
    if value.reference is None:
        return value
    return request_values.of_reference(evaluation, node, value)


def _attribute(evaluation: Evaluation, node: ast.Attribute) -> Value:
    name = functions.dotted_name(node)
    if name is not None:
        known = evaluation.names.get(name)
        if known is not None:
            return known
    base = evaluation.evaluate(node.value)
    special = request_values.attribute(evaluation, node, base)
    if special is None:
        special = error_text.attribute(node, base)
    if special is not None:
        return special
    if base.fields is not None:
        entry = base.field(node.attr)
        if entry is not None:
            return entry
    if base.reference is not None:
        computed = _property(evaluation, node, base.reference)
        if computed is not None:
            return computed
        known_value = _static(evaluation, node)
        if known_value.tags or known_value.constant is not None or known_value.fields is not None:
            return known_value
        reference = names.attribute(base.reference, node.attr)
        if reference is not None:
            return request_values.of_reference(evaluation, node, Value(reference=reference))
    static = _static(evaluation, node)
    if base.has(Mark.FRESH):
        return static._replace(tags=static.tags | frozenset(base.tagged(Mark.FRESH)))
    return static


def _property(evaluation: Evaluation, node: ast.Attribute, owner: Reference) -> Value | None:
    """The value of a property of the project, where what it builds matters."""
    if not evaluation.interpreter.follow_everything or not isinstance(owner, ObjectReference):
        return None
    method = names.find_method(owner, node.attr)
    if method is None or not functions.is_property(method[1]):
        return None
    first = functions.first_parameter(method[1])
    bound = {first.arg: Value(reference=owner)} if first is not None else {}
    reference = FunctionReference(*method, owner)
    outcomes = evaluation.interpreter.summary(reference, bound, evaluation.history, {}, evaluation.frame, node)
    values = [outcome.value for outcome in outcomes or () if outcome.value is not None]
    if not values:
        return None
    answer = values[0]
    for value in values[1:]:
        answer = join(answer, value)
    return answer


def _subscript(evaluation: Evaluation, node: ast.Subscript) -> Value:
    base = evaluation.evaluate(node.value)
    index = evaluation.evaluate(node.slice)
    key = key_text(index)
    special = request_values.entry(evaluation, node, base, key)
    if special is not None:
        return special
    body_uses.dispatched(evaluation, node, base, index)
    if base.fields is not None and key is not None:
        known = base.field(key)
        if known is not None:
            return known
        if base.complete or not base.tags:
            return UNKNOWN
    if base.has(Mark.TEXT) or base.has(Mark.EXCEPTION):
        return error_text.narrowed(base, key) if key is not None else only(base, Mark.TEXT)
    return static_values.setting_entry(evaluation.module, node) or only(base, Mark.FRESH)


def _inner(evaluation: Evaluation, node: ast.Await | ast.Starred) -> Value:
    return evaluation.evaluate(node.value)


def _walrus(evaluation: Evaluation, node: ast.NamedExpr) -> Value:
    value = evaluation.evaluate(node.value)
    bindings.bind(evaluation, node.target, value, node.value)
    return value


def _joined(evaluation: Evaluation, node: ast.JoinedStr) -> Value:
    return text_of_parts([evaluation.evaluate(part) for part in node.values])


def _formatted(evaluation: Evaluation, node: ast.FormattedValue) -> Value:
    value = evaluation.evaluate(node.value)
    if value.detail(Mark.RAW) == "bytes":
        return tagged(Mark.ALTERED, evaluation.module, node, "bytes in an f-string, which gives \"b'…'\"")
    return error_text.as_text(value)


def _binary(evaluation: Evaluation, node: ast.BinOp) -> Value:
    left, right = evaluation.evaluate(node.left), evaluation.evaluate(node.right)
    if isinstance(node.op, ast.Add | ast.Mod):
        if isinstance(node.op, ast.Add) and left.fields is not None and right.fields is not None:
            return only(join(left, right), *KEPT_BY_ELEMENTS)
        parts = [error_text.as_text(left), error_text.as_text(right)]
        if isinstance(node.op, ast.Mod) and right.fields is not None:
            parts = [left, *(error_text.as_text(item) for _, item in right.fields)]
        joined = text_of_parts(parts)
        return joined if joined.constant is None or _both_text(left, right) else UNKNOWN
    if isinstance(node.op, ast.BitOr) and left.fields is not None and right.fields is not None:
        return merged_dicts([left, right])
    return UNKNOWN


def _boolean(evaluation: Evaluation, node: ast.BoolOp) -> Value:
    result: Value | None = None
    for operand in node.values:
        value = evaluation.evaluate(operand)
        known = value.known_truth
        if known is isinstance(node.op, ast.Or):
            # what comes before is the result only where it counts the same
            return value if result is None else join(result, value)._replace(truth=known)
        if known is None:
            result = value if result is None else join(result, value)
        elif evaluation.history.failure is not None:
            evaluation.remember(failure=evaluation.history.failure._replace(noticed=True))
        last = value
    return result if result is not None else last


def _negated(evaluation: Evaluation, node: ast.UnaryOp) -> Value:
    value = evaluation.evaluate(node.operand)
    if not isinstance(node.op, ast.Not):
        return UNKNOWN
    if value.has(Mark.VERDICT):
        return verification.inverted(value)
    truth = value.known_truth
    return Value(truth=not truth, tags=frozenset(value.tagged(Mark.MISSING))) if truth is not None else UNKNOWN


def _choice(evaluation: Evaluation, node: ast.IfExp) -> Value:
    test = evaluation.evaluate(node.test)
    chosen = evaluation.choices.get(node)
    truth = chosen.value.truth if chosen is not None and chosen.value is not None else test.known_truth
    if truth is None:
        if not any(
            isinstance(inner, ast.Call) for part in (node.body, node.orelse) for inner in syntax.descendants(part)
        ):
            return join(evaluation.evaluate(node.body), evaluation.evaluate(node.orelse))
        raise Fork(node, [Outcome(Value(truth=truth), None, evaluation.history) for truth in (True, False)])
    evaluation.refine(node.test, test, truth)
    return evaluation.evaluate(node.body if truth else node.orelse)


def _compare(evaluation: Evaluation, node: ast.Compare) -> Value:
    values = [evaluation.evaluate(part) for part in (node.left, *node.comparators)]
    if len(node.ops) == 1:
        left, right = values
        body_uses.compared(evaluation, node.left, left, [node.comparators[0]])
        body_uses.compared(evaluation, node.comparators[0], right, [node.left])
        verdict = verification.compared(evaluation, node, left, right)
        if verdict is not None:
            return verdict
        return _compare_constants(node.ops[0], left, right)
    return UNKNOWN


def _dict(evaluation: Evaluation, node: ast.Dict) -> Value:
    found: dict[str, Value] = {}
    complete = True
    loose: frozenset[Tag] = frozenset()
    for key, item in zip(node.keys, node.values, strict=True):
        value = evaluation.evaluate(item)
        if key is None:
            if value.fields is not None:
                found.update(value.fields)
            complete = complete and value.fields is not None and value.complete
            loose |= value.tags
            continue
        name = key_text(evaluation.evaluate(key))
        if name is None:
            complete = False
            loose |= all_tags(value)
        else:
            found[name] = value
    made = entries(found, complete=complete)
    return made._replace(tags=made.tags | frozenset(t for t in loose if t.mark in KEPT_BY_TEXT)) if loose else made


def _sequence(evaluation: Evaluation, node: ast.Tuple | ast.List | ast.Set) -> Value:
    found: dict[str, Value] = {}
    complete = True
    for position, element in enumerate(node.elts):
        value = evaluation.evaluate(element)
        complete = complete and not isinstance(element, ast.Starred)
        found[str(position)] = value
    return entries(found, complete=complete)


def _comprehension(evaluation: Evaluation, node: Comprehension) -> Value:
    saved = dict(evaluation.names)
    verdicts: list[Value] = []
    for generator in node.generators:
        bindings.bind(evaluation, generator.target, element_of(evaluation.evaluate(generator.iter)), None)
        verdicts.extend(evaluation.evaluate(condition) for condition in generator.ifs)
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    before = evaluation.history
    values = [evaluation.evaluate(part) for part in parts]
    evaluation.names = saved
    if evaluation.history.verified is not before.verified or evaluation.history.failure != before.failure:
        # one element verified, or failed to: what is made of all of them decides
        evaluation.history = before
        return tagged(Mark.VERDICT, evaluation.module, node, "equal")
    for value in (*values, *verdicts):
        if value.has(Mark.VERDICT):
            return only(value, Mark.VERDICT)
    kept = [only(value, Mark.TEXT, Mark.EXCEPTION) for value in values]
    return join(kept[0], kept[-1])


def _lambda(evaluation: Evaluation, node: ast.Lambda) -> Value:
    return Value(reference=FunctionReference(evaluation.module, node))


def _both_text(left: Value, right: Value) -> bool:
    return all(value.constant is not None and isinstance(value.constant.value, str) for value in (left, right))


def _compare_constants(operator: ast.cmpop, left: Value, right: Value) -> Value:
    missing = frozenset(left.tagged(Mark.MISSING) + right.tagged(Mark.MISSING))
    if isinstance(operator, ast.In | ast.NotIn) and right.fields is not None and left.constant is not None:
        held = right.field(str(left.constant.value)) is not None
        if held or right.complete:
            return Value(truth=held is isinstance(operator, ast.In))
    if isinstance(operator, ast.Is | ast.Eq | ast.IsNot | ast.NotEq):
        positive = isinstance(operator, ast.Is | ast.Eq)
        if left.constant is not None and right.constant is not None:
            return Value(truth=(left.constant == right.constant) is positive, tags=missing)
        for one, other in ((left, right), (right, left)):
            is_something = one.truth is True or one.fields is not None or one.reference is not None
            if (
                other.constant == NONE.constant
                and (is_something or one.has(Mark.EVENT) or one.has(Mark.ANSWER))
                and not one.has(Mark.MISSING)
            ):
                return Value(truth=not positive)
    return Value(tags=missing) if missing else UNKNOWN


ACTIONS: Final[dict[type[ast.expr], Callable[[Evaluation, Any], Value]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Await: _inner,
    ast.NamedExpr: _walrus,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _negated,
    ast.IfExp: _choice,
    ast.Compare: _compare,
    ast.Dict: _dict,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _sequence,
    ast.Starred: _inner,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Lambda: _lambda,
    ast.Call: call_results.evaluate_call,
}
"""What evaluates each kind of expression; each function takes nodes of the kind it stands under."""
