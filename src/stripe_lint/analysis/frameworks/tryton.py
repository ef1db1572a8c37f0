"""Tryton's routes: https://docs.tryton.org/server/topics/user_application.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, spellings
from stripe_lint.analysis.frameworks.werkzeug import FRAMEWORK as WERKZEUG

FRAMEWORK = Framework(
    name="tryton",
    modules=("trytond",),
    builds_on=("werkzeug",),
    request_types=("trytond.protocols.wrappers.Request",),
    raw_attributes=WERKZEUG.raw_attributes,
    raw_calls=WERKZEUG.raw_calls,
    raw_streams=WERKZEUG.raw_streams,
    parsed_attributes=WERKZEUG.parsed_attributes,
    parsed_calls=WERKZEUG.parsed_calls,
    form_attributes=WERKZEUG.form_attributes,
    foreign_attributes=WERKZEUG.foreign_attributes,
    header_attributes=WERKZEUG.header_attributes,
    environ_attributes=WERKZEUG.environ_attributes,
    underscored_headers=True,
    route_decorators=frozenset({"route"}),
    response_calls=WERKZEUG.response_calls | spellings("trytond.protocols.wrappers", "Response redirect abort"),
    response_exceptions=WERKZEUG.response_exceptions | spellings("trytond.exceptions", "UserError UserWarning"),
    abort_calls=WERKZEUG.abort_calls | {"trytond.protocols.wrappers.abort"},
)
