"""What a check costs, in counts that are the same on every machine: parses, walks, reads and calls.

``benchmarks/analysis_cost.py`` measures the times.
"""

from __future__ import annotations

import ast
import sys
import tokenize
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import pytest
from rule_cases import Case, all_cases, check, make_project

from stripe_lint.analysis import indexing
from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_text
from stripe_lint.options import Place
from stripe_lint.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

    from stripe_lint.analysis.module import Module

Result = TypeVar("Result")

PLAIN = "import stripe\n\nprint(stripe.Customer.retrieve('cus_1'))\n"
UNKEYED = "import stripe\n\nstripe.Refund.create(charge='ch_1')\n"


MOST_CALLS = 1_000_000
"""Several times what any check here needs."""


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a file is parsed, walked or read from the disk, by its name."""
    counted: Counter[str] = Counter()
    parse, index, read = ast.parse, indexing.index, Project._read

    def counting_parse(source: str | bytes, *arguments: str, **options: str) -> ast.AST:
        by_us = sys._getframe(1).f_globals["__name__"].startswith("stripe_lint")
        counted["parsed"] += by_us and options.get("mode", "exec") == "exec"
        return parse(source, *arguments, **options)  # type: ignore[call-overload, no-any-return]

    def counting_index(module: Module) -> None:
        counted[f"walked {module.path.name}"] += 1
        index(module)

    def counting_read(project: Project, path: Path) -> Module | None:
        counted[f"read {path}"] += 1
        return read(project, path)

    monkeypatch.setattr(ast, "parse", counting_parse)
    monkeypatch.setattr(indexing, "index", counting_index)
    monkeypatch.setattr(Project, "_read", counting_read)
    return counted


def project_with(folder: Path, files: dict[str, str]) -> Path:
    make_project(folder)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_file_is_parsed_and_walked_once_for_all_rules(counts: Counter[str], tmp_path: Path) -> None:
    check(project_with(tmp_path / "project", {"pay.py": UNKEYED}), "STP")
    assert counts == {"parsed": 1, "walked pay.py": 1}


def test_a_file_without_stripe_is_not_parsed(counts: Counter[str], tmp_path: Path) -> None:
    check(project_with(tmp_path / "project", {"pay.py": PLAIN, "other.py": "def pay(): ...\n"}), "STP")
    assert counts["parsed"] == 1
    assert not counts["walked other.py"]


@pytest.mark.parametrize("case", [each for each in all_cases() if each.is_code and each.is_folder], ids=Case.name.fget)
def test_another_module_is_read_once_for_a_whole_project(case: Case, counts: Counter[str], tmp_path: Path) -> None:
    case.copy_to(tmp_path / "project")
    check(tmp_path / "project", case.code)
    assert [key for key, count in counts.items() if key.startswith("read ") and count > 1] == []
    assert counts["parsed"] <= 2 * len(case.files)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, 0),
        (PLAIN + "# a comment  # noqa: E501\n", 0),
        (PLAIN + "# noqa: STP201\n", 1),
        (PLAIN + "# stripe-lint: ignore\n", 1),
        (UNKEYED, 1),
        (UNKEYED + "# stripe-lint: ignore\n", 2),
    ],
)
def test_comments_are_read_only_in_a_file_with_a_finding_or_a_suppression(
    text: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    generate = tokenize.generate_tokens

    def count(readline: Callable[[], str]) -> Iterator[tokenize.TokenInfo]:
        made.append(readline)
        return generate(readline)

    monkeypatch.setattr(tokenize, "generate_tokens", count)
    check(project_with(tmp_path / "project", {"pay.py": text}), "STP")
    assert len(made) == expected


FLASK = "import stripe\nfrom flask import Flask, request\napp = Flask(__name__)\n"


def handlers(count: int) -> str:
    return FLASK + "".join(
        f"""
@app.post("/hook{number}")
def hook{number}():
    try:
        event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], SECRET)
    except stripe.SignatureVerificationError as error:
        return str(error), 400
    if event["type"] == "charge.refunded":
        book(event["data"]["object"])
    return ""
"""
        for number in range(count)
    )


def requests(count: int) -> str:
    return "import stripe\n" + "".join(
        f"""
def pay{number}(order):
    for attempt in range(3):
        try:
            key = f"{{order.id}}-{{attempt}}"
            return stripe.Refund.create(charge=order.charge, idempotency_key=key)
        except stripe.APIConnectionError:
            continue
