"""Exception text that reaches the client.

## What it finds

A response that carries the text of an exception caught around Stripe: `str(e)`, `repr(e)`, an f-string or `%` of it,
`e.args`, `e.json_body`, `e.http_body`, `e.error.message`, `e.user_message`, `traceback.format_exc()`, or `e` itself. It
is followed through variables, dicts, helper functions and own exceptions into what the framework sends: return values
of views, response classes, `jsonify`, `abort`, `HTTPException(detail=...)`, template contexts, `flash` and the like.

"Around Stripe" is an `except` that names a Stripe class, one whose `try` calls Stripe or verifies a webhook, itself or
through functions of the project, an error handler that is registered with the framework for a Stripe class, and the
part of one for all exceptions behind `isinstance(exc, stripe.StripeError)`.

Reported at the response. Where that stands in a file without a word of Stripe, which is not checked, reported at the
`raise` or `return` that hands the text to it. Severities:

- `warning`: the usual case, and `return e` from a view, which has a message of its own. On Flask that is a `TypeError`;
  after a verification each forged delivery then ends in a 500 and a stack trace in the log.
- `info`: `str(e)` of a `CardError`, which adds the request id to the message; `user_message` of another Stripe class;
  an exception of the project's own that is raised with fixed texts only.
- Not reported: inside `except stripe.CardError`, `e.user_message`, `e.error.message` and
  `e.json_body["error"]["message"]`. Stripe says of card errors, and of no others, that their messages can be shown to
  users.

Not reported either: codes, status and request id (`e.code`, `e.http_status`, `e.request_id`); what goes to a log, a
terminal or a task's result; an entry of a dict that no caller reads; test code.

Limit: text that passes through a library, a database or a queue on its way to the response is not followed.

## Why it costs money

The text is written for you. What it shows in SDK 7.14.0, 11.6.0, 15.6.2 and 16.1.0:

- `APIConnectionError`: the path and query of the request (`/v1/customers?email=...`);
- `APIError`: for an answer that is no JSON, all of it, such as the page of a proxy;
- `InvalidRequestError`: parameters of your request and ids of your objects;
- `AuthenticationError`: a text from the server that can hold a redacted form of the key in use;
- `json_body`, `http_body` and `error`: the whole answer, for a failed payment with the payment intent and its
  `client_secret`. Since 16.1.0 `e.args` holds the raw bodies too.

`user_message` is the same message without the request id, not a sanitised one. Whoever probes the shop learns from it
which objects exist and how the integration is built.

In Stripe's sample repositories 23 of 31 Python files send `str(e)` to the browser.

## Bad

```python
import stripe
from flask import Flask, jsonify

from shop.orders import find_order

app = Flask(__name__)


@app.post("/orders/<int:order_id>/pay")
def pay(order_id):
    order = find_order(order_id)
    try:
        intent = stripe.PaymentIntent.create(
            amount=order.cents, currency="eur", idempotency_key=f"order-{order.id}-payment"
        )
    except stripe.StripeError as error:
        return jsonify(error=str(error)), 502
    return jsonify(client_secret=intent.client_secret)
```

## Good

```python
import stripe
from flask import Flask, jsonify

from shop.orders import find_order

app = Flask(__name__)


@app.post("/orders/<int:order_id>/pay")
def pay(order_id):
    order = find_order(order_id)
    try:
        intent = stripe.PaymentIntent.create(
            amount=order.cents, currency="eur", idempotency_key=f"order-{order.id}-payment"
        )
    except stripe.CardError as error:
        return jsonify(error=error.user_message), 402
    except stripe.StripeError:
        app.logger.exception("payment of order %s failed", order_id)
        return jsonify(error="The payment could not be made. Please try again later."), 502
    return jsonify(client_secret=intent.client_secret)
```

## Fix

Answer a fixed text with a fitting status and log the exception. Catch `stripe.CardError` before the other classes and
show its `user_message`; that is the text that helps the customer. For support, send `error.request_id` or a number of
your own.

After a failed verification answer 400 with a fixed text: the sender may be anybody.

With `--unsafe-fixes`, `stripe-lint fix` puts a fixed text in place of the expression that carries the exception's text
and leaves the rest of the response as it is; from a longer text only that part goes. The exception is logged with
`logger.exception(...)` where it is caught, unless that is done already; a logger is made if the file has none. `return
e` of a Flask view gets a status too: 400 after a failed verification, else 500. In `except stripe.CardError` the client
gets `user_message`; where card errors are caught together with others, their message is hidden too, so add such a
clause where a card can be declined. Read these changes, and see whether something that shows or tests these texts
depends on them.

A text that also decides something (`if "No such customer" in message`) stays for that, and only the response gets the
fixed one. Left alone are the findings of severity `info` about `user_message` and fixed texts, an error handler that
gets every exception, a text that gets into the response in a way that is not clear, one by which another function
decides, and one that is made in another file: its place is named.

## Suppress

```python
return jsonify(error=str(error)), 502  # noqa: STP301 - an internal tool behind the staff login
```

## References

- Error handling: https://docs.stripe.com/error-handling?lang=python
- Errors, which messages can be shown: https://docs.stripe.com/api/errors
- Error messages that hold sensitive information: https://cwe.mitre.org/data/definitions/209.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_lint.model import FixClass, Hit, Rule, Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.error_responses import Leak
    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit


def detect(module: Module) -> Iterator[Hit]:
    """Report each response that carries the text of an exception caught around Stripe."""
    from stripe_lint.analysis import error_responses

    for leak in error_responses.leaks(module):
        steps = [Step(str(leak.caught.module.path), leak.caught.line, "the exception is caught here")]
        if leak.sent_at is not None:
            steps.append(Step(str(leak.sent_at.module.path), leak.sent_at.line, "the response carries its text"))
        yield Hit(module.span(leak.place.node), _message(leak), _severity(leak), steps=tuple(steps))


def _message(leak: Leak) -> str:
    if leak.whole_exception:
        return "the exception itself is returned: answer a fixed text and log the exception"
    if leak.sent_at is not None:
        where = f"in {leak.sent_at.module.path.name}, line {leak.sent_at.line}"
        return f"exception text goes to the client {where}: it can name keys, ids and paths; hand on a fixed text"
    return "exception text is sent to the client: it can name keys, ids and paths; answer a fixed text and log it"


def _severity(leak: Leak) -> Severity | None:
    return Severity.INFO if leak.card_error or leak.only_user_message or leak.fixed_text else None


def fix(module: Module, hit: Hit, edit: Edit) -> None:
    """Answer a fixed text and log the exception."""
    from stripe_lint.analysis import error_handlers, error_responses
    from stripe_lint.rules import _error_answers

    for leak in error_responses.leaks(module):
        caught = leak.caught
        if module.span(leak.place.node) == hit.span and error_handlers.tells_apart(caught.module, caught.node):
            edit.decline("the function gets every exception: answer a fixed text here and log this one")
    _error_answers.repair(module, hit, edit)


RULE = Rule(
    code="STP301",
    name="exception-text-in-response",
    summary="The text of a caught exception is sent to the client.",
    severity=Severity.WARNING,
    cwe=(209,),
    fix=FixClass.UNSAFE,
    repair=fix,
    detect=detect,
)
