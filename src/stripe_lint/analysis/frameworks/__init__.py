"""What the analysis knows about web frameworks: one module a framework, found by walking this package.

A module that defines ``FRAMEWORK`` is an entry; nothing else has to be told about it. Importing this package reads no
entry: they, and the look-ups over all of them, are built on first use and are a dictionary or a set from then on.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_lint.analysis.frameworks.model import Framework

    ALL: tuple[Framework, ...]

__all__ = [
    "ALL",
    "all_names",
    "base64_names",
    "body_names",
    "by_name",
    "entry_point",
    "frameworks_of",
    "generated_base",
    "generic",
    "header_names",
    "is_abort_call",
    "is_dependency_marker",
    "is_generated_message",
    "is_header_function",
    "is_json_function",
    "is_message_call",
    "is_parsed_global",
    "is_request_factory",
    "is_response_call",
    "is_response_exception",
    "is_template_call",
    "is_textless_exception",
    "is_usual_route",
    "keyed_request_names",
    "known_modules",
    "middleware_words",
    "request_global",
    "request_names",
    "request_type",
    "response_type",
    "view_base",
]

_RAW_ROLES = ("raw_attributes", "raw_calls", "raw_streams")
_PARSED_ROLES = ("parsed_attributes", "parsed_calls")
_BODY_ROLES = (*_RAW_ROLES, *_PARSED_ROLES, "form_attributes", "form_calls")
_USUAL_REQUEST_NAMES = frozenset({"_request", "http_request", "wsgi_request"})
_USUAL_ROUTES = frozenset({"route", "post", "get", "put", "patch", "delete", "api_route"})


if not TYPE_CHECKING:  # else a type checker would take any name for one of this module's

    def __getattr__(name: str) -> object:
        """``ALL``, every entry, the most specific first; read when it is first asked for."""
        if name == "ALL":
            return _entries()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def by_name(name: str) -> Framework:
    """The entry of this name; a ``KeyError`` where there is none."""
    return _entries_by_name()[name]


def entry_point(parameters: tuple[str, ...]) -> Framework | None:
    """The framework that calls a function with these parameters, and no others, though nothing registers it."""
    return _entry_points().get(parameters)


@cache
def frameworks_of(imported: frozenset[str]) -> tuple[Framework, ...]:
    """The frameworks that a file with these top-level imports uses, the most specific first."""
    return tuple(entry for entry in _entries() if not imported.isdisjoint(entry.modules))


@cache
def known_modules() -> frozenset[str]:
    """The top-level packages of every framework."""
    return frozenset().union(*(entry.modules for entry in _entries()))


def request_global(path: str | None) -> Framework | None:
    """The framework whose current request this dotted name is."""
    return _owners("request_globals").get(path)


def is_parsed_global(path: str | None) -> bool:
    """Whether this dotted name is the decoded body of the current request."""
    return path in all_names("parsed_globals")


def request_type(path: str | None) -> Framework | None:
    """The framework whose request class this dotted name is."""
    return _owners("request_types").get(path)


def response_type(path: str | None) -> Framework | None:
    """The framework whose handlers answer by an object of this dotted name."""
    return _owners("response_types").get(path)


def is_request_factory(path: str | None) -> bool:
    """Whether a call of this dotted name, or of a method of what it makes, makes up a request that nobody has sent."""
    made, _, method = (path or "").partition("().")
    return made in all_names("request_factories") and "(" not in method


def view_base(path: str | None) -> Framework | None:
    """The framework whose view classes inherit from this dotted name."""
    return _owners("view_bases").get(path)


@cache
def generated_base(path: str) -> Framework | None:
    """The framework for which a generator writes base classes with such a dotted name."""
    return next(
        (entry for entry in _entries() if any(re.fullmatch(each, path) for each in entry.generated_bases)), None
    )


@cache
def is_generated_message(path: str | None) -> bool:
    """Whether a generator writes classes with such a dotted name, whose objects are sent."""
    if path is None:
        return False
    return any(re.fullmatch(each, path) for entry in _entries() for each in entry.generated_messages)


def is_response_call(path: str | None) -> bool:
    """Whether a call of this dotted name builds what is sent back."""
    return path in all_names("response_calls")


def is_response_exception(path: str | None) -> bool:
    """Whether raising this class answers the request."""
    return path in all_names("response_exceptions")


def is_textless_exception(path: str | None) -> bool:
    """Whether raising this class answers the request without the exception's text, in the framework it comes from."""
    return path in all_names("textless_exceptions")


def is_message_call(path: str | None) -> bool:
    """Whether a call of this dotted name shows text to the user on the next page."""
    return path in all_names("message_calls")


def is_template_call(path: str | None) -> bool:
    """Whether a call of this dotted name renders a context."""
    return path in all_names("template_calls")


def is_usual_route(name: str | None) -> bool:
    """Whether a method of this name registers a handler under a path on whatever application; many frameworks agree."""
    return name in _USUAL_ROUTES


def is_abort_call(path: str | None) -> bool:
    """Whether a call of this dotted name never returns."""
    return path in all_names("abort_calls")


def is_dependency_marker(path: str | None) -> bool:
    """Whether a call of this dotted name asks the framework to run its argument before the handler."""
    return path in all_names("dependency_markers")


