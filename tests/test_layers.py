"""Which part may import which, and which parts of the outside world each may touch."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from shop import CONSTANT_KEY, UNKEYED, Shop

import stripe_lint

PACKAGE = Path(stripe_lint.__file__).parent

LAYERS = (
    {"stripe_lint", "errors", "model"},
    {
        "comments",
        "data",
        "key_shapes",
        "newer_pieces",
        "newer_syntax",
        "parallel",
        "parsing",
        "patterns",
        "positions",
        "sources",
        "suppression_marks",
        "writing",
    },
    {"suppressions"},
    {"manifests"},
    {"analysis", "project", "test_code"},
    {"rules"},
    {"catalogue"},
    {"config", "options"},
    {"discovery", "suppression_review"},
    {"engine"},
    {"run"},
    {"baseline"},
    {"fixing"},
    {"codemods", "reports"},
    {"cli", "flake8_plugin"},
    {"__main__"},
)
"""The parts, lowest first. A part may import its own layer and what is below."""

ISLAND = "runtime"
"""Imports no other part, and no other part imports it."""

ISLAND_HOMES = {
    "stripe": {""},
    "prometheus_client": {"prometheus"},
    "pytest": {"testing.fixtures"},
    "django": {"adapters.django"},
    "fastapi": {"adapters.fastapi"},
    "flask": {"adapters.flask"},
    "starlette": {"adapters.fastapi"},
}
"""Where in the runtime a module from outside may be imported: in the named modules, or everywhere."""

HOMES = {
    "click": {"cli"},
    "rich": {"reports"},
    "flake8": {"flake8_plugin"},
    "libcst": {"codemods", "fixing", "newer_syntax", "rules"},
    "pathspec": {"patterns"},
    "tomllib": {"config", "manifests"},
    "tomli": {"config", "manifests"},
    "subprocess": {"discovery", "manifests"},
    "concurrent": {"parallel"},
    "multiprocessing": {"parallel"},
    "packaging": {"manifests"},
    "yaml": {"manifests"},
}
"""Where else than in the runtime a module from outside may be imported."""

LAZY = set(HOMES) - {"click"}
"""What may not be imported when a module is, so that a check pays only for what it uses."""

LIBCST_ALONE = {"codemods"}
"""What only LibCST's own tool imports."""


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if ISLAND not in path.relative_to(PACKAGE).parts)


def part_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return "stripe_lint" if first == "__init__.py" else first.removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Each imported module with whether it is imported at once; what only type checkers see is left out."""
    found: list[tuple[str, bool]] = []
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), True)]
    while waiting:
        node, at_once = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found.extend((alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.extend((name if name.startswith("stripe_lint.") else node.module, at_once) for name in names)
        inside = at_once and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))
    return found


def layer_of(part: str) -> int:
    (layer,) = [number for number, parts in enumerate(LAYERS) if part in parts]
    return layer


def imported_part(name: str) -> str:
    second = name.split(".")[1] if "." in name else "stripe_lint"
    return second if any(second in parts for parts in LAYERS) or second == ISLAND else "stripe_lint"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    own = part_of(path)
    for name, at_once in imports(path):
        top = name.partition(".")[0]
        if top == "stripe_lint":
            part = imported_part(name)
            assert part != ISLAND
            assert layer_of(part) <= layer_of(own), f"{own} imports {part}"
        elif top not in sys.stdlib_module_names or top in HOMES:
            assert own in HOMES.get(top, set()), f"{own} imports {top}"
            assert not (at_once and top in LAZY and own not in LIBCST_ALONE), f"{own} imports {top} before it is needed"


@pytest.mark.parametrize("path", sorted((PACKAGE / ISLAND).rglob("*.py")), ids=lambda path: path.name)
def test_the_runtime_imports_nothing_of_the_linter_and_frameworks_only_in_their_adapters(path: Path) -> None:
    own = ".".join(path.relative_to(PACKAGE / ISLAND).with_suffix("").parts)
    for name, _ in imports(path):
        top = name.partition(".")[0]
        if top == "stripe_lint":
            assert name.startswith(f"stripe_lint.{ISLAND}"), f"{own} imports {name}"
        elif top not in sys.stdlib_module_names:
            assert ISLAND_HOMES.get(top, set()) & {"", own}, f"{own} imports {name}"


INBOX_LOADED = """
import sys
import stripe_lint.runtime, stripe_lint.runtime.stores.sqlite, stripe_lint.runtime.adapters.wsgi
print(*sys.modules)
"""


def test_an_inbox_loads_neither_the_linter_nor_any_framework(shop: Shop) -> None:
    loaded = shop.run(sys.executable, "-c", INBOX_LOADED).out.split()
    ours = {name for name in loaded if name.startswith("stripe_lint.")}
    assert ours
    assert all(name.startswith(f"stripe_lint.{ISLAND}") for name in ours)
    assert not {name.partition(".")[0] for name in loaded} & {"libcst", "flask", "django", "fastapi", "pytest"}


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in modules()}
    assert parts <= set().union(*LAYERS)
    assert {"engine", "rules", "analysis", "cli", "flake8_plugin"} <= parts


LOADED = "import sys\nfrom stripe_lint.cli import main\nmain(sys.argv[1:])\nprint(*sys.modules)"
HEAVY = {"click", "concurrent", "flake8", "libcst", "packaging", "pathspec", "rich", "stripe", "subprocess", "tomli"}
HEAVY |= {"tomllib", "yaml"}


def test_checking_a_file_imports_nothing_that_it_does_not_use(shop: Shop) -> None:
    shop.write("pay.py", CONSTANT_KEY + "import stripe.error\n")
    outcome = shop.run(sys.executable, "-c", LOADED, "check", "pay.py")
    assert "STP203" in outcome.codes
    loaded = {name.partition(".")[0] for name in outcome.out.splitlines()[-1].split()}
    assert "stripe_lint" in loaded
    assert not loaded & HEAVY


def test_checking_a_folder_with_options_imports_neither_libcst_nor_stripe(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED)
    shop.configure('select = ["STP"]')
    words = ("check", "--format", "json", "--extend-exclude", "*.gen.py", ".")
    outcome = shop.run(sys.executable, "-c", LOADED, *words)
    loaded = {name.partition(".")[0] for name in outcome.out.splitlines()[-1].split()}
    assert {"stripe_lint", "click"} <= loaded
    assert not loaded & {"libcst", "stripe", "flake8", "rich"}


SLOW = {"ast", "dataclasses", "difflib", "importlib.util", "inspect", "json", "pkgutil", "tokenize"}
"""What of the standard library costs a start most, and what a file without findings can do without."""

EVERY_CHECK = {
    *("catalogue", "cli", "cli.checking", "cli.pipes", "config", "discovery", "engine", "errors", "manifests"),
    *("manifests.kinds", "model", "options", "patterns", "reports", "reports.text", "rules", "run", "sources"),
    "suppression_marks",
}
"""What of the package the check of any file imports."""

VERIFYING = """import stripe


