"""What is known at one point of one path: the values of names, and what has happened on the way there."""

import ast
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stripe_lint.analysis.values import NO_TAGS, UNKNOWN, Tag, Value, join

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import Reference


class Place(NamedTuple):
    """A node with the module that holds it."""

    module: "Module"
    node: ast.AST

    @property
    def line(self) -> int:
        """The line on which the node starts."""
        return int(getattr(self.node, "lineno", 1))


class Raised(NamedTuple):
    """An exception on its way to a handler.

    ``names`` are the class names it may have (``None``: any), ``reference`` its class where that is known, ``value``
    what it carries, and ``verification`` the failed verification it reports, if it does.
    """

    names: frozenset[str] | None = None
    reference: "Reference | None" = None
    value: Value = UNKNOWN
    verification: Place | None = None


ANY_EXCEPTION: Final = Raised()


class Diverged(Exception):  # noqa: N818 - it steers the evaluation and reports no error
    """The evaluation of an expression ended in an exception of the analysed program."""

    def __init__(self, raised: Raised) -> None:
        """``raised`` is the exception of the analysed program."""
        super().__init__()
        self.raised = raised


class Failure(NamedTuple):
    """A verification that failed and was caught.

    ``handler`` is the ``except`` (or ``with suppress``) that caught it; ``noticed`` tells whether the path has since
    tested something that the failure decided, ``left`` whether the ``except`` has left its function.
    """

    handler: Place
    verification: Place | None = None
    noticed: bool = False
    left: bool = False


class History(NamedTuple):
    """What has happened on a path so far, in this function and those it was called from.

    ``verified``: a verification succeeded. ``parsed``: places where the body was parsed before that. ``failure``:
    the failed verification that the path has lived through. ``through``: handlers that the path entered for another
    reason. ``early``: places where unverified data was read or decided something. ``keys``: the requests sent so far
    with each key (what identifies the key, place of the call, place of the call that handed the key over).
    ``confirmed``: what of the body Stripe knows, because an event was fetched by it.
    ``fetched``: an object that the body names was fetched.
    """

    verified: bool = False
    parsed: frozenset[Place] = frozenset()
    failure: Failure | None = None
    through: frozenset[Place] = frozenset()
    early: frozenset[Place] = frozenset()
    confirmed: frozenset[Tag] = NO_TAGS
    fetched: bool = False
    keys: frozenset[tuple[object, Place, Place]] = frozenset()


START: Final = History()


class State(NamedTuple):
    """One state of one path. ``names`` holds only names about which something is known."""

    names: frozenset[tuple[str, Value]] = frozenset()
    history: History = START
    raised: Raised | None = None
    handling: Raised | None = None
    returning: Value | None = None

    def changed(self, **changes: Any) -> "State":
        """The same state with some parts replaced."""
        return self._replace(**changes)


class Outcome(NamedTuple):
    """One way a function can end: with a value or with an exception, after some history."""

    value: Value | None
    raised: Raised | None
    history: History


class Fork(Exception):  # noqa: N818 - it steers the evaluation and reports no error
    """A call, or a choice inside an expression, can end in several ways; evaluate again, once for each."""

    def __init__(self, node: ast.expr, outcomes: list[Outcome]) -> None:
        """Evaluation reached ``node``, which ends in one of ``outcomes``."""
        super().__init__()
        self.node = node
        self.outcomes = outcomes


def merged(first: State, second: State) -> State:
    """One state that stands for two, for where there are too many: it claims only what both say."""
    left, right = dict(first.names), dict(second.names)
    names = {}
    for name in left.keys() | right.keys():
        value = join(left.get(name, UNKNOWN), right.get(name, UNKNOWN))
        if value != UNKNOWN:
            names[name] = value
    one, other = first.history, second.history
    history = History(
        verified=one.verified or other.verified,
        parsed=one.parsed & other.parsed,
        failure=one.failure if one.failure == other.failure else None,
        through=one.through & other.through,
        early=one.early & other.early,
        confirmed=one.confirmed & other.confirmed,
        fetched=one.fetched or other.fetched,
        keys=one.keys & other.keys,
    )
    return State(
        frozenset(names.items()),
        history,
        first.raised if first.raised == second.raised else ANY_EXCEPTION if first.raised else None,
        first.handling if first.handling == second.handling else None,
        join(first.returning, second.returning) if first.returning and second.returning else None,
    )
