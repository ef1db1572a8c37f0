"""Secrets, signatures and raw bodies of webhooks that reach a log or the terminal."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    configuration_reads,
    exceptions,
    frameworks,
    functions,
    logging_calls,
    names,
    other_providers,
    request_reads,
    runners,
    stripe_calls,
    verifiers,
    webhook_functions,
)
from stripe_lint.analysis.call_search import callees
from stripe_lint.analysis.references import ExternalInstance
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_SECRETS: Final = (
    r"(?i)(stripe|web_?hook|endpoint|signing|whsec)\w*secret(?!_(id|name|len|length|set|present|arn|path))"
    r"|stripe_?(secret|api|restricted)_?key|^(whsec|wh_secret|webhook_secret|endpoint_secret)$"
)
_STREAMS: Final = frozenset({"stream", "rfile"})
"""Streams of the body whatever they are an attribute of."""
_HEADER_GETTERS: Final = frozenset({"get", "getheader", "getlist"})
_TEXT_CALLS: Final = frozenset({"str", "repr", "format", "dict", "dumps", "list", "pformat", "ascii"})
_TEXT_METHODS: Final = frozenset({"decode", "strip", "format", "items", "join", "encode", "to_wsgi_list"})
_HOLDERS_OF_CLIENT_SECRETS: Final = frozenset({"stripe.PaymentIntent", "stripe.SetupIntent"})
_PARTS_OF_REFUSED: Final = {"http_body": "the raw body of a webhook", "sig_header": "the signature header"}
_SENSITIVE_WORDS: Final = ("signature", "secret", "whsec", "api_key", "access_token")
DEEPEST: Final = 5
"""Through how many names and calls a value is followed to where it comes from."""


class Logged(NamedTuple):
    """What is logged by a call; ``whole_object`` where a secret is only one of many parts."""

    node: ast.Call
    words: str
    whole_object: bool = False


def logged_secrets(module: Module) -> Iterator[Logged]:
    """The calls that log something of which the log should know nothing; each once, for the worst it holds."""
    for call in logging_calls.logging_calls(module):
        found = [what for argument in _given(call) for what in [_Origin(module, call).of(argument)] if what is not None]
        if found:
            yield Logged(call, *min(found, key=lambda what: what[1]))
    yield from _logged_by_callees(module)


def _given(call: ast.Call) -> Iterator[ast.expr]:
    """What a logging call writes: its arguments, and the context that was bound to the logger for it."""
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)
    logger = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(logger, ast.Call) and functions.last_name(logger.func) == "bind":
        yield from _given(logger)


def _logged_by_callees(module: Module) -> Iterator[Logged]:
    """The calls that hand something to a function of the project which logs its argument."""
    lowered = module.lowered
    if not any(word in lowered for word in _SENSITIVE_WORDS):
        return
    for owner in module.calls_of:
        for call, source, function in callees(module, owner):
            if isinstance(function, ast.Lambda) or runners.run_by(call) is not None:
                continue
            for name in sorted(_logged_parameters(source, function)):
                argument = callers.argument_for(source, function, call, name)
                what = _Origin(module, call).of(argument) if argument is not None else None
                if what is not None and not what[1]:
                    yield Logged(call, *what)
                    break


def _logged_parameters(module: Module, function: NamedFunction) -> frozenset[str]:
    """The parameters that a function logs as they are, without a name that is reported there already."""
    known = module.memory.get(("logged parameters", function))
    if isinstance(known, frozenset):
        return known
    wanted = {each.arg for each in functions.parameters(function)}
    found = set()
    for call in module.calls_of.get(function, ()) if wanted else ():
        if not logging_calls.writes_log(module, call):
            continue
        for name in (inner for argument in _given(call) for inner in _written_names(argument)):
            if name.id in wanted and _Origin(module, call).of(name) is None:
                found.add(name.id)
    module.memory["logged parameters", function] = frozenset(found)
    return frozenset(found)


def _written_names(node: ast.expr) -> Iterator[ast.Name]:
    """The variables whose whole value is in a text, a tuple or a dict."""
    if isinstance(node, ast.Name):
        yield node
        return
    inner: list[ast.expr] = []
    if isinstance(node, ast.JoinedStr):
        inner = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        inner = [node.left, node.right]
    elif isinstance(node, ast.Tuple | ast.List):
        inner = node.elts
    elif isinstance(node, ast.Dict):
        inner = node.values
    for each in inner:
        yield from _written_names(each)


class _Origin:
    """Where the value of an argument comes from, in the words of the message."""

    def __init__(self, module: Module, call: ast.Call) -> None:
        self._module = module
        self._function = module.enclosing_function(call)

    def of(self, node: ast.expr, depth: int = 0) -> tuple[str, bool] | None:
        """What is logged with the value of ``node``, if that is something, and whether it is only a part of it."""
        if depth > DEEPEST:
            return None
        inner: list[ast.expr] = []
        if isinstance(node, ast.JoinedStr):
            inner = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            inner = [node.left, node.right]
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            inner = node.elts
        elif isinstance(node, ast.Dict):
            inner = list(node.values)
        elif isinstance(node, ast.Await | ast.Starred):
            inner = [node.value]
        elif isinstance(node, ast.BoolOp):
            inner = node.values
        if inner:
            return next((found for part in inner for found in [self.of(part, depth + 1)] if found is not None), None)
        if isinstance(node, ast.Name):
            return self._name(node, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._entry(node)
        return self._call(node, depth) if isinstance(node, ast.Call) else None

    def _name(self, node: ast.Name, depth: int) -> tuple[str, bool] | None:
        if re.search(_SECRETS, node.id):
            return "a secret", False
        assigned = self._module.only_assignment(node)
        return self.of(assigned, depth + 1) if assigned is not None else self._whole_object(node)

    def _attribute(self, node: ast.Attribute) -> tuple[str, bool] | None:
        if node.attr == "client_secret":
            return "a client secret", False
        if node.attr == "api_key" and names.dotted_path(self._module, node) == "stripe.api_key":
            return "the API key", False
        if re.search(_SECRETS, node.attr):
            return "a secret", False
        if node.attr in _PARTS_OF_REFUSED and self._was_refused(node.value):
            return _PARTS_OF_REFUSED[node.attr], False
        if self._is_request(node.value) and self._serves_webhook():
            if node.attr in frameworks.all_names("raw_attributes"):
                return "the raw body of a webhook", False
            if node.attr in frameworks.all_names("header_attributes"):
                return "the signature, among all headers,", False
        return None

    def _was_refused(self, node: ast.expr) -> bool:
        """Whether ``node`` is what a failed verification raised, which carries the body and the header."""
        if not isinstance(node, ast.Name):
            return False
        for around in self._module.ancestors(node):
            if isinstance(around, ast.ExceptHandler) and around.name == node.id:
                return self._catches_refusal(around)
        return False

    def _catches_refusal(self, handler: ast.ExceptHandler) -> bool:
        types = exceptions.handler_types(self._module, handler) or []
        return any(exceptions.class_names(self._module, each)[0] == exceptions.SIGNATURE_ERROR for each in types)

    def _is_request(self, node: ast.expr) -> bool:
        path = names.dotted_path(self._module, node) or ""
        if functions.last_name(node) in frameworks.request_names() or path.endswith(".request"):
            return True
        return request_reads.framework_of_view(self._module, node) is not None

    def _entry(self, node: ast.Subscript) -> tuple[str, bool] | None:
        if isinstance(node.slice, ast.Slice):
            return None
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(key, str):
            return None
        return self._named(key, node.value)

    def _named(self, key: str, holder: ast.expr) -> tuple[str, bool] | None:
        """What stands under a key in headers, in the environment or in an answer of Stripe's."""
        if webhook_functions.names_signature_header(key):
            return "the signature header", False
        if key == "client_secret" and functions.last_name(holder) is not None:
            return "a client secret", False
        if key == "access_token" and self._comes_from_oauth(holder):
            return "an access token", False
        spelled = functions.dotted_name(holder) or ""
        if re.search(_SECRETS, key) and re.search(configuration_reads.HOLDER_WORDS, spelled):
            return "a secret", False
        if key == "body" and spelled in {"event", "self.event"} and self._serves_webhook():
            return "the raw body of a webhook", False
        return None

    def _comes_from_oauth(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            values = [binding.value for binding in self._module.bindings_of(node)]
            return any(isinstance(value, ast.Call) and self._comes_from_oauth(value) for value in values)
        return isinstance(node, ast.Call) and "OAuth.token" in (names.dotted_path(self._module, node.func) or "")

    def _call(self, node: ast.Call, depth: int) -> tuple[str, bool] | None:
        name = functions.last_name(node.func)
        holder = node.func.value if isinstance(node.func, ast.Attribute) else None
        if (isinstance(node.func, ast.Name) and name in _TEXT_CALLS) or name in {"dumps", "pformat"}:
            return next((found for each in node.args for found in [self.of(each, depth + 1)] if found), None)
        if holder is None:
            environment = names.dotted_path(self._module, node.func) == "os.getenv"
            return self._read(node) if environment or name in configuration_reads.NAMES else self._whole_object(node)
        if name in _TEXT_METHODS:
            arguments = node.args if name in {"format", "join"} else []
            return next((found for each in (holder, *arguments) for found in [self.of(each, depth + 1)] if found), None)
        if name in _HEADER_GETTERS | frameworks.all_names("header_calls") or name == "getenv":
            return self._read(node)
        if name in frameworks.all_names("raw_calls") and (self._is_stream(holder) or self._is_request(holder)):
            return ("the raw body of a webhook", False) if self._serves_webhook() else None
        return self._whole_object(node)

    def _is_stream(self, node: ast.expr) -> bool:
        if functions.last_name(node) in _STREAMS:
            return True
        named = isinstance(node, ast.Attribute) and node.attr in frameworks.all_names("raw_streams")
        return named and isinstance(node, ast.Attribute) and self._is_request(node.value)

    def _read(self, node: ast.Call) -> tuple[str, bool] | None:
        key = node.args[0] if node.args else None
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        if functions.last_name(node.func) in configuration_reads.NAMES:
            return ("a secret", False) if re.search(_SECRETS, key.value) else None
        return self._named(key.value, node.func.value) if isinstance(node.func, ast.Attribute) else None

    def _whole_object(self, node: ast.expr) -> tuple[str, bool] | None:
        reference = names.resolve(self._module, node)
        if isinstance(reference, ExternalInstance) and reference.path in _HOLDERS_OF_CLIENT_SECRETS:
            return "an object that holds a client secret", True
        return None

    def _serves_webhook(self) -> bool:
        """Whether the function handles webhooks of Stripe: it verifies, or speaks of the header or of event types."""
        function = self._function
        if function is None:
            return False
        named = function.name.lower() if isinstance(function, NamedFunction) else ""
        if "stripe" in named and "hook" in named:
            return True
        if isinstance(function, NamedFunction) and other_providers.serves_other_provider(self._module, function):
            calls = self._module.calls_of.get(function, ())
            return any(stripe_calls.call_verifies(self._module, call) for call in calls)
        return verifiers.speaks_of_events(self._module, function) or verifiers.mentions_verification(
            self._module, function
        )
