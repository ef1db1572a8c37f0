"""Asks one unpacked ``stripe`` package which request each of its methods sends.

Run by ``gen_api_surface.py`` in a process of its own, as ``python probe_stripe.py DIRECTORY``. Every public method of
every resource class and of every ``StripeClient`` service is called with placeholder arguments and an HTTP client that
answers by itself, so that verb and address are what the release really does, whatever the layout of its source. What
no call can show, the type of the answer, is read from the annotations. Nothing is sent over the network.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Every id that some nested object needs to build its own address.
PARENT_IDS = ("account", "cardholder", "customer", "fee", "invoice", "recipient", "subscription", "transfer")
ABSTRACT = frozenset({"ListObject", "SearchResultObject", "StripeObject", "VerifyMixin", "SingletonAPIResource"})
PRIVATE_MODULES = frozenset({"abstract", "api_resources", "data", "events", "params", "six"})
# Takes the verb from its caller, so it has none of its own.
GENERIC = frozenset({"request", "request_stream", "raw_request"})
# Asked for by name by the few methods that refuse to send anything without them.
DEMANDED = {"stripe_version": "2020-08-27", "subscription_item": "si_1"}
LISTS = re.compile(r"(?:ListObject|SearchResultObject|ListResult)\[(.*)\]")
WRAPPERS = re.compile(r"(?:typing\.)?(?:Optional|Awaitable|ForwardRef|StripeStreamResponse)\b")


class Recorder:
    """Remembers the last request and answers each with an empty object."""

    last: tuple[str, str] | None = None

    def client(self, stripe: ModuleType) -> Any:
        """An HTTP client of the kind that the package wants, which sends nothing."""
        recorder = self

        def request(_: object, method: str, url: str, *__: object, **___: object) -> tuple[str, int, dict[str, str]]:
            recorder.last = (method.lower(), url)
            return "{}", 200, {}

        base = (getattr(stripe, "http_client", None) or stripe).HTTPClient
        return type("Client", (base,), {"name": "recorder", "request": request, "request_stream": request})()

    def watch(self, function: Callable[..., object], shape: Callable[..., object]) -> tuple[str, str] | None:
        """The verb and the path that a function with the signature of ``shape`` sends; ``None`` if it sends nothing."""
        self.last = None
        for demanded in ({}, DEMANDED):
            # A method may stumble over the empty answer; by then the request has been seen.
            with suppress(Exception):
                function(*required(shape), **demanded)
            if self.last:
                break
        if self.last is None:
            return None
        verb, address = self.last
        return verb, re.sub(r"^https?://[^/]+", "", address).partition("?")[0]


def public_names(owner: object) -> list[str]:
    """The public names of a module or class, those that are imported on demand included."""
    names = set(dir(owner)) | set(getattr(owner, "_import_map", ()))
    return sorted(name for name in names if not name.startswith("_"))


def object_class(stripe: ModuleType) -> type[Any]:
    """The class that everything in an answer is an instance of."""
    found: type[Any] | None = getattr(stripe, "StripeObject", None)
    return found or importlib.import_module("stripe.stripe_object").StripeObject


def resource_classes(stripe: ModuleType) -> dict[str, type[Any]]:
    """Each resource class under its public path: ``stripe.checkout.Session``, ``stripe.Refund.TestHelpers``."""
    found: dict[str, type[Any]] = {}
    base = object_class(stripe)

    def walk(module: ModuleType, path: str) -> None:
        for name in public_names(module):
            if name in PRIVATE_MODULES:
                continue
            value = getattr(module, name, None)
            if isinstance(value, ModuleType):
                if value.__name__.startswith("stripe.") and hasattr(value, "__path__"):
                    walk(value, f"{path}.{name}")
            elif isinstance(value, type) and issubclass(value, base):
                if name in ABSTRACT or name.endswith(("APIResource", "Object", "EventNotification")):
                    continue
                found[f"{path}.{name}"] = value
                helpers = value.__dict__.get("TestHelpers")
                if isinstance(helpers, type):
                    found[f"{path}.{name}.TestHelpers"] = helpers

    walk(stripe, "stripe")
    return found


@cache
def imported_names(file: str) -> dict[str, tuple[str, str]]:
    """What each name in a source file is imported as, imports for type checkers included."""
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = (node.module, alias.name)
    return names


class Answers:
    """Turns return annotations into public resource paths."""

    def __init__(self, classes: dict[str, type[Any]]) -> None:
        """Take the resource classes under their public paths."""
        # Sorted so that the shortest of several public names of one class is the one that is kept.
        self.paths = {
            (value.__module__, value.__qualname__): path
            for path, value in sorted(classes.items(), key=lambda item: (-len(item[0]), item[0]))
        }

    def of(self, function: Callable[..., Any]) -> tuple[str | None, str | None]:
        """The resource a function returns, and the one whose list it returns."""
        function = inspect.unwrap(getattr(function, "__func__", function))
        annotation = self.annotation(function)
        if annotation is None:
            return None, None
        text = self.plain(annotation)
        listed = LISTS.search(text)
        if listed:
            return None, self.path(listed.group(1), function)
        return self.path(text, function), None

    def annotation(self, function: Callable[..., Any]) -> object:
        """What a function says that it returns."""
        return inspect.unwrap(getattr(function, "__func__", function)).__annotations__.get("return")

    def plain(self, annotation: object) -> str:
        """An annotation as text, without quotes and without what wraps the answer."""
        text = annotation.__qualname__ if isinstance(annotation, type) else str(annotation)
        return WRAPPERS.sub("", text.replace("'", "").replace('"', ""))

    def path(self, text: str, place: Callable[..., Any] | type[Any]) -> str | None:
        """The public path of the class that an annotation names inside the module of a function or class."""
        name = text.strip("()[] ").rpartition(".")[2]
        if "," in text or not name.isidentifier():
            return None
        source = inspect.getsourcefile(place)
        here = (place.__module__, name)
        return self.paths.get(imported_names(source).get(name, here) if source else here)


def required(function: Callable[..., Any]) -> list[Any]:
    """A placeholder for each positional argument that has no default."""
    return [
        {"client_id": "ca_1", "stripe_user_id": "acct_1"} if name == "params" else f"{name}_1"
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    ]


def positional(function: Callable[..., Any]) -> list[str]:
    """The names of the positional parameters, ``self`` and ``cls`` already bound."""
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]


def instance_of(owner: type[Any], path: str, classes: dict[str, type[Any]]) -> Any:
    """An object of a class as an answer would have made it, with an attribute that waits to be saved."""
    if path.endswith(".TestHelpers"):
        outer = path.removesuffix(".TestHelpers")
        return owner(instance_of(classes[outer], outer, classes))
    values = {"id": "id_1", "metadata": {}, **{name: f"{name}_1" for name in PARENT_IDS}}
    made = owner.construct_from(values, "sk_test_1")
    made.description = "changed"
    return made


def lists(classes: dict[str, type[Any]]) -> dict[str, str | None]:
    """The attributes of resources that hold lists, each with the resource that is listed where one can be told."""
    answers = Answers(classes)
    found: dict[str, str | None] = {}
    for path, owner in classes.items():
        for name, annotation in vars(owner).get("__annotations__", {}).items():
            listed = LISTS.search(answers.plain(annotation))
            if listed:
                found[f"{path}.{name}"] = answers.path(listed.group(1), owner)
    return found


def probe_resources(stripe: ModuleType, recorder: Recorder, classes: dict[str, type[Any]]) -> Iterator[dict[str, Any]]:
    """One record for each method of a resource class that sends a request."""
    answers = Answers(classes)
    inherited = set(object_class(stripe).__mro__)
    for path, owner in sorted(classes.items()):
        for name in public_names(owner):
            if name in GENERIC or name.endswith(("_async", "auto_paging_iter")):
                continue
            if next(parent for parent in owner.__mro__ if name in vars(parent)) in inherited:
                continue
            static = inspect.getattr_static(owner, name)
            if isinstance(static, type | property):
                continue
            variant: str | None = getattr(static, "class_method_name", None)
            ways: dict[str, Callable[..., Any]] = {}
            if variant:
                ways = {"class": getattr(owner, variant), "instance": static.method}
            elif isinstance(static, classmethod | staticmethod):
                ways["class"] = getattr(owner, name)
            elif callable(static):
                ways["instance"] = static
            seen: dict[str, Any] = {}
            for way, function in ways.items():
                bound = function if way == "class" else getattr(instance_of(owner, path, classes), name)
                shape = function if way == "class" else function.__get__(object())
                sent = recorder.watch(bound, shape)
                if sent is None:
                    continue
                returns, listed = answers.of(function)
                seen.setdefault("verb", sent[0])
                seen.setdefault("url", sent[1])
                seen.setdefault("positional", {})[way] = positional(shape)
                seen["returns"] = seen.get("returns") or returns
                seen["list_of"] = seen.get("list_of") or listed
            if seen:
                typed = any(answers.annotation(function) for function in ways.values())
                yield {"path": f"{path}.{name}", "async": hasattr(owner, f"{name}_async"), "typed": typed, **seen}


def probe_services(stripe: ModuleType, recorder: Recorder, classes: dict[str, type[Any]]) -> Iterator[dict[str, Any]]:
    """One record for each method of a service that a ``StripeClient`` reaches."""
    if not hasattr(stripe, "StripeClient"):
        return
    base = importlib.import_module("stripe._stripe_service").StripeService
    client = stripe.StripeClient("sk_test_1", http_client=recorder.client(stripe))
    answers = Answers(classes)

    def walk(service: Any, path: str) -> Iterator[dict[str, Any]]:
        lazy = getattr(sys.modules[type(service).__module__], "_subservices", {})
        for name in sorted(set(vars(service)) | set(lazy) | set(public_names(type(service)))):
            value = getattr(service, name, None)
            if isinstance(value, base):
                yield from walk(value, f"{path}{name}.")
            elif callable(value) and not name.startswith("_") and not name.endswith("_async"):
                sent = recorder.watch(value, value)
                if sent is None:
                    continue
                returns, listed = answers.of(value)
                yield {
                    "path": path + name,
                    "verb": sent[0],
                    "url": sent[1],
                    "positional": {"service": positional(value)},
                    "async": hasattr(service, f"{name}_async"),
                    "returns": returns,
                    "list_of": listed,
                    "typed": True,
                }

    first = getattr(client, "v1", None)
    names = set(public_names(client)) | set(vars(client))
    if first is not None:
        names |= set(vars(first)) | set(getattr(sys.modules[type(first).__module__], "_subservices", {}))
    for name in sorted(names - {"v1"}):
        child = getattr(client, name, None)
        if isinstance(child, base):
            yield from walk(child, f"{name}.")


def probe_oauth(stripe: ModuleType, recorder: Recorder) -> Iterator[dict[str, Any]]:
    """The two requests of OAuth, which has its own host and no resource class."""
    if hasattr(stripe, "OAuth"):
        for name in ("deauthorize", "token"):
            method = getattr(stripe.OAuth, name)
            sent = recorder.watch(method, method)
            if sent:
                yield {
                    "path": f"stripe.OAuth.{name}",
                    "verb": sent[0],
                    "url": sent[1],
                    "positional": {"class": positional(method)},
                    "async": False,
                    "returns": None,
                    "list_of": None,
                    "typed": True,
                }


def probe(directory: str) -> dict[str, Any]:
    """Everything that can be learnt from the package in a directory."""
    sys.path.insert(0, directory)
    warnings.simplefilter("ignore")
    stripe = importlib.import_module("stripe")
    recorder = Recorder()
    stripe.api_key = "sk_test_1"  # type: ignore[attr-defined]
    stripe.client_id = "ca_1"  # type: ignore[attr-defined]
    stripe.default_http_client = recorder.client(stripe)  # type: ignore[attr-defined]
    classes = resource_classes(stripe)
    version = importlib.import_module("stripe.version").VERSION if "version" in public_names(stripe) else ""
    return {
        "version": version or importlib.import_module("stripe._version").VERSION,
        "resources": sorted(classes),
        "lists": lists(classes),
        "methods": [*probe_resources(stripe, recorder, classes), *probe_oauth(stripe, recorder)],
        "services": list(probe_services(stripe, recorder, classes)),
    }


if __name__ == "__main__":
    json.dump(probe(sys.argv[1]), sys.stdout)
