"""CherryPy: https://docs.cherrypy.dev/en/latest/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework

FRAMEWORK = Framework(
    name="cherrypy",
    modules=("cherrypy",),
    request_globals=("cherrypy.request", "cherrypy.serving.request"),
    request_types=("cherrypy._cprequest.Request",),
    request_parameters=(),
    raw_streams=frozenset({"body", "rfile"}),
    parsed_attributes=frozenset({"json"}),
    form_attributes=frozenset({"params"}),
    foreign_attributes=frozenset({"data", "text", "content", "get_data", "get_json", "raw_body"}),
    route_decorators=frozenset({"expose"}),
    response_exceptions=frozenset({"cherrypy.HTTPError", "cherrypy.NotFound"}),
)
