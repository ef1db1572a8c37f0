"""What a project tells of itself in the configuration, as it shows in what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

HANDLER = """
import json
import stripe
from flask import Flask, request
from shop.security import accepted, checked, Gate

app = Flask(__name__)


@app.post("/hooks/in")
{decorator}
def stripe_webhook():
    {call}
    event = json.loads(request.data)
    if event["type"] == "charge.refunded":
        stripe.Charge.retrieve(event["data"]["object"]["id"])
    return "", 200
"""

SECURITY = """
def accepted(request):
    return gateway().accepts(request)


def checked(function):
    return gateway().wrapping(function)


class Gate:
    @staticmethod
    def passes(request):
        return gateway().accepts(request)
"""


def with_handler(shop: Shop, *, call: str = "pass", decorator: str = "# no decorator") -> Shop:
    shop.write("shop/__init__.py", "")
    shop.write("shop/security.py", SECURITY)
    shop.write("hooks.py", HANDLER.format(call=call, decorator=decorator))
    return shop


@pytest.mark.parametrize("name", ["accepted", "security.accepted", "shop.security.accepted"])
def test_a_function_of_the_project_verifies(shop: Shop, name: str) -> None:
    with_handler(shop, call="accepted(request)")
    assert shop.check().codes == ["STP101"]
    shop.configure(f'verifiers = ["{name}"]')
    assert shop.check().codes == []


@pytest.mark.parametrize("name", ["rejected", "curity.accepted", "shop.accepted", "checked"])
def test_another_name_does_not(shop: Shop, name: str) -> None:
    with_handler(shop, call="accepted(request)").configure(f'verifiers = ["{name}"]')
    assert shop.check().codes == ["STP101"]


def test_a_method_verifies(shop: Shop) -> None:
    with_handler(shop, call="Gate.passes(request)").configure('verifiers = ["Gate.passes"]')
    assert shop.check().codes == []


def test_a_decorator_verifies(shop: Shop) -> None:
    with_handler(shop, decorator="@checked")
    assert shop.check().codes == ["STP101"]
    shop.configure('verifiers = ["shop.security.checked"]')
    assert shop.check().codes == []


def test_a_dependency_verifies(shop: Shop) -> None:
    shop.write("gate.py", "async def passed(request):\n    return gateway().accepts(request)\n")
    shop.write(
        "hooks.py",
        "from fastapi import Depends, FastAPI, Request\nfrom gate import passed\n\napp = FastAPI()\n\n\n"
        '@app.post("/stripe/webhook")\n'
        "async def stripe_webhook(request: Request, gate=Depends(passed)):\n"
        "    event = await request.json()\n"
        '    if event["type"] == "charge.refunded":\n'
        '        print(event["data"]["object"]["id"])\n',
    )
    assert shop.check().codes == ["STP101"]
    shop.configure('verifiers = ["gate.passed"]')
    assert shop.check().codes == []


PAY = """
import tenacity
from shop.money import charge, again


def pay(order):
    return charge(order.cents)


@again
def pay_again(order):
    return charge(order.cents)


def pay_with_key(order):
    return charge(order.cents, idempotency_key=f"order-{order.id}")


def pay_always_alike(order):
    # this file speaks of stripe
    return charge(order.cents, idempotency_key="pay")
"""


def test_a_function_that_moves_money_needs_a_key(shop: Shop) -> None:
    shop.write("shop/__init__.py", "")
    shop.write("shop/money.py", "def charge(cents, **rest):\n    return gateway().send(cents, rest)\n")
    shop.write("pay.py", PAY)
    assert shop.check().codes == []
    shop.configure('mutating-calls = ["shop.money.charge"]')
    outcome = shop.check("--format", "json")
    found = [(each["line"], each["code"], each["severity"]) for each in outcome.document["findings"]]
    assert found == [(7, "STP201", "warning"), (12, "STP201", "warning"), (21, "STP203", "error")]


def test_a_decorator_of_the_project_retries(shop: Shop) -> None:
    shop.write("shop/money.py", "def again(function):\n    return gateway().wrapping(function)\n")
    shop.write(
        "pay.py",
        "import stripe\nfrom shop.money import again\n\n\n@again\ndef refund(charge):\n"
        "    return stripe.Refund.create(charge=charge)\n",
    )
    (before,) = shop.check("--format", "json").document["findings"]
    shop.configure('retry-decorators = ["again"]')
    (after,) = shop.check("--format", "json").document["findings"]
    assert (before["severity"], after["severity"]) == ("warning", "error")


def test_a_function_of_the_project_answers(shop: Shop) -> None:
    shop.write(
        "pay.py",
        "import stripe\nfrom shop.answers import reply\n\n\ndef retrieve(reference):\n    try:\n"
        "        stripe.Charge.retrieve(reference)\n    except stripe.StripeError as error:\n"
        "        reply(str(error))\n",
    )
    assert shop.check().codes == []
    shop.configure('response-functions = ["shop.answers.reply"]')
    assert shop.check().found == [("pay.py", 9, "STP301")]


HOOK = """
import json
from flask import Flask, request

app = Flask(__name__)


@app.post("/in/<name>/payments/")
def incoming(name):
    body = json.loads(request.data)
    save(body["data"]["object"])  # no word of stripe in the names
    return "", 200
"""


@pytest.mark.parametrize("pattern", ["/in/*/payments/", "in/*/payments", "*/payments"])
def test_the_address_says_that_it_is_a_webhook(shop: Shop, pattern: str) -> None:
    shop.write("hooks.py", HOOK)
    assert shop.check().codes == []
    shop.configure('webhook-paths = ["/elsewhere/*"]')
    assert shop.check().codes == []
    shop.configure(f'webhook-paths = ["{pattern}"]')
    assert shop.check().found == [("hooks.py", 10, "STP101")]


def test_the_address_may_stand_in_another_file(shop: Shop) -> None:
    shop.write(
        "urls.py", 'from django.urls import path\nfrom views import incoming\n\nurlpatterns = [path("in/", incoming)]\n'
    )
    shop.write(
        "views.py",
        "import json\nfrom django.http import HttpResponse\n\n\ndef incoming(request):\n"
        "    body = json.loads(request.body)\n"
        '    save(body["data"]["object"])  # stripe\n    return HttpResponse()\n',
    )
    assert shop.check().codes == []
    shop.configure('webhook-paths = ["/in"]')
    assert shop.check().found == [("views.py", 6, "STP101")]


def test_flake8_is_told_too(shop: Shop) -> None:
    with_handler(shop, call="accepted(request)").configure('verifiers = ["accepted"]')
    assert shop.flake8("--select", "STP", "hooks.py").codes == []


def test_each_file_is_judged_by_its_own_configuration(shop: Shop) -> None:
    handler = HANDLER.format(call="accepted(request)", decorator="#")
    shop.write("shop/__init__.py", "")
    shop.write("shop/security.py", SECURITY)
    shop.write("a/hooks.py", handler)
    shop.write("b/hooks.py", handler)
    shop.write("manage.py", "")
    shop.configure('verifiers = ["accepted"]', "b/pyproject.toml")
    assert shop.check("-j", "1").found == [("a/hooks.py", 14, "STP101")]
