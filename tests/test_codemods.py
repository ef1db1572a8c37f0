"""The fixes as commands of LibCST's tool: one a rule, and what they write is what ``stripe-lint fix`` writes."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import libcst
import pytest
from libcst.codemod import CodemodContext, CodemodTest, parallel_exec_transform_with_prettyprint
from rule_cases import Case, all_cases
from shop import UNKEYED, Outcome, Shop

from stripe_lint import catalogue, codemods
from stripe_lint.codemods.command import FixCommand
from stripe_lint.codemods.stp201 import FixMissingIdempotencyKey
from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_paths, write
from stripe_lint.options import Place

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
FIXABLE = [rule for rule in catalogue.all_rules() if rule.repair is not None]
CASES = [case for case in all_cases() if case.code in {rule.code for rule in FIXABLE}]
PATHS = ("stp201.FixMissingIdempotencyKey", "stripe_lint.codemods.stp201.FixMissingIdempotencyKey")

ODD = {
    "form feed, which LibCST loses": b"\f" + UNKEYED.encode(),
    "mixed line ends": b"import stripe\r\n\nstripe.Refund.create(charge='ch_1')\rx = 1\n",
    "Windows": UNKEYED.replace("\n", "\r\n").encode(),
    "byte order mark": b"\xef\xbb\xbf" + UNKEYED.encode(),
    "Latin 1": b"# -*- coding: latin-1 -*-\n# \xe9\n" + UNKEYED.encode(),
    "no final newline": UNKEYED.rstrip().encode(),
    "nothing to fix": b"\fimport stripe\n",
}


def command_of(code: str) -> type[FixCommand]:
    """The one command in the module of the rule ``code``."""
    module = import_module(f"{codemods.__name__}.{code.lower()}")
    found = (value for value in vars(module).values() if isinstance(value, type) and value is not FixCommand)
    (command,) = (value for value in found if issubclass(value, FixCommand))
    return command


def codemod(project: Path, command: type[FixCommand], *, unsafe: bool = False) -> None:
    """What LibCST's tool does, in this process."""
    result = parallel_exec_transform_with_prettyprint(
        command,
        [str(path) for path in sorted(project.rglob("*.py"))],
        jobs=1,
        hide_progress=True,
        codemod_args={"unsafe_fixes": unsafe, "key_style": "uuid"},
    )
    assert result.failures == 0
    assert result.skips == 0


def fix(project: Path, code: str, *, unsafe: bool = False) -> None:
    configurations = Configurations(None, {"select": [code]}, Place("test ", project))
    write(fix_paths([project], configurations, Options(unsafe=unsafe), jobs=1))


def contents(project: Path) -> dict[str, bytes]:
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in sorted(project.rglob("*.py"))}


def tool(shop: Shop, *words: str, stdin: bytes = b"") -> Outcome:
    return shop.run(sys.executable, "-m", "libcst.tool", *words, stdin=stdin)


def test_there_is_a_command_for_each_fix(tmp_path: Path) -> None:
    """If this fails, run ``python tools/gen_codemods.py``."""
    subprocess.run([sys.executable, str(ROOT / "tools" / "gen_codemods.py"), str(tmp_path)], check=True)
    (folder,) = map(Path, codemods.__path__)
    assert {path.name: path.read_text() for path in folder.glob("stp*.py")} == {
        path.name: path.read_text() for path in tmp_path.iterdir()
    }
    assert {command_of(rule.code).CODE for rule in FIXABLE} == {rule.code for rule in FIXABLE}


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_command_writes_what_is_stored_of_the_fix(case: Case, unsafe: bool, tmp_path: Path) -> None:
    project = tmp_path / "project"
    case.copy_to(project)
    before = contents(project)
    codemod(project, command_of(case.code), unsafe=unsafe)
    stored = {name: path.read_bytes() for name, path in case.stored("unsafe" if unsafe else "fixed").items()}
    assert contents(project) == {**before, **stored}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_files_of_odd_forms_are_written_as_they_are(content: bytes, shop: Shop, tmp_path: Path) -> None:
    path = shop.write("pay.py", content)
    other = tmp_path / "other"
    other.mkdir()
    (other / "pay.py").write_bytes(content)
    fix(other, "STP201")
    codemod(shop.root, FixMissingIdempotencyKey)
    assert path.read_bytes() == (other / "pay.py").read_bytes()
    assert (b"uuid4" in path.read_bytes()) == (b"create" in content)


