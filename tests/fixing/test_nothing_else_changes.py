"""What is generated is the text that was there, and fixes change no byte outside of statements.

A small part of what ``benchmarks/round_trip.py`` and ``benchmarks/fix_proof.py`` do, by their own code.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from textwrap import dedent

import pytest
from rule_cases import Case, all_cases

from stripe_lint import catalogue
from stripe_lint.catalogue import UNUSED_SUPPRESSION
from stripe_lint.parsing import parse
from stripe_lint.project import Project
from stripe_lint.sources import decode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from comment_differences import other_differences  # noqa: E402
from round_trip import at_calls, edited, own_expressions, statements  # noqa: E402
from statement_differences import differences  # noqa: E402

FIXED = [case for case in all_cases() if catalogue.rule(case.code).repair is not None and not case.is_folder]
PAIRS = [
    (case, after)
    for case in FIXED
    for kind in ("fixed", "unsafe")
    if (after := case.path.with_name(f"{case.path.stem}.{kind}.py")).exists()
]
IN_CODE = [(case, after) for case, after in PAIRS if case.code != UNUSED_SUPPRESSION]
IN_COMMENTS = [(case, after) for case, after in PAIRS if case.code == UNUSED_SUPPRESSION]


@pytest.mark.parametrize("name", ["textwrap.py", "tomllib/_parser.py", "asyncio/timeouts.py"])
def test_calls_of_the_standard_library_are_generated_as_they_are(name: str) -> None:
    tally = at_calls(Path(sysconfig.get_path("stdlib"), name))
    assert tally.different == ()
    assert tally.identical > 10
    assert set(tally.refused) <= {"it stands in an f-string"}


ODD = """\
class A:
    @skip(  # why
        a if b else c,
        # nothing
        reason='x')
    def f(self, x=(1,
                   2)):
        y = (yield
             x)
        return not (x is None) and -x ** 2 < (z := 3), ((1, 2)), *(a for a in
            b), (lambda: 0)(), (await_
              + 1) * 2, f(a for a in b)
        \tif_ = "größe", call(\f1)
"""


def test_odd_statements_are_generated_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(dedent(ODD).replace("        \t", "        "), encoding="utf-8")
    source = decode(path.read_bytes(), path, "odd.py")
    module = Project(tmp_path).load(path, source.text, parse(source.text))
    nodes = [node for each in statements(module.tree) for node in own_expressions(each)]
    tally = edited(source, module, [[node] for node in nodes])
    assert tally.different == ()
    assert tally.identical == len(nodes) - 1
    assert dict(tally.refused) == {"LibCST reads line … in another way than Python": 1}


NEWER = """\
def answer(log, state):
    log.info(f'{state['id']} is paid')
    try:
        return state['id']
    except KeyError, ValueError:
        return log.error(f"{f"{state["id"]}"}")
