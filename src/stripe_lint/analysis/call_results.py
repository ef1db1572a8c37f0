"""What a call evaluates to: what it means to Stripe and to the frameworks, else what Python does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    bindings,
    blocks,
    body_uses,
    calls,
    coroutines,
    error_text,
    functions,
    inlining,
    keys,
    names,
    request_values,
    syntax,
    verification,
    verifiers,
)
from stripe_lint.analysis.frameworks import is_abort_call, is_generated_message
from stripe_lint.analysis.references import (
    ClassReference,
    External,
    FunctionReference,
    ObjectReference,
)
from stripe_lint.analysis.state import Diverged, Raised
from stripe_lint.analysis.values import (
    KEPT_BY_ELEMENTS,
    NO_TAGS,
    NONE,
    UNKNOWN,
    Mark,
    Value,
    all_tags,
    deep_tagged,
    entries,
    key_text,
    merged_dicts,
    only,
    text_of_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.evaluation import Evaluation

# made once: a union costs more to make than to ask for
_CALLABLE: Final = FunctionReference | ObjectReference
_CONTAINERS: Final = frozenset({"builtins.list", "builtins.tuple", "builtins.set", "builtins.sorted"})
_NUMBERS: Final = frozenset({"builtins.int", "builtins.float", "builtins.round", "builtins.abs", "builtins.hex"})
_PLAIN_TEXT: Final = frozenset({"uuid.UUID", "builtins.str", "builtins.repr", "builtins.format", "builtins.ascii"})
_TEXT_METHODS: Final = frozenset(
    {"format", "strip", "lower", "upper", "replace", "split", "join", "title", "capitalize", "lstrip", "rstrip"}
    | {"encode", "decode", "hex", "hexdigest", "splitlines", "partition", "rpartition", "isoformat", "with_traceback"}
)
_TEXT_FUNCTIONS: Final = frozenset(
    {"escape", "gettext", "gettext_lazy", "ugettext", "_", "lazy_gettext", "shorten", "mark_safe", "force_str"}
    | {"dumps", "smart_str", "quote", "quote_plus", "jsonable_encoder", "OrderedDict", "format_html"}
    | {"conditional_escape"}
)
_DIGESTS: Final = ("hashlib.", "uuid.uuid5", "uuid.uuid3", "zlib.crc32", "base64.")
_ADDING_METHODS: Final = frozenset({"append", "extend", "add", "insert", "update", "setdefault"})
_READING_METHODS: Final = frozenset({"get", "pop", "setdefault"})

_MEANINGS: Final[tuple[Callable[[Evaluation, Call], Value | None], ...]] = (
    verification.called,
    request_values.called,
    error_text.called,
    keys.called,
)
"""Who is asked, in turn, whether a call means something to it."""


def evaluate_call(evaluation: Evaluation, node: ast.Call) -> Value:
    """The value of a call, whose arguments are evaluated first."""
    chosen = evaluation.choices.get(node)
    call = calls.prepared(evaluation, node)
    message = request_values.received(call.receiver) if call.receiver.tags else None
    if message is not None:
        return message
    call = calls.hopped(evaluation, call)
    if chosen is not None:
        if chosen.raised is not None and chosen.raised.verification is not None:
            evaluation.met_verification = True
        evaluation.history = chosen.history
        if chosen.raised is not None:
            raise Diverged(chosen.raised)
        return chosen.value if chosen.value is not None else NONE
    for meaning in _MEANINGS:
        value = meaning(evaluation, call)
        if value is not None:
            return value
    return _plain_call(evaluation, call)


def _plain_call(evaluation: Evaluation, call: Call) -> Value:
    path = call.path
    if path is not None:
        if is_abort_call(path):
            raise Diverged(Raised(frozenset({"HTTPException"})))
        text = _text_call(evaluation, call, path)
        if text is not None:
            return text
    if path in calls.ADAPTER_PATHS and call.positional:
        return call.positional[0]
    if inlining.started_task(evaluation, call):
        return UNKNOWN
    call = inlining.located(evaluation, call)
    _note_refusal(evaluation, call)
    if isinstance(call.reference, FunctionReference) and coroutines.never_runs(
        evaluation.module, call.node, call.reference
    ):
        if verifiers.mentions_verification(call.reference.module, call.reference.node):
            evaluation.facts.never_run.add(evaluation.place(call.node))
        return Value(truth=True)
    if isinstance(call.reference, _CALLABLE):
        inlined = inlining.inlined(evaluation, call)
        if inlined is not None:
            return inlined
        if isinstance(call.reference, FunctionReference):
            inlining.expose_mutated(evaluation, call, call.reference)
            if blocks.never_returns(call.reference):
                raise Diverged(Raised(frozenset({"HTTPException"})))
    if isinstance(call.reference, ClassReference):
        return _constructed(evaluation, call, call.reference)
    _collect_text(evaluation, call)
    method = _dict_method(evaluation, call)
    if method is not None:
        return method
    if call.receiver.has(Mark.TEXT) and call.name in _READING_METHODS and call.positional:
        key = key_text(call.positional[0])
        return error_text.narrowed(call.receiver, key) if key is not None else only(call.receiver, Mark.TEXT)
    if call.name == "get_context_data":
        return only(entries(dict(call.keywords), complete=False), Mark.TEXT, Mark.EXCEPTION)
    if call.name in _TEXT_METHODS and (call.receiver.tags or call.receiver.constant is not None):
        return text_of_parts([call.receiver, *(error_text.as_text(value) for value in call.values)])
    if call.reference is None or isinstance(call.reference, External):
        handed = verification.handed_over(evaluation, call)
        if handed is not None:
            return handed
    if _carries_arguments(call):
        carried = frozenset(tag for value in call.values for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION))
        return Value(tags=carried, reference=names.call_result(call.reference))
    if call.receiver.has(Mark.FRESH):
        return only(call.receiver, Mark.FRESH)
    if path is not None and path.startswith(_DIGESTS):
        digested = [value for value in call.values if not _is_namespace(value)]
        return text_of_parts([value for value in digested if value.constant is None or value.tags] or digested)
    inlining.expose_arguments(evaluation, call)
    if isinstance(call.node.func, ast.Attribute) and functions.is_super(call.node.func.value):
        evaluation.facts.handed_on.add(evaluation.history)
    looked_up = body_uses.passed(evaluation, call)
    if looked_up is not None:
        return looked_up
    return Value(reference=names.call_result(call.reference)) if call.reference is not None else UNKNOWN


def _is_namespace(value: Value) -> bool:
    """Whether a value is one of the namespaces for names that ``uuid`` has ready."""
    return isinstance(value.reference, External) and value.reference.path.startswith("uuid.NAMESPACE_")


def _carries_arguments(call: Call) -> bool:
    """Whether what is made holds what it is made with: an exception of some package, or a message to be sent."""
    if call.path is not None and call.path.endswith(("Error", "Exception")):
        return True
    return is_generated_message(call.path or functions.dotted_name(call.node.func))


def _text_call(evaluation: Evaluation, call: Call, path: str) -> Value | None:
    if path in _PLAIN_TEXT and call.positional:
        first = call.positional[0]
        altered = request_values.stringified(evaluation, call, first)
        if altered is not None:
            return altered
        return error_text.as_text(text_of_parts([first])) if first.constant is None else text_of_parts([first])
    if path in _NUMBERS and call.positional:
        return only(call.positional[0], Mark.FRESH)
    if path in _CONTAINERS and call.positional:
        return only(call.positional[0], *KEPT_BY_ELEMENTS)
    if path == "builtins.dict":
        base = [value for value in call.positional if value.fields is not None]
        made = merged_dicts([*base, entries(dict(call.keywords), complete=not call.open)])
        return made if len(base) == len(call.positional) else made._replace(complete=False)
    if path == "builtins.getattr" and len(call.positional) >= 2:
        return error_text.get_attribute(call)
    if path.rpartition(".")[2] in _TEXT_FUNCTIONS:
        return text_of_parts([error_text.as_text(value) for value in call.values])
    return None


def _collect_text(evaluation: Evaluation, call: Call) -> None:
    """A list or dict of which nothing is known gets exception text put into it."""
    if call.name not in _ADDING_METHODS or call.receiver.fields is not None:
        return
    found = frozenset(tag for value in call.values for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION))
    if not found or not isinstance(call.node.func, ast.Attribute):
        return
    target = call.node.func.value
    name = functions.dotted_name(target)
    if name is not None:
        held = evaluation.names.get(name, UNKNOWN)
        named = dict(call.keywords) if call.name == "update" else {}
        for key, value in named.items():
            held = held.with_field(key, value)
        loose = found if not named else NO_TAGS
        evaluation.names[name] = held._replace(tags=held.tags | loose)
    elif isinstance(target, ast.Subscript):
        bindings.bind_entry(evaluation, target, Value(tags=found))


def _dict_method(evaluation: Evaluation, call: Call) -> Value | None:
    holder = call.receiver
    if holder.fields is None:
        return None
    if call.name == "get" and call.positional:
        body_uses.dispatched(evaluation, call.node, holder, call.positional[0])
    key = key_text(call.positional[0]) if call.positional else None
    if call.name in {"pop", "clear"}:
        _remove(evaluation, call, key)
    if call.name in _READING_METHODS and key is not None:
        known = holder.field(key)
        if known is not None:
            return known
        default = call.positional[1] if len(call.positional) > 1 else NONE
        if call.name == "setdefault" and isinstance(call.node.func, ast.Attribute):
            names_of_holder = functions.attribute_chain(call.node.func.value)
            if names_of_holder is not None:
                evaluation.names[".".join(names_of_holder)] = holder.with_field(key, default)
        return default if holder.complete else UNKNOWN
    if call.name == "copy":
        return holder
    target = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    name = functions.dotted_name(target) if target is not None else None
    if call.name == "update" and name is not None:
        base = [value for value in call.positional if value.fields is not None]
        added = merged_dicts([holder, *base, entries(dict(call.keywords), complete=not call.open)])
        if len(base) != len(call.positional):
            added = added._replace(complete=False)
        loose = frozenset(tag for value in call.positional for tag in all_tags(value) if tag.mark is Mark.TEXT)
        evaluation.names[name] = added._replace(tags=holder.tags | loose)
        return NONE
    if call.name == "append" and name is not None and call.positional:
        found = all_tags(call.positional[0])
        evaluation.names[name] = holder._replace(tags=holder.tags | found, complete=False)
        return NONE
    return None


def _remove(evaluation: Evaluation, call: Call, key: str | None) -> None:
    """Entries go out of a dict: the one named ``key``, or all of them."""
    target = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    chain = functions.attribute_chain(target) if target is not None else None
    if chain is None:
        return
    kept = [] if call.name == "clear" else [item for item in call.receiver.fields or () if item[0] != key]
    evaluation.names[".".join(chain)] = call.receiver._replace(fields=tuple(kept), truth=None)


def _constructed(evaluation: Evaluation, call: Call, reference: ClassReference) -> Value:
    kept = _kept_by_object(call, reference)
    if kept is not None:
        return kept
    body_uses.passed(evaluation, call)
    carried = {name: only(value, Mark.TEXT, Mark.EXCEPTION) for name, value in call.keywords.items()}
    loose = frozenset(tag for value in call.positional for tag in deep_tagged(value, Mark.TEXT, Mark.EXCEPTION))
    made = names.call_result(reference)
    fields = {name: value for name, value in carried.items() if value.tags}
    initialiser = names.find_method(reference, "__init__")
    if initialiser is not None and (loose or fields):
        loose |= frozenset(tag for value in fields.values() for tag in value.tags)
    return Value(
        tags=loose,
        fields=tuple(sorted(fields.items(), key=lambda item: item[0])) if fields else None,
        reference=made,
    )


def _kept_by_object(call: Call, reference: ClassReference) -> Value | None:
    """A new object whose ``__init__`` keeps parts of a request as attributes."""
    if not any(deep_tagged(value, *inlining.FOLLOWED) for value in call.values):
        return None
    initialiser = names.find_method(reference, "__init__")
    if initialiser is None:
        return None
    owner = FunctionReference(*initialiser, ObjectReference(reference.module, reference.node))
    bound = calls.bound_arguments(call, owner)
    first = functions.first_parameter(initialiser[1])
    if first is None:
        return None
    fields = {
        target.attr: bound[node.value.id]
        for node in syntax.own_nodes(initialiser[1])
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in bound
        for target in node.targets
        if isinstance(target, ast.Attribute) and functions.attribute_chain(target.value) == [first.arg]
    }
    if not fields:
        return None
    return entries(fields, complete=False)._replace(reference=names.call_result(reference))


def _note_refusal(evaluation: Evaluation, call: Call) -> None:
    """A path on which verification failed answers with an error."""
    failure = evaluation.history.failure
    if failure is None or failure.noticed or isinstance(call.reference, ClassReference):
        return
    if isinstance(call.reference, FunctionReference):
        from stripe_lint.analysis import answers

        stated = error_text.refusal_status(call) is not None and answers.writes_status(call.reference)
        if not stated and not answers.writes_refusal(call.reference):
            return
        evaluation.remember(failure=failure._replace(noticed=True))
    elif error_text.refusal_status(call) is not None:
        evaluation.remember(failure=failure._replace(noticed=True))
