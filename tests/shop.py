"""A folder with code in it, and the commands run on it as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

UNKEYED = 'import stripe\n\nstripe.PaymentIntent.create(amount=1, currency="usd")\n'
"""STP201, a warning, on line 3."""

FIXED = (
    "import uuid\n\nimport stripe\n\nidempotency_key = str(uuid.uuid4())\n"
    'stripe.PaymentIntent.create(amount=1, currency="usd", idempotency_key=idempotency_key)\n'
)
"""What ``stripe-lint fix`` makes of ``UNKEYED``."""

CONSTANT_KEY = 'import stripe\n\nstripe.Refund.create(charge="ch_1", idempotency_key="refund")\n'
"""STP203, an error, on line 3."""

CLEAN = 'import stripe\n\nstripe.Customer.retrieve("cus_1")\n'
"""Concerns Stripe and is fine."""

_RULE = '''"""{code} is a rule of the test suite."""

import os

from stripe_lint.model import Hit, Rule, Severity, Span, Step


def detect(module):
{body}


def fix(module, hit, edit):
{repair}


RULE = Rule(code="{code}", name="test-rule-{number}", summary="s", cwe=(), detect=detect, {options})
'''


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def found(self) -> list[tuple[str, int, str]]:
        """Path, line and code of each line of standard output that reports a problem."""
        triples = []
        for line in self.out.splitlines():
            place, _, rest = line.partition(": ")
            parts = place.rsplit(":", 2)
            if len(parts) == 3 and parts[1].isdigit():
                triples.append((parts[0].removeprefix("./"), int(parts[1]), rest.split(" ", 1)[0]))
        return triples

    @property
    def codes(self) -> list[str]:
        """The codes that were reported, in order."""
        return [code for _, _, code in self.found]


class Shop:
    """A folder with code, and the commands to run in it."""

    def __init__(self, root: Path, extra: Path) -> None:
        self.root = root
        self._extra = extra
        self._environment: dict[str, str] = {}

    def write(self, name: str, content: str | bytes = UNKEYED) -> Path:
        """Makes a file, with the folders around it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def configure(self, table: str, name: str = "pyproject.toml") -> Path:
        """Makes a ``pyproject.toml`` with these lines in our table."""
        return self.write(name, f"[tool.stripe-lint]\n{table}\n")

    def add_rule(
        self, code: str, body: str, options: str = "severity=Severity.ERROR", repair: str | None = None
    ) -> None:
        """Makes one more rule known to all commands, found as the others are: as a module of the package of rules.

        ``body`` is that of its function ``detect``, ``repair`` that of its function ``fix`` if it has one.
        """
        rules = self._extra / "rules"
        rules.mkdir(parents=True, exist_ok=True)
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        if repair is not None:
            options += ", repair=fix"
        fix = f"    {repair or 'pass'}"
        source = _RULE.format(code=code, number=code[3:], body=indented, options=options, repair=fix)
        (rules / f"{code.lower()}.py").write_text(source, encoding="utf-8")
        self.at_start(f"import stripe_lint.rules\nstripe_lint.rules.__path__.append({str(rules)!r})")

    def at_start(self, code: str) -> None:
        """Lets every Python that is started run ``code`` first."""
        self._extra.mkdir(parents=True, exist_ok=True)
        with (self._extra / "sitecustomize.py").open("a", encoding="utf-8") as stream:
            stream.write(code + "\n")
        inherited = os.environ.get("PYTHONPATH")
        self._environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(self._extra), inherited]))

    def run(self, *command: str, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        """Runs ``command`` in the folder; no output of a traceback is ever fine."""
        inherited = {
            name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
        }
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**inherited, **self._environment, **(env or {})},
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=120,
            check=False,
        )
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in outcome.out + outcome.err
        return outcome

    def stripe_lint(self, *words: str, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        """Runs the command itself."""
        return self.run(sys.executable, "-m", "stripe_lint", *words, stdin=stdin, env=env)

    def check(self, *words: str, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        """Runs ``stripe-lint check``."""
        return self.stripe_lint("check", *words, stdin=stdin, env=env)

    def fix(self, *words: str, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        """Runs ``stripe-lint fix``."""
        return self.stripe_lint("fix", *words, stdin=stdin, env=env)

    def flake8(self, *words: str, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        """Runs flake8 as a user does."""
        return self.run(sys.executable, "-m", "flake8", *words, stdin=stdin, env=env)

    def git(self, *words: str) -> Outcome:
        """Runs git."""
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always")
        return self.run("git", *identity, *words)
