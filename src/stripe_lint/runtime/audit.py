"""One line of JSON for each decision, through ``logging``. No line has a body, secret, signature or parameter in it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

AUDIT = logging.getLogger("stripe_lint.runtime.audit")
"""Decisions. INFO for what is as it should be, WARNING for refused requests, ERROR for what needs a person."""

LOG = logging.getLogger("stripe_lint.runtime")
"""What a person should read: failed handlers, wrong settings."""

_LONGEST = 200
_SECONDS_BETWEEN_ERRORS = 60
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def shortened(value: object) -> object:
    """A value from outside, in as much of it as a log should take. JSON escapes its control characters."""
    return value if not isinstance(value, str) or len(value) <= _LONGEST else value[:_LONGEST] + "…"


@dataclass(slots=True)
class _Bucket:
    """How many lines one process may write now. A lock that another one held when it was forked is never released."""

    tokens: float
    filled: float
    suppressed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reminder:
    """Logs an error that strangers can cause as often as they like: once a minute."""

    def __init__(self) -> None:
        self._told = float("-inf")

    def error(self, text: str, *values: object) -> None:
        """Logs it, unless something was logged just now."""
        if time.monotonic() - self._told > _SECONDS_BETWEEN_ERRORS:
            self._told = time.monotonic()
            LOG.error(text, *values)


class AuditLog:
    """Writes lines; of those that strangers can cause, only some a second.

    Args:
        always: Fields of every line.
        per_second: How many refusals a second are written. The next line tells how many were not: ``suppressed``.
        clock: Monotonic seconds.
    """

    def __init__(
        self, always: dict[str, Any], *, per_second: float = 10, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._always = always
        self._rate = per_second
        self._clock = clock
        self._buckets: dict[int, _Bucket] = {}

    def decision(self, level: int, fields: dict[str, Any]) -> None:
        """Writes a line about something genuine."""
        if AUDIT.isEnabledFor(level):
            AUDIT.log(level, "%s", self._line(fields))

    def refusal(self, fields: dict[str, Any]) -> None:
        """Writes a line about a request that was not believed, unless there were too many just now."""
        if not AUDIT.isEnabledFor(logging.WARNING):
            return
        process = os.getpid()
        bucket = self._buckets.get(process) or self._buckets.setdefault(process, _Bucket(self._rate, self._clock()))
        with bucket.lock:
            now = self._clock()
            bucket.tokens = min(self._rate, bucket.tokens + (now - bucket.filled) * self._rate)
            bucket.filled = now
            if bucket.tokens < 1:
                bucket.suppressed += 1
                return
            bucket.tokens -= 1
            if bucket.suppressed:
                fields = {**fields, "suppressed": bucket.suppressed}
                bucket.suppressed = 0
        AUDIT.warning("%s", self._line(fields))

    def _line(self, fields: dict[str, Any]) -> str:
        shown = {name: shortened(value) for name, value in fields.items() if value is not None}
        return _encode({"ts": round(time.time(), 3), **self._always, **shown})


def digest(text: str) -> str:
    """Tells whether two texts are the same without showing them."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def error_digest(error: BaseException) -> str:
    """The digest of an exception's text, which is the application's code and may itself raise anything."""
    try:
        return digest(str(error))
    except Exception:
        return digest("")


def stack(error: BaseException) -> str:
    """Where an exception came from, without its text and without values: both can hold a customer's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames[-8:]))
