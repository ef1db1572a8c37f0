"""Webhooks of other providers, which a project may receive beside those of Stripe."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, syntax
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_OTHER_PROVIDERS: Final = (
    r"(?i)svix|paypal|github|shopify|slack|twilio|paystack|razorpay|mollie|adyen|braintree|coinbase|clerk|mailgun|hubspot"
    r"|sendgrid|lemon.?squeezy|paddle|square|standard.?webhooks|getstream|zoom|discord|telegram|facebook"
)


def names_other_provider(text: str) -> bool:
    """Whether ``text`` names a provider of webhooks that is not Stripe."""
    return re.search(_OTHER_PROVIDERS, text) is not None


def is_for_other_provider(module: Module, node: ast.AST) -> bool:
    """Whether ``node`` stands in a function, or in a branch, that is about another provider and not about Stripe."""
    child = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If) and child in around.body and _is_only_about_other(_spoken(around.test)):
            return True
        if isinstance(around, ast.match_case) and _is_only_about_other(_spoken(around.pattern)):
            return True
        if isinstance(around, NamedFunction):
            return _is_only_about_other(around.name)
        child = around
    return False


def _is_only_about_other(text: str) -> bool:
    return "stripe" not in text.lower() and names_other_provider(text)


def _spoken(node: ast.AST) -> str:
    """The texts and names in an expression or pattern."""
    words = []
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            words.append(inner.value)
        elif isinstance(inner, ast.Name | ast.Attribute):
            words.append(functions.last_name(inner) or "")
    return " ".join(words)