"""
        for number in range(count)
    )


def helpers(count: int) -> str:
    """A chain of functions, each called by the one before."""
    chain = "".join(
        f"def step{number}(order, key):\n    return step{number + 1}(order, key)\n" for number in range(count)
    )
    return f"import stripe\n{chain}def step{count}(order, key):\n    stripe.Refund.create(charge=order)\n"


def statements(count: int) -> str:
    """One long function."""
    body = "".join(f"    value{number} = event['x{number}']\n" for number in range(count))
    known = "    if event['type'] == 'charge.refunded':\n        book(value0)\n"
    return f"{FLASK}@app.post('/stripe')\ndef stripe_webhook():\n    event = request.json\n{body}{known}"


def choices(count: int) -> str:
    """One function with many ways through it."""
    verified = "stripe.Webhook.construct_event(request.data, request.headers['Stripe-Signature'], SECRET)"
    body = "".join(f"    if request.args.get('x{number}'):\n        event = {verified}\n" for number in range(count))
    return f"{FLASK}@app.post('/')\ndef webhook():\n    event = request.json\n{body}    book(event['data'])\n"


def attempts(count: int) -> str:
    """One function with many ``try`` statements in a row."""
    body = "".join(
        f"    try:\n        stripe.Refund.create(charge={number})\n    except Exception as e:\n        return str(e)\n"
        for number in range(count)
    )
    return f"{FLASK}@app.post('/')\ndef view():\n{body}"


def values_in_values(count: int) -> str:
    """A value that holds itself twice, again and again: written out it would be too large for any computer."""
    body = "    params = {'a': params, 'b': params}\n" * count
    return f"{FLASK}def pay(params):\n{body}    stripe.Refund.create(**params)\n"


def values_in_loops(count: int) -> str:
    """The same in loops."""
    return "import stripe\n" + "".join(
        f"""
def pay{number}(order):
    params = {{}}
    for item in order:
        params = {{"a": params, "b": [params]}}
    stripe.Refund.create(**params)
"""
        for number in range(count)
    )


def functions_without_stripe(count: int) -> str:
    """A file that is long for other reasons."""
    body = "".join(f"def f{number}(order):\n    return order.total + {number}\n\n" for number in range(10 * count))
    return f"{UNKEYED}{body}"


def functions_with_calls(count: int) -> str:
    """A request and another call in each function."""
    return "import stripe\n" + "".join(
        f"def refund_{number}(order):\n    payment = order.payment\n    log({number})\n"
        "    return stripe.Refund.create(payment_intent=payment)\n\n"
        for number in range(count)
    )


MAKERS = [
    *(handlers, requests, helpers, statements, choices, attempts, values_in_values, values_in_loops),
    *(functions_without_stripe, functions_with_calls),
]


class TooManyCallsError(BaseException):
    """Nothing of ours may catch it."""


def calls_in(work: Callable[[], Result], events: Container[str] = ("call",)) -> tuple[int, Result]:
    """How many Python functions ``work`` calls, and what it returns; ``c_call`` in ``events`` counts built-in ones."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in events
        if calls > MOST_CALLS:
            raise TooManyCallsError

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        result = work()
    except TooManyCallsError:
        pytest.fail(f"more than {MOST_CALLS:,} calls")
    finally:
        sys.setprofile(previous)
    return calls, result


def calls_of(text: str, folder: Path) -> int:
    """How many Python functions a check of ``text`` calls, which must find something."""
    project = project_with(folder, {"pay.py": text})
    calls, found = calls_in(lambda: check(project, "STP"))
    assert found
    assert all(each.code != "STP000" for each in found)
    return calls


@pytest.mark.parametrize("make", MAKERS)
def test_twice_the_code_costs_about_twice_as_much(make: Callable[[int], str], tmp_path: Path) -> None:
    calls_of(make(2), tmp_path / "warm")
    half, whole = calls_of(make(24), tmp_path / "half"), calls_of(make(48), tmp_path / "whole")
    assert whole < 2.5 * half


def calls_of_requirements(count: int, folder: Path) -> int:
    """How many Python functions a check of a list with ``count`` requirements calls."""
    project = project_with(folder, {"requirements.txt": "stripe>=1\n" * count})
    calls, found = calls_in(lambda: check(project, "STP501"))
    assert all(each.code != "STP501" for each in found)
    return calls


def test_twice_the_requirements_cost_about_twice_as_much(tmp_path: Path) -> None:
    calls_of_requirements(20, tmp_path / "warm")
    half, whole = (calls_of_requirements(count, tmp_path / str(count)) for count in (1_000, 2_000))
    assert whole < 2.5 * half


def calls_of_fixes(count: int, folder: Path) -> int:
    """How many functions, built-in ones included, it takes to fix ``count`` requests in one statement."""
    make_project(folder)
    lines = [f'    "c{number}": lambda: stripe.Refund.create(charge="ch_{number}"),\n' for number in range(count)]
    data = f"import stripe\n\ncalls = {{\n{''.join(lines)}}}\n".encode()
    configurations = Configurations(None, {"select": ["STP201"]}, Place("test ", folder))
    calls, report = calls_in(
        lambda: fix_text(data, folder / "pay.py", "pay.py", configurations, Options()), ("call", "c_call")
    )
    assert [len(file.fixed) for file in report.files] == [count]
    return calls


def test_twice_the_fixes_in_one_statement_cost_about_twice_as_much(tmp_path: Path) -> None:
    calls_of_fixes(2, tmp_path / "warm")
    half, whole = (calls_of_fixes(count, tmp_path / str(count)) for count in (10, 20))
    assert whole < 2.5 * half
