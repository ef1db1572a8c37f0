"""Webhooks of other providers, which a project may receive beside those of Stripe."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import functions, handlers, syntax
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_OTHER_PROVIDERS: Final = (
    r"(?i)svix|paypal|github|shopify|slack|twilio|paystack|razorpay|mollie|adyen|braintree|coinbase|clerk|mailgun|hubspot"
    r"|sendgrid|lemon.?squeezy|paddle|square|standard.?webhooks|getstream|zoom|discord|telegram|facebook|whatsapp"
    r"|cloudflare|gitlab|bitbucket|docusign|calendly|typeform|patreon|gumroad|revenue.?cat|chargebee|recurly|gocardless"
    r"|ping(?:xx|pp|\+\+)|we_?chat|weixin|alipay|mercado.?pago|flutterwave|midtrans|xendit|airwallex|yookassa"
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
            return serves_other_provider(module, around)
        child = around
    return False


def serves_other_provider(module: Module, function: NamedFunction) -> bool:
    """Whether a function's name, its class or its route names another provider, and none of them Stripe."""
    owner = module.enclosing_class(function)
    spoken = [function.name, owner.name if owner is not None else ""]
    spoken.extend(_spoken(each) for each in function.decorator_list if handlers.is_route(module, each))
    return _is_only_about_other(" ".join(spoken))


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
