"""``stripe-lint fix``: what it writes, what it says, exit codes, options, standard input."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from shop import CLEAN, UNKEYED, Outcome, Shop

FIXED = (
    "import uuid\n\nimport stripe\n\nidempotency_key = str(uuid.uuid4())\n"
    'stripe.PaymentIntent.create(amount=1, currency="usd", idempotency_key=idempotency_key)\n'
)
RETRIED = (
    "import stripe\n\n\ndef pay(order_id):\n    for attempt in range(3):\n        try:\n"
    "            return stripe.Refund.create(charge='ch_1')\n        except stripe.APIConnectionError:\n"
    "            continue\n"
)


def fix(shop: Shop, *words: str, stdin: str | bytes = b"") -> Outcome:
    return shop.stripe_lint("fix", *words, stdin=stdin)


def test_what_can_be_fixed_is_fixed_in_place(shop: Shop) -> None:
    path = shop.write("app/pay.py")
    outcome = fix(shop)
    assert path.read_text() == FIXED
    assert outcome.out.splitlines() == [
        "app/pay.py:6:1: STP201 fixed: a random key for this call",
        (
            "note: a random key protects the attempts of one call only: "
            "what a user or a queue repeats needs a key that is stored with it"
        ),
        "Fixed 1 finding in 1 file, 0 not fixed. Looked at 1 file.",
    ]
    assert outcome.err == ""
    assert outcome.code == 0


def test_what_is_left_is_reported_with_its_reason_and_fails_the_run(shop: Shop) -> None:
    path = shop.write("pay.py", RETRIED)
    outcome = fix(shop, "pay.py")
    assert path.read_text() == RETRIED
    assert outcome.found == [("pay.py", 7, "STP201")]
    assert "; not fixed: the key has to be made before the retry (--unsafe-fixes does it)\n" in outcome.out
    assert outcome.out.endswith("Fixed 0 findings in 0 files, 1 not fixed. Looked at 1 file.\n")
    assert outcome.code == 1


WITHOUT_SECRET = """from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()
paid = {}


class StripeEvent(BaseModel):
    id: str
    type: str
    data: dict


@router.post("/stripe/webhook")
async def stripe_webhook(event: StripeEvent):
    if event.type == "invoice.paid":
        paid[event.data["object"]["id"]] = True
    return {"ok": True}
