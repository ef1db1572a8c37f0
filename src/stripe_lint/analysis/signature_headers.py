"""Where code looks Stripe's signature header up: by which name, in which mapping, and what a missing one leads to."""

from __future__ import annotations

import ast
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    exceptions,
    functions,
    handlers,
    names,
    static_values,
    syntax,
    webhook_functions,
)
from stripe_lint.analysis.body_uses import text_of
from stripe_lint.analysis.frameworks import by_name, generic, request_global, request_names, request_type
from stripe_lint.analysis.references import External, ExternalInstance
from stripe_lint.analysis.request_reads import framework_of_view
from stripe_lint.analysis.state import Raised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.frameworks.model import Framework
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode, NamedFunction

FARTHEST_CALLER: Final = 2
"""How many calls up an ``except`` for the missing header is looked for."""

_WSGI_NAME: Final = "HTTP_STRIPE_SIGNATURE"
_HEADER_NAME: Final = "Stripe-Signature"
_SEEKING: Final = ast.In | ast.NotIn
_MISSING: Final = Raised(frozenset({"KeyError"}))


class Lookup(NamedTuple):
    """One look-up of the signature header.

    ``never`` is the reason why the name never matches, where it does not; ``by_case`` tells that upper and lower case
    decide whether it does. Where neither is so, a missing header raises, and nothing catches that. ``key`` is the
    expression of the name, looked up in ``held``, ``None`` for a parameter that the framework fills, and ``known_as``
    the name that matches, empty where that depends on the server. ``raises`` tells whether a missing header raises what
    nothing catches, ``is_asked_for`` whether the function asks by a name whether the header is there.
    """

    node: ast.expr
    never: str | None
    by_case: bool
    key: ast.expr
    known_as: str
    held: ast.expr | None = None
    raises: bool = False
    is_asked_for: bool = False


class _Headers(NamedTuple):
    """A mapping of headers: an attribute, or a key, of a framework's request."""

    framework: Framework
    name: str
    copied: bool = False
    """Whether it is a ``dict`` that was made of the headers."""

    @property
    def in_environ(self) -> bool:
        return self.name == "META" or self.name in self.framework.environ_attributes

    @property
    def by_case(self) -> bool:
        return self.name in self.framework.case_sensitive_headers - self.framework.folded_headers


def lookups(module: Module) -> Iterator[Lookup]:
    """The look-ups of the signature header that can fail where the header was sent, or end in an exception."""
    for function, nodes in _by_function(module).items():
        yield from _in_function(module, function, nodes)
    yield from _filled_parameters(module)


def is_used_as_text(module: Module, node: ast.expr) -> bool:
    """Whether the header looked up at ``node`` is taken apart as a text where it may be missing, and nothing asks."""
    parent, function = module.parents[node], module.enclosing_function(node)
    if isinstance(parent, ast.Attribute | ast.Subscript) and node is parent.value:
        return True
    if not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name) or function is None:
        return False
    name = parent.targets[0].id
    return not functions.tests(function, name) and any(
        isinstance(inner, ast.Attribute | ast.Subscript)
        and isinstance(inner.value, ast.Name)
        and inner.value.id == name
        for inner in syntax.own_nodes(function)
    )


def _filled_parameters(module: Module) -> Iterator[Lookup]:
    """The parameters that FastAPI fills from a header by a name that was written down with underscores."""
    if "fastapi" not in module.text:
        return
    markers = by_name("fastapi").header_parameter_markers
    for call in chain.from_iterable(module.calls.values()):
        if names.dotted_path(module, call.func) not in markers:
            continue
        for keyword in call.keywords:
            name = _signature_name(module, keyword.value) if keyword.arg in {"alias", "validation_alias"} else None
            if name is not None and name.lower() != _HEADER_NAME.lower():
                yield Lookup(call, "HTTP knows this header as Stripe-Signature", False, keyword.value, _HEADER_NAME)


class _Naming(NamedTuple):
    """A place where a spelling of the header's name is looked up in ``held``, or sought in something."""

    node: ast.Subscript | ast.Call | ast.Compare
    held: ast.expr | None
    key: ast.expr
    name: str


