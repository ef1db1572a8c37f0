"""Syntax newer than the interpreter: what is wrong is found all the same, at its own place."""

from __future__ import annotations

import ast
import importlib
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stripe_lint.newer_syntax import UnreadableError, parse_newer

if TYPE_CHECKING:
    from shop import Shop

REFUND = 'stripe.Refund.create(charge="ch_1")'

NEWER = {
    "except-without-brackets": f"try:\n    x = 1\nexcept KeyError, ValueError:\n    {REFUND}\n",
    "nested-quotes": f'x = f"{{a["é"]}} {{{REFUND}}}"; {REFUND}\n',
    "nested-f-strings": f'x = f"{{f"{{f"{{{REFUND}}}"}}"}}"\n',
    "lines-in-f-string": f'x = f"{{\n    a["k"]  # why\n    + {REFUND}\n}}" + {REFUND}\n',
    "backslash-in-f-string": f"x = f\"{{'\\n'.join({REFUND})}}\"; {REFUND}\n",
    "joined-strings": f'x = ("a" f"{{a["k"]}}" "b{{c}}", {REFUND})\n',
    "format-specification": f'x = f"{{a["k"]:>{{b["w"]}}}}", {REFUND}\n',
    "type-statement": f"type Pair[T] = tuple[\n    T, T\n]\n{REFUND}\n",
    "type-statement-and-more": f"type Word = str; {REFUND}\n",
    "type-parameters": f"def f[T: int, *Ts, **P](x: T = {REFUND}) -> T:\n    return {REFUND}\n",
    "type-parameters-over-lines": f"class C[\n    T,\n](dict):\n    x = {REFUND}\n",
    "template-string": f't"{{x}}"; {REFUND}\n',
    "template-string-nested": f't"{{x["a"]}}{{{REFUND}}}"\n',
    "lazy-import": f"lazy import json\nlazy from json import loads as read\n{REFUND}\n",
    "unpacking-comprehension": f"x = [*a for a in {REFUND}]; y = {{**a for a in b}}\n{REFUND}\n",
    "several": f'type A = int\ntry:\n    x = f"{{a["k"]}}"\nexcept A, B, c.D(),:\n    {REFUND}\n',
}
TOO_NEW = {name: code for name, code in NEWER.items() if sys.version_info < (3, 12) or "lazy" in name}


def places_of_refunds(text: str) -> list[tuple[int, int]]:
    """Line and column of each call, both from 1."""
    return [
        (number, column + 1)
        for number, line in enumerate(text.split("\n"), start=1)
        for column in range(len(line))
        if line.startswith(REFUND, column)
    ]


@pytest.mark.parametrize("name", TOO_NEW)
def test_what_is_found_stands_where_it_is_written(shop: Shop, name: str) -> None:
    text = f"import stripe\n\n{TOO_NEW[name]}"
    with pytest.raises(SyntaxError):
        compile(text, "pay.py", "exec")
    shop.write("pay.py", text)
    found = shop.check("--format", "json").document["findings"]
    assert {each["code"] for each in found} == {"STP201"}
    assert [(each["line"], each["column"]) for each in found] == places_of_refunds(text)


@pytest.mark.parametrize("name", NEWER)
def test_names_keep_their_places_and_the_tree_compiles(name: str) -> None:
    text = NEWER[name]
    tree = parse_newer(text)
    compile(tree, "pay.py", "exec")
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    assert [ast.get_source_segment(text, node) for node in names] == [node.id for node in names]


CONTEXTS = {
    "alone": "{0}",
    "between": "import a\n\n{0}\nimport b\n",
    "behind-text-at-the-edge": 'text = """\n\nx = (\n\nclass Q:\n"""\n{0}\n',
    "in-class": 'class D:\n    """What\n    it is.\n    """\n\n    x = 1\n\n{1}\n\n    y = 2\n\nz = 3\n',
    "in-class-behind-text": 'class D(\n    B,\n):\n    x = """\n    )\nclass Q:\n    """\n{1}\n',
    "in-class-of-class": "class D:  # why\n\tclass E: # what\n\t\tx = 1\n\nclass D:\n\n    class E:\n\n{2}\n\n",
    "in-decorated": "@a\n@b(\n    c,\n)\ndef f():\n{1}\n\n\n@a\n# why\n@b\nclass D:\n    @c\n    def f(): pass\n{1}\n",
    "in-branch": "if a:\n{1}\nelif b:\n{1}\nelse:\n{1}\n# why\nx = [\n1,\n]\n",
    "behind-backslash": "x = 1 + \\\n2\ny = z \\\n(3)\n{0}\n",
    "before-a-comment": "{0}\n# the end",
}


