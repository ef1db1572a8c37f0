"""Input that no one should hand over and someone will: a clear message, the right exit code, no hang."""

from __future__ import annotations

import os
import sys

import pytest
from shop import CLEAN, UNKEYED, Outcome, Shop

NEWER_SYNTAX = "import stripe\n\ntype Soon = soon x -> y\n"


def lines(outcome: Outcome) -> list[str]:
    return (outcome.out + outcome.err).splitlines()


def test_an_unknown_code(shop: Shop) -> None:
    shop.write("pay.py")
    outcome = shop.check("--select", "STP999", "pay.py")
    assert outcome.code == 2
    (line,) = lines(outcome)
    assert line.startswith('stripe-lint: --select: unknown rule "STP999"; did you mean "STP')


def test_an_unknown_key(shop: Shop) -> None:
    shop.write("pay.py")
    shop.configure("selects = []")
    outcome = shop.check("pay.py")
    assert outcome.code == 2
    assert lines(outcome) == [
        'stripe-lint: pyproject.toml: [tool.stripe-lint] unknown key "selects"; did you mean "select"?'
    ]


def test_broken_toml(shop: Shop) -> None:
    shop.write("pay.py")
    shop.write("pyproject.toml", "[tool.stripe-lint\n")
    outcome = shop.check("pay.py")
    assert outcome.code == 2
    (line,) = lines(outcome)
    assert line.startswith("stripe-lint: pyproject.toml: not valid TOML: ")


def test_a_directory_without_python_files(shop: Shop) -> None:
    shop.write("docs/readme.md")
    outcome = shop.check("docs")
    assert outcome.code == 0
    assert outcome.err == "stripe-lint: no Python files found in docs\n"
    assert outcome.out == "Found nothing. Checked 0 files.\n"
    assert shop.check("--format", "json", "docs").document["summary"]["files_found"] == 0


def test_a_directory_without_python_files_beside_one_with(shop: Shop) -> None:
    shop.write("docs/readme.md")
    shop.write("app/pay.py")
    outcome = shop.check("docs", "app")
    assert outcome.code == 1
    assert outcome.err == "stripe-lint: no Python files found in docs\n"
    assert outcome.codes == ["STP201"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(range(256)), "holds null bytes: a binary file, or UTF-16 text"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 90, "holds null bytes: a binary file, or UTF-16 text"),
        (UNKEYED.encode("utf-16"), "encoded as UTF-16 or UTF-32, which Python does not run; save it as UTF-8"),
        (UNKEYED.encode("utf-16-be"), "holds null bytes: a binary file, or UTF-16 text"),
        (UNKEYED.encode("utf-32"), "encoded as UTF-16 or UTF-32, which Python does not run; save it as UTF-8"),
        (UNKEYED.encode() + b"\xff\xfe", "not valid utf-8 (byte 0xff)"),
        (b"# coding: utf-16\n" + UNKEYED.encode(), "declares the encoding utf-16, in which the"),
    ],
    ids=["bytes", "elf", "utf-16", "utf-16-no-mark", "utf-32", "not-utf-8", "utf-16-declared"],
)
def test_a_binary_or_utf16_file(shop: Shop, content: bytes, message: str) -> None:
    shop.write("bad.py", content)
    shop.write("pay.py")
    for words in ((), ("bad.py", "pay.py")):
        outcome = shop.check(*words)
        assert outcome.code == 2
        assert outcome.codes == ["STP000", "STP201"]
        assert message in outcome.out.splitlines()[0]


def test_a_file_of_50_000_lines(shop: Shop) -> None:
    body = "".join(f"def f{number}(order):\n    return order.total + {number}\n\n" for number in range(16_660))
    shop.write("long.py", UNKEYED + body + "\n" * 20)
    outcome = shop.check("long.py")
    assert outcome.code == 1
    assert outcome.found == [("long.py", 3, "STP201")]