def _by_function(module: Module) -> dict[FunctionNode, list[_Naming]]:
    """The places that name the header, by the function that they stand in."""
    found: dict[FunctionNode, list[_Naming]] = {}
    for node, held, key in _keyed(module):
        name = _signature_name(module, key)
        function = module.enclosing_function(node) if name is not None else None
        if name is not None and function is not None:
            found.setdefault(function, []).append(_Naming(node, held, key, name))
    return found


def _keyed(module: Module) -> Iterator[tuple[ast.Subscript | ast.Call | ast.Compare, ast.expr | None, ast.expr]]:
    """What is asked for a key: the place, what is asked, where the key is looked up in it, and the key."""
    for subscript in module.of_kind(ast.Subscript):
        if isinstance(subscript.ctx, ast.Load):
            yield subscript, subscript.value, subscript.slice
    for call in module.calls.get("get", ()):
        if isinstance(call.func, ast.Attribute) and call.args:
            yield call, call.func.value, call.args[0]
    for compared in module.of_kind(ast.Compare):
        if isinstance(compared.ops[0], _SEEKING):
            yield compared, None, compared.left


def _in_function(module: Module, function: FunctionNode, namings: list[_Naming]) -> Iterator[Lookup]:
    found: list[tuple[_Naming, _Headers]] = []
    asked: list[int] = []
    for naming in namings:
        if naming.held is None:
            asked.append(naming.node.lineno)
            continue
        headers = _headers(module, function, naming.held)
        if headers is None:
            continue
        found.append((naming, headers))
        if isinstance(naming.node, ast.Call) and _is_tested(module, naming.node):
            asked.append(naming.node.lineno)
    is_asked_for = any(naming.held is None for naming in namings)
    spellings = {naming.name for naming, headers in found if headers.by_case}
    for (node, held, key, name), headers in found:
        raises = isinstance(node, ast.Subscript) and not headers.framework.missing_header_answered
        if raises and (any(line <= node.lineno for line in asked) or _is_caught(module, function, node, 0)):
            raises = False
        never = _why_never(headers, name)
        by_case = headers.by_case and len(spellings) == 1 and never is None
        if never is not None or by_case or raises:
            known_as = _WSGI_NAME if headers.in_environ else _HEADER_NAME
            if headers.name in headers.framework.folded_headers:
                known_as = ""
            if headers.copied:
                known_as = headers.framework.copied_header_name
            yield Lookup(node, never, by_case, key, known_as, held, raises, is_asked_for)


def _signature_name(module: Module, node: ast.expr) -> str | None:
    """The text of ``node`` where it is a spelling of the signature header's name."""
    text: str | None = None
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else None
    elif isinstance(node, ast.Name | ast.Attribute):
        assigned = module.only_assignment(node)
        if isinstance(assigned, ast.Constant):
            return _signature_name(module, assigned)
        text = text_of(static_values.of(module, node))
    if text is None or not webhook_functions.names_signature_header(text):
        return None
    return text


def _why_never(headers: _Headers, name: str) -> str | None:
    framework = headers.framework
    if headers.copied:
        matching = framework.copied_header_name
        return None if name == matching else f"a dict made of `{headers.name}` knows this header as {matching}"
    if headers.in_environ:
        return None if name == _WSGI_NAME else f"`{headers.name}` knows this header as {_WSGI_NAME}"
    if name.lower().startswith("http"):
        return f"`{headers.name}` knows this header as Stripe-Signature"
    if "_" in name and not framework.underscored_headers and framework is not generic():
        return f"`{headers.name}` knows this header as Stripe-Signature"
    if headers.name in framework.folded_headers and name not in {name.upper(), name.lower()}:
        return f"the names in `{headers.name}` are in upper or lower case throughout"
    return None


