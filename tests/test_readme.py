"""The README is what it says: every command in it is run, and what it shows is what comes out.

With ``--snapshot-update`` the list of rules and the outputs in the README are written anew.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, NamedTuple

import pytest
import yaml

from stripe_lint.catalogue import all_rules
from stripe_lint.config import keys
from stripe_lint.data.surface import stripe_versions

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TOOLS = Path(sys.executable).parent

CLEAN = "import stripe\n\nstripe.Customer.retrieve('cus_1')\n"

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_RULES = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", re.DOTALL)
_NAMED = re.compile(r"# (?P<name>[\w./-]+)\n")
_CHANGES_OUTPUT = re.compile(r"(GIT|PYTEST|PRE_COMMIT)_|(NO_COLOR|FORCE_COLOR|COLUMNS|VIRTUAL_ENV)$")


class Block(NamedTuple):
    """A block of code; ``file`` is the name that its first line gives to it."""

    language: str
    body: str

    @property
    def file(self) -> str | None:
        named = _NAMED.match(self.body)
        return named["name"] if named else None


def blocks(language: str, file: str | None = None) -> list[str]:
    """The text of all blocks in a language, or of those that have the name ``file``."""
    found = (Block(match["language"], dedent(match["body"])) for match in _BLOCK.finditer(README.read_text("utf-8")))
    return [block.body for block in found if block.language == language and file in (None, block.file)]


def run(
    script: str, folder: Path, tools: Path = TOOLS, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a line of shell in ``folder`` with the programs in ``tools`` first; all output is in ``stdout``."""
    inherited = {name: value for name, value in os.environ.items() if not _CHANGES_OUTPUT.match(name)}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**inherited, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )


def as_generated(text: str, folder: Path) -> str:
    """``text`` with the list of rules and the outputs as they are now.

    Blocks are taken in order: one that names a file makes this file in ``folder``, the commands of a ``console`` block
    are run there.
    """

    def regenerate(match: re.Match[str]) -> str:
        block = Block(match["language"], dedent(match["body"]))
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        if block.language != "console":
            return match[0]
        commands = [line[2:] for line in block.body.splitlines() if line.startswith("$ ")]
        body = "".join(f"$ {command}\n{run(command, folder).stdout}" for command in commands)
        return indent(f"```console\n{body}```", match["indent"])

    return _BLOCK.sub(regenerate, _RULES.sub(lambda _: table_of_rules(), text))