def test_a_file_of_50_000_lines_with_a_call_in_every_function(shop: Shop) -> None:
    functions = 10_000
    shop.write("pyproject.toml", "")
    shop.write(
        "long.py",
        "import stripe\n"
        + "".join(
            f"def refund_{number}(order):\n    payment = order.payment\n    log({number})\n"
            "    return stripe.Refund.create(payment_intent=payment)\n\n"
            for number in range(functions)
        ),
    )
    outcome = shop.check("long.py")
    assert outcome.code == 1
    assert outcome.codes == ["STP201"] * functions


def test_200_000_requirements_on_stripe(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe>=1\n" * 200_000)
    outcome = shop.check("--select", "STP501", "requirements.txt")
    assert (outcome.code, outcome.codes) == (0, [])


def test_named_pipes_are_not_read(shop: Shop) -> None:
    for name in (
        *("shop/fifo.py", "shop/imported.py", "shop/requirements.txt", "shop/pyproject.toml", "poetry.lock"),
        *(".gitignore", "setup.cfg", "renovate.json", ".github/dependabot.yml"),
    ):
        (shop.root / name).parent.mkdir(exist_ok=True)
        os.mkfifo(shop.root / name)
    shop.write("requirements.txt", "stripe>=16,<17\n")
    shop.write("shop/pay.py", UNKEYED.replace("stripe\n", "stripe\nfrom imported import pay\n", 1) + "pay(stripe)\n")
    shop.write("shop/refund.py", "import stripe\n\n\ndef refund(order):\n    stripe.Refund.create(charge=order)\n")
    outcome = shop.check()
    assert outcome.code == 1
    assert outcome.found == [
        ("requirements.txt", 1, "STP504"),
        ("shop/pay.py", 4, "STP201"),
        ("shop/refund.py", 5, "STP201"),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "(" * 1000 + "1" + ")" * 1000,
        "x = " + "[" * 1000 + "]" * 1000,
        "x = " + "f(" * 150 + ")" * 150,
        "x = " + "-" * 20_000 + "1",
        "x = " + " + ".join(["1"] * 20_000),
        "x = a" + ".b" * 20_000,
        "x = a" + "()" * 5_000,
        "x = a" + "[0]" * 5_000,
        "x = " + "not " * 20_000 + "1",
        "x = " + "lambda: " * 5_000 + "1",
        "\n".join(f"{' ' * depth}if x:" for depth in range(1000)) + f"\n{' ' * 1000}pass",
        "if x:\n    pass\n" + "elif x:\n    pass\n" * 3_000,
    ],
    ids=[
        "1000-parentheses",
        "1000-brackets",
        "150-calls",
        "minus",
        "sum",
        "attributes",
        "calls",
        "items",
        "not",
        "lambda",
        "blocks",
        "elif",
    ],
)
def test_nesting(shop: Shop, code: str) -> None:
    shop.write("deep.py", f"{UNKEYED}\n{code}\n")
    shop.write("pay.py", UNKEYED)
    outcome = shop.check()
    deep = [found for path, _, found in outcome.found if path == "deep.py"]
    assert set(deep) <= {"STP000", "STP201"}
    assert deep
    assert outcome.code == (2 if "STP000" in deep else 1)
    assert outcome.found[-1] == ("pay.py", 3, "STP201")


def test_a_thousand_parentheses_are_one_clear_line(shop: Shop) -> None:
    shop.write("deep.py", f"import stripe\nx = {'(' * 1000}1{')' * 1000}\n")
    outcome = shop.check("deep.py")
    assert outcome.code == 2
    assert len(outcome.out.splitlines()) == 2
    assert "too many nested parentheses" in outcome.out or "nested too deeply" in outcome.out


def test_recursion_in_imports(shop: Shop) -> None:
    shop.write("shop/__init__.py", "from shop.a import *\nfrom shop import helper\n")
    shop.write(
        "shop/a.py", "import stripe\nfrom shop.b import helper, verify\nfrom shop.a import helper as own\n" + UNKEYED
    )
    shop.write(
        "shop/b.py",
        "import stripe\nfrom shop.a import helper\nfrom . import verify\nfrom .b import verify as own\n\n"
        "def webhook(request):\n    event = verify(request.body)\n    return helper(event)\n",
    )
    shop.write("shop/c.py", "import stripe\nfrom shop.c import c\nc = c.c\nc(c)\n" + UNKEYED)
    outcome = shop.check()
    assert outcome.code == 1
    assert outcome.found == [("shop/a.py", 6, "STP201"), ("shop/c.py", 7, "STP201")]


