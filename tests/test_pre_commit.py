"""Our hooks in the real pre-commit: this checkout is the source of the hooks, and commits are made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from shop import CLEAN, UNKEYED
from test_readme import ROOT, blocks, findings_of, run

from stripe_lint.manifests.kinds import kind_of

if TYPE_CHECKING:
    import subprocess

GIT = "git -c user.name=n -c user.email=e@example.org -c init.defaultBranch=main"
HANDLER = """import json

from flask import Flask, abort, request

from verifying import is_genuine

app = Flask(__name__)
paid = set()


@app.post("/webhook")
def webhook():
    payload = request.get_data()
    if not is_genuine(payload, request.headers["Stripe-Signature"]):
        abort(400)
    event = json.loads(payload)
    if event["type"] == "payment_intent.succeeded":
        paid.add(event["data"]["object"]["id"])
    return "", 200
"""
VERIFIER = """import os

import stripe


def is_genuine(payload, signature):
    try:
        stripe.WebhookSignature.verify_header(payload.decode(), signature, os.environ["STRIPE_WEBHOOK_SECRET"], 300)
    except stripe.SignatureVerificationError:
        return False
    return True
"""
BROKEN_VERIFIER = VERIFIER.replace("return False", "return True")


class Repository(NamedTuple):
    """A git repository in which pre-commit is installed."""

    root: Path
    environment: dict[str, str]

    def commit(self, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Writes files and commits them; the hooks run."""
        for name, content in files.items():
            (self.root / name).write_text(content, encoding="utf-8")
        return run(f"git add . && {GIT} commit -qm message", self.root, env=self.environment)

    @property
    def commits(self) -> int:
        """How many commits there are."""
        return len(run("git log --oneline --all", self.root).stdout.splitlines())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as it is now, as a repository with one commit."""
    folder = tmp_path_factory.mktemp("source")
    listed = run("git ls-files -coz --exclude-standard", ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    done = run(f"git init -q && git add . && {GIT} commit -qm message", folder)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit installs hooks, once for all tests."""
    return tmp_path_factory.mktemp("home")


def make(folder: Path, source: Path, home: Path, *hooks: str) -> Repository:
    configuration = yaml.safe_load(blocks("yaml", ".pre-commit-config.yaml")[0])
    (entry,) = configuration["repos"]
    assert {hook["id"] for hook in entry["hooks"]} >= set(hooks)
    entry["repo"] = str(source)
    entry["rev"] = run("git rev-parse HEAD", source).stdout.strip()
    entry["hooks"] = [hook for hook in entry["hooks"] if hook["id"] in hooks]
    folder.mkdir()
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    environment = {"PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}
    done = run(f"{GIT} init -q && pre-commit install", folder, env=environment)
    assert done.returncode == 0, done.stdout
    repository = Repository(folder, environment)
    first = repository.commit({"README": "x\n"})
    assert first.returncode == 0, first.stdout
    return repository


def test_each_hook_is_one_that_pre_commit_accepts() -> None:
    done = run("pre-commit validate-manifest .pre-commit-hooks.yaml", ROOT)
    assert done.returncode == 0, done.stdout
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    shown = yaml.safe_load(blocks("yaml", ".pre-commit-config.yaml")[0])["repos"][0]["hooks"]
    assert {hook["id"] for hook in shown} == offered


NAMES = (
    *("requirements.txt", "dev-requirements.in", "constraints.txt", "reqs.pip", "requirements/base.txt", "deps/x.in"),
    *("pyproject.toml", "setup.cfg", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "pylock.toml"),
    *(
        "pylock.dev.toml",
        "setup.py",
        "robots.txt",
        "docs/deps/x.md",
        "Cargo.toml",
        "yarn.lock",
        "MyPipfile",
        "a/uv.lock",
    ),
)


@pytest.mark.parametrize("folder", ["", "app/"])
def test_the_hook_for_dependencies_is_asked_about_all_manifests(folder: str) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (pattern,) = (hook["files"] for hook in hooks if hook["id"] == "stripe-lint-deps")
    asked = [name for name in NAMES if re.search(pattern, folder + name)]
    assert asked == [name for name in NAMES if kind_of(Path(folder + name)) is not None]


@pytest.mark.network
def test_an_old_release_is_not_committed(tmp_path: Path, source: Path, home: Path) -> None:
    repository = make(tmp_path / "shop", source, home, "stripe-lint-deps")
    refused = repository.commit({"requirements.txt": "stripe==5.0.0\n"})
    assert "requirements.txt:1:1: STP501" in refused.stdout
    assert refused.returncode == 1
    assert repository.commit({"requirements.txt": "requests==2.0\n"}).returncode == 0


@pytest.mark.network
def test_bad_code_is_not_committed_and_good_code_is(tmp_path: Path, source: Path, home: Path) -> None:
    repository = make(tmp_path / "shop", source, home, "stripe-lint")
    before = repository.commits
    refused = repository.commit({"pay.py": UNKEYED})
    assert [line.split()[0] for line in findings_of(refused.stdout)] == ["pay.py:3:1:"]
    assert refused.returncode == 1
    assert repository.commits == before
    assert (repository.root / "pay.py").read_text() == UNKEYED
    assert repository.commit({"pay.py": CLEAN}).returncode == 0
    assert repository.commits == before + 1


@pytest.mark.network
def test_a_fix_fails_the_commit_once(tmp_path: Path, source: Path, home: Path) -> None:
    repository = make(tmp_path / "shop", source, home, "stripe-lint-fix", "stripe-lint")
    before = repository.commits
    refused = repository.commit({"pay.py": UNKEYED})
    assert "files were modified by this hook" in refused.stdout
    assert "STP201 fixed: a random key for this call" in refused.stdout
    assert refused.returncode == 1
    assert repository.commits == before
    fixed = (repository.root / "pay.py").read_text()
    assert "idempotency_key=idempotency_key" in fixed
    accepted = repository.commit({})
    assert accepted.returncode == 0, accepted.stdout
    assert repository.commits == before + 1
    assert (repository.root / "pay.py").read_text() == fixed


@pytest.mark.network
def test_what_is_excluded_is_committed(tmp_path: Path, source: Path, home: Path) -> None:
    repository = make(tmp_path / "shop", source, home, "stripe-lint-fix", "stripe-lint")
    configuration = '[tool.stripe-lint]\nextend-exclude = ["old.py"]\n'
    done = repository.commit({"old.py": UNKEYED, "pyproject.toml": configuration})
    assert done.returncode == 0, done.stdout
    assert (repository.root / "old.py").read_text() == UNKEYED


@pytest.mark.network
def test_a_broken_verifier_shows_only_where_the_whole_tree_is_checked(tmp_path: Path, source: Path, home: Path) -> None:
    repository = make(tmp_path / "shop", source, home, "stripe-lint")
    done = repository.commit({"app.py": HANDLER, "verifying.py": VERIFIER})
    assert done.returncode == 0, done.stdout
    assert repository.commit({"verifying.py": BROKEN_VERIFIER}).returncode == 0
    whole = run("stripe-lint check", repository.root)
    assert [line.split()[1] for line in findings_of(whole.stdout)] == ["STP109", "STP102"]
    assert whole.returncode == 1
    refused = repository.commit({"app.py": HANDLER + "\n\napp.run()\n"})
    assert refused.returncode == 1
    assert "STP102" in refused.stdout