def is_wrapper_decorator(path: str | None) -> bool:
    """Whether a dotted name is a decorator that makes a decorator of a function."""
    return path in _owners("wrapper_decorators")


def is_json_function(path: str | None) -> bool:
    """Whether a call of this dotted name decodes JSON as ``json.loads`` does."""
    return path in all_names("json_functions")


def is_header_function(path: str | None) -> bool:
    """Whether a call of this dotted name takes the name of a header of the current request."""
    return path in all_names("header_functions")


@cache
def all_names(field: str) -> frozenset[str]:
    """The union of one field over all entries, for where the framework of a file does not matter or is unknown."""
    return frozenset().union(*(getattr(entry, field) for entry in _entries()))


@cache
def base64_names() -> frozenset[str]:
    """The names by which code of any framework says that it regards a body in base64."""
    return all_names("decoded_attributes").union(entry.base64_flag for entry in _entries() if entry.base64_flag)


@cache
def middleware_words() -> frozenset[str]:
    """The words of which each file that defines a middleware of some framework has one."""
    bases = frozenset(path.rpartition(".")[2] for path in all_names("middleware_bases"))
    return bases | all_names("middleware_parameters") | all_names("middleware_decorators")


@cache
def body_names() -> frozenset[str]:
    """The names under which any framework's request has its body, as it was sent or decoded from JSON."""
    return frozenset().union(*(all_names(role) for role in (*_RAW_ROLES, *_PARSED_ROLES)))


@cache
def header_names() -> frozenset[str]:
    """The names under which any framework's request has its headers, or gives one of them."""
    functions = (path.rpartition(".")[2] for path in all_names("header_functions"))
    return all_names("header_attributes") | all_names("header_calls") | frozenset(functions)


@cache
def request_names() -> frozenset[str]:
    """The names that a request has as a parameter, an attribute or a global of any framework, and usual other ones.

    Those of requests that are plain dicts are left out; they are ``keyed_request_names``. ``event`` is one of them, and
    mostly an event of Stripe's.
    """
    paths = (path.rpartition(".")[2] for path in all_names("request_globals"))
    names = _USUAL_REQUEST_NAMES.union(all_names("request_parameters"), paths, all_names("request_attributes"))
    return names - keyed_request_names()


@cache
def keyed_request_names() -> frozenset[str]:
    """The names of parameters that are requests as plain dicts."""
    return frozenset(name for entry in _entries() if entry.keyed for name in entry.request_parameters)


@cache
def generic() -> Framework:
    """What a parameter named ``request`` means where the framework is unknown: the names that all entries agree on.

    A name that is the raw body on one framework and the parsed body on another (``data``), or an attribute on one and
    a method on another (``body``, ``json``, ``text``), is in no field.
    """
    from stripe_lint.analysis.frameworks.model import Framework

    entries = [entry for entry in _entries() if not entry.keyed]
    roles: dict[str, set[str]] = {}
    for entry in entries:
        for role in _BODY_ROLES:
            for name in getattr(entry, role):
                roles.setdefault(name, set()).add(role)

    def agreed(role: str) -> frozenset[str]:
        return frozenset(name for name, found in roles.items() if found == {role})

    return Framework(
        name="generic",
        modules=(),
        plain_answers=False,
        raw_attributes=agreed("raw_attributes"),
        raw_calls=agreed("raw_calls"),
        raw_streams=agreed("raw_streams"),
        parsed_attributes=agreed("parsed_attributes"),
        parsed_calls=agreed("parsed_calls"),
        form_attributes=agreed("form_attributes"),
        form_calls=agreed("form_calls"),
        header_attributes=frozenset().union(*(entry.header_attributes for entry in entries)),
        header_calls=frozenset().union(*(entry.header_calls for entry in entries)),
        environ_attributes=frozenset().union(*(entry.environ_attributes for entry in entries)),
    )


@cache
def _entries() -> tuple[Framework, ...]:
    """Every entry of the package, the most specific first."""
    entries: dict[str, Framework] = {}
    # not with pkgutil, which imports inspect
    files = (file for folder in __path__ for file in Path(folder).iterdir())
    for name in sorted(file.stem for file in files if file.suffix == ".py" and file.stem != "__init__"):
        entry = getattr(import_module(f"{__name__}.{name}"), "FRAMEWORK", None)
        if entry is not None:
            entries[entry.name] = entry

    def height(entry: Framework) -> int:
        return 1 + max((height(entries[name]) for name in entry.builds_on), default=0)

    return tuple(sorted(entries.values(), key=lambda entry: (entry.weak_import, -height(entry), entry.name)))


@cache
def _entries_by_name() -> dict[str, Framework]:
    return {entry.name: entry for entry in _entries()}


@cache
def _entry_points() -> dict[tuple[str, ...], Framework]:
    return {parameters: entry for entry in _entries() for parameters in entry.entry_points}


@cache
def _owners(field: str) -> dict[str | None, Framework]:
    """Each dotted name of one field with its entry; where several list it, the one whose own package it is in."""
    owners: dict[str | None, Framework] = {}
    for entry in _entries():
        for path in getattr(entry, field):
            if path not in owners or path.partition(".")[0] in entry.modules:
                owners[path] = entry
    return owners