def table_of_rules() -> str:
    lines = ["| Code | Name | Severity | What it finds |", "| --- | --- | --- | --- |"]
    for rule in all_rules():
        severity = rule.severity.label if rule.default else f"{rule.severity.label}, off by default"
        lines.append(f"| [{rule.code}](docs/rules/{rule.code}.md) | {rule.name} | {severity} | {rule.summary} |")
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of someone who has the samples and nothing else."""
    shutil.copytree(ROOT / "examples", tmp_path / "project/examples", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "project"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A project with the first sample of the README in it."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "shop.py").write_text(blocks("python", "shop.py")[0], encoding="utf-8")
    return folder


def findings_of(output: str) -> list[str]:
    return [line for line in output.splitlines() if re.match(r"\S+:\d+:\d+: STP\d{3} ", line)]


def test_rules_and_outputs_are_those_of_today(folder: Path, request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    generated = as_generated(text, folder)
    if request.config.getoption("--snapshot-update"):
        README.write_text(generated, encoding="utf-8")
    else:
        assert text == generated


def test_commands_between_the_lines_work(bad: Path) -> None:
    commands = re.findall(r"`((?:stripe-lint|flake8|python -m libcst.tool) [^`]+)`", README.read_text(encoding="utf-8"))
    assert commands
    for command in commands:
        assert run(command, bad).returncode in {0, 1}, command


def test_the_samples_show_what_they_are_for() -> None:
    shown = findings_of("".join(blocks("console")))
    assert {line.split()[1] for line in shown if line.startswith("examples/shop/")} >= {"STP101", "STP201", "STP301"}
    assert {line.split()[1] for line in shown if line.startswith("shop.py")} == {"STP102", "STP205"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\((?!https://)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert [target for target in targets if not ((ROOT / name).parent / target).exists()] == []


def test_all_keys_of_the_configuration_are_described() -> None:
    described = re.findall(r"^\| `([a-z-]+)` \| .* \| .* \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert described == list(keys())


def test_the_releases_of_stripe_are_those_of_the_data() -> None:
    oldest, newest = (version.rpartition(".")[0] for version in (stripe_versions()[0], stripe_versions()[-1]))
    assert f"{len(stripe_versions())} releases of stripe-python, {oldest} to {newest}" in README.read_text("utf-8")


def test_an_entry_for_the_letter_s_reaches_our_rules_and_a_longer_one_brings_them_back(bad: Path) -> None:
    for line in ("ignore = S", "per-file-ignores = shop.py:S"):
        (bad / ".flake8").write_text(f"[flake8]\n{line}\n", encoding="utf-8")
        assert findings_of(run("flake8 shop.py", bad).stdout) == []
    (bad / ".flake8").write_text("[flake8]\nignore = S\nextend-select = STP\n", encoding="utf-8")
    assert len(findings_of(run("flake8 shop.py", bad).stdout)) == 2


def test_ruff_keeps_the_comments_that_silence_our_rules(bad: Path) -> None:
    path = bad / "shop.py"
    path.write_text("import os  # noqa: F401, STP102\n", encoding="utf-8")
    (bad / "ruff.toml").write_text(blocks("toml", "ruff.toml")[0], encoding="utf-8")
    done = run("ruff check --no-cache --select F401,RUF100,RUF102 shop.py", bad)
    assert done.returncode == 0, done.stdout


def test_there_are_two_commands_for_a_fresh_machine() -> None:
    first, second, _ = blocks("sh")
    assert first.startswith("python3 -m venv .venv && .venv/bin/pip install -e . && ")
    assert second == 'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest -n auto\n'


def test_the_codemod_does_what_the_fix_does(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (folder / ".libcst.codemod.yaml").write_text(blocks("yaml", ".libcst.codemod.yaml")[0], encoding="utf-8")
    *_, command = blocks("sh")
    assert run(command, folder).returncode == 0
    assert run("stripe-lint fix --select STP201 examples/shop", other).returncode == 0
    after = (folder / "examples/shop/billing.py").read_text(encoding="utf-8")
    assert after != (ROOT / "examples/shop/billing.py").read_text(encoding="utf-8")
    assert after == (other / "examples/shop/billing.py").read_text(encoding="utf-8")
    assert "stp201.FixMissingIdempotencyKey - " in run("python -m libcst.tool list", folder).stdout
    assert run(command.replace("-x stripe_lint.codemods.", ""), folder).returncode == 0


@pytest.mark.network
def test_the_first_command_installs_and_checks(tmp_path: Path) -> None:
    listed = run("git ls-files -coz --exclude-standard", ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    done = run(blocks("sh")[0], tmp_path)
    (shown,) = (body for body in blocks("console") if body.startswith("$ stripe-lint check examples/shop\n"))
    assert done.stdout.endswith("\n" + shown.partition("\n")[2])
    assert done.returncode == 1


@pytest.mark.parametrize("failing", ["", "ruff", "mypy", "pytest", "pip"])
def test_continuous_integration_runs_the_second_command(tmp_path: Path, failing: str) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    shutil.copy(README, tmp_path / "README.md")
    python = tmp_path / "tools/python3"
    python.parent.mkdir()
    python.write_text(_FAKE_PYTHON, encoding="utf-8")
    python.chmod(stat.S_IRWXU)
    done = run(".ci/run", tmp_path, python.parent, {"FAILING": failing, "TMPDIR": str(tmp_path)})
    install, *others = "pip install -e .[test]", "ruff check", "mypy", "pytest -n auto"
    assert done.stdout.splitlines() == [install, *([] if failing == "pip" else others)]
    assert bool(done.returncode) is bool(failing)
    assert {path.name for path in tmp_path.iterdir()} == {".ci", "README.md", "tools"}


_FAKE_PYTHON = """#!/usr/bin/env bash
mkdir -p "$3/bin"
for name in pip ruff mypy pytest; do
    printf '#!/usr/bin/env bash\\necho %s "$@"\\n[ "$FAILING" != %s ]\\n' "$name" "$name" > "$3/bin/$name"
    chmod +x "$3/bin/$name"
