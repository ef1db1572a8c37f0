"""Which request a method of the ``stripe`` package sends, and what a second one of the same would do.

Three spellings reach the same API: a resource class (``stripe.PaymentIntent.confirm(id)``), an instance
(``intent.confirm()``) and a service of a ``StripeClient`` (``client.v1.payment_intents.confirm(id)``). There is one
question for each. A method that no known release has is ``None``, and so is one that sends nothing.
"""

from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

Grade = Literal["warning", "info"]
Style = Literal["resource", "instance", "service", "oauth"]

SURFACE = Path(__file__).with_name("api_surface.json")
"""The generated file that all answers come from."""

_ASYNC = "_async"


class Critical(NamedTuple):
    """Why and when a call moves or commits money, or creates what later moves it.

    The call is critical if one of the arguments in ``when`` is passed (any call, where ``when`` is empty) and none of
    the arguments in ``unless`` has the literal value beside it. ``grade`` is the severity of a missing idempotency key
    outside a retry: an argument in ``warning_when`` makes it a warning, an argument in ``info_when`` with the literal
    value beside it an info, and so does an argument in ``once_by``, whose value Stripe takes only once.
    """

    name: str
    grade: Grade
    when: tuple[str, ...] = ()
    unless: tuple[tuple[str, str], ...] = ()
    warning_when: tuple[str, ...] = ()
    info_when: tuple[tuple[str, str], ...] = ()
    once_by: tuple[str, ...] = ()


class Method(NamedTuple):
    """One method that sends one request.

    ``style`` tells how the arguments are passed: ``resource`` and ``instance`` methods take parameters and options
    together as keywords, ``service`` methods as two dicts at ``params_index`` and ``options_index``. ``positional``
    names the positional parameters, ``self`` left out. ``returns`` is the resource that the answer is an instance of,
    ``returns_list_of`` the one that it is a list or a page of. ``versions`` holds the oldest and the newest of the
    examined releases that have the method.
    """

    path: str
    verb: Literal["get", "post", "delete"]
    api: Literal["v1", "v2", "oauth"]
    style: Style
    positional: tuple[str, ...]
    read_only: bool
    critical: Critical | None
    returns: str | None
    returns_list_of: str | None
    versions: tuple[str, str]

    @property
    def mutating(self) -> bool:
        """Whether the request changes something at Stripe and would obey an idempotency key.

        OAuth requests go to another host, which knows no such keys.
        """
        return self.verb == "post" and self.api != "oauth" and not self.read_only

    @property
    def params_index(self) -> int | None:
        """The position of the dict of parameters that a service method takes."""
        return self._index("params")

    @property
    def options_index(self) -> int | None:
        """The position of the dict of options that a service method takes, the idempotency key among them."""
        return self._index("options")

    def _index(self, name: str) -> int | None:
        return self.positional.index(name) if self.style == "service" and name in self.positional else None


@cache
def wrapper(name: str) -> Method:
    """A function of a project that sends a critical request, and takes the key as ``idempotency_key=``."""
    critical = Critical(name, "warning")
    return Method(name, "post", "v1", "resource", (), False, critical, None, None, ("", ""))


@cache
def resource_method(path: str) -> Method | None:
    """The method behind a spelling through the class, such as ``stripe.checkout.Session.create_async``."""
    return _method("methods", path, "class")


@cache
def instance_method(resource: str, name: str) -> Method | None:
    """The method behind a spelling through an instance of a resource, such as ``stripe.PaymentIntent``.

    ``name`` may go through a list inside the object: ``refunds.create`` of ``stripe.Charge``. Python also lets an
    instance call what belongs to its class; such a method has the style ``resource``, because it takes the same
    arguments as through the class.
    """
    path = f"{resource}.{name}"
    return _method("methods", path, "instance") or _method("methods", path, "class")


@cache
def service_method(path: str) -> Method | None:
    """The method behind a spelling through a client: ``checkout.sessions.create``, with or without ``v1.``."""
    return _method("services", path.removeprefix("v1."), "service")


@cache
def resource_in_field(name: str) -> str | None:
    """The resource whose objects a field of that name holds, one of them or a list: ``latest_charge``, ``charges``.

    Stripe names its fields after what is in them. A field that holds one holds only its id where it is not expanded.
    """
    for prefix in ("latest_", "default_", "pending_"):
        name = name.removeprefix(prefix)
    resources = _resources_by_field()
    return resources.get(name) or resources.get(name.removesuffix("s"))


@cache
def _resources_by_field() -> dict[str, str]:
    found = {}
    for path in _data()["resources"]:
        package, _, name = path.rpartition(".")
        if package == "stripe":
            found["".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")] = path
    return found


@cache
def is_service_path(path: str) -> bool:
    """Whether a path leads from a client to a service or to a group of services: ``checkout``, ``v1.checkout``."""
    return path == "v1" or path.removeprefix("v1.") in _service_paths()


@cache
def stripe_versions() -> tuple[str, ...]:
    """The releases that were examined, oldest first."""
    return tuple(_data()["stripe_versions"])


@cache
def _data() -> dict[str, Any]:
    import json

    loaded: dict[str, Any] = json.loads(SURFACE.read_bytes())
    return loaded


@cache
def _service_paths() -> frozenset[str]:
    found = set()
    for path in _data()["services"]:
        while path := path.rpartition(".")[0]:
            found.add(path)
    return frozenset(found)


@cache
def _critical(name: str) -> Critical:
    row = _data()["critical"][name]
    return Critical(
        name=name,
        grade=row["grade"],
        when=tuple(row.get("when", ())),
        unless=tuple((argument, value) for argument, value in row.get("unless", ())),
        warning_when=tuple(row.get("warning_when", ())),
        info_when=tuple((argument, value) for argument, value in row.get("info_when", ())),
        once_by=tuple(row.get("once_by", ())),
    )


def _method(table: str, path: str, binding: Literal["class", "instance", "service"]) -> Method | None:
    entries = _data()[table]
    entry = entries.get(path)
    is_async = entry is None and path.endswith(_ASYNC)
    if is_async:
        entry = entries.get(path.removesuffix(_ASYNC))
    if entry is None or binding not in entry or (is_async and "async" not in entry):
        return None
    style: Style = "resource" if binding == "class" else binding
    api = entry.get("api", "v1")
    return Method(
        path=path,
        verb=entry["verb"],
        api=api,
        style="oauth" if api == "oauth" and binding == "class" and path.startswith("stripe.OAuth.") else style,
        positional=tuple(entry[binding]),
        read_only="read_only" in entry,
        critical=_critical(entry["critical"]) if "critical" in entry else None,
        returns=entry.get("returns"),
        returns_list_of=entry.get("list_of"),
        versions=(entry["async" if is_async else "first"], entry.get("last", stripe_versions()[-1])),
    )


@cache
def method_names() -> frozenset[str]:
    """The last parts of all methods' names, async twins included."""
    data = _data()
    found = {path.rpartition(".")[2] for table in ("methods", "services") for path in data[table]}
    return frozenset(found | {f"{name}{_ASYNC}" for name in found})