"""


def test_unsafe_fixes_are_offered_only_where_they_mend_it(shop: Shop) -> None:
    shop.write("hooks.py", WITHOUT_SECRET)
    safe, unsafe = fix(shop, "hooks.py"), fix(shop, "hooks.py", "--unsafe-fixes")
    assert "; not fixed: no secret for the webhook is known in this project" in safe.out
    assert safe.out == unsafe.out


def test_unsafe_fixes_are_made_on_request(shop: Shop) -> None:
    path = shop.write("pay.py", RETRIED)
    outcome = fix(shop, "--unsafe-fixes", "pay.py")
    assert 'idempotency_key=f"order-{order_id}-refund"' in path.read_text()
    assert outcome.code == 0


def test_what_a_fix_brings_is_clean_to_the_check(shop: Shop) -> None:
    shop.write("pay.py")
    shop.write("retry.py", RETRIED)
    fix(shop, "--unsafe-fixes")
    assert shop.check().code == 0


def test_a_second_run_writes_nothing(shop: Shop) -> None:
    path = shop.write("pay.py")
    fix(shop)
    before = path.stat()
    assert "Fixed 0 findings in 0 files" in fix(shop).out
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("option", ["--diff", "--check"])
def test_nothing_is_written_on_request(shop: Shop, option: str) -> None:
    path = shop.write("pay.py")
    outcome = fix(shop, option)
    assert path.read_text() == UNKEYED
    assert outcome.code == 1
    assert "Would fix 1 finding in 1 file, 0 not fixed." in outcome.out + outcome.err
    path.write_text(FIXED)
    assert fix(shop, option).code == 0


@pytest.mark.parametrize("content", [UNKEYED, UNKEYED.replace("\n", "\r\n"), UNKEYED.rstrip("\n"), "#\xf6\n" + UNKEYED])
def test_the_diff_can_be_applied(shop: Shop, content: str) -> None:
    path = shop.write("pay.py", content)
    outcome = fix(shop, "--diff")
    fix(shop)
    expected = path.read_bytes()
    path.write_bytes(content.encode())
    subprocess.run(["git", "apply", "-"], cwd=shop.root, input=outcome.out.encode(), check=True)
    assert path.read_bytes() == expected


def test_the_diff_shows_no_secret(shop: Shop) -> None:
    secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    path = shop.write("pay.py", UNKEYED.replace("import stripe\n", f'import stripe\n\nstripe.api_key = "{secret}"\n'))
    outcome = fix(shop, "--diff", "--select", "STP201")
    assert secret not in outcome.out + outcome.err
    assert f' stripe.api_key = "sk_live_{"*" * 24}"' in outcome.out.splitlines()
    assert "stripe-lint: pay.py: secrets are shown as stars" in outcome.err
    fix(shop, "--select", "STP201")
    assert secret in path.read_text()


def test_only_selected_rules_are_fixed(shop: Shop) -> None:
    path = shop.write("pay.py")
    outcome = fix(shop, "--select", "STP3")
    assert path.read_text() == UNKEYED
    assert outcome.code == 0
    assert fix(shop, "--select", "STP201").code == 0
    assert path.read_text() == FIXED


def test_what_is_suppressed_is_left(shop: Shop) -> None:
    content = UNKEYED.replace('"usd")', '"usd")  # noqa: STP201')
    path = shop.write("pay.py", content)
    assert fix(shop).code == 0
    assert path.read_text() == content


def test_the_configuration_counts(shop: Shop) -> None:
    shop.configure('ignore = ["STP201"]')
    path = shop.write("pay.py")
    assert fix(shop).code == 0
    assert path.read_text() == UNKEYED


def test_test_code_is_left_unless_it_is_included(shop: Shop) -> None:
    path = shop.write("tests/test_pay.py")
    fix(shop)
    assert path.read_text() == UNKEYED
    fix(shop, "--include-tests")
    assert path.read_text() == FIXED


def test_standard_input_is_fixed_to_standard_output(shop: Shop) -> None:
    outcome = fix(shop, "-", stdin=UNKEYED)
    assert outcome.out == FIXED
    assert "<stdin>:6:1: STP201 fixed" in outcome.err
    assert outcome.code == 0


@pytest.mark.parametrize("content", ["x = 1\n", CLEAN, "import stripe (\n", ""])
def test_standard_input_that_is_not_fixed_comes_out_as_it_went_in(shop: Shop, content: str) -> None:
    outcome = fix(shop, "-", stdin=content)
    assert outcome.out == content
    assert outcome.code == (2 if content.endswith("(\n") else 0)


def test_standard_input_can_be_asked_for_a_diff(shop: Shop) -> None:
    outcome = fix(shop, "--diff", "--stdin-filename", "app/pay.py", "-", stdin=UNKEYED)
    assert outcome.out.startswith("--- a/app/pay.py\n+++ b/app/pay.py\n")
    assert outcome.code == 1
    assert fix(shop, "--check", "-", stdin=UNKEYED).out == ""


def test_what_can_not_be_read_does_not_stop_the_rest(shop: Shop) -> None:
    shop.write("a.py", "import stripe (\n")
    path = shop.write("b.py")
    outcome = fix(shop, "a.py", "b.py", "missing.py")
    assert path.read_text() == FIXED
    assert outcome.out.count("STP000") == 2
    assert outcome.code == 2


def test_several_processes_do_the_same(shop: Shop) -> None:
    for number in range(6):
        shop.write(f"pay{number}.py")
    outcome = fix(shop, "--jobs", "3")
    assert "Fixed 6 findings in 6 files" in outcome.out
    assert {(shop.root / f"pay{number}.py").read_text() for number in range(6)} == {FIXED}


def test_a_rule_without_a_repair_says_so(shop: Shop) -> None:
    shop.add_rule("STP901", "yield Hit(Span(1, 0, 1, 6), 'm')")
    shop.write("pay.py", CLEAN)
    outcome = fix(shop)
    assert outcome.out.startswith("pay.py:1:1: STP901 m; not fixed: this rule has no automatic fix\n")
    assert outcome.code == 1


DETECT = "if 'Refund' not in module.text: yield Hit(module.span(module.tree.body[-1]), 'm')"
REPAIRS = {
    "a crash": ("raise ValueError('x')", "the fix of STP901 crashed: ValueError: x"),
    "no edit": ("pass", "no edit repairs it here"),
    "invalid code": (
        "edit.insert_before(module.tree.body[0], 'x = (')",
        "the outcome is no valid Python: syntax error: '(' was never closed",
    ),
    "nothing repaired": (
        "edit.insert_before(module.tree.body[-1], 'x = 1')",
        "the fix does not reach all of it, and the finding would still be there: change it by hand",
    ),
    "something new": (
        "edit.replace_statement(module.tree.body[0], 'import stripe\\nstripe.Refund.create(charge=1)')",
        "it would bring up STP201: Refund.create has no idempotency key",
    ),
    "a lost comment": ("edit.replace_statement(module.tree.body[1], 'x = 1')", "a comment would be lost: # why"),
}


@pytest.mark.parametrize(("body", "reason"), REPAIRS.values(), ids=REPAIRS)
def test_a_repair_that_breaks_a_promise_is_dropped(shop: Shop, body: str, reason: str) -> None:
    shop.add_rule("STP901", DETECT, repair=body)
    content = "import stripe\nf(\n    # why\n)\n"
    path = shop.write("a.py", content)
    other = shop.write("b.py")
    outcome = fix(shop)
    assert f"a.py:2:1: STP901 m; not fixed: {reason}" in outcome.out
    assert path.read_text() == content
    assert "str(uuid.uuid4())" in other.read_text()


def test_one_bad_repair_does_not_lose_the_others(shop: Shop) -> None:
    repair = "edit.insert_before(module.tree.body[0], 'x = (')"
    shop.add_rule("STP901", DETECT, repair=repair)
    path = shop.write("pay.py")
    outcome = fix(shop)
    assert path.read_text() == FIXED
    assert sorted(outcome.codes) == ["STP201", "STP901"]


STORED = """import stripe
from stripe import Refund as api

