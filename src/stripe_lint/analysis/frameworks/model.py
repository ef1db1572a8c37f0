"""What the analysis asks of a web framework, as one frozen record a framework.

Names in the record are attribute or method names on the request object; dotted names are import paths as a user
writes them, with re-exports resolved to the shortest public spelling and listed once for each public spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Framework:
    """How one web framework hands over a request and takes back a response.

    ``modules``: top-level packages whose import says that a file uses the framework.

    Request: ``request_globals`` are dotted names that are the current request wherever they are read
    (``flask.request``); ``request_types`` are classes whose annotation marks a parameter as the request;
    ``request_parameters`` are the parameter names under which a handler takes it.

    Body: ``raw_attributes`` / ``raw_calls`` give the bytes (or text) as sent, ``raw_streams`` are attributes whose
    ``read()`` does; ``parsed_attributes`` / ``parsed_calls`` give decoded JSON, ``form_attributes`` / ``form_calls``
    form data; ``foreign_attributes`` are names that other frameworks use for the body and that are not the raw body
    here (missing, or something else). ``body_parameters`` tells whether the framework fills handler parameters of
    ``dict`` or model type from the parsed body, and ``body_parameter_markers`` names the defaults that say so.

    Headers: ``header_attributes`` are mappings of headers, ``header_calls`` are methods on the request that take
    a header's name.

    Handlers: ``route_decorators`` are attribute or function names that register the decorated function as a handler,
    ``view_bases`` are base classes whose ``view_methods`` are handlers; ``entry_points`` are complete signatures
    (tuples of parameter names) of handlers that nothing registers, such as a Lambda's.
    ``dependency_markers`` are calls in a parameter's default or annotation whose argument the framework runs before
    the handler; ``guard_registrations`` are decorator names that register a function to run before each handler.
    ``error_handler_decorators`` / ``error_handler_calls`` register a function for an exception class.

    Responses: ``response_calls`` build what is sent back, ``response_exceptions`` are raised to answer,
    ``message_calls`` show text to the user on the next page, ``template_calls`` render a context,
    ``abort_calls`` never return. ``returns_exception_text`` is true where returning an exception object from a
    handler is accepted; on Flask, for one, it is a ``TypeError``.
    """

    name: str
    modules: tuple[str, ...]
    request_globals: tuple[str, ...] = ()
    request_types: tuple[str, ...] = ()
    request_parameters: tuple[str, ...] = ("request",)
    raw_attributes: frozenset[str] = frozenset()
    raw_calls: frozenset[str] = frozenset()
    raw_streams: frozenset[str] = frozenset()
    parsed_attributes: frozenset[str] = frozenset()
    parsed_calls: frozenset[str] = frozenset()
    form_attributes: frozenset[str] = frozenset()
    form_calls: frozenset[str] = frozenset()
    foreign_attributes: frozenset[str] = frozenset()
    body_parameters: bool = False
    body_parameter_markers: tuple[str, ...] = ()
    header_attributes: frozenset[str] = frozenset({"headers"})
    header_calls: frozenset[str] = frozenset()
    route_decorators: frozenset[str] = frozenset()
    view_bases: tuple[str, ...] = ()
    view_methods: frozenset[str] = frozenset()
    entry_points: tuple[tuple[str, ...], ...] = ()
    dependency_markers: tuple[str, ...] = ()
    guard_registrations: frozenset[str] = frozenset()
    error_handler_decorators: frozenset[str] = frozenset()
    error_handler_calls: frozenset[str] = frozenset()
    response_calls: frozenset[str] = field(default_factory=frozenset)
    response_exceptions: frozenset[str] = frozenset()
    message_calls: frozenset[str] = frozenset()
    template_calls: frozenset[str] = frozenset()
    abort_calls: frozenset[str] = frozenset()
    returns_exception_text: bool = False
