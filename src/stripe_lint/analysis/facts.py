"""What one run of the interpreter saw: plain records that the rules read, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.state import Failure, History, Place
    from stripe_lint.analysis.values import Tag, Value


class Use(Enum):
    """What is done with data from the body: an entry is read, a branch is decided, something happens with it."""

    READ = 1
    DECISION = 2
    EFFECT = 3


@dataclass(frozen=True, slots=True)
class UnverifiedUse:
    """A use of body data on a path where no verification has succeeded.

    ``origin`` is where the data was made from the body. ``failure`` is the failed verification that the
    path has lived through, and ``through`` the handlers it entered for another reason.
    """

    place: Place
    origin: Tag
    kind: Use
    failure: Failure | None
    through: frozenset[Place]


@dataclass(frozen=True, slots=True)
class PayloadFact:
    """What reached the payload argument of a verification."""

    place: Place
    payload: Value
    argument: ast.expr | None


@dataclass(frozen=True, slots=True)
class ResponseFact:
    """A value that is sent back: ``place`` is the statement or the call that sends it."""

    place: Place
    value: Value
    returned: bool


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """A Stripe call as one path reached it, with what is known about its key.

    ``options`` is the dict that holds the key: the keyword arguments of the call, or the options of a service method.
    ``arguments`` are the parameters that are sent. ``repeats`` is an earlier request of the path with the same key.
    """

    place: Place
    key: Value | None
    key_argument: ast.expr | None
    open: bool
    options: Value
    arguments: Value
    repeats: Place | None


@dataclass(slots=True)
class Facts:
    """Everything that one run saw. The collections are sets, so a place seen on many paths is there once."""

    verifications: set[Place] = field(default_factory=set)
    payloads: set[PayloadFact] = field(default_factory=set)
    parsed_early: set[Place] = field(default_factory=set)
    uses: set[UnverifiedUse] = field(default_factory=set)
    sites: dict[tuple[Place, Tag], Place] = field(default_factory=dict)
    preceding: set[Place] = field(default_factory=set)
    failures_ignored: set[Failure] = field(default_factory=set)
    rebuilt: set[tuple[Tag, Tag]] = field(default_factory=set)
    refetched_objects: bool = False
    refetched_events: set[Place] = field(default_factory=set)
    responses: set[ResponseFact] = field(default_factory=set)
    keyed_calls: set[KeyedCall] = field(default_factory=set)
    event_types: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    modules: set[Module] = field(default_factory=set)
    handed_on: set[History] = field(default_factory=set)
    exhausted: bool = False
