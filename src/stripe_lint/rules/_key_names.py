"""What a derived key says beside its id: which operation it is for, so that no other request has the same key."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis import key_choices, requests, second_attempts
from stripe_lint.analysis.business_ids import BusinessId, business_id
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request


class Value(NamedTuple):
    """A part of a key that is another one for each operation: an expression."""

    source: str


Part = str | Value
"""What a key is made of, with dashes between: what is always the same, and what is not."""


def identity(found: BusinessId) -> list[Part]:
    """What tells the requests for an id apart."""
    return [Value(found.source), *(part for each in found.inputs for part in (each.noun, Value(each.source)))]


def derived_key(found: BusinessId, operation: str) -> list[Part]:
    """The key of ``operation`` for an id."""
    return [found.noun, *identity(found), *([] if found.noun == operation else [operation])]


def as_f_string(key: Iterable[Part], end: str = "") -> str:
    """The f-string that makes a key of its parts."""
    return f'f"{"-".join(f"{{{part.source}}}" if isinstance(part, Value) else part for part in key)}{end}"'


def operation_of(request: Request) -> str:
    """``payment-intent-capture`` for what the call does; creating goes without saying."""
    *resource, verb = _words_of_path(request)
    words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "-", word).lower().replace("_", "-") for word in resource]
    if request.method.style == "service" and words:
        words[-1] = words[-1].removesuffix("s")
    if verb != "create":
        words.append(verb.replace("_", "-"))
    return "-".join(words)


def _words_of_path(request: Request) -> list[str]:
    return request.method.path.removeprefix("stripe.").removeprefix("v1.").removesuffix("_async").split(".")


def ordinal(module: Module, request: Request) -> str:
    """What tells the keys of several such calls in one function apart."""
    function = module.enclosing_function(request.node)
    same = [
        other
        for other in requests.requests(module)
        if other.keyed is request.keyed
        and other.method.path == request.method.path
        and module.enclosing_function(other.node) is function
    ]
    first = second_attempts.other_attempt(module, request.node)
    if first is not None and first.lineno < request.node.lineno:
        request = next((each for each in same if each.node is first), request)
    number = same.index(request) + 1
    return "" if number == 1 else f"-{number}"


def distinct_operation(module: Module, request: Request, found: BusinessId) -> str | None:
    """What the request does, with the function's name where other functions do the same for such an id.

    A deposit and the balance of one order are two requests. ``None`` where the names do not tell them apart.
    """
    operation = operation_of(request)
    others = set(_others(module, request, found))
    if not others:
        return operation
    return next((f"{operation}-{name}" for name in _names_of(module, request) if name not in others), None)


def _others(module: Module, request: Request, found: BusinessId) -> Iterator[str]:
    """The names, short and long, of the other functions whose requests would get, or have, the same key."""
    operation, own = operation_of(request), _template(derived_key(found, operation_of(request)))
    function = module.enclosing_function(request.node)
    for source in _modules_with(module, request):
        for other in requests.requests(source):
            is_here = source is module and source.enclosing_function(other.node) is function
            if is_here or operation_of(other) != operation:
                continue
            if other.keyed:
                key = key_choices.key_expression(source, other)
                written = _written_template(key) if isinstance(key, ast.JoinedStr) else ""
                collides = written == own or written.startswith(f"{own}-")
            else:
                id_of_other = business_id(source, other)
                collides = id_of_other is not None and _template(derived_key(id_of_other, operation)) == own
            if collides:
                yield from _names_of(source, other)


def _modules_with(module: Module, request: Request) -> Iterator[Module]:
    """The modules that may send the same kind of request, this one first."""
    yield module
    *resource, verb = _words_of_path(request)
    paths: set[Path] = set()
    if resource:
        stem = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", resource[-1]).lower().removesuffix("s")
        spellings = {"".join(word.capitalize() for word in stem.split("_")), f"{stem}s"}
        for word in spellings if verb == "create" else {verb}:
            paths.update(module.project.files_that_mention(word, module.path) or ())
    for path in sorted(paths - {module.path}):
        source = module.project.module_at(path)
        if source is not None and not is_test_code(path):
            yield source


def _template(key: Iterable[Part]) -> str:
    """A derived key with ``{}`` for each of its values."""
    return "-".join("{}" if isinstance(part, Value) else part for part in key)


def _written_template(key: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in key.values)


def _names_of(module: Module, request: Request) -> list[str]:
    """The name of the function around a request, and the longer ones with its class and its module."""
    function = module.enclosing_function(request.node)
    while isinstance(function, ast.Lambda):
        function = module.enclosing_function(function)
    if function is None:
        return []
    owner = module.enclosing_class(function)
    words = [function.name, *([owner.name] if owner is not None else []), module.path.stem]
    return ["-".join(_in_key(word) for word in reversed(words[: length + 1])) for length in range(len(words))]


def _in_key(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip("_").replace("_", "-")
