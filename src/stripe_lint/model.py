"""The words of the linter as frozen data: rules, findings, places and grades. No logic lives here."""

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.manifests.checked import CheckedManifest
    from stripe_lint.manifests.repairs import NewText

    Detector = Callable[[Module], Iterator["Hit"]] | Callable[[CheckedManifest], Iterator["Hit"]]


class Severity(Enum):
    """How much a finding matters; the value orders them, the highest matters most."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The lower-case word used in reports and in the configuration."""
        return self.name.lower()


class Confidence(Enum):
    """How sure the analysis is that the finding is real."""

    MEDIUM = 1
    HIGH = 2

    @property
    def label(self) -> str:
        """The lower-case word used in reports."""
        return self.name.lower()


class FixClass(Enum):
    """What an automatic repair of a rule may do to a correct program."""

    NONE = "none"
    SAFE = "safe"
    UNSAFE = "unsafe"


class Subject(Enum):
    """What a rule looks at, and so what its ``detect`` is given."""

    CODE = "code"
    """A module of Python: ``detect`` takes a ``Module``."""
    MANIFEST = "manifest"
    """A list of dependencies or a lock file: ``detect`` takes a ``CheckedManifest``."""
    COMMENT = "comment"
    """The comments that suppress rules: the engine judges them itself, once all findings are known."""


class Span(NamedTuple):
    """A stretch of source: lines count from 1, columns are UTF-8 byte offsets from 0 as in ``ast``."""

    line: int
    column: int
    end_line: int
    end_column: int


class Step(NamedTuple):
    """One place on the way from the source of a value to the line that is reported."""

    path: str
    line: int
    text: str


class Hit(NamedTuple):
    """What a rule yields: a place in the module it was asked about, and what is wrong there.

    ``severity`` and ``confidence`` are given where they differ from the rule's usual ones, and so is ``fix``: what the
    repair of this very hit may do, should it not be declined.
    """

    span: Span
    message: str
    severity: Severity | None = None
    confidence: Confidence | None = None
    steps: tuple[Step, ...] = ()
    fix: FixClass | None = None


class Rule(NamedTuple):
    """One rule. Its documentation page is the docstring of the module that defines it.

    ``default`` tells whether the rule is on without configuration; ``cwe`` holds the numbers of the weaknesses
    it finds, most specific first; ``in_tests`` tells whether it also reports in test code, ``by_release`` whether what
    it finds depends on the release of ``stripe`` that the code meets. ``repair`` records the edits that repair one hit
    in its module, or raises ``Declined``. ``detect`` takes what ``subject`` says; for a manifest ``repair_manifest``
    takes the place of ``repair``: from the hit and the text it makes the new text of a file.
    """

    code: str
    name: str
    summary: str
    severity: Severity
    cwe: tuple[int, ...]
    detect: "Detector"
    fix: FixClass = FixClass.NONE
    repair: "Callable[[Module, Hit, Edit], None] | None" = None
    repair_manifest: "Callable[[CheckedManifest, Hit, str], NewText] | None" = None
    default: bool = True
    confidence: Confidence = Confidence.HIGH
    in_tests: bool = False
    by_release: bool = False
    subject: Subject = Subject.CODE
    since: str = "0.1.0"


class Finding(NamedTuple):
    """One problem in one file, ready for a report."""

    path: str
    span: Span
    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    steps: tuple[Step, ...] = ()
    cwe: tuple[int, ...] = ()
    fix: FixClass = FixClass.NONE


class Conventions(NamedTuple):
    """What only a project can know of itself, for the analysis.

    Names are dotted (``shop.security.verified``) or the last parts of such a name (``verified``). ``verifiers`` verify
    a webhook: functions that raise or return the event, decorators, dependencies, classes. ``mutating_calls`` send a
    request that moves money and take ``idempotency_key``. ``retry_decorators`` run what they decorate, or the function
    that they are given, again after a failure. ``response_functions`` send their arguments to the client.
    ``webhook_paths`` are patterns (``*``, ``?``) of the routes at which Stripe's events arrive. ``stripe_version`` is a
    version (``12.5.1``) or a requirement (``>=12,<15``), which no manifest overrules. With
    ``include_tests`` test code is judged like other code.
    """

    verifiers: frozenset[str] = frozenset()
    mutating_calls: frozenset[str] = frozenset()
    retry_decorators: frozenset[str] = frozenset()
    response_functions: frozenset[str] = frozenset()
    webhook_paths: tuple[str, ...] = ()
    stripe_version: str | None = None
    include_tests: bool = False


NOTHING_TOLD = Conventions()
"""What is known of a project that says nothing."""
