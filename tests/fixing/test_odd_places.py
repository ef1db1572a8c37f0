"""Calls in odd places: the right edit, or a refusal with its reason."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from repairing import Result, fix

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {
    "lambda": (
        "pay = lambda ref: stripe.Refund.create(charge=ref)\n",
        "pay = lambda ref: stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n",
    ),
    "list comprehension": (
        "def f(refs):\n    return [stripe.Refund.create(charge=ref) for ref in refs]\n",
        (
            "def f(refs):\n"
            "    return [stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())) for ref in refs]\n"
        ),
    ),
    "first iterable of a comprehension": (
        "def f(ref):\n    return [x for x in stripe.Refund.create(charge=ref)]\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    return [x for x in stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)]\n"
        ),
    ),
    "default argument": (
        'def f(x=stripe.Refund.create(charge="ch_1")):\n    pass\n',
        'def f(x=stripe.Refund.create(charge="ch_1", idempotency_key=str(uuid.uuid4()))):\n    pass\n',
    ),
    "decorator": (
        "def g(ref):\n    @register(stripe.Refund.create(charge=ref))\n    def f():\n        pass\n",
        (
            "def g(ref):\n    @register(stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())))\n"
            "    def f():\n        pass\n"
        ),
    ),
    "class body": (
        'class A:\n    made = stripe.Refund.create(charge="ch_1")\n',
        'class A:\n    made = stripe.Refund.create(charge="ch_1", idempotency_key=str(uuid.uuid4()))\n',
    ),
    "walrus": (
        "def f(ref):\n    if (made := stripe.Refund.create(charge=ref)).id:\n        return made\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    if (made := stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)).id:\n"
            "        return made\n"
        ),
    ),
    "elif": (
        "def f(ref):\n    if not ref:\n        pass\n    elif stripe.Refund.create(charge=ref).id:\n        return 1\n",
        (
            "def f(ref):\n    if not ref:\n        pass\n"
            "    elif stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).id:\n        return 1\n"
        ),
    ),
    "while header": (
        "def f(ref):\n    while stripe.Refund.create(charge=ref).pending:\n        wait()\n",
        (
            "def f(ref):\n    while stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).pending:\n"
            "        wait()\n"
        ),
    ),
    "match subject": (
        "def f(ref):\n    match stripe.Refund.create(charge=ref).status:\n        case 'a':\n            return 1\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    match stripe.Refund.create(charge=ref, idempotency_key=idempotency_key).status:\n"
            "        case 'a':\n            return 1\n"
        ),
    ),
    "match guard": (
        "def f(ref):\n    match ref:\n        case 'a' if stripe.Refund.create(charge=ref).id:\n            return 1\n",
        (
            "def f(ref):\n    match ref:\n"
            "        case 'a' if stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).id:\n"
            "            return 1\n"
        ),
    ),
    "right side of or": (
        "def f(ref, old):\n    return old or stripe.Refund.create(charge=ref)\n",
        "def f(ref, old):\n    return old or stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n",
    ),
    "left side of and": (
        "def f(ref, old):\n    return stripe.Refund.create(charge=ref) and old\n",
        (
            "def f(ref, old):\n    idempotency_key = str(uuid.uuid4())\n"
            "    return stripe.Refund.create(charge=ref, idempotency_key=idempotency_key) and old\n"
        ),
    ),
    "conditional expression": (
        "def f(ref, old):\n    return old if old else stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref, old):\n"
            "    return old if old else stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n"
        ),
    ),
    "chained comparison": (
        "def f(ref, old):\n    return 1 < old < stripe.Refund.create(charge=ref).amount\n",
        (
            "def f(ref, old):\n"
            "    return 1 < old < stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).amount\n"
        ),
    ),
    "message of an assert": (
        "def f(ref, old):\n    assert old, stripe.Refund.create(charge=ref)\n",
        "def f(ref, old):\n    assert old, stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n",
    ),
    "two statements on a line": (
        "def f(ref):\n    log(); stripe.Refund.create(charge=ref); log()\n",
        (
            "def f(ref):\n    log(); idempotency_key = str(uuid.uuid4()); "
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key); log()\n"
        ),
    ),
    "first of two statements on a line": (
        "def f(ref):\n    stripe.Refund.create(charge=ref); log()\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key); log()\n"
        ),
    ),
    "one-line suite": (
        "def f(ref):\n    if ref: stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref):\n    if ref: idempotency_key = str(uuid.uuid4()); "
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "one-line function": (
        "def f(ref): return stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref): idempotency_key = str(uuid.uuid4()); "
            "return stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "continued by a backslash": (
        "def f(ref):\n    made = \\\n        stripe.Refund.create(charge=ref)\n    return made\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    made = \\\n        stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
            "    return made\n"
        ),
    ),
    "suite after a backslash": (
        "def f(ref):\n    if ref: \\\n        stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref):\n    if ref: \\\n        idempotency_key = str(uuid.uuid4()); "
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "with item": (
        "def f(ref):\n    with a(), b(stripe.Refund.create(charge=ref)) as c:\n        return c\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    with a(), b(stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)) as c:\n"
            "        return c\n"
        ),
    ),
    "await in parentheses": (
        "async def f(ref):\n    return (await stripe.Refund.create_async(charge=ref)).id\n",
        (
            "async def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    return (await stripe.Refund.create_async(charge=ref, idempotency_key=idempotency_key)).id\n"
        ),
    ),
    "generator expression in a call": (
        "def f(refs):\n    return list(stripe.Refund.create(charge=ref) for ref in refs)\n",
        (
            "def f(refs):\n"
            "    return list(stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())) for ref in refs)\n"
        ),
    ),
    "no other argument": (
        "def f(ref):\n    stripe.Charge.retrieve(ref).refund()\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Charge.retrieve(ref).refund(idempotency_key=idempotency_key)\n"
        ),
    ),
    "a trailing comma on one line": (
        "def f(ref):\n    stripe.Refund.create(charge=ref,)\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key,)\n"
        ),
    ),
    "comments between the arguments": (
        (
            "def f(ref):\n    stripe.Refund.create(\n        charge=ref,  # the first\n        # the reason\n"
            "        reason='duplicate'  # last\n        # end\n    )\n"
        ),
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(\n        charge=ref,  # the first\n        # the reason\n"
            "        reason='duplicate',  # last\n        # end\n        idempotency_key=idempotency_key\n    )\n"
        ),
    ),
    "aligned with the bracket": (
        "def f(ref):\n    stripe.Refund.create(charge=ref,\n                         reason='duplicate')\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref,\n                         reason='duplicate',\n"
            "                         idempotency_key=idempotency_key)\n"
        ),
    ),
    "two calls in one statement": (
        "def f(ref):\n    return stripe.Refund.create(charge=ref), stripe.Payout.create(amount=1)\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n    payout_key = str(uuid.uuid4())\n"
            "    return stripe.Refund.create(charge=ref, idempotency_key=idempotency_key), "
            "stripe.Payout.create(amount=1, idempotency_key=payout_key)\n"
        ),
    ),
    "one call in another": (
        "def f(ref):\n    return stripe.Refund.create(charge=stripe.Charge.create(amount=1).id)\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n    charge_key = str(uuid.uuid4())\n"
            "    return stripe.Refund.create(\n"
            "        charge=stripe.Charge.create(amount=1, idempotency_key=charge_key).id,\n"
            "        idempotency_key=idempotency_key,\n"
            "    )\n"
        ),
    ),
    "the name of the variable is taken": (
        "def f(ref, idempotency_key):\n    stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref, idempotency_key):\n    refund_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=refund_key)\n"
        ),
    ),
    "a form feed between functions": (
        "x = 1\n\f\ndef f(ref):\n    stripe.Refund.create(charge=ref)\n",
        (
            "x = 1\n\f\ndef f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "tabs": (
        "def f(ref):\n\tif ref:\n\t\tstripe.Refund.create(\n\t\t\tcharge=ref,\n\t\t)\n",
        (
            "def f(ref):\n\tif ref:\n\t\tidempotency_key = str(uuid.uuid4())\n"
            "\t\tstripe.Refund.create(\n\t\t\tcharge=ref,\n\t\t\tidempotency_key=idempotency_key,\n\t\t)\n"
        ),
    ),
    "no final newline": (
        "def f(ref):\n    stripe.Refund.create(charge=ref)",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)"
        ),
    ),
    "letters of several bytes before the call": (
        'def f(ref):\n    "größe 価格 😀"; stripe.Refund.create(charge=ref)\n',
        (
            'def f(ref):\n    "größe 価格 😀"; idempotency_key = str(uuid.uuid4()); '
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
}


@pytest.mark.parametrize(("before", "after"), PLACES.values(), ids=PLACES)
def test_a_call_in_an_odd_place_gets_its_key(before: str, after: str, project: Path) -> None:
    result = fix(b"import stripe\n" + before.encode(), project)
    assert result.text.decode() == "import uuid\n\nimport stripe\n" + after
    assert result.reasons == []


def test_a_call_in_an_f_string_is_left(project: Path) -> None:
    data = b'import stripe\n\n\ndef f(ref):\n    return f"{stripe.Refund.create(charge=ref).id}"\n'
    assert fix(data, project) == Result(data, 0, ["it stands in an f-string"])


def test_one_call_in_a_loop_over_items_gets_a_key_for_each(project: Path) -> None:
    before = "import stripe\n\n\ndef f(lines):\n    for line in lines:\n        stripe.Refund.create(charge=line.ref)\n"
    assert (
        "    for line in lines:\n        idempotency_key = str(uuid.uuid4())\n"
        in fix(before.encode(), project).text.decode()
    )


def test_a_loop_that_retries_needs_permission(project: Path) -> None:
    before = dedent("""\
        import stripe


        def f(ref):
            for attempt in range(3):
                try:
                    return stripe.Refund.create(charge=ref)
                except stripe.APIConnectionError:
                    continue
        """).encode()
    declined = fix(before, project)
    assert declined.text == before
    assert declined.reasons == ["the key has to be made before the retry (--unsafe-fixes does it)"]
    allowed = fix(before, project, unsafe=True).text.decode()
    assert "    idempotency_key = str(uuid.uuid4())\n    for attempt in range(3):\n" in allowed


def test_no_return_is_put_into_an_except_that_takes_groups(project: Path) -> None:
    before = dedent("""\
        import os
        import stripe
        from flask import Flask, request

        app = Flask(__name__)


        @app.post("/stripe/webhook")
        def hook():
            event = None
            try:
                event = stripe.Webhook.construct_event(
                    request.data, request.headers.get("Stripe-Signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
                )
            except* (ValueError, stripe.SignatureVerificationError):
                print("bad")
            return str(event["type"])
        """).encode()
    result = fix(before, project, unsafe=True, select="STP103")
    assert result.text == before
    assert result.reasons == [
        "no answer can leave an `except*`, not even one that is raised; catch the errors with `except`"
    ]
