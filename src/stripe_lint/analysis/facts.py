"""What one run of the interpreter saw: plain records that the rules read, each with its place."""

import ast
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.analysis.state import Failure, History, Place
from stripe_lint.analysis.values import Tag, Value

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module


class Use(Enum):
    """What is done with data from the body: an entry is read, a branch is decided, something happens with it."""

    READ = 1
    DECISION = 2
    EFFECT = 3


class UnverifiedUse(NamedTuple):
    """A use of body data on a path where no verification has succeeded.

    ``origin`` is where the data was made from the body. ``failure`` is the failed verification that the
    path has lived through, and ``through`` the handlers it entered for another reason. ``fetched`` tells that the path
    has fetched an object that the body names.
    """

    place: Place
    origin: Tag
    kind: Use
    failure: Failure | None
    through: frozenset[Place]
    fetched: bool


class PayloadFact(NamedTuple):
    """What reached the payload argument of a verification."""

    place: Place
    payload: Value
    argument: ast.expr | None


class ResponseFact(NamedTuple):
    """A value that is sent back: ``place`` is the statement or the call that sends it."""

    place: Place
    value: Value
    returned: bool


class KeyedCall(NamedTuple):
    """A Stripe call as one path reached it, with what is known about its key.

    ``arguments`` are the parameters that are sent. ``repeats`` is an earlier request of the path with the same key.
    """

    place: Place
    key: Value | None
    key_argument: ast.expr | None
    open: bool
    arguments: Value
    repeats: Place | None


class SharedKey(NamedTuple):
    """A call that hands a key to a function which sends it, and the earlier call that did, or request that had it.

    ``made`` is what makes the key.
    """

    call: Place
    earlier: Place
    made: ast.AST | None


class Facts:
    """Everything that one run saw. The collections are sets, so a place seen on many paths is there once."""

    __slots__ = (
        "event_types",
        "evidence",
        "exhausted",
        "failures_ignored",
        "handed_on",
        "keyed_calls",
        "modules",
        "never_run",
        "parsed_by",
        "parsed_early",
        "payloads",
        "preceding",
        "rebuilt",
        "responses",
        "shared_keys",
        "sites",
        "uses",
        "verifications",
    )

    def __init__(self) -> None:
        """Nothing yet."""
        self.verifications: set[Place] = set()
        self.payloads: set[PayloadFact] = set()
        self.parsed_early: set[Place] = set()
        self.parsed_by: dict[tuple[Module, ast.AST], Place] = {}
        self.uses: set[UnverifiedUse] = set()
        self.sites: dict[tuple[Place, Tag], Place] = {}
        self.preceding: set[Place] = set()
        self.failures_ignored: set[Failure] = set()
        self.rebuilt: set[tuple[Tag, Tag]] = set()
        self.responses: set[ResponseFact] = set()
        self.keyed_calls: set[KeyedCall] = set()
        self.event_types: set[str] = set()
        self.shared_keys: set[SharedKey] = set()
        self.evidence: set[str] = set()
        self.modules: set[Module] = set()
        self.never_run: set[Place] = set()
        self.handed_on: set[History] = set()
        self.exhausted = False
