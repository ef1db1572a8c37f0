"""Files of odd forms: line ends, encodings and lengths of lines stay, and a fix is reported where it went."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from repairing import Result, fix

from stripe_lint.config import Configurations
from stripe_lint.errors import Declined
from stripe_lint.fixing.guards import check_compiles
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_text
from stripe_lint.options import Place
from stripe_lint.parsing import parse

if TYPE_CHECKING:
    from pathlib import Path

CALL = "import stripe\n\ndef f(ref):\n    stripe.Refund.create(charge=ref)\n"
FIXED = (
    "import uuid\n\nimport stripe\n\ndef f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
    "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "bom"])
def test_line_ends_and_the_mark_stay(newline: str, mark: bytes, project: Path) -> None:
    result = fix(mark + CALL.replace("\n", newline).encode(), project)
    assert result.text == mark + FIXED.replace("\n", newline).encode()


def test_mixed_line_ends_stay_as_they_are(project: Path) -> None:
    before = (
        b"import stripe\r\nx = 1\ny = 2\r\ndef f(ref):\n    stripe.Refund.create(\r\n        charge=ref,\n    )\r\n"
    )
    after = fix(before, project).text
    for line in before.splitlines(keepends=True):
        assert line in after
    assert after.endswith(b"        charge=ref,\n        idempotency_key=idempotency_key,\n    )\r\n")


def test_a_line_in_front_of_a_new_one_keeps_its_end(project: Path) -> None:
    before = b"import stripe\nimport os\r\npay = lambda ref: stripe.Refund.create(charge=ref)\n"
    assert fix(before, project).text.startswith(b"import stripe\nimport os\r\nimport uuid\r\npay = ")


def test_another_encoding_stays(project: Path) -> None:
    before = f"# -*- coding: latin-1 -*-\n# Größe\n{CALL}".encode("latin-1")
    after = f"# -*- coding: latin-1 -*-\n# Größe\n{FIXED}".encode("latin-1")
    assert fix(before, project).text == after


def test_what_is_suppressed_is_not_fixed(project: Path) -> None:
    data = CALL.replace("ref)\n", "ref)  # noqa: STP201\n").replace("f(ref)  # noqa: STP201", "f(ref)").encode()
    assert fix(data, project) == Result(data, 0, [])


def test_a_file_that_does_not_compile_as_it_is_is_fixed_all_the_same(project: Path) -> None:
    data = b'import stripe\n\nawait stripe.Refund.create_async(charge="ch_1")\n'
    assert fix(data, project).fixed == 1


def test_what_only_the_compiler_refuses_is_no_outcome() -> None:
    before, after = parse("def f():\n    x = 1\n"), parse("def f():\n    x = 1\n    global x\n")
    with pytest.raises(Declined, match="the outcome would not compile: name 'x' is assigned to before global"):
        check_compiles(before, after)
    check_compiles(after, after)


def fixed_text(before: str, project: Path, *, unsafe: bool = True, select: str = "STP201") -> str:
    return fix(dedent(before).encode(), project, unsafe=unsafe, select=select).text.decode()


def test_a_line_that_becomes_too_long_is_broken_as_formatters_do(project: Path) -> None:
    before = """\
        import uuid

        import stripe


        def subscribe(request, price):
            customer = stripe.Customer.create(source=request.POST["token"], name=request.user)
            url = stripe.checkout.Session.create(mode="payment", success_url=request.path).url
            return answer(stripe.Subscription.create(customer=customer.id, items=[{"price": price}]))
        """
    after = """\
        import uuid

        import stripe


        def subscribe(request, price):
            idempotency_key = str(uuid.uuid4())
            customer = stripe.Customer.create(
                source=request.POST["token"], name=request.user, idempotency_key=idempotency_key
            )
            checkout_session_key = str(uuid.uuid4())
            url = stripe.checkout.Session.create(
                mode="payment", success_url=request.path, idempotency_key=checkout_session_key
            ).url
            subscription_key = str(uuid.uuid4())
            return answer(
                stripe.Subscription.create(
                    customer=customer.id, items=[{"price": price}], idempotency_key=subscription_key
                )
            )
        """
    assert fixed_text(before, project) == dedent(after)


def test_arguments_that_do_not_fit_in_one_line_get_one_each(project: Path) -> None:
    before = """\
        import uuid

        import stripe

        REFUND = {"reason": "requested_by_customer", "reverse_transfer": True, "note": "a line"}


        def refund(charge, amount):
            stripe.Refund.create(charge=charge.reference, amount=amount, metadata=REFUND["note"])
        """
    assert fixed_text(before, project).endswith(
        "    stripe.Refund.create(\n"
        "        charge=charge.reference,\n"
        "        amount=amount,\n"
        '        metadata=REFUND["note"],\n'
        "        idempotency_key=idempotency_key,\n"
        "    )\n"
    )


def test_a_line_within_the_length_of_the_others_stays_one(project: Path) -> None:
    before = """\
        import stripe


        def refund(charge, amount_of_the_refund, reason_of_the_refund, idempotency_key, reference, other):
            stripe.Refund.create(charge=charge, amount=amount_of_the_refund)
        """
    assert fixed_text(before, project).splitlines()[-1].startswith("    stripe.Refund.create(charge=charge, amount=")


def test_the_second_call_that_is_fixed_in_a_line_is_reported_where_it_went(project: Path) -> None:
    before = (
        'import uuid\nimport stripe\nx = stripe.Refund.create(charge="a") if y else stripe.Refund.create(charge="b")\n'
    )
    configurations = Configurations(None, {"select": ["STP201"]}, Place("test ", project))
    (file,) = fix_text(before.encode(), project / "pay.py", "pay.py", configurations, Options()).files
    lines = file.after.decode().splitlines()
    places = [each.finding.span for each in file.fixed]
    assert [lines[place.line - 1][place.column :][:20] for place in places] == ["stripe.Refund.create"] * 2
    assert places[0] != places[1]


def test_many_calls_that_are_fixed_in_one_statement_are_reported_where_they_went(project: Path) -> None:
    """Each place is followed without comparing the statements letter by letter."""
    lines = [f'    "c{number}": lambda: stripe.Refund.create(charge="ch_{number}"),\n' for number in range(60)]
    data = f"import stripe\n\ncalls = {{\n{''.join(lines)}}}\n".encode()
    configurations = Configurations(None, {"select": ["STP201"]}, Place("test ", project))
    (file,) = fix_text(data, project / "pay.py", "pay.py", configurations, Options()).files
    text = file.after.decode().split("\n")
    assert len(file.fixed) == 60
    for number, each in enumerate(file.fixed):
        line, column = each.finding.span.line, each.finding.span.column
        assert text[line - 1][column:].startswith(f'stripe.Refund.create(charge="ch_{number}"')