def _headers(module: Module, function: FunctionNode, node: ast.expr, depth: int = 0) -> _Headers | None:
    """The headers that an expression is, or is a copy of; ``None`` where it is something else."""
    if isinstance(node, ast.Attribute):
        framework = _framework_of(module, function, node.value)
        return _Headers(framework, node.attr) if framework and node.attr in framework.header_attributes else None
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _headers(module, function, node.values[0], depth)
    copied = _copied(module, node)
    if copied is not None:
        headers = _headers(module, function, copied, depth)
        known = headers is not None and headers.framework.copied_header_name and not headers.in_environ
        return headers._replace(copied=True) if headers is not None and known else None
    entry = _entry(node)
    if entry is not None:
        held, name = entry
        framework = _keyed_framework(module, function, held)
        return _Headers(framework, name) if framework and name in framework.header_attributes else None
    assigned = module.only_assignment(node) if not depth else None
    return _headers(module, function, assigned, depth + 1) if assigned is not None else None


def _copied(module: Module, node: ast.expr) -> ast.expr | None:
    """What ``dict(…)`` copies."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return None
    is_dict = isinstance(node.func, ast.Name) and names.dotted_path(module, node.func) in {None, "builtins.dict"}
    return node.args[0] if is_dict and functions.last_name(node.func) == "dict" else None


def _entry(node: ast.expr) -> tuple[ast.expr, str] | None:
    """The mapping and the key of ``event["headers"]`` or ``event.get("headers", {})``."""
    key: ast.expr | None = None
    held: ast.expr = node
    if isinstance(node, ast.Subscript):
        held, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        held, key = node.func.value, node.args[0]
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return held, key.value
    return None


def _framework_of(module: Module, function: FunctionNode, node: ast.expr) -> Framework | None:
    """The framework whose request ``node`` is."""
    reference = names.resolve(module, node)
    known = None
    if isinstance(reference, External):
        known = request_global(reference.path)
    elif isinstance(reference, ExternalInstance):
        known = request_type(reference.path)
    if known is not None:
        return known
    if functions.last_name(node) not in request_names():
        return framework_of_view(module, node)
    around = _named(module, function)
    return handlers.framework_for(module, around) if around is not None else generic()


def _keyed_framework(module: Module, function: FunctionNode, node: ast.expr, distance: int = 0) -> Framework | None:
    """The framework whose handler got ``node``, a plain dict, as its request, itself or through its callees."""
    around = _named(module, function)
    if around is None or not isinstance(node, ast.Name):
        return None
    framework = handlers.registered_by(module, around)
    if framework is not None and framework.keyed and node.id in framework.request_parameters:
        return framework
    if node.id not in {each.arg for each in functions.parameters(around)} or distance >= FARTHEST_CALLER:
        return None
    found = {
        _keyed_framework(source, caller, argument, distance + 1)
        if (caller := source.enclosing_function(call)) is not None
        and (argument := callers.argument_for(module, around, call, node.id)) is not None
        else None
        for source, call in callers.call_sites(module, around) or ()
    }
    return found.pop() if len(found) == 1 else None


def _named(module: Module, function: FunctionNode) -> NamedFunction | None:
    current: FunctionNode | None = function
    while isinstance(current, ast.Lambda):
        current = module.enclosing_function(current)
    return current


def _is_tested(module: Module, node: ast.expr) -> bool:
    """Whether a look-up decides a branch itself."""
    child: ast.AST = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If | ast.IfExp | ast.While | ast.Assert):
            return child is around.test
        if isinstance(around, ast.stmt):
            return False
        child = around
    return False


def _is_caught(module: Module, function: FunctionNode, node: ast.AST, distance: int) -> bool:
    """Whether an ``except`` around ``node``, or around every call of its function, catches a ``KeyError``."""
    for attempt in exceptions.attempts_around(module, node, within=function):
        if any(exceptions.catches(module, handler, _MISSING) for handler in exceptions.handlers_of(attempt)):
            return True
    if distance >= FARTHEST_CALLER or isinstance(function, ast.Lambda):
        return False
    sites = callers.call_sites(module, function)
    return bool(sites) and all(
        (caller := source.enclosing_function(call)) is not None and _is_caught(source, caller, call, distance + 1)
        for source, call in sites or ()
    )
