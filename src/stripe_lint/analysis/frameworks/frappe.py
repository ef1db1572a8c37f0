"""Frappe, which ERPNext is made of: https://docs.frappe.io/framework-git/server-side/whitelisted-methods."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, spellings
from stripe_lint.analysis.frameworks.werkzeug import FRAMEWORK as WERKZEUG

FRAMEWORK = Framework(
    name="frappe",
    modules=("frappe",),
    builds_on=("werkzeug",),
    request_globals=("frappe.request", "frappe.local.request"),
    raw_attributes=WERKZEUG.raw_attributes,
    raw_calls=WERKZEUG.raw_calls,
    raw_streams=WERKZEUG.raw_streams,
    parsed_attributes=WERKZEUG.parsed_attributes,
    parsed_calls=WERKZEUG.parsed_calls,
    parsed_globals=spellings("frappe", "form_dict local.form_dict form"),
    form_attributes=WERKZEUG.form_attributes,
    foreign_attributes=WERKZEUG.foreign_attributes,
    header_attributes=WERKZEUG.header_attributes,
    environ_attributes=WERKZEUG.environ_attributes,
    header_functions=frozenset({"frappe.get_request_header"}),
    underscored_headers=True,
    route_decorators=frozenset({"whitelist"}),
    response_calls=WERKZEUG.response_calls | spellings("frappe", "throw respond_as_web_page"),
    response_exceptions=WERKZEUG.response_exceptions
    | spellings(
        "frappe frappe.exceptions",
        "ValidationError AuthenticationError PermissionError DoesNotExistError DuplicateEntryError DataError",
    ),
    message_calls=spellings("frappe", "msgprint throw"),
    template_calls=frozenset({"frappe.render_template"}),
    abort_calls=WERKZEUG.abort_calls | {"frappe.throw"},
    json_functions=frozenset({"frappe.parse_json"}),
)