@pytest.mark.parametrize("external", [True, False], ids=["by its full name", "from a configured module"])
def test_the_tool_of_libcst_runs_it(shop: Shop, external: bool) -> None:
    path = shop.write("pay.py")
    shop.write(".libcst.codemod.yaml", "modules: [stripe_lint.codemods]\n")
    words = ("-x", PATHS[1]) if external else (PATHS[0],)
    outcome = tool(shop, "codemod", "--no-format", *words, "pay.py")
    assert "idempotency_key=idempotency_key" in path.read_text()
    assert "note: a random key protects the attempts of one call only" in outcome.err
    assert outcome.code == 0


def test_several_processes_do_the_same(shop: Shop) -> None:
    paths = [shop.write(f"pay{number}.py") for number in range(9)]
    assert tool(shop, "codemod", "--no-format", "-x", PATHS[1], "-j", "2", ".").code == 0
    assert all("idempotency_key" in path.read_text() for path in paths)


def test_standard_input_is_fixed(shop: Shop) -> None:
    outcome = tool(shop, "codemod", "--no-format", "-x", PATHS[1], "-", stdin=UNKEYED.encode())
    assert "idempotency_key=idempotency_key" in outcome.out


def test_the_tool_of_libcst_lists_them(shop: Shop) -> None:
    shop.write(".libcst.codemod.yaml", "modules: [stripe_lint.codemods]\n")
    listed = tool(shop, "list").out.splitlines()
    commands = [command_of(rule.code) for rule in FIXABLE]
    assert listed == [
        f"{command.CODE.lower()}.{command.__name__} - Fixes {rule.code}: {rule.summary}"
        for command, rule in zip(commands, FIXABLE, strict=True)
    ]


def test_options_are_those_of_the_fix(shop: Shop) -> None:
    shown = tool(shop, "codemod", "-x", PATHS[1], "--help").out
    assert "--unsafe-fixes" in shown
    assert "--key-style {uuid,store}" in shown


def test_what_is_left_is_a_warning_with_its_reason(shop: Shop) -> None:
    path = shop.write(
        "pay.py",
        "import stripe\n\n\ndef pay():\n    for attempt in range(3):\n        try:\n"
        "            return stripe.Refund.create(charge='ch_1')\n        except stripe.APIConnectionError:\n"
        "            continue\n",
    )
    before = path.read_bytes()
    outcome = tool(shop, "codemod", "--no-format", "-x", PATHS[1], "pay.py")
    assert "WARNING: pay.py:7:20: STP201 " in outcome.err
    assert "; not fixed: the key has to be made before the retry" in outcome.err
    assert path.read_bytes() == before
    tool(shop, "codemod", "--no-format", "-x", PATHS[1], "--unsafe-fixes", "pay.py")
    assert path.read_bytes() != before


EXCLUDED: dict[str, Callable[[Shop], Path]] = {
    "by the configuration": lambda shop: (shop.configure('extend-exclude = ["old/"]'), shop.write("old/pay.py"))[1],
    "by default": lambda shop: shop.write(".venv/pay.py"),
    "as test code": lambda shop: shop.write("tests/test_pay.py"),
    "by a comment": lambda shop: shop.write("pay.py", UNKEYED.replace('"usd")', '"usd")  # noqa: STP201')),
}


@pytest.mark.parametrize("make", EXCLUDED.values(), ids=EXCLUDED)
def test_what_a_fix_leaves_alone_is_left_alone(make: Callable[[Shop], Path], shop: Shop) -> None:
    path = make(shop)
    before = path.read_bytes()
    assert tool(shop, "codemod", "--no-format", "-x", PATHS[1], ".").code == 0
    assert path.read_bytes() == before


def test_a_broken_configuration_is_told(shop: Shop) -> None:
    shop.configure("unknown = 1")
    path = shop.write("pay.py")
    outcome = tool(shop, "codemod", "--no-format", "-x", PATHS[1], "pay.py")
    assert 'unknown key "unknown"' in outcome.err
    assert path.read_text() == UNKEYED


class TestInLibcst(CodemodTest):
    """As LibCST tests its own commands: without a file, and among other changes."""

    TRANSFORM = FixMissingIdempotencyKey

    def test_text_without_a_file(self) -> None:
        """The same change."""
        after = "import uuid\n\nimport stripe\n\nidempotency_key = str(uuid.uuid4())\n"
        call = "stripe.Refund.create(charge='ch_1'{})\n"
        self.assertCodemod(
            "import stripe\n\n" + call.format(""), after + call.format(", idempotency_key=idempotency_key")
        )

    def test_another_command_goes_on_with_the_outcome(self) -> None:
        """The outcome is a tree like any other."""
        tree = FixMissingIdempotencyKey(CodemodContext()).transform_module(libcst.parse_module(UNKEYED))
        changed = tree.with_changes(body=tree.body[1:])
        assert tree.code.startswith("import uuid\n")
        assert changed.code.lstrip().startswith("import stripe\n")
        assert tree.deep_clone().bytes == tree.bytes
