"""Whether a Django project or Flask application that serves a Stripe webhook insists on HTTPS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import dj_stripe, names, webhook_functions
from stripe_lint.analysis.scopes import BindingKind

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

_DJANGO: Final = r"SECURE_SSL_REDIRECT|SECURE_HSTS_SECONDS|SECURE_PROXY_SSL_HEADER|HSTS|sslify|HTTPSRedirect"
_FLASK: Final = r"(?i)talisman|sslify|hsts|strict-transport-security|https_?redirect|PREFERRED_URL_SCHEME|is_secure"
_SERVES: Final = (*webhook_functions.VERIFYING, dj_stripe.PACKAGE)


def unenforced(module: Module) -> Iterator[ast.AST]:
    """The ``MIDDLEWARE`` of a settings module, or the ``Flask(…)``, where nothing of the project enforces HTTPS."""
    settings = module.scope.bindings.get("MIDDLEWARE", ())
    if (
        settings
        and settings[0].kind is BindingKind.ASSIGNMENT
        and not re.search(_DJANGO, module.text)
        and _serves_webhooks(module)
        and not _mentioned(module, ("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"))
    ):
        yield settings[0].node
    for calls in module.calls.values():
        for call in calls:
            if names.dotted_path(module, call.func) in {"flask.Flask", "flask.app.Flask"} and _serves_webhooks(module):
                enforced = re.search(_FLASK, module.text) or _mentioned(module, ("Talisman", "SSLify"))
                if not enforced:
                    yield call


def _serves_webhooks(module: Module) -> bool:
    return any(word in module.text for word in _SERVES) or _mentioned(module, _SERVES)


def _mentioned(module: Module, words: tuple[str, ...]) -> bool:
    """Whether a file of the project holds one of the identifiers, or so many do that it is not counted."""
    for word in words:
        found = module.project.files_that_mention(word)
        if found is None or found:
            return True
    return False