from shop.keys import keys


def charge(order):
    intent = stripe.PaymentIntent.create(amount=order.total, currency="eur", metadata={"order": order.id})
    return intent.id


async def refund(order):
    return await api.create_async(
        charge=order.charge,
        metadata={"order": order.id},
    )


def pay_out(account, amount):
    stripe.Payout.create(amount=amount, currency="eur")
"""

KEPT = """import stripe
from stripe import Refund as api

from shop.keys import keys


def charge(order):
    params = {"amount": order.total, "currency": "eur", "metadata": {"order": order.id}}
    with keys.operation("payment_intent", order.id, params) as operation:
        intent = operation.succeeded(stripe.PaymentIntent.create(**params, idempotency_key=operation.key))
    return intent.id


async def refund(order):
    params = {"charge": order.charge, "metadata": {"order": order.id}}
    async with keys.operation("refund", order.id, params) as operation:
        return await operation.succeeded_async(await api.create_async(**params, idempotency_key=operation.key))


def pay_out(account, amount):
    stripe.Payout.create(amount=amount, currency="eur")
"""


def test_requests_can_be_kept_in_the_key_store(shop: Shop) -> None:
    shop.write(
        "shop/keys.py",
        "from stripe_lint.runtime import IdempotencyKeys\nfrom stripe_lint.runtime.stores.sqlite import SQLiteStore\n\n"
        'keys = IdempotencyKeys(store=SQLiteStore("keys.db"), namespace="shop")\n',
    )
    path = shop.write("pay.py", STORED)

    outcome = fix(shop, "--key-style", "store", "--unsafe-fixes")

    assert path.read_text() == KEPT
    assert "none is in sight" in outcome.out
    assert fix(shop, "--key-style", "moon").code == 2


def test_nothing_is_kept_in_a_key_store_that_is_not_there(shop: Shop) -> None:
    path = shop.write("pay.py", STORED)

    outcome = fix(shop, "--key-style", "store", "--unsafe-fixes")

    assert path.read_text() == STORED
    assert "no IdempotencyKeys of stripe_lint.runtime is in sight" in outcome.out


CONSTANT = """import stripe

SIGNUP_KEY = "signup"


def register(user):
    return stripe.Customer.create(email=user.email, metadata={"user": user.id}, idempotency_key=SIGNUP_KEY)
