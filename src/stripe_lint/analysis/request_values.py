"""What a request's parts are: the raw body, the parsed body, headers; and what an event is built from."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import coroutines, request_reads, webhook_functions
from stripe_lint.analysis.body_uses import FOUND, compared, is_none, missing, plain_tag, read, text_of, used
from stripe_lint.analysis.facts import Use
from stripe_lint.analysis.frameworks import (
    all_names,
    by_name,
    frameworks_of,
    generic,
    is_header_function,
    is_json_function,
    is_parsed_global,
    request_global,
    request_names,
    request_type,
)
from stripe_lint.analysis.references import (
    External,
    ExternalInstance,
    StripeService,
)
from stripe_lint.analysis.state import Place
from stripe_lint.analysis.values import UNKNOWN, Mark, Tag, Value, entries, tagged
from stripe_lint.sources import concerns_stripe

if TYPE_CHECKING:
    import ast

    from stripe_lint.analysis.calls import Call
    from stripe_lint.analysis.dataflow import Frame
    from stripe_lint.analysis.evaluation import Evaluation
    from stripe_lint.analysis.frameworks.model import Framework

_JSON_READERS: Final = frozenset(
    {
        f"{library}.{name}"
        for library in ("json", "orjson", "ujson", "simplejson", "rapidjson")
        for name in ("loads", "load")
    }
    | {"django.utils.simplejson.loads", "flask.json.loads", "msgspec.json.decode", "pydantic_core.from_json"}
)
_JSON_WRITERS: Final = frozenset(
    {f"{library}.dumps" for library in ("json", "orjson", "ujson", "simplejson", "rapidjson")} | {"flask.json.dumps"}
)
_WRITES: Final = frozenset(
    {"update", "save", "delete", "create", "add", "set", "remove", "asave", "aupdate", "adelete"}
)
_MODEL_READERS: Final = frozenset({"model_validate", "parse_obj", "from_dict", "validate_python", "load", "convert"})
_MODEL_TEXT_READERS: Final = frozenset({"model_validate_json", "parse_raw", "validate_json", "from_json", "decode"})
_READERS: Final = _MODEL_READERS | _MODEL_TEXT_READERS
_MODEL_WRITERS: Final = frozenset({"model_dump_json", "json", "to_json"})
_SAME_BODY: Final = frozenset(
    {"builtins.bytes", "builtins.bytearray", "builtins.memoryview", "io.BytesIO", "copy.copy"}
)
_UTF8: Final = frozenset({"utf-8", "ascii"})

_DECIDING: Final = frozenset(
    {f"builtins.{name}" for name in ("any", "all", "bool", "next", "list", "tuple", "set", "len")}
)
"""Functions that tell of several comparisons what they say, taken together."""


def framework_of(value: Value) -> Framework | None:
    """The framework whose request a value is."""
    detail = value.detail(Mark.REQUEST)
    if detail is None:
        return None
    return generic() if detail == "generic" else by_name(detail)


def of_reference(evaluation: Evaluation, node: ast.expr, value: Value) -> Value:
    """The same value, marked as the request, or as its decoded body, where its reference is one."""
    reference = value.reference
    framework = None
    if isinstance(reference, External):
        if is_parsed_global(reference.path):
            # the framework has decoded it in any case; to read it is not to parse
            return parsed(evaluation, node, remember=False)
        framework = request_global(reference.path)
    elif isinstance(reference, ExternalInstance):
        framework = request_type(reference.path)
    return tagged(Mark.REQUEST, detail=framework.name) if framework is not None else value


def attribute(evaluation: Evaluation, node: ast.Attribute, base: Value) -> Value | None:
    """The attribute of a request, of its parts or of parsed data; ``None`` where ``base`` is something else."""
    name = node.attr
    if base.tags:
        if base.has(Mark.REQUEST):
            return _request_part(evaluation, node, base, name)
        if base.has(Mark.HEADERS):
            return _header(evaluation, name) or base
        if base.has(Mark.PARSED) or base.has(Mark.MISSING):
            return read(evaluation, node, base, name)
        if base.has(Mark.EVENT):
            return _event_part(base, name)
        if base.has(Mark.RAW) or base.has(Mark.ALTERED) or base.has(Mark.STREAM):
            return base
    if is_none(base):
        missing(evaluation, base, node)
    framework = request_reads.view_framework(base.reference)
    if framework is not None and name in framework.request_attributes:
        return tagged(Mark.REQUEST, detail=framework.name)
    if framework is not None and framework.view_is_request and name in request_reads.body_and_headers(framework):
        return _request_part(evaluation, node, tagged(Mark.REQUEST, detail=framework.name), name)
    if isinstance(base.reference, ExternalInstance) and name in all_names("request_attributes"):
        package = base.reference.path.partition(".")[0]
        for entry in frameworks_of(frozenset({package})):
            # without classes of views it is an attribute of the application
            if name in entry.request_attributes and not entry.view_bases:
                return tagged(Mark.REQUEST, detail=entry.name)
    return None


def _event_part(base: Value, name: str) -> Value:
    return Value(tags=frozenset(Tag(Mark.EVENT, tag.module, tag.node, name) for tag in base.tagged(Mark.EVENT)))


def _request_part(evaluation: Evaluation, node: ast.expr, base: Value, name: str) -> Value:
    framework = framework_of(base)
    if framework is None:
        return UNKNOWN
    if name in framework.raw_calls and coroutines.goes_into_verification_only(evaluation.module, node):
        return tagged(Mark.ALTERED, evaluation.module, node, f"the method `{name}`, which is not called")
    if name in framework.raw_attributes:
        decoded = not framework.base64_flag or name in framework.decoded_attributes
        return tagged(Mark.RAW, detail="bytes" if decoded else framework.base64_flag)
    if name in framework.raw_streams:
        return tagged(Mark.STREAM)
    if name in framework.parsed_attributes:
        return parsed(evaluation, node)
    if name in framework.form_attributes:
        return tagged(Mark.ALTERED, evaluation.module, node, "form data")
    if name in framework.foreign_attributes:
        return tagged(Mark.ALTERED, evaluation.module, node, f"`{name}`, which is not the raw body on this framework")
    if name in framework.header_attributes or name in framework.environ_attributes:
        return tagged(Mark.HEADERS)
    if name in framework.request_attributes or name in request_names():
        return base
    return UNKNOWN


def entry(evaluation: Evaluation, node: ast.Subscript, base: Value, key: str | None) -> Value | None:
    """A subscript of a request, its headers or parsed data; ``None`` where ``base`` is something else."""
    if base.has(Mark.HEADERS):
        return (_header(evaluation, key) or UNKNOWN) if key is not None else base
    if base.has(Mark.REQUEST):
        return _keyed_part(evaluation, node, base, key)
    if base.has(Mark.PARSED) or base.has(Mark.MISSING):
        return read(evaluation, node, base, key)
    if is_none(base):
        missing(evaluation, base, node)
    if base.has(Mark.EVENT):
        return _event_part(base, key or "")
    return None


def _keyed_part(evaluation: Evaluation, node: ast.expr, base: Value, key: str | None) -> Value:
    framework = framework_of(base)
    if framework is None or key is None:
        return UNKNOWN
    if framework.environ_request:
        signature = _header(evaluation, key)
        if signature is not None:
            return signature
    return _request_part(evaluation, node, base, key) if framework.keyed else UNKNOWN


def _header(evaluation: Evaluation, name: str) -> Value | None:
    if webhook_functions.names_signature_header(name):
        evaluation.facts.evidence.add("signature header")
        return tagged(Mark.SIGNATURE)
    return None


def parsed(evaluation: Evaluation, node: ast.expr, *, remember: bool = True) -> Value:
    """The body decoded at ``node``."""
    if evaluation.frame.caller is not None and not concerns_stripe(evaluation.module.text):
        evaluation.facts.parsed_by.setdefault((evaluation.module, node), _called_from(evaluation.frame))
    if remember and not evaluation.history.verified:
        place = evaluation.place(node)
        evaluation.remember(parsed=evaluation.history.parsed | {place})
    return tagged(Mark.PARSED, evaluation.module, node)


def _called_from(frame: Frame) -> Place:
    """The innermost call on the way to ``frame`` that stands in a file which speaks of Stripe, else the outermost."""
    place = None
    while frame.caller is not None and frame.call_site is not None:
        place = Place(frame.caller.module, frame.call_site)
        if concerns_stripe(place.module.text):
            break
        frame = frame.caller
    return place if place is not None else Place(frame.module, frame.function or frame.module.tree)


def called(evaluation: Evaluation, call: Call) -> Value | None:
    """A call that reads the request, decodes or encodes its body, or builds an event from it."""
    path = call.path
    if path is not None:
        value = _function_called(evaluation, call, path)
        if value is not None:
            return value
    if call.name in webhook_functions.UNVERIFYING:
        return _event_built(evaluation, call)
    if isinstance(call.reference, StripeService) and call.name == webhook_functions.DESERIALIZING:
        return _event_built(evaluation, call)
    if webhook_functions.is_handling(path, webhook_functions.UNVERIFYING_HANDLERS):
        return _handled_unverified(evaluation, call)
    if call.receiver.tags:
        value = _method_called(evaluation, call, call.receiver)
        if value is not None:
            return value
    if call.name in _READERS and call.positional and call.reference is None:
        return _model_read(evaluation, call)
    return None


def _method_called(evaluation: Evaluation, call: Call, receiver: Value) -> Value | None:
    if receiver.has(Mark.REQUEST):
        return _request_method(evaluation, call, receiver)
    if receiver.has(Mark.STREAM):
        return tagged(Mark.RAW, detail="bytes") if call.name in {"read", "readall", "getvalue"} else UNKNOWN
    if receiver.has(Mark.HEADERS):
        return _headers_method(evaluation, call)
    if receiver.has(Mark.PARSED) or receiver.has(Mark.MISSING):
        return _parsed_method(evaluation, call)
    if receiver.has(Mark.RAW):
        return _raw_method(evaluation, call)
    if receiver.has(Mark.EVENT):
        key = text_of(call.positional[0]) if call.positional else None
        return _event_part(receiver, key or call.name)
    return None


def _function_called(evaluation: Evaluation, call: Call, path: str) -> Value | None:
    first = call.positional[0] if call.positional else UNKNOWN
    if path in _JSON_READERS or is_json_function(path):
        if first.has(Mark.RAW) or first.has(Mark.STREAM) or first.has(Mark.ALTERED):
            return parsed(evaluation, call.node)
        return Value(tags=frozenset(first.tagged(Mark.PARSED, Mark.TEXT)))
    if is_header_function(path):
        key = text_of(first)
        return _header(evaluation, key) if key is not None else None
    if path in _JSON_WRITERS:
        if first.has(Mark.PARSED):
            altered = Tag(Mark.ALTERED, evaluation.module, call.node, "JSON that was parsed and written again")
            return Value(tags=frozenset({altered, *first.tagged(Mark.PARSED)}))
        return None
    if path in webhook_functions.BUILDERS:
        return _event_built(evaluation, call)
    if path in _SAME_BODY or path.endswith(("b64decode", "standard_b64decode")):
        if first.has(Mark.RAW):
            return tagged(Mark.RAW, detail="bytes")
        return first if first.has(Mark.STREAM) else None
    if path == "builtins.dict" and first.has(Mark.HEADERS):
        return first
    if path.rpartition(".")[2] in _READERS:
        return _model_read(evaluation, call)
    if path in _DECIDING and first.has(Mark.VERDICT):
        return first
    return None


def _event_built(evaluation: Evaluation, call: Call) -> Value | None:
    sources = [
        value for value in call.values if value.has(Mark.PARSED) or value.has(Mark.RAW) or value.has(Mark.ALTERED)
    ]
    if not sources:
        return UNKNOWN
    evaluation.facts.evidence.add("event built")
    missing(evaluation, sources[0])
    value = parsed(evaluation, call.node, remember=False)
    if any(source.has(Mark.PARSED) for source in sources):
        used_elsewhere = [tag for source in sources for tag in source.tagged(Mark.PARSED)]
        evaluation.facts.rebuilt.update((plain_tag(tag), value.tagged(Mark.PARSED)[0]) for tag in used_elsewhere)
    return value


def _handled_unverified(evaluation: Evaluation, call: Call) -> Value | None:
    value = _event_built(evaluation, call)
    if value is not None and value.has(Mark.PARSED):
        used(evaluation, call.node, value, Use.EFFECT)
    return value


def received(function: Value) -> Value | None:
    """A message of an ASGI server, which holds a part of the body."""
    if function.has(Mark.STREAM) and function.detail(Mark.STREAM) == "receive":
        return entries({"body": tagged(Mark.RAW, detail="bytes")}, complete=False)
    return None


def _model_read(evaluation: Evaluation, call: Call) -> Value | None:
    for value in call.values:
        if value.has(Mark.PARSED):
            return Value(tags=frozenset(value.tagged(Mark.PARSED)))
        if value.has(Mark.RAW) and call.name in _MODEL_TEXT_READERS:
            return parsed(evaluation, call.node)
    return None


def _request_method(evaluation: Evaluation, call: Call, receiver: Value) -> Value:
    framework = framework_of(receiver)
    if framework is None:
        return UNKNOWN
    name = call.name
    key = text_of(call.positional[0]) if call.positional else None
    if name in framework.raw_calls:
        if name in framework.awaited_calls and coroutines.goes_into_verification_only(evaluation.module, call.node):
            return tagged(
                Mark.ALTERED, evaluation.module, call.node, f"the coroutine of `{name}()`, which is not awaited"
            )
        as_text = "as_text" in call.keywords or name == "text"
        return tagged(Mark.RAW, detail="text" if as_text else "bytes")
    if name in framework.parsed_calls:
        return parsed(evaluation, call.node)
    if name in framework.form_calls:
        return tagged(Mark.ALTERED, evaluation.module, call.node, "form data")
    if name in framework.header_calls and key is not None:
        return _header(evaluation, key) or UNKNOWN
    if name == "get" and key is not None and framework.keyed:
        return _keyed_part(evaluation, call.node, receiver, key)
    if name in framework.foreign_attributes:
        return tagged(
            Mark.ALTERED, evaluation.module, call.node, f"`{name}()`, which is not the raw body on this framework"
        )
    return UNKNOWN


def _headers_method(evaluation: Evaluation, call: Call) -> Value:
    key = text_of(call.positional[0]) if call.positional else None
    if key is not None:
        return _header(evaluation, key) or UNKNOWN
    return call.receiver


def _parsed_method(evaluation: Evaluation, call: Call) -> Value:
    receiver = call.receiver
    key = text_of(call.positional[0]) if call.positional else None
    if call.name in {"get", "pop", "setdefault", "__getitem__"} and key is not None:
        return read(evaluation, call.node, receiver, key)
    if receiver.detail(Mark.PARSED) == FOUND:
        if call.name in _WRITES:
            used(evaluation, call.node, receiver, Use.EFFECT)
        return Value(tags=frozenset(receiver.tagged(Mark.PARSED)))
    missing(evaluation, receiver)
    if call.name in _MODEL_WRITERS:
        altered = Tag(Mark.ALTERED, evaluation.module, call.node, "a model that was written as JSON again")
        return Value(tags=frozenset({altered, *receiver.tagged(Mark.PARSED)}))
    if call.name in {"encode", "decode"} and receiver.has(Mark.ALTERED):
        return receiver
    if call.name in {"startswith", "endswith", "split", "partition", "rsplit"}:
        compared(evaluation, call.node, receiver, list(call.node.args))
    return Value(tags=frozenset(receiver.tagged(Mark.PARSED)))


def _raw_method(evaluation: Evaluation, call: Call) -> Value:
    receiver = call.receiver
    if call.name == "decode":
        codec = call.argument(0, "encoding")
        name = text_of(codec) if codec is not None else "utf-8"
        if name is not None and not _is_utf8(name):
            return tagged(Mark.ALTERED, evaluation.module, call.node, f"the body decoded as {name}")
        return tagged(Mark.RAW, detail="text")
    if call.name == "encode":
        return tagged(Mark.RAW, detail="bytes")
    if call.name in {"strip", "replace", "rstrip", "lstrip", "lower", "upper"}:
        return tagged(Mark.ALTERED, evaluation.module, call.node, f"the body after `{call.name}()`")
    if call.name in {"read", "getvalue", "tobytes"}:
        return receiver
    return UNKNOWN


def _is_utf8(name: str) -> bool:
    try:
        return codecs.lookup(name).name in _UTF8
    except (LookupError, ValueError):
        return True


def stringified(evaluation: Evaluation, call: Call, value: Value) -> Value | None:
    """``str(…)`` and ``repr(…)`` of the body or of parsed data."""
    if value.has(Mark.RAW):
        if value.detail(Mark.RAW) == "bytes" and len(call.positional) == 1 and not call.keywords:
            return tagged(Mark.ALTERED, evaluation.module, call.node, "`str()` of bytes, which gives \"b'…'\"")
        return Value(tags=frozenset(value.tagged(Mark.RAW)))
    if value.has(Mark.PARSED):
        altered = Tag(Mark.ALTERED, evaluation.module, call.node, "`str()` of parsed data")
        return Value(tags=frozenset({altered, *value.tagged(Mark.PARSED)}))
    if value.has(Mark.ALTERED):
        return value
    return None