"""


def test_syntax_newer_than_the_interpreter_is_generated_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "newer.py"
    path.write_text(NEWER, encoding="utf-8")
    tally = at_calls(path)
    assert tally == (2, {}, (), 0)


@pytest.mark.parametrize(("case", "after"), IN_CODE, ids=[after.name for _, after in IN_CODE])
def test_a_fix_changes_no_byte_outside_of_statements(case: Case, after: Path) -> None:
    found = differences(case.path.read_bytes(), after.read_bytes())
    assert found.outside == ()
    assert found.changed + found.added + found.removed > 0


@pytest.mark.parametrize(("case", "after"), IN_COMMENTS, ids=[after.name for _, after in IN_COMMENTS])
def test_a_fix_of_comments_changes_only_suppressions(case: Case, after: Path) -> None:
    assert other_differences(case.path.read_bytes(), after.read_bytes()) == []


SUPPRESSED = b"x = 1  # noqa: STP201\n# why\ny = 2  # noqa: E501, STP201\n# noqa: STP201\n"
OTHER_CHANGES = {
    "a comment goes": SUPPRESSED.replace(b"# why\n", b""),
    "a comment changes": SUPPRESSED.replace(b"# why", b"# who"),
    "a suppression changes": SUPPRESSED.replace(b"E501", b"E502"),
    "a blank": SUPPRESSED.replace(b"x = 1", b"x =  1"),
    "a line": SUPPRESSED.replace(b"# why", b"\n# why"),
}


def test_suppressions_may_go() -> None:
    assert other_differences(SUPPRESSED, b"x = 1\n# why\ny = 2  # noqa: E501\n") == []


@pytest.mark.parametrize("after", OTHER_CHANGES.values(), ids=OTHER_CHANGES)
def test_what_is_no_suppression_is_seen_to_change(after: bytes) -> None:
    assert other_differences(SUPPRESSED, after)


BEFORE = b"import os\n\n@d  # c\ndef f(x):\n    a(); b(1,\n 2)  # c\n    if x: pass\n    else:\n        y()\n"
CHANGES = {
    "a line above": b"\n" + BEFORE,
    "a line below": BEFORE + b"\n",
    "a comment": BEFORE.replace(b"# c\n    if", b"# d\n    if"),
    "a blank within a statement": BEFORE.replace(b"b(1,", b"b(1, "),
    "a blank between statements": BEFORE.replace(b"; b", b";  b"),
    "the depth of a block": BEFORE.replace(b"        y()", b"         y()"),
    "a line end": BEFORE.replace(b"os\n", b"os\r\n"),
}


@pytest.mark.parametrize("after", CHANGES.values(), ids=CHANGES)
def test_bytes_that_no_statement_accounts_for_are_seen(after: bytes) -> None:
    assert differences(BEFORE, after).outside


def test_new_and_changed_statements_account_for_their_bytes() -> None:
    after = BEFORE.replace(b"import os\n", b"import os\nimport uuid\n").replace(b"b(1,", b"k = 1; b(3,")
    assert differences(BEFORE, after) == (1, 2, 0, ())


HEADED = b"# head\nimport stripe\n"
PLACED_BADLY = {
    "blank lines above all": b"\n\n\n\n# head\nimport uuid\nimport stripe\n",
    "blank lines above the new statement": b"\n\n\n\nimport uuid\n# head\nimport stripe\n",
    "too many blank lines behind it": b"import uuid\n\n\n\n# head\nimport stripe\n",
    "a changed head": b"import uuid\n\n# Head\nimport stripe\n",
}


def test_a_new_statement_may_stand_above_the_comments_at_the_top() -> None:
    for after in (b"import uuid\n\n# head\nimport stripe\n", b"# head\nimport uuid\nimport stripe\n"):
        assert differences(HEADED, after) == (0, 1, 0, ())


@pytest.mark.parametrize("after", PLACED_BADLY.values(), ids=PLACED_BADLY)
def test_a_new_statement_accounts_for_no_other_change_at_the_top(after: bytes) -> None:
    assert differences(HEADED, after).outside


INTO_A_BLOCK = b"""\
def f(x):
    try:
        a(x)

        # why
        b(1,
          2)
    except E:
        c()

    if x:
        y()
    z()
"""
IN_THE_BLOCK = b"""\
def f(x):

    if x:
        y()
    else:
        try:
            a(x)

            # why
            b(1,
              2)
        except E:
            c()
    z()
"""
IN_QUOTES = b'def f(x):\n    a("""\n    b""",\n      1)\n    c()\n'
MOVED_BADLY = {
    "a blank line is lost": IN_THE_BLOCK.replace(b"(x)\n\n", b"(x)\n"),
    "a comment stays behind": IN_THE_BLOCK.replace(b"            # why", b"        # why"),
    "one of its lines stays behind": IN_THE_BLOCK.replace(b"              2)", b"          2)"),
    "a block in it goes farther": IN_THE_BLOCK.replace(b"            c()", b"              c()"),
    "another block moves too": IN_THE_BLOCK.replace(b"        y()", b"          y()"),
    "a blank within a statement": IN_THE_BLOCK.replace(b"a(x)", b"a( x)"),
    "a line end": IN_THE_BLOCK.replace(b"a(x)\n", b"a(x)\r\n"),
}


def test_a_block_may_move_sideways_as_a_whole() -> None:
    before, after = INTO_A_BLOCK.replace(b"\n    if x", b"    if x"), IN_THE_BLOCK.replace(b"\n    if x", b"    if x")
    for one, other in ((before, after), (after, before), (INTO_A_BLOCK, IN_THE_BLOCK)):
        found = differences(one, other)
        assert found.outside == ()
        assert found.added == found.removed == 5


def test_what_is_in_quotes_stays_where_it_is() -> None:
    block = b'def f(x):\n    if x:\n        a("""\n    b""",\n          1)\n    c()\n'
    assert differences(IN_QUOTES, block).outside == ()
    assert differences(IN_QUOTES, block.replace(b"          1)", b"      1)")).outside


@pytest.mark.parametrize("after", MOVED_BADLY.values(), ids=MOVED_BADLY)
def test_a_block_that_moves_with_other_changes_is_seen(after: bytes) -> None:
    assert differences(INTO_A_BLOCK, after).outside
