"""The framework tables: what is found, in which order, and that no table contradicts itself or another."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_type_hints

import pytest

from stripe_lint.analysis import frameworks
from stripe_lint.analysis.frameworks.model import Framework, spellings

RAW = ("raw_attributes", "raw_calls", "raw_streams")
PARSED = ("parsed_attributes", "parsed_calls")
FORM = ("form_attributes", "form_calls")
HEADERS = ("header_attributes", "header_calls")
DOTTED = (
    "request_globals",
    "request_types",
    "request_factories",
    "parsed_globals",
    "body_parameter_markers",
    "header_parameter_markers",
    "view_bases",
    "dependency_markers",
    "guard_decorators",
    "response_types",
    "response_calls",
    "response_exceptions",
    "textless_exceptions",
    "message_calls",
    "template_calls",
    "abort_calls",
    "json_functions",
    "header_functions",
    "middleware_bases",
)
PLAIN = (
    *RAW,
    *PARSED,
    *FORM,
    "foreign_attributes",
    "request_parameters",
    "request_attributes",
    "body_parameter_names",
    "raw_parameters",
    "raw_receivers",
    "header_parameters",
    "route_decorators",
    "route_calls",
    "view_methods",
    "guard_registrations",
    "guard_keywords",
    "guard_attributes",
    "guard_methods",
    "application_registrations",
    "middleware_parameters",
    "middleware_methods",
    "middleware_decorators",
    "error_handler_decorators",
    "error_handler_calls",
    "error_handler_keywords",
    "response_parameters",
    "response_attributes",
    "response_methods",
    "response_streams",
    "template_methods",
)

every_framework = pytest.mark.parametrize("framework", frameworks.ALL, ids=lambda framework: framework.name)


def modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(frameworks.__path__) if module.name != "model"]


def names(framework: Framework, *fields: str) -> set[str]:
    return {name for field in fields for name in getattr(framework, field)}


def test_every_module_is_an_entry_of_its_own_name() -> None:
    assert sorted(framework.name for framework in frameworks.ALL) == sorted(modules())


@pytest.mark.parametrize("module", modules())
def test_every_entry_names_its_documentation_in_one_line(module: str) -> None:
    docstring = importlib.import_module(f"stripe_lint.analysis.frameworks.{module}").__doc__

    assert docstring is not None
    assert re.fullmatch(r"\S[^\n]*: https://\S+\.", docstring)


def test_entries_are_the_same_objects_each_time() -> None:
    assert frameworks.ALL is frameworks.ALL
    assert frameworks.by_name("flask") is frameworks.by_name("flask")


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        frameworks.by_name("cobol_on_cogs")
    with pytest.raises(AttributeError, match="NONE"):
        _ = frameworks.NONE  # type: ignore[attr-defined]


def test_every_module_belongs_to_one_entry() -> None:
    owned = [module for framework in frameworks.ALL for module in framework.modules]

    assert len(owned) == len(set(owned))


@every_framework
def test_what_an_entry_builds_on_exists(framework: Framework) -> None:
    assert set(framework.builds_on) <= {other.name for other in frameworks.ALL}


@every_framework
def test_what_an_entry_builds_on_comes_after_it(framework: Framework) -> None:
    order = [other.name for other in frameworks.ALL]

    for base in framework.builds_on:
        assert order.index(framework.name) < order.index(base)


@every_framework
def test_fields_hold_what_they_are_declared_to_hold(framework: Framework) -> None:
    declared = get_type_hints(type(framework))
    assert frozenset[str] in declared.values()
    for name, hint in declared.items():
        value = getattr(framework, name)
        if hint == frozenset[str]:
            assert isinstance(value, frozenset), name
        elif hint == tuple[str, ...]:
            assert isinstance(value, tuple), name
            assert len(value) == len(set(value)), name


@every_framework
def test_dotted_names_have_a_module_and_a_name(framework: Framework) -> None:
    for path in sorted(names(framework, *DOTTED)):
        assert re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", path), path


@every_framework
def test_plain_names_have_no_dots(framework: Framework) -> None:
    for name in sorted(names(framework, *PLAIN)):
        assert name.isidentifier() or name == "wsgi.input", name


@every_framework
def test_a_body_name_means_one_thing(framework: Framework) -> None:
    raw, parsed, form = names(framework, *RAW), names(framework, *PARSED), names(framework, *FORM)

    assert not raw & parsed
    assert not raw & form
    assert not parsed & form
    assert not framework.foreign_attributes & (raw | parsed | form | names(framework, *HEADERS))


@every_framework
def test_foreign_names_are_body_names_elsewhere(framework: Framework) -> None:
    others = set().union(*(names(other, *RAW, *PARSED) for other in frameworks.ALL if other is not framework))

    assert framework.foreign_attributes <= others


@every_framework
def test_kinds_of_headers_are_headers(framework: Framework) -> None:
    assert framework.environ_attributes <= framework.header_attributes
    assert framework.case_sensitive_headers <= framework.header_attributes
    assert not framework.environ_attributes & framework.case_sensitive_headers


@every_framework
def test_narrower_sets_are_inside_the_wider(framework: Framework) -> None:
    assert framework.textless_exceptions <= framework.response_exceptions
    assert framework.template_methods <= framework.response_methods | {"TemplateResponse"}
    assert framework.body_parameters or not (framework.body_parameter_markers or framework.body_parameter_names)


@pytest.mark.parametrize(
    ("imported", "expected"),
    [
        ({"django", "rest_framework", "stripe"}, ["django_rest_framework", "django"]),
        ({"django", "ninja"}, ["django_ninja", "django"]),
        ({"fastapi", "starlette"}, ["fastapi", "starlette"]),
        ({"flask", "quart", "werkzeug"}, ["quart", "flask", "werkzeug"]),
        ({"flask", "functions_framework"}, ["google_functions", "flask"]),
        ({"aiohttp", "fastapi"}, ["fastapi", "aiohttp"]),
        ({"aiohttp", "flask"}, ["flask", "aiohttp"]),
        ({"asgiref", "django"}, ["django", "asgi"]),
        ({"azure", "flask"}, ["flask", "azure_functions"]),
        ({"aws_lambda_powertools"}, ["aws_powertools"]),
        ({"os", "stripe"}, []),
    ],
    ids=lambda value: "+".join(sorted(value)) or "none",
)
def test_the_most_specific_framework_comes_first(imported: set[str], expected: list[str]) -> None:
    assert [framework.name for framework in frameworks.frameworks_of(frozenset(imported))] == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("flask.request", "flask"),
        ("flask.globals.request", "flask"),
        ("quart.request", "quart"),
        ("bottle.request", "bottle"),
        ("frappe.local.request", "frappe"),
        ("odoo.http.request.httprequest", "odoo"),
    ],
)
def test_request_globals(path: str, expected: str) -> None:
    assert frameworks.request_global(path) is frameworks.by_name(expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("flask.Request", "flask"),
        ("fastapi.Request", "fastapi"),
        ("starlette.requests.Request", "starlette"),
        ("django.http.HttpRequest", "django"),
        ("rest_framework.request.Request", "django_rest_framework"),
        ("aiohttp.web.Request", "aiohttp"),
        ("azure.functions.HttpRequest", "azure_functions"),
        ("firebase_functions.https_fn.Request", "google_functions"),
        ("aws_lambda_powertools.utilities.data_classes.APIGatewayProxyEvent", "aws_powertools"),
    ],
)
def test_request_types_belong_to_the_framework_whose_package_they_are_in(path: str, expected: str) -> None:
    assert frameworks.request_type(path) is frameworks.by_name(expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("django.views.View", "django"),
        ("django.views.generic.base.View", "django"),
        ("rest_framework.views.APIView", "django_rest_framework"),
        ("rest_framework.generics.GenericAPIView", "django_rest_framework"),
        ("rest_framework.viewsets.ViewSet", "django_rest_framework"),
        ("flask_restful.Resource", "flask"),
        ("starlette.endpoints.HTTPEndpoint", "starlette"),
        ("tornado.web.RequestHandler", "tornado"),
        ("aiohttp.web.View", "aiohttp"),
        ("sanic.views.HTTPMethodView", "sanic"),
    ],
)
def test_view_bases(path: str, expected: str) -> None:
    assert frameworks.view_base(path) is frameworks.by_name(expected)


def test_parsed_globals() -> None:
    assert frameworks.is_parsed_global("frappe.form_dict")
    assert not frameworks.is_parsed_global("frappe.request")


@pytest.mark.parametrize(
    "path",
    [
        "flask.jsonify",
        "flask.make_response",
        "django.http.HttpResponseBadRequest",
        "django.http.response.JsonResponse",
        "django.shortcuts.HttpResponse",
        "rest_framework.response.Response",
        "aiohttp.web.json_response",
        "aiohttp.web.HTTPBadRequest",
        "fastapi.responses.JSONResponse",
        "starlette.responses.PlainTextResponse",
        "werkzeug.exceptions.BadRequest",
        "azure.functions.HttpResponse",
        "chalice.Response",
        "sanic.response.json",
        "sanic.json",
        "pyramid.httpexceptions.HTTPBadRequest",
    ],
)
def test_response_calls(path: str) -> None:
    assert frameworks.is_response_call(path)


@pytest.mark.parametrize(
    "path",
    [
        "fastapi.HTTPException",
        "fastapi.exceptions.HTTPException",
        "starlette.exceptions.HTTPException",
        "rest_framework.exceptions.ValidationError",
        "rest_framework.exceptions.ParseError",
        "rest_framework.serializers.ValidationError",
        "ninja.errors.HttpError",
        "aiohttp.web.HTTPBadRequest",
        "werkzeug.exceptions.BadRequest",
        "tornado.web.HTTPError",
        "falcon.HTTPBadRequest",
        "chalice.BadRequestError",
        "litestar.exceptions.HTTPException",
        "django.http.Http404",
    ],
)
def test_response_exceptions(path: str) -> None:
    assert frameworks.is_response_exception(path)


def test_a_form_validation_error_is_no_response() -> None:
    assert not frameworks.is_response_exception("django.core.exceptions.ValidationError")
    assert not frameworks.is_response_call("django.template.loader.render_to_string")


def test_exceptions_without_their_text() -> None:
    assert frameworks.is_textless_exception("django.http.Http404")
    assert frameworks.is_textless_exception("tornado.web.HTTPError")
    assert not frameworks.is_textless_exception("fastapi.HTTPException")
    assert "django.http.Http404" not in frameworks.by_name("django_rest_framework").textless_exceptions


def test_the_other_look_ups() -> None:
    assert frameworks.is_message_call("flask.flash")
    assert frameworks.is_message_call("django.contrib.messages.error")
    assert frameworks.is_template_call("django.shortcuts.render")
    assert frameworks.is_template_call("flask.render_template")
    assert frameworks.is_abort_call("flask.abort")
    assert frameworks.is_abort_call("bottle.abort")
    assert frameworks.is_dependency_marker("fastapi.Depends")
    assert frameworks.is_json_function("flask.json.loads")
    assert frameworks.is_header_function("frappe.get_request_header")


@pytest.mark.parametrize("path", [None, "", "stripe.Webhook.construct_event", "flask", "jsonify"])
def test_other_names_are_nothing(path: str | None) -> None:
    for owner in ("request_global", "request_type", "view_base"):
        assert getattr(frameworks, owner)(path) is None
    for predicate in (name for name in frameworks.__all__ if name.startswith("is_")):
        assert getattr(frameworks, predicate)(path) is False


def test_no_entry_point_is_that_of_two_frameworks() -> None:
    points = [parameters for framework in frameworks.ALL for parameters in framework.entry_points]

    assert len(points) == len(set(points))


@every_framework
def test_what_is_registered_for_the_application_is_registered(framework: Framework) -> None:
    assert framework.application_registrations <= framework.guard_registrations


@every_framework
def test_a_middleware_is_registered_and_run_as_other_guards_are(framework: Framework) -> None:
    assert framework.middleware_decorators <= framework.guard_registrations
    assert framework.middleware_methods <= framework.guard_methods


def test_what_a_file_with_a_middleware_says() -> None:
    assert frameworks.middleware_words() == {"get_response", "BaseHTTPMiddleware", "middleware"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (("event", "context"), "aws_lambda"),
        (("environ", "start_response"), "wsgi"),
        (("scope", "receive", "send"), "asgi"),
    ],
)
def test_a_signature_tells_the_framework(parameters: tuple[str, ...], expected: str) -> None:
    assert frameworks.entry_point(parameters) is frameworks.by_name(expected)


@pytest.mark.parametrize("parameters", [(), ("request",), ("context", "event"), ("event", "context", "more")])
def test_other_signatures_tell_nothing(parameters: tuple[str, ...]) -> None:
    assert frameworks.entry_point(parameters) is None


@pytest.mark.parametrize("name", ["route", "post", "get", "put", "patch", "delete", "api_route"])
def test_a_usual_route_is_one_of_some_framework(name: str) -> None:
    assert frameworks.is_usual_route(name)
    assert any(name in framework.route_decorators for framework in frameworks.ALL)


@pytest.mark.parametrize("name", ["action", "field", "head", "options", "view"])
def test_what_registers_on_some_frameworks_alone_is_no_usual_route(name: str) -> None:
    assert not frameworks.is_usual_route(name)


def test_generic_knows_what_all_frameworks_agree_on() -> None:
    generic = frameworks.generic()

    assert generic.raw_calls >= {"get_data", "get_body"}
    assert generic.parsed_calls >= {"get_json"}
    assert generic.header_attributes >= {"headers", "META"}
    assert "request" in generic.request_parameters


def test_generic_says_nothing_ambiguous() -> None:
    generic = frameworks.generic()
    said = names(generic, *RAW, *PARSED, *FORM)

    assert not said & {"data", "body", "json", "text", "form"}
    for field in (*RAW, *PARSED, *FORM):
        for name in getattr(generic, field):
            roles = {
                role
                for framework in frameworks.ALL
                for role in (*RAW, *PARSED, *FORM)
                if name in getattr(framework, role) and not framework.keyed
            }
            assert roles == {field}, name


def test_generic_is_no_entry() -> None:
    assert frameworks.generic() not in frameworks.ALL
    assert frameworks.generic() is frameworks.generic()


def test_entries_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        frameworks.by_name("flask").name = "django"  # type: ignore[misc]


def test_spellings_join_every_module_with_every_name() -> None:
    assert spellings("a b.c", "X\n  Y") == {"a.X", "a.Y", "b.c.X", "b.c.Y"}


def test_the_tables_import_no_framework() -> None:
    packages = sorted({module for framework in frameworks.ALL for module in framework.modules} - {"wsgiref"})
    program = (
        "import sys; from stripe_lint.analysis import frameworks; frameworks.generic(); "
        f"print(*[name for name in {packages!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def test_importing_the_package_reads_no_entry() -> None:
    program = (
        "import sys; import stripe_lint.analysis.frameworks as package; "
        "print(*[name for name in sys.modules if name.startswith(package.__name__ + '.')])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def test_names_of_all_frameworks_together() -> None:
    assert frameworks.body_names() >= {"body", "get_data", "bounded_stream", "media", "json"}
    assert not frameworks.body_names() & {"headers", "POST", "args"}
    assert frameworks.header_names() >= {"headers", "META", "get_header", "get_request_header"}
    assert frameworks.request_names() >= {"request", "req", "httprequest", "current_request", "current_event"}
    assert not frameworks.request_names() & frameworks.keyed_request_names()
    assert "event" in frameworks.keyed_request_names()


ENTRY = r"(^|\.)framework$|^(handlers\.)?framework_for\(|^by_name\("
ENTRY_OR_EACH = rf"{ENTRY}|^(entry|each)$"
ASKING = r"(^|\.)(all_names|agreed|_owners)$"


@pytest.mark.parametrize("field", Framework._fields)
def test_every_field_is_read_by_something_else_than_the_tables(field: str) -> None:
    assert field in fields_read()


@cache
def fields_read() -> set[str]:
    """The fields that are read from an entry, or asked for by their names."""
    package, tables = Path(frameworks.__file__).parents[2], Path(frameworks.__file__).parent
    readers = [path for path in package.rglob("*.py") if path.parent != tables or path.name == "__init__.py"]
    found: set[str] = set()
    for path in readers:
        # other things are called an entry, too
        entry = ENTRY_OR_EACH if path.parent == tables else ENTRY
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and re.search(entry, ast.unparse(node.value)):
                found.add(node.attr)
            elif isinstance(node, ast.Call) and re.search(ASKING, ast.unparse(node.func)):
                found |= {each.value for each in node.args if isinstance(each, ast.Constant)}
            elif isinstance(node, ast.Tuple):
                values = [each.value for each in node.elts if isinstance(each, ast.Constant)]
                found |= set(values) if set(values) <= set(Framework._fields) and len(values) > 1 else set()
    return found


def test_a_field_that_nothing_reads_is_seen() -> None:
    assert not {"request", "span", "path", "nothing"} & fields_read()
