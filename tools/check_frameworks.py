"""Compare the framework tables with the frameworks themselves. Run by hand after a change to a table.

Make a throw-away environment with the frameworks in it, and run this file with its Python::

    python3 -m venv CHECK
    CHECK/bin/pip install flask flask-restful flask-restx flask-smorest apiflask quart django djangorestframework \\
        adrf django-ninja django-ninja-extra fastapi litestar aiohttp aiohttp-jinja2 sanic sanic-ext tornado bottle \\
        falcon pyramid chalice aws-lambda-powertools aws-lambda-typing azure-functions functions-framework \\
        firebase-functions trytond
    PYTHONPATH=src CHECK/bin/python tools/check_frameworks.py

It says, one line each, which dotted names can't be imported, which body, form and header names the request class does
not have, which names that are said to be foreign it does have, and which subclasses of a listed response or exception
stand beside it under a public name without being listed. It exits with 1 where it said anything. A framework that is
not installed (Odoo and Frappe can't be, without their servers) is named and left out.
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, is_typeddict

from stripe_lint.analysis import frameworks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.frameworks.model import Framework

# Names that a newer release of the framework no longer has and that older projects still use.
REMOVED: dict[str, str] = {}

# Where a foreign name exists on the request class and is something else than the raw body there.
SOMETHING_ELSE = {("chalice", "body"): "annotated on the class and never set"}

# Names that are set otherwise than on the class or by an assignment to ``self``.
SET_DYNAMICALLY = frozenset({("pyramid", "environ")})

# Requests to which a framework's own request hands on what it does not have itself.
WRAPPED_REQUESTS = {"django_rest_framework": ("django.core.handlers.wsgi.WSGIRequest",)}

# Names beside a listed one that are left out on purpose: abstract bases, internals, other protocols.
LEFT_OUT = frozenset(
    {
        "aiohttp.web.WebSocketResponse",
        "apiflask.views.View",
        "django.core.exceptions.DisallowedHost",
        "django.core.exceptions.DisallowedRedirect",
        "django.core.exceptions.RequestDataTooBig",
        "django.core.exceptions.SuspiciousFileOperation",
        "django.core.exceptions.SuspiciousMultipartForm",
        "django.core.exceptions.TooManyFieldsSent",
        "django.core.exceptions.TooManyFilesSent",
        "django.http.response.HttpResponseRedirectBase",
        "flask_restx.SpecsError",
        "flask_restx.errors.SpecsError",
        "litestar.exceptions.ImproperlyConfiguredException",
        "litestar.exceptions.NoRouteMatchFoundException",
        "litestar.exceptions.TemplateNotFoundException",
        "litestar.exceptions.http_exceptions.ImproperlyConfiguredException",
        "litestar.exceptions.http_exceptions.NoRouteMatchFoundException",
        "litestar.exceptions.http_exceptions.TemplateNotFoundException",
        "sanic.exceptions.InvalidRangeType",
        "sanic.exceptions.InvalidSignal",
        "sanic.exceptions.LoadFileException",
        "sanic.exceptions.PyFileError",
        "sanic.exceptions.URLBuildError",
        "sanic.exceptions.WebsocketClosed",
        "tornado.web.ErrorHandler",
        "tornado.web.FallbackHandler",
        "tornado.web.RedirectHandler",
        "tornado.web.StaticFileHandler",
        "trytond.protocols.wrappers.JSONBadRequest",
    }
)

DOTTED_FIELDS = (
    "request_globals",
    "request_types",
    "parsed_globals",
    "body_parameter_markers",
    "header_parameter_markers",
    "view_bases",
    "dependency_markers",
    "guard_decorators",
    "middleware_bases",
    "response_calls",
    "response_exceptions",
    "textless_exceptions",
    "message_calls",
    "template_calls",
    "abort_calls",
    "json_functions",
    "header_functions",
)
REQUEST_FIELDS = (
    "raw_attributes",
    "raw_calls",
    "raw_streams",
    "parsed_attributes",
    "parsed_calls",
    "form_attributes",
    "form_calls",
    "header_attributes",
    "header_calls",
)


def main() -> int:
    """Print what differs; the exit code tells whether anything does."""
    warnings.simplefilter("ignore")
    prepare_django()
    installed = [framework for framework in frameworks.ALL if all(map(resolve, framework.modules[:1]))]
    found = [line for framework in installed for line in differences(framework)]
    for line in found:
        print(line)
    missing = [framework.name for framework in frameworks.ALL if framework not in installed]
    print(f"{len(installed)} frameworks, {len(found)} differences; not installed: {missing}", file=sys.stderr)
    return 1 if found else 0


def prepare_django() -> None:
    """Settings and applications without which Django's packages can't be imported."""
    applications = ["django.contrib.contenttypes", "django.contrib.auth", "ninja_extra"]
    import_module("django.conf").settings.configure(INSTALLED_APPS=applications)
    import_module("django").setup()


def differences(framework: Framework) -> Iterator[str]:
    """Everything that one table says and its framework does not, or the other way round."""
    for field in DOTTED_FIELDS:
        for path in sorted(getattr(framework, field)):
            if path not in REMOVED and resolve(path) is None:
                yield f"{framework.name}: {field}: {path} can't be imported"
    yield from request_differences(framework)
    for field in ("response_calls", "response_exceptions", "view_bases", "request_types"):
        yield from unlisted(framework, field)


def request_differences(framework: Framework) -> Iterator[str]:
    """Names that no request class of the framework has, and foreign ones that one has."""
    paths = (*framework.request_types, *WRAPPED_REQUESTS.get(framework.name, ()))
    classes = [found for path in paths if inspect.isclass(found := resolve(path))]
    if not classes or framework.keyed:
        return
    views = [found for path in framework.view_bases if inspect.isclass(found := resolve(path))]
    for field in REQUEST_FIELDS:
        for name in sorted(getattr(framework, field)):
            if (framework.name, name) not in SET_DYNAMICALLY and not any(has(o, name) for o in (*classes, *views)):
                yield f"{framework.name}: {field}: the request has no {name}"
    for name in sorted(framework.foreign_attributes):
        if (framework.name, name) not in SOMETHING_ELSE and any(has(owner, name) for owner in classes):
            yield f"{framework.name}: foreign_attributes: the request has {name}"


def unlisted(framework: Framework, field: str) -> Iterator[str]:
    """Public subclasses of listed classes, in the same modules and under no listed name."""
    listed = getattr(framework, field)
    everywhere = {path for entry in frameworks.ALL for path in getattr(entry, field)}
    classes = (found for path in listed if inspect.isclass(found := resolve(path)))
    bases = tuple(found for found in classes if not is_typeddict(found))
    modules = {path.rpartition(".")[0] for path in listed}
    for module in sorted(modules):
        if module.partition(".")[0] not in framework.modules:
            continue
        owner = resolve(module)
        for name, value in sorted(vars(owner).items()) if inspect.ismodule(owner) else ():
            path = f"{module}.{name}"
            if name.startswith("_") or not inspect.isclass(value) or path in everywhere or path in LEFT_OUT:
                continue
            offered = name in getattr(owner, "__all__", ()) or value.__module__ == module
            if offered and issubclass(value, bases):
                yield f"{framework.name}: {field}: {path} is not listed"


def resolve(path: str) -> object | None:
    """What a dotted name stands for: a module, or attributes of one; ``None`` where there is no such thing."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: object = import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            value = getattr(value, part, None)
        return value
    return None


def has(owner: type, name: str) -> bool:
    """Whether instances of a class have an attribute, as far as the class and its source tell."""
    if hasattr(owner, name) or name in getattr(owner, "__annotations__", {}):
        return True
    for ancestor in owner.__mro__:
        try:
            source = inspect.getsource(ancestor)
        except (OSError, TypeError):
            continue
        if re.search(rf"\bself\.{name}(:[^=\n]*)? = ", source):
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