def test_functions_that_call_each_other_for_ever(shop: Shop) -> None:
    shop.write(
        "pay.py",
        "import stripe\n\n\ndef a(body):\n    return b(body)\n\n\ndef b(body):\n    return a(body) or b(body)\n\n\n"
        "def webhook(request):\n    event = a(request.body)\n    return event['type']\n\n\n" + UNKEYED,
    )
    assert shop.check().codes[-1] == "STP201"


def test_a_loop_of_links(shop: Shop) -> None:
    shop.write("pay.py")
    (shop.root / "folder").mkdir()
    (shop.root / "folder" / "again").symlink_to(shop.root, target_is_directory=True)
    (shop.root / "one.py").symlink_to("two.py")
    (shop.root / "two.py").symlink_to("one.py")
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.found == [("one.py", 1, "STP000"), ("pay.py", 3, "STP201"), ("two.py", 1, "STP000")]
    named = shop.check("one.py", "folder/again/pay.py")
    assert named.found == [("one.py", 1, "STP000"), ("folder/again/pay.py", 3, "STP201")]
    assert "Too many levels of symbolic links" in named.out or "Symlink loop" in named.out


def test_a_missing_file(shop: Shop) -> None:
    outcome = shop.check("missing.py")
    assert outcome.code == 2
    assert outcome.out.splitlines()[0] == "missing.py:1:1: STP000 can't be read: No such file or directory"


def test_an_unreadable_file(shop: Shop) -> None:
    shop.write("locked.py")
    shop.write("pay.py")
    # Permissions do not stop the superuser, under whom tests often run.
    shop.at_start(
        "import pathlib\n"
        "read_bytes = pathlib.Path.read_bytes\n"
        "def refuse(path):\n"
        "    if path.name == 'locked.py':\n"
        "        raise PermissionError(13, 'Permission denied')\n"
        "    return read_bytes(path)\n"
        "pathlib.Path.read_bytes = refuse"
    )
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.out.startswith("locked.py:1:1: STP000 can't be read: Permission denied\n")
    assert outcome.codes == ["STP000", "STP201"]


@pytest.mark.parametrize("name", ["a" * 300 + ".py", "nothing/in/here.py", "pay.py/inside.py"])
def test_a_path_that_can_not_exist(shop: Shop, name: str) -> None:
    shop.write("pay.py")
    outcome = shop.check(name)
    assert outcome.code == 2
    assert outcome.codes == ["STP000"]


def test_newer_syntax_than_the_interpreter(shop: Shop) -> None:
    shop.write("new.py", NEWER_SYNTAX)
    shop.write("pay.py")
    outcome = shop.check()
    assert outcome.code == 2
    assert outcome.found == [("new.py", 3, "STP000"), ("pay.py", 3, "STP201")]
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert f"(read as {version}; for newer syntax run stripe-lint on the Python version of the code)" in outcome.out


def test_an_empty_file_and_a_file_of_blanks(shop: Shop) -> None:
    for name, content in (("empty.py", ""), ("blank.py", "\n\n \n\x0c"), ("comment.py", "# stripe")):
        shop.write(name, content)
    assert shop.check().code == 0


def test_the_current_folder_may_be_gone(shop: Shop) -> None:
    script = (
        "import os, sys\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')\n"
        "from stripe_lint.cli import main\nsys.exit(main(['check']))"
    )
    outcome = shop.run(sys.executable, "-c", script)
    assert outcome.code == 2
    assert len(lines(outcome)) == 1


def test_a_full_disk_is_an_error(shop: Shop) -> None:
    shop.write("pay.py", CLEAN)
    outcome = shop.check("--output", "/dev/full")
    assert outcome.code == 2
    assert "can't be written: No space left on device" in outcome.err