done
"""
"""Makes an environment in which each program says how it was called."""


@pytest.mark.network
def test_the_workflow_for_github_finds_and_passes(tmp_path: Path, bad: Path) -> None:
    (workflow,) = blocks("yaml", ".github/workflows/stripe.yml")
    (job,) = yaml.safe_load(workflow)["jobs"].values()
    install, check = (step["run"] for step in job["steps"] if "run" in step)
    assert '"stripe-lint[flake8]"' in install
    tools = tmp_path / "environment/bin"
    assert run("python3 -m venv environment", tmp_path).returncode == 0
    done = run(install.replace("stripe-lint[flake8]", f"{ROOT}[flake8]"), bad, tools)
    assert done.returncode == 0, done.stdout

    shown = next(body for body in blocks("console") if body.startswith("$ flake8 shop.py\n"))
    for command in (check, "stripe-lint check"):
        done = run(command, bad, tools)
        assert [line.removeprefix("./") for line in findings_of(done.stdout)] == findings_of(shown), done.stdout
        assert done.returncode == 1
    (bad / "shop.py").write_text(CLEAN, encoding="utf-8")
    for command in (check, "stripe-lint check"):
        assert run(command, bad, tools).returncode == 0
    (bad / "shop.py").write_text("import stripe (\n", encoding="utf-8")
    assert "E999" in run(check, bad, tools).stdout
    assert "STP000" in run("stripe-lint check", bad, tools).stdout


def hooks_of(configuration: str) -> list[dict[str, Any]]:
    (repository,) = yaml.safe_load(configuration)["repos"]
    hooks: list[dict[str, Any]] = repository["hooks"]
    return hooks


def test_both_hooks_are_what_pre_commit_accepts(tmp_path: Path) -> None:
    _, usual, local = blocks("yaml", ".pre-commit-config.yaml")
    for configuration in (usual, local):
        (tmp_path / "config.yaml").write_text(configuration, encoding="utf-8")
        done = run("pre-commit validate-config config.yaml", tmp_path)
        assert done.returncode == 0, done.stdout
        assert "stripe-lint" in hooks_of(configuration)[0]["additional_dependencies"]


@pytest.mark.network
def test_the_local_hook_finds_and_passes(tmp_path: Path, bad: Path) -> None:
    *_, local = blocks("yaml", ".pre-commit-config.yaml")
    configuration = yaml.safe_load(local)
    (hook,) = configuration["repos"][0]["hooks"]
    hook["additional_dependencies"] = [
        str(ROOT) if name == "stripe-lint" else name for name in hook["additional_dependencies"]
    ]
    (bad / ".pre-commit-config.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    run("git init -q . && git add .", bad)
    command = "pre-commit run --all-files --color never"
    environment = {"PRE_COMMIT_HOME": str(tmp_path / "hooks")}
    done = run(command, bad, env=environment)
    shown = next(body for body in blocks("console") if body.startswith("$ flake8 shop.py\n"))
    assert findings_of(done.stdout) == findings_of(shown), done.stdout
    assert done.returncode == 1

    (bad / "shop.py").write_text(CLEAN, encoding="utf-8")
    run("git add .", bad)
    done = run(command, bad, env=environment)
    assert "Passed" in done.stdout
    assert done.returncode == 0
