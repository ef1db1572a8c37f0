"""Programs without keys of their own, before and after their repair, against a Stripe whose first answer is lost."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import stripe
from failing_stripe import RESET, SERVER_ERROR, TIME_OUT, FakeStripe, fake_stripe
from rule_cases import make_project

from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_paths, write
from stripe_lint.options import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path(__file__).parent / "programs"
SECONDS_TO_WAIT = 0.6
EACH_ATTEMPT_MAKES_ANOTHER = [{"re_0", "re_1"}, {"re_2", "re_3"}]
MADE_BEFORE = {
    "again_by_itself": EACH_ATTEMPT_MAKES_ANOTHER,
    "client_while_loop": EACH_ATTEMPT_MAKES_ANOTHER,
    "each_item_in_a_loop": EACH_ATTEMPT_MAKES_ANOTHER,
    "made_anew": EACH_ATTEMPT_MAKES_ANOTHER,
    "retry_loop": EACH_ATTEMPT_MAKES_ANOTHER,
    "same_for_all": [{"re_0"}, {"re_0"}],
    "shared_by_two": [{"re_0"}, {"re_0"}, {"re_4"}, {"re_4"}],
    "unnamed_amount": EACH_ATTEMPT_MAKES_ANOTHER,
}
"""What is made for each operation of a program as it is. One that is sent with an earlier one's key gets that one's."""


class Order(NamedTuple):
    """What a program refunds."""

    id: int

    @property
    def payment_intent(self) -> str:
        return f"pi_{self.id}"

    @property
    def customer(self) -> str:
        return f"cus_{self.id}"

    @property
    def account(self) -> str:
        return f"acct_{self.id}"


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The SDK with a key for tests, a short time-out and no retries of its own."""
    client = stripe.RequestsClient(timeout=SECONDS_TO_WAIT)
    monkeypatch.setattr(stripe, "api_key", "sk_test_none")
    monkeypatch.setattr(stripe, "max_network_retries", 0)
    monkeypatch.setattr(stripe, "default_http_client", client)
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    yield monkeypatch
    client.close()


def run(path: Path, failure: str, sdk: pytest.MonkeyPatch) -> FakeStripe:
    """What a program asks of Stripe when it refunds two orders, one after the other."""
    specification = importlib.util.spec_from_file_location(f"program_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    program: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    with fake_stripe(failure) as server:
        sdk.setattr(stripe, "api_base", f"http://127.0.0.1:{server.port}")
        for number in (1, 2):
            program.refund(Order(number))
    return server


def repair(folder: Path) -> int:
    configurations = Configurations(None, {"select": ["STP2"]}, Place("test ", folder))
    report = fix_paths([folder], configurations, Options(unsafe=True), jobs=1)
    write(report)
    assert [(each.finding, each.reason) for file in report.files for each in file.not_fixed] == []
    return sum(len(file.fixed) for file in report.files)


def test_it_is_known_of_each_program_what_it_makes() -> None:
    assert sorted(MADE_BEFORE) == sorted(path.stem for path in PROGRAMS.glob("*.py"))


@pytest.mark.parametrize("failure", [RESET, SERVER_ERROR, TIME_OUT])
@pytest.mark.parametrize("name", MADE_BEFORE)
def test_a_repaired_program_sends_one_key_for_all_attempts_of_an_operation(
    name: str, failure: str, tmp_path: Path, sdk: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    make_project(folder)
    program = folder / f"{name}.py"
    shutil.copy(PROGRAMS / program.name, program)

    before = run(program, failure, sdk)
    assert list(before.carried_out.values()) == MADE_BEFORE[name]
    operations = len(MADE_BEFORE[name])
    assert len(before.attempts) == 2 * operations

    assert repair(folder) == 1
    after = run(program, failure, sdk)
    assert len(after.attempts) == 2 * operations
    assert [len(made) for made in after.carried_out.values()] == [1] * operations
    assert [len(keys) for keys in after.keys.values()] == [1] * operations
    keys = [key for held in after.keys.values() for key in held]
    assert None not in keys
    assert len(set(keys)) == operations
