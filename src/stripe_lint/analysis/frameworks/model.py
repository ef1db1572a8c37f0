"""What the analysis asks of a web framework, as one frozen record a framework.

Names in the record are attribute or method names on the request object; dotted names are import paths as a user
writes them, with re-exports resolved to the shortest public spelling and listed once for each public spelling.
"""

from typing import NamedTuple


class Refusal(NamedTuple):
    """A statement that answers the request with status 400 and leaves; it tells the client nothing of the reason.

    ``needs`` are the dotted names, between blanks, of what has to be imported for it, which ``source`` calls by their
    last parts. ``{response}`` in it stands for the object by which the handler answers, ``{view}`` for the ``self`` of
    a view.
    """

    source: str
    needs: str = ""

    @property
    def by_object(self) -> bool:
        """Whether only a function that has the object by which the handler answers can answer so."""
        return "{response}" in self.source

    @property
    def returns(self) -> bool:
        """Whether only the handler itself can answer so; anything else works wherever it is raised."""
        return self.source.startswith("return")


class Framework(NamedTuple):
    """How one web framework hands over a request and takes back a response. There is one object a framework.

    ``modules``: top-level packages whose import says that a file uses the framework; empty where only a class that is
    derived from one of ``view_bases`` says so.

    Request: ``request_globals`` are dotted names that are the current request wherever they are read
    (``flask.request``); ``request_types`` are classes whose annotation marks a parameter as the request;
    ``request_parameters`` are the parameter names under which a handler takes it. ``request_factories`` are dotted
    names of classes and functions that make up a request, for a test or a script, which no client has sent.

    Body: ``raw_attributes`` / ``raw_calls`` give the bytes (or text) as sent, ``raw_streams`` are attributes whose
    ``read()`` does, and ``awaited_calls`` those of ``raw_calls`` that give a coroutine; ``parsed_attributes`` /
    ``parsed_calls`` give decoded JSON, ``form_attributes`` / ``form_calls`` form data; ``foreign_attributes`` are names
    that other frameworks use for the body and that are not the raw body here (missing, or something else).
    ``body_parameters`` tells whether the framework fills handler parameters of ``dict`` or model type from the parsed
    body, and ``body_parameter_markers`` names the defaults that say so.

    Headers: ``header_attributes`` are mappings of headers, ``header_calls`` are methods on the request that take
    a header's name.

    Handlers: ``route_decorators`` are attribute or function names that register the decorated function as a handler
    (function names only where ``bare_routes`` is true; elsewhere they are methods of an application or router), at once
    where ``registers_at_once`` is true, so that a decorator above does not count, ``view_bases`` are base classes whose
    ``view_methods`` are handlers; ``generated_bases`` are patterns for the dotted names of such classes that a
    generator writes for each project, whose public methods with ``view_parameter_count`` parameters are handlers, and
    ``generated_messages`` those for classes that are written likewise, and whose objects carry what they are made with;
    ``entry_points`` are complete signatures (tuples of parameter names) of handlers that nothing registers, such as a
    Lambda's; they tell the framework in a file that imports nothing of it, so only what means nothing else belongs
    here. ``dependency_markers`` are calls in a parameter's default or annotation whose argument the framework runs
    before the handler; ``guard_registrations`` are decorator names that register a function to run before each handler.
    ``error_handler_decorators`` / ``error_handler_calls`` register a function for an exception class, and
    ``error_methods`` of a view or a middleware get any exception as their last argument.

    Responses: ``response_calls`` build what is sent back, ``response_exceptions`` are raised to answer,
    ``message_calls`` show text to the user on the next page, ``template_calls`` render a context,
    ``abort_calls`` never return. ``returns_exception_text`` is true where returning an exception object from a
    handler is accepted; on Flask, for one, it is a ``TypeError``.

    All names at once: ``keyed`` is true where the request is a plain dict and the names of body and headers are its
    keys (``event["body"]``); ``base64_flag`` is the name that says whether the raw body is base64, and
    ``decoded_attributes`` are those of ``raw_attributes`` that never are; ``builds_on`` names the frameworks that this
    one is made of, which it goes before when a file's framework is decided. ``request_attributes`` hold the request on
    a view's ``self`` (``self.request``) or on the application (``app.current_request``), and with ``view_is_request`` a
    view's ``self`` is the request; ``parsed_globals`` are dotted names that are the decoded body wherever they are
    read.

    Parameters filled by the framework: ``body_parameter_names`` limits ``body_parameters`` to parameters of these
    names, empty means any name; ``raw_parameters`` are filled with the raw body, ``header_parameters`` with the headers
    as a plain dict of lower-case names; ``header_parameter_markers`` are defaults or annotations that fill a parameter
    from one header; ``raw_receivers`` are parameters that are called for messages whose ``body`` key is a part of the
    raw body.

    How a header is found: ``environ_attributes`` are those of ``header_attributes`` (the request itself, where that
    is ``environ_request``) whose keys are written as in WSGI (``HTTP_STRIPE_SIGNATURE``); ``case_sensitive_headers``
    are those that are plain dicts, ``folded_headers`` those of them whose names the framework writes in one
    case throughout; ``underscored_headers`` is true where ``STRIPE_SIGNATURE`` finds
    ``Stripe-Signature``; ``copied_header_name`` is the one spelling of this name in a ``dict`` that is made of the
    headers, empty where that is not known; ``missing_header_answered`` is true where a subscript with a missing header
    ends in a 400, or gives ``None``, which the SDK takes for a bad signature.

    What runs before a handler: ``guard_keywords`` are keyword arguments of the application, router or route that name
    it, ``guard_attributes`` are class attributes of a view that do, ``guard_decorators`` are dotted names of decorators
    that do, ``method_decorators`` are those of decorators that put the ones they are given on a view's methods, and
    ``guard_methods`` are the methods by which a class that is named there, or the view's own class or a middleware,
    runs; ``dispatching_methods`` are those of them that run the handler where they call the method of their base class,
    which the others only run before it. ``guard_getters`` are methods of a view that return what ``guard_attributes``
    hold elsewhere; ``wrapper_decorators`` are dotted names of decorators that make a decorator of a function whose
    first parameter is what it decorates. ``guard_calls`` put the classes or functions they are given in front of all
    handlers of an application; ``application_calls`` make one and ``including_calls`` add a router to one, whose
    ``guard_keywords`` say the same; ``router_calls`` make something that handlers of its own are registered on.
    ``guard_settings`` are pairs of a setting that lists such classes and the attribute by which a view names its own.
    ``application_registrations`` are those of ``guard_registrations`` that concern the whole application even where
    they are methods of a router. A middleware that is registered where nobody looks (in a setting, by a tool) is known
    by its form: ``middleware_bases`` are dotted names of its base classes, ``middleware_parameters`` what it is made
    with, ``middleware_methods`` those of its methods that see each request, ``middleware_settings`` what lists them,
    ``middleware_decorators`` what makes one of a function. ``route_calls`` are functions and methods that register a
    handler they are given; ``error_handler_keywords`` are keyword arguments that map exception classes to functions,
    and ``error_handler_settings`` are settings that name a function which gets any exception that leaves a view.

    How else an answer is given: ``response_parameters`` of a handler, parameters of any function that are annotated
    with ``response_types``, and the parameter at ``response_place`` of a handler in a class with one of
    ``generated_bases`` (counted from 0, which is ``self`` and means none) are objects whose ``response_attributes`` are
    sent, whose ``refusing_methods`` answer with an error, and whose ``abort_methods`` never return;
    ``response_methods`` and ``template_methods`` are methods of a view or of the framework's own objects that send
    their argument or render a context, ``refusing_methods`` of a view those of them that answer with an error, and
    ``response_streams`` attributes of a view to which the body of the answer is written. ``textless_exceptions`` are
    those of ``response_exceptions`` whose text the framework keeps from the client unless debugging is on.
    ``json_functions`` are dotted names of functions that decode JSON as ``json.loads`` does, ``header_functions`` of
    those that take a header's name.

    ``plain_answers`` tells whether a handler may return text, a dict or a tuple instead of a response object,
    ``none_answers`` whether a handler that returns ``None`` is answered with a 2xx, ``status_in_tuple`` whether one
    may return a content and a status.
    ``exceptions_refuse`` tells whether an exception that leaves a handler is always answered with an error status.

    How a repair writes it: ``raw_body`` and ``signature_header`` are the expressions for the body as it was sent and
    for the signature (``None`` where the header is missing), with ``{request}`` for the request; empty where there is
    none that can be had again later. ``refusals`` are the statements that answer 400; the usual one comes first.

    ``weak_import`` is true where the modules are imported for other things too (an HTTP client, a cloud library), so
    that any other framework in the file is the likelier one.
    """

    name: str
    modules: tuple[str, ...]
    request_globals: tuple[str, ...] = ()
    request_types: tuple[str, ...] = ()
    request_parameters: tuple[str, ...] = ("request",)
    request_factories: frozenset[str] = frozenset()
    raw_attributes: frozenset[str] = frozenset()
    raw_calls: frozenset[str] = frozenset()
    awaited_calls: frozenset[str] = frozenset()
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
    bare_routes: bool = False
    view_bases: tuple[str, ...] = ()
    view_methods: frozenset[str] = frozenset()
    generated_bases: tuple[str, ...] = ()
    generated_messages: tuple[str, ...] = ()
    view_parameter_count: int = 0
    entry_points: tuple[tuple[str, ...], ...] = ()
    dependency_markers: tuple[str, ...] = ()
    guard_registrations: frozenset[str] = frozenset()
    error_handler_decorators: frozenset[str] = frozenset()
    error_handler_calls: frozenset[str] = frozenset()
    error_methods: frozenset[str] = frozenset()
    response_calls: frozenset[str] = frozenset()
    response_exceptions: frozenset[str] = frozenset()
    message_calls: frozenset[str] = frozenset()
    template_calls: frozenset[str] = frozenset()
    abort_calls: frozenset[str] = frozenset()
    returns_exception_text: bool = False
    builds_on: tuple[str, ...] = ()
    keyed: bool = False
    base64_flag: str = ""
    decoded_attributes: frozenset[str] = frozenset()
    request_attributes: tuple[str, ...] = ()
    view_is_request: bool = False
    parsed_globals: frozenset[str] = frozenset()
    body_parameter_names: tuple[str, ...] = ()
    raw_parameters: tuple[str, ...] = ()
    raw_receivers: tuple[str, ...] = ()
    header_parameters: tuple[str, ...] = ()
    header_parameter_markers: tuple[str, ...] = ()
    environ_attributes: frozenset[str] = frozenset()
    environ_request: bool = False
    case_sensitive_headers: frozenset[str] = frozenset()
    folded_headers: frozenset[str] = frozenset()
    underscored_headers: bool = False
    copied_header_name: str = ""
    missing_header_answered: bool = False
    guard_keywords: frozenset[str] = frozenset()
    guard_attributes: frozenset[str] = frozenset()
    guard_decorators: frozenset[str] = frozenset()
    method_decorators: frozenset[str] = frozenset()
    guard_methods: frozenset[str] = frozenset()
    dispatching_methods: frozenset[str] = frozenset()
    guard_getters: frozenset[str] = frozenset()
    wrapper_decorators: frozenset[str] = frozenset()
    guard_calls: frozenset[str] = frozenset()
    application_calls: frozenset[str] = frozenset()
    including_calls: frozenset[str] = frozenset()
    router_calls: frozenset[str] = frozenset()
    guard_settings: tuple[tuple[str, str], ...] = ()
    application_registrations: frozenset[str] = frozenset()
    middleware_bases: frozenset[str] = frozenset()
    middleware_parameters: frozenset[str] = frozenset()
    middleware_methods: frozenset[str] = frozenset()
    middleware_settings: frozenset[str] = frozenset()
    middleware_decorators: frozenset[str] = frozenset()
    route_calls: frozenset[str] = frozenset()
    error_handler_keywords: frozenset[str] = frozenset()
    error_handler_settings: frozenset[str] = frozenset()
    response_parameters: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    response_place: int = 0
    response_attributes: frozenset[str] = frozenset()
    response_methods: frozenset[str] = frozenset()
    response_streams: frozenset[str] = frozenset()
    refusing_methods: frozenset[str] = frozenset()
    abort_methods: frozenset[str] = frozenset()
    template_methods: frozenset[str] = frozenset()
    textless_exceptions: frozenset[str] = frozenset()
    json_functions: frozenset[str] = frozenset()
    header_functions: frozenset[str] = frozenset()
    raw_body: str = ""
    signature_header: str = ""
    refusals: tuple[Refusal, ...] = ()
    weak_import: bool = False
    plain_answers: bool = True
    none_answers: bool = True
    status_in_tuple: bool = False
    registers_at_once: bool = False
    exceptions_refuse: bool = True

    def __eq__(self, other: object) -> bool:
        """Whether both are the same object; no two entries are alike."""
        return self is other

    def __hash__(self) -> int:
        """The hash of the object."""
        return object.__hash__(self)


def spellings(modules: str, names: str) -> frozenset[str]:
    """Every dotted name that joins one of the blank-separated modules with one of the blank-separated names."""
    return frozenset(f"{module}.{name}" for module in modules.split() for name in names.split())