def read(payload, header, secret):
    return stripe.Webhook.construct_event(payload, header, secret)
"""
UNNEEDED_TO_VERIFY = {
    *("acknowledged_failures", "answers", "handmade_checks", "https_enforcement", "ineffective_keys", "key_choices"),
    *("redelivery", "refused_events", "request_paths", "requests", "retries", "retry_loops", "sdk_uses"),
    *("secret_literals", "secret_places", "secret_refusals", "signature_headers", "verification_handlers", "weak_keys"),
    "written_arguments",
}
"""Analyses of what ``VERIFYING`` does not hold: requests and their keys, ``try``, headers, texts."""


def loaded_by_checking(shop: Shop, text: str) -> tuple[set[str], set[str]]:
    """What the check of a file with this text imports: modules of the package, without its name, and other ones."""
    shop.write("file.py", text)
    loaded = set(shop.run(sys.executable, "-c", LOADED, "check", "file.py").out.splitlines()[-1].split())
    ours = {name for name in loaded if name.partition(".")[0] == "stripe_lint"}
    return {name.removeprefix("stripe_lint.") for name in ours - {"stripe_lint"}}, loaded - ours


def test_a_file_without_stripe_imports_only_what_every_check_needs(shop: Shop) -> None:
    ours, others = loaded_by_checking(shop, "x = 1\n")
    assert ours == EVERY_CHECK
    assert not {name.partition(".")[0] for name in others} & HEAVY
    assert not others & SLOW


def test_a_clean_file_imports_no_analysis_of_what_it_does_not_hold(shop: Shop) -> None:
    ours, others = loaded_by_checking(shop, VERIFYING)
    parts = {name.partition(".")[0] for name in ours - EVERY_CHECK}
    assert parts == {"analysis", "data", "key_shapes", "parsing", "project", "rules", "test_code"}
    assert {name for name in ours if name.startswith("rules.")} == {f"rules.{path.stem}" for path in RULE_MODULES}
    assert "analysis.webhooks" in ours
    assert {path.stem for path in (PACKAGE / "analysis").glob("*.py")} >= UNNEEDED_TO_VERIFY
    assert not {name for name in ours if name.startswith("analysis.")} & {f"analysis.{n}" for n in UNNEEDED_TO_VERIFY}
    assert not others & (SLOW - {"ast"})


RULE_MODULES = sorted((PACKAGE / "rules").glob("stp*.py"))


@pytest.mark.parametrize("path", RULE_MODULES, ids=lambda path: path.stem)
def test_a_rule_imports_its_analysis_only_when_it_is_asked(path: Path) -> None:
    ours = {imported_part(name) for name, at_once in imports(path) if at_once and name.startswith("stripe_lint")}
    assert ours <= {"errors", "model", "sources"}


COMPILED = """
import re, sys
from stripe_lint.cli import main
main(sys.argv[1:])
ours = [vars(module) for name, module in sys.modules.items() if name.startswith("stripe_lint")]
print(*(name for names in ours for name, value in names.items() if isinstance(value, re.Pattern)))
"""


def test_no_pattern_is_compiled_before_it_is_used(shop: Shop) -> None:
    shop.write("pay.py", UNKEYED + CONSTANT_KEY)
    outcome = shop.run(sys.executable, "-c", COMPILED, "check", "--select", "STP", "pay.py")
    assert {"STP201", "STP203"} <= set(outcome.codes)
    assert outcome.out.splitlines()[-1] == ""