PAIRS = [
    ("try: pass\nexcept a, b.c: pass", "try: pass\nexcept (a, b.c): pass"),
    ("try: pass\nexcept a, b(), c[0], : pass", "try: pass\nexcept (a, b(), c[0]): pass"),
    ('f"{a["k"]!r:>{w["x"]}} {{}}"', "f\"{a['k']!r:>{w['x']}} {{}}\""),
    ('f"{"a"}" "b" rf"\\d{c["d"]}"', "f\"{'a'}\" 'b' rf\"\\d{c['d']}\""),
    ("type A = list[int]", "A = list[int]"),
    ("def f[T](x: T) -> T: ...", "def f(x: T) -> T: ..."),
    ("class C[T](B): ...", "class C(B): ..."),
    ('t"{a}"', 'f"{a}"'),
    ("lazy import a.b as c", "import a.b as c"),
    ("lazy from a import b", "from a import b"),
    ("[*a for a in b]", "[a for a in b]"),
]


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@pytest.mark.parametrize(("newer", "older"), PAIRS)
def test_the_tree_is_that_of_the_older_form(newer: str, older: str, context: str) -> None:
    newer_text, older_text = (
        context.format(*(textwrap.indent(text, " " * 4 * depth) for depth in range(3))) for text in (newer, older)
    )
    assert ast.dump(parse_newer(newer_text)) == ast.dump(ast.parse(older_text))


@pytest.mark.parametrize(
    "around",
    ["{1}{0}", "{0}{1}", "if 1:\n{3}{2}", "class Whole(Base):\n{3}{2}"],
    ids=["before", "behind", "in-one-block", "in-class"],
)
@pytest.mark.parametrize("name", ["ast", "tokenize", "re", "dataclasses"])
def test_all_else_in_a_file_is_read_as_the_interpreter_reads_it(name: str, around: str) -> None:
    text = Path(str(importlib.import_module(name).__file__)).read_text(encoding="utf-8")
    newer, older = (
        around.format(text, added, textwrap.indent(text, " "), textwrap.indent(added, " "))
        for added in ("lazy import z\n", "import z\n")
    )
    assert without_import(parse_newer(newer)) == without_import(ast.parse(older))


def without_import(tree: ast.Module) -> str:
    """The whole tree with all places, but those of ``import z``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.alias) and "'z'" in ast.dump(node):
            node.col_offset = node.end_col_offset = 0
    return ast.dump(tree, include_attributes=True)


@pytest.mark.parametrize(
    "text",
    [
        "x = (\n",
        "print 'x'\n",
        "x = 1 +\n",
        "def f(:\n",
        "x = " + "(" * 5000 + ")" * 5000 + "?",
        "x = " + "-" * 50_000 + "1 ?",
        "try: pass\nexcept a or b, c: pass\n",
        "def f[\n\nT](): pass\n",
        'f"{a["k"]" + (\n',
        "\ud800 (",
    ],
)
def test_what_nothing_reads_is_an_error(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse_newer(text)


def test_a_module_in_newer_syntax_answers_questions_from_others(shop: Shop) -> None:
    shop.write("keys.py", 'type Name = str\n\n\ndef key(order):\n    return f"order-{order["id"]}"\n')
    shop.write(
        "pay.py",
        "import stripe\nfrom keys import key\n\n\ndef pay(order):\n"
        "    return stripe.Refund.create(charge=order.charge, idempotency_key=key(order))\n",
    )
    shop.write("constant.py", 'type Name = str\n\nKEY = "refund"\n')
    shop.write(
        "again.py",
        "import stripe\nfrom constant import KEY\n\n\ndef pay(order):\n"
        "    return stripe.Refund.create(charge=order.charge, idempotency_key=KEY)\n",
    )
    assert shop.check().found == [("again.py", 6, "STP203")]


def test_the_place_of_a_real_error_is_that_of_the_interpreter(shop: Shop) -> None:
    shop.write("pay.py", "import stripe\ntype A = int\nx = (\n")
    assert shop.check().codes == ["STP000"]


def test_suppressions_work_in_newer_syntax(shop: Shop) -> None:
    shop.write(
        "pay.py", f"import stripe\ntype A = int\n{REFUND}  # stripe-lint: ignore[STP201]\n{REFUND}  # noqa: STP201\n"
    )
    assert shop.check().codes == []