"""


def test_the_key_that_is_told_is_the_key_that_is_written(shop: Shop) -> None:
    path = shop.write("people.py", CONSTANT)

    outcome = fix(shop, "--unsafe-fixes")

    key = 'f"{SIGNUP_KEY}-user-{user.id}-customer"'
    assert f"STP203 fixed: the key is {key}\n" in outcome.out
    assert f"idempotency_key={key}" in path.read_text()


NAMED_TWICE = """import os

import stripe.error as errors
from stripe import error


def remove(path):
    try:
        os.unlink(path)
    except errors.CardError:
        return 1
    except error.StripeError:
        return 2
"""


def test_two_repairs_import_a_package_once(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe==13.2.0\n")
    path = shop.write("charges.py", NAMED_TWICE)

    fix(shop, "--select", "STP303", "--unsafe-fixes")

    assert path.read_text() == (
        NAMED_TWICE.replace("import stripe.error as errors\nfrom stripe import error\n", "import stripe\n")
        .replace("errors.CardError", "stripe.CardError")
        .replace("error.StripeError", "stripe.StripeError")
    )


VERIFYING = """import contextlib
import json
import os

import stripe
from flask import Flask, request

app = Flask(__name__)
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/stripe/{name}")
def {name}():
    {read}
    if event["type"] == "invoice.paid":
        print(event["data"]["object"])
    return "ok"
"""
CONSTRUCT = 'stripe.Webhook.construct_event(request.data, request.headers.get("Stripe-Signature"), SECRET)'


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("STP101", "event = json.loads(request.data)"),
        (
            "STP103",
            (
                "event = json.loads(request.data)\n    with contextlib.suppress(ValueError, "
                f"stripe.SignatureVerificationError):\n        event = {CONSTRUCT}"
            ),
        ),
        ("STP106", f"event = {CONSTRUCT}"),
        ("STP106", f"event = json.loads(str({CONSTRUCT}))"),
    ],
)
def test_what_is_refused_anew_is_logged_where_that_is_asked_for(shop: Shop, code: str, read: str) -> None:
    path = shop.write("hooks.py", VERIFYING.format(name="hook", read=read))

    plain = fix(shop, "--select", code, "--unsafe-fixes", "--diff")
    outcome = fix(shop, "--select", f"{code},STP304", "--unsafe-fixes")

    assert "logg" not in plain.out
    assert "Fixed 1 finding in 1 file, 0 not fixed." in outcome.out
    assert 'logger.warning("Refused a webhook that could not be verified", exc_info=True)\n' in path.read_text()
    assert shop.check("--select", f"{code},STP304").found == []


COMPARED = """import hashlib
import hmac
import os

from flask import Flask, abort, request

app = Flask(__name__)


@app.post("/stripe/webhook")
def webhook():
    parts = dict(part.split("=") for part in request.headers["Stripe-Signature"].split(","))
    signed = parts["t"].encode() + b"." + request.get_data()
    expected = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
    if expected != parts["v1"]:
        abort(400)
    return "", 200
