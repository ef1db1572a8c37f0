"""What a rule's repair may do and what it may not, told with rules and repairs of the tests."""

from __future__ import annotations

import pytest
from shop import CLEAN, FIXED, Shop

DETECT = "if 'Refund' not in module.text: yield Hit(module.span(module.tree.body[-1]), 'm')"


def test_a_rule_without_a_repair_says_so(shop: Shop) -> None:
    shop.add_rule("STP901", "yield Hit(Span(1, 0, 1, 6), 'm')")
    shop.write("pay.py", CLEAN)
    outcome = shop.fix()
    assert outcome.out.startswith("pay.py:1:1: STP901 m; not fixed: this rule has no automatic fix\n")
    assert outcome.code == 1


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
    outcome = shop.fix()
    assert f"a.py:2:1: STP901 m; not fixed: {reason}" in outcome.out
    assert path.read_text() == content
    assert "str(uuid.uuid4())" in other.read_text()


def test_one_bad_repair_does_not_lose_the_others(shop: Shop) -> None:
    repair = "edit.insert_before(module.tree.body[0], 'x = (')"
    shop.add_rule("STP901", DETECT, repair=repair)
    path = shop.write("pay.py")
    outcome = shop.fix()
    assert path.read_text() == FIXED
    assert sorted(outcome.codes) == ["STP201", "STP901"]


def test_a_character_that_the_encoding_lacks_is_not_written(shop: Shop) -> None:
    shop.add_rule("STP901", DETECT, repair="edit.insert_before(module.tree.body[-1], 'x = \"\\u4fa1\"')")
    content = b"# coding: latin-1\nimport stripe\nf()\n"
    path = shop.write("a.py", content)
    assert "not fixed: the file's encoding, iso-8859-1, lacks what would be written" in shop.fix().out
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
    assert shop.fix().code == 0
    after = path.read_text()
    assert after.endswith(f'{name}.exception("x")\n')
    assert made in after
    assert after.count("getLogger") == 1
    compile(after, "a.py", "exec")
