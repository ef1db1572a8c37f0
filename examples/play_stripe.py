"""Plays Stripe for one of the example shops: signed, duplicated, forged and stale deliveries, and what came of them.

    python examples/play_stripe.py http://127.0.0.1:5000

It signs with the secret that the shops have when they are started without one of their own.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from stripe_lint.runtime.testing import SECRET, event, signed_request

shop = sys.argv[1].rstrip("/")
secret = os.environ.get("STRIPE_WEBHOOK_SECRETS", SECRET).split(",")[0].strip()


def deliver(request):
    """The status that Stripe would see."""
    posted = urllib.request.Request(f"{shop}/stripe/webhook", request.body, dict(request.headers))
    try:
        with urllib.request.urlopen(posted) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def orders():
    """What the shop says is paid."""
    with urllib.request.urlopen(f"{shop}/orders") as answer:
        return json.load(answer)


def session(order, **fields):
    """A checkout that a customer has completed."""
    return {"id": f"cs_{order}", "object": "checkout.session", "metadata": {"order": order}, **fields}


order = f"order-{time.time_ns()}"
paid = event("checkout.session.completed", session(order, payment_status="paid"))
print("genuine:", deliver(signed_request(paid, secret=secret)))
print("the same again:", deliver(signed_request(paid, secret=secret)))
print("another event of the same payment:", deliver(signed_request({**paid, "id": paid["id"] + "x"}, secret=secret)))

other = event("checkout.session.completed", session(f"{order}-b", payment_status="paid"))
with ThreadPoolExecutor(8) as pool:
    statuses = list(pool.map(deliver, [signed_request(other, secret=secret)] * 8))
while not 200 <= deliver(signed_request(other, secret=secret)) < 300:
    time.sleep(0.1)
print("eight at once:", "none failed" if set(statuses) <= {200, 409} else statuses)

forged = event("checkout.session.completed", session(f"{order}-forged", payment_status="paid"))
print("forged:", deliver(signed_request(forged, secret=secret[:-8] + "deadbeef")))
print("stale:", deliver(signed_request(forged, secret=secret, timestamp=time.time() - 3600)))
print("of a type that nobody handles:", deliver(signed_request(event("customer.created"), secret=secret)))

mine = {name: times for name, times in orders().items() if name.startswith(order)}
print("paid:", {name.removeprefix(order) or "first": times for name, times in mine.items()})