"""


def test_a_repair_of_a_part_says_so(shop: Shop) -> None:
    shop.write("hooks.py", COMPARED)

    outcome = fix(shop, "--select", "STP110", "--unsafe-fixes")

    assert ": STP110 fixed in part: the signatures are compared in constant time\n" in outcome.out
    assert "STP110" in shop.check("--select", "STP110").out


def test_what_is_nested_too_deeply_is_left(shop: Shop) -> None:
    for number, charge in enumerate(("order" + ".a" * 900, "not " * 900 + "order")):
        path = shop.write(
            f"deep_{number}.py", f"import stripe\n\n\ndef f(order):\n    stripe.Refund.create(charge={charge})\n"
        )
        before = path.read_bytes()

        outcome = fix(shop, path.name)

        assert path.read_bytes() == before
        assert outcome.code == 1
        assert "the statement is nested too deeply for LibCST" in outcome.out


def test_a_file_and_a_link_to_it_are_one_file(shop: Shop) -> None:
    path = shop.write("pay.py")
    link = shop.root / "link.py"
    link.symlink_to("pay.py")
    outcome = fix(shop, "pay.py", "link.py")
    assert path.read_text() == FIXED
    assert link.is_symlink()
    assert "Fixed 1 finding in 1 file, 0 not fixed." in outcome.out
    assert outcome.code == 0


def test_what_changed_meanwhile_is_left_and_the_rest_is_written(shop: Shop) -> None:
    shop.at_start(
        "import stripe_lint.fixing.run as run\nwrite = run.write\n"
        "def later(report):\n    open('a.py', 'a').write('x = 1\\n')\n    return write(report)\nrun.write = later"
    )
    path, other = shop.write("a.py"), shop.write("b.py")
    outcome = fix(shop)
    assert path.read_text() == UNKEYED + "x = 1\n"
    assert other.read_text() == FIXED
    assert "a.py:1:1: STP000 changed while it was being fixed" in outcome.out
    assert "Fixed 1 finding in 1 file" in outcome.out
    assert outcome.code == 2


def test_a_character_that_the_encoding_lacks_is_not_written(shop: Shop) -> None:
    shop.add_rule("STP901", DETECT, repair="edit.insert_before(module.tree.body[-1], 'x = \"\\u4fa1\"')")
    content = b"# coding: latin-1\nimport stripe\nf()\n"
    path = shop.write("a.py", content)
    assert "not fixed: the file's encoding, iso-8859-1, lacks what would be written" in fix(shop).out
    assert path.read_bytes() == content


LOGGERS = {
    "one that is there": ("import logging\nimport stripe\nlog = logging.getLogger('shop')\n", "log", ""),
    "a new one": ("import stripe\n", "logger", "logger = logging.getLogger(__name__)\n"),
    "a name that means something else": (
        "import stripe\nlogger = print\n",
        "log",
        "log = logging.getLogger(__name__)\n",
    ),
    "a module that is hidden": (
        "import stripe\nlogging = None\n",
        "logger",
        "logger = logging_module.getLogger(__name__)\n",
    ),
}


@pytest.mark.parametrize(("content", "name", "made"), LOGGERS.values(), ids=LOGGERS)
def test_a_logger_is_found_or_made(shop: Shop, content: str, name: str, made: str) -> None:
    detect = "if 'exception' not in module.text: yield Hit(module.span(module.tree.body[-1]), 'm')"
    repair = "last = module.tree.body[-1]; edit.replace_statement(last, edit.logger(last) + '.exception(\"x\")')"
    shop.add_rule("STP901", detect, repair=repair)
    path = shop.write("a.py", content + "f()\n")
    assert fix(shop).code == 0
    after = path.read_text()
    assert after.endswith(f'{name}.exception("x")\n')
    assert made in after
    assert after.count("getLogger") == 1
    compile(after, "a.py", "exec")


@pytest.mark.parametrize("words", [("-", "a.py"), ("--select", "STP9999"), ("--config", "missing.toml")])
def test_wrong_words_end_in_2(shop: Shop, words: tuple[str, ...]) -> None:
    outcome = fix(shop, *words)
    assert outcome.code == 2
    assert outcome.err
    assert outcome.out == ""


def test_fixing_imports_no_framework(shop: Shop) -> None:
    shop.write("pay.py")
    script = "import sys\nfrom stripe_lint.cli import main\nmain(['fix'])\nprint(*sys.modules)"
    loaded = {name.partition(".")[0] for name in shop.run(sys.executable, "-c", script).out.splitlines()[-1].split()}
    assert "libcst" in loaded
    assert not loaded & {"stripe", "flake8", "rich"}


def test_on_a_terminal_a_bar_shows_the_progress_of_long_runs(shop: Shop) -> None:
    for number in range(3):
        shop.write(f"pay{number}.py")
    shop.at_start("import stripe_lint.reports.progress as progress\nprogress.SHOWN_AFTER_SECONDS = 0.0")
    primary, secondary = os.openpty()
    environment = {**os.environ, "PYTHONPATH": shop._environment["PYTHONPATH"], "TERM": "xterm"}
    environment.pop("PRE_COMMIT", None)
    done = subprocess.run(
        [sys.executable, "-m", "stripe_lint", "fix"],
        cwd=shop.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=secondary,
        check=False,
    )
    os.close(secondary)
    shown = os.read(primary, 65536).decode()
    os.close(primary)
    assert "Fixing" in shown
    assert done.returncode == 0
    assert b"Fixed 3 findings" in done.stdout
