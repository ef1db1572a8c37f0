"""What an expression may evaluate to, as far as the rules care: marks of origin, a constant, the entries of a dict."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.references import Reference


class Mark(Enum):
    """Where a value comes from.

    Request marks: ``REQUEST`` the request object (``detail``: the framework's name), ``HEADERS`` its headers,
    ``STREAM`` something whose ``read()`` gives the body, ``RAW`` the body as sent (``detail``: bytes, text, lambda),
    ``PARSED`` decoded from the body before anything verified it (``node``: where), ``ALTERED`` made from the body but
    not the bytes that were signed (``detail``: how), ``SIGNATURE`` the signature header's value.

    Event marks: ``EVENT`` a verified event, ``MISSING`` the event that a failed verification did not give
    (``node``: the verification), ``DIGEST`` an HMAC over the body, ``VERDICT`` the result of comparing one
    (``detail``: equal, unequal).

    ``ANSWER`` a response that refuses the request (``detail``: its status).

    Error marks: ``EXCEPTION`` a caught exception (``node``: the ``except``), ``TEXT`` text taken from it (``detail``:
    how).

    Key marks: ``FRESH`` differs at each evaluation (``node``: where it is made), ``SETTING`` read from configuration.
    """

    # what is looked up everywhere needs a quick hash, and that of an ``Enum`` is a call of Python code
    __hash__ = object.__hash__

    REQUEST = auto()
    HEADERS = auto()
    STREAM = auto()
    RAW = auto()
    PARSED = auto()
    ALTERED = auto()
    SIGNATURE = auto()
    EVENT = auto()
    MISSING = auto()
    DIGEST = auto()
    VERDICT = auto()
    ANSWER = auto()
    EXCEPTION = auto()
    TEXT = auto()
    FRESH = auto()
    SETTING = auto()


class Tag(NamedTuple):
    """One mark with its place: the node, the module that holds it, and a detail that the mark explains."""

    mark: Mark
    module: Module | None = None
    node: ast.AST | None = None
    detail: str = ""


class Constant:
    """A literal that is known exactly."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        """The literal ``value``."""
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Whether both are the same literal; ``1`` and ``True`` are two."""
        return isinstance(other, Constant) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        """The hash that goes with ``__eq__``."""
        return hash((type(self.value), self.value))


NO_TAGS: Final[frozenset[Tag]] = frozenset()


class Value(NamedTuple):
    """A set of possibilities for one expression.

    ``fields`` are the known entries of a dict (or of a tuple or list, by position); ``complete`` tells whether there
    are no others. ``truth`` is known where the value was tested. ``reference`` is what a callable or object means.
    """

    tags: frozenset[Tag] = NO_TAGS
    constant: Constant | None = None
    truth: bool | None = None
    fields: tuple[tuple[str, Value], ...] | None = None
    complete: bool = False
    reference: Reference | None = None

    def has(self, mark: Mark) -> bool:
        """Whether the value itself, not only an entry of it, carries ``mark``."""
        for tag in self.tags:  # noqa: SIM110 - a generator costs more than the whole question
            if tag.mark is mark:
                return True
        return False

    def tagged(self, *marks: Mark) -> list[Tag]:
        """The tags of the given kinds, in a stable order."""
        return sorted((tag for tag in self.tags if tag.mark in marks), key=_place)

    def detail(self, mark: Mark) -> str | None:
        """The detail of the first tag of that kind."""
        found = self.tagged(mark)
        return found[0].detail if found else None

    def field(self, name: str) -> Value | None:
        """The entry ``name``; ``None`` where it is not known."""
        for key, value in self.fields or ():
            if key == name:
                return value
        return None

    def with_field(self, name: str, value: Value) -> Value:
        """The same dict with the entry ``name`` set."""
        entries = dict(self.fields or ())
        entries[name] = bounded(value)
        return self._replace(fields=tuple(sorted(entries.items(), key=_first)), truth=None, constant=None)

    @property
    def known_truth(self) -> bool | None:
        """Whether the value is true or false, where that is known."""
        if self.truth is not None:
            return self.truth
        if self.constant is not None:
            return bool(self.constant.value)
        if self.fields and self.complete:
            return True
        if self.has(Mark.EVENT) and not self.has(Mark.MISSING):
            return True
        return None


UNKNOWN: Final = Value()
NONE: Final = Value(constant=Constant(None))
FALSE: Final = Value(constant=Constant(value=False))

KEPT_BY_TEXT: Final = (Mark.TEXT, Mark.EXCEPTION, Mark.FRESH, Mark.PARSED, Mark.RAW, Mark.ALTERED, Mark.DIGEST)
"""What text put together from several values still says about where they come from."""

KEPT_BY_ELEMENTS: Final = (
    Mark.REQUEST,
    Mark.HEADERS,
    Mark.STREAM,
    Mark.RAW,
    Mark.PARSED,
    Mark.ALTERED,
    Mark.SIGNATURE,
    Mark.EVENT,
    Mark.DIGEST,
    Mark.EXCEPTION,
    Mark.TEXT,
    Mark.FRESH,
)
"""What one element of a list still says about where the list comes from."""

MOST_ENTRIES: Final = 60
"""A dict with more entries than this is not followed entry by entry."""


def _first(item: tuple[str, Value]) -> str:
    return item[0]


def _place(tag: Tag) -> tuple[int, int, int, str]:
    return tag.mark.value, getattr(tag.node, "lineno", 0), getattr(tag.node, "col_offset", 0), tag.detail


def tagged(mark: Mark, module: Module | None = None, node: ast.AST | None = None, detail: str = "") -> Value:
    """A value that carries one tag."""
    return Value(tags=frozenset({Tag(mark, module, node, detail)}))


def constant(value: object) -> Value:
    """A literal."""
    return Value(constant=Constant(value))


def entries(items: dict[str, Value], *, complete: bool) -> Value:
    """A dict, tuple or list with the given entries."""
    if len(items) > MOST_ENTRIES:
        return Value(tags=frozenset().union(*(all_tags(item) for item in items.values())))
    held = ((name, bounded(item)) for name, item in items.items())
    return Value(fields=tuple(sorted(held, key=_first)), complete=complete)


MOST_LEVELS: Final = 4
"""How deep dicts within dicts are followed entry by entry."""


def bounded(value: Value, levels: int = MOST_LEVELS - 1) -> Value:
    """The value with what lies too deep in it reduced to its tags, so that no value can grow without end."""
    if not value.fields:
        return value
    if levels == 0:
        return Value(tags=all_tags(value))
    fields = tuple((name, bounded(item, levels - 1)) for name, item in value.fields)
    return value if fields == value.fields else value._replace(fields=fields)


def all_tags(value: Value) -> frozenset[Tag]:
    """The tags of a value and of everything in it."""
    if not value.fields:
        return value.tags
    return value.tags.union(*(all_tags(item) for _, item in value.fields))


def deep_tagged(value: Value, *marks: Mark) -> list[Tag]:
    """The tags of the given kinds on a value or anything in it, in a stable order."""
    return sorted((tag for tag in all_tags(value) if tag.mark in marks), key=_place)


def only(value: Value, *marks: Mark) -> Value:
    """What is left of ``value`` when just the tags of the given kinds, from wherever in it, are kept."""
    kept = frozenset(tag for tag in all_tags(value) if tag.mark in marks)
    return Value(tags=kept) if kept else UNKNOWN


def join(first: Value, second: Value) -> Value:
    """What holds when the value is either of two."""
    if first == second:
        return first
    if first is UNKNOWN:
        return _weaken(second)
    if second is UNKNOWN:
        return _weaken(first)
    fields: tuple[tuple[str, Value], ...] | None = None
    complete = False
    if first.fields is not None and second.fields is not None:
        left, right = dict(first.fields), dict(second.fields)
        names = sorted({*left, *right})
        fields = tuple((name, join(left.get(name, UNKNOWN), right.get(name, UNKNOWN))) for name in names)
        complete = first.complete and second.complete
    elif first.fields is not None or second.fields is not None:
        fields = first.fields if first.fields is not None else second.fields
    return Value(
        tags=first.tags | second.tags,
        constant=first.constant if first.constant == second.constant else None,
        truth=first.known_truth if first.known_truth == second.known_truth else None,
        fields=fields,
        complete=complete,
        reference=first.reference if first.reference == second.reference else None,
    )


def _weaken(value: Value) -> Value:
    if not value.tags and value.fields is None:
        return UNKNOWN
    return value._replace(constant=None, truth=None, complete=False, reference=None)


def text_of_parts(parts: list[Value]) -> Value:
    """Text put together from parts."""
    if all(part.constant is not None for part in parts):
        return constant("".join(str(part.constant.value) for part in parts if part.constant is not None))
    kept: frozenset[Tag] = frozenset().union(*(all_tags(part) for part in parts))
    tags = frozenset(tag for tag in kept if tag.mark in KEPT_BY_TEXT)
    fixed = all(part.constant is not None or part.has(Mark.SETTING) for part in parts)
    if fixed and parts:
        tags |= frozenset(tag for part in parts for tag in part.tagged(Mark.SETTING))
    return Value(tags=tags) if tags else UNKNOWN


def merged_dicts(values: Iterable[Value]) -> Value:
    """A dict that holds the entries of all ``values``, of which later ones win."""
    found: dict[str, Value] = {}
    complete = True
    for value in values:
        found.update(value.fields or ())
        complete = complete and value.fields is not None and value.complete
    return entries(found, complete=complete)


def element_of(value: Value) -> Value:
    """One element of a list or iterator."""
    kept = only(value, *KEPT_BY_ELEMENTS)
    return kept._replace(reference=None)


def key_text(value: Value) -> str | None:
    """The name under which an entry with this key is known; ``None`` where the key is not."""
    if value.constant is not None and isinstance(value.constant.value, str | int | bytes):
        key = value.constant.value
        return key.decode("latin-1") if isinstance(key, bytes) else str(key)
    return None
