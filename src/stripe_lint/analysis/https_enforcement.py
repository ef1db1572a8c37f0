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
_SWITCHES: Final = ("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS")
_SWITCHED_OFF: Final = (
    r"(?m)^[ \t]*SECURE_(?:SSL_REDIRECT|HSTS_SECONDS)[ \t]*(?::[^=\n]*)?=[ \t]*(?:False|None|0)[ \t\r]*(?:#.*)?$"
)
_FLASK: Final = r"(?i)talisman|sslify|hsts|strict-transport-security|https_?redirect|PREFERRED_URL_SCHEME|is_secure"
_SERVES: Final = (*webhook_functions.VERIFYING, dj_stripe.PACKAGE)


def unenforced(module: Module) -> Iterator[ast.AST]:
    """The ``MIDDLEWARE`` of a settings module, or the ``Flask(…)``, where nothing of the project enforces HTTPS."""
    settings = module.scope.bindings.get("MIDDLEWARE", ())
    if (
        settings
        and settings[0].kind is BindingKind.ASSIGNMENT
        and not _switches_on(module, _DJANGO)
        and _serves_webhooks(module)
        and not _switched_on_elsewhere(module)
    ):
        yield settings[0].node
    for calls in module.calls.values():
        for call in calls:
            if names.dotted_path(module, call.func) in {"flask.Flask", "flask.app.Flask"} and _serves_webhooks(module):
                enforced = re.search(_FLASK, module.text) or _mentioned(module, ("Talisman", "SSLify"))
                if not enforced:
                    yield call


def _switches_on(module: Module, pattern: str) -> bool:
    """Whether a file holds what enforces HTTPS, other than a switch that is off."""
    return re.search(pattern, re.sub(_SWITCHED_OFF, "", module.text)) is not None


def _switched_on_elsewhere(module: Module) -> bool:
    """Whether another settings module of the project switches it on, or so many may that they are not counted."""
    for switch in _SWITCHES:
        paths = module.project.files_that_mention(switch)
        sources = [module.project.module_at(path) for path in paths or () if path != module.path]
        if paths is None or any(source is None or _switches_on(source, switch) for source in sources):
            return True
    return False


def _serves_webhooks(module: Module) -> bool:
    return any(word in module.text for word in _SERVES) or _mentioned(module, _SERVES)


def _mentioned(module: Module, words: tuple[str, ...]) -> bool:
    """Whether a file of the project holds one of the identifiers, or so many do that it is not counted."""
    for word in words:
        found = module.project.files_that_mention(word)
        if found is None or found:
            return True
    return False
