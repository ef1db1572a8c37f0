"""One line of JSON for each decision, through ``logging``. No line has a body, secret, signature or parameter in it."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

AUDIT = logging.getLogger("stripe_lint.runtime.audit")
"""Decisions. INFO for what is as it should be, WARNING for refused requests, ERROR for what needs a person."""

LOG = logging.getLogger("stripe_lint.runtime")
"""What a person should read: failed handlers, wrong settings."""

_LONGEST = 200
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def shortened(value: object) -> object:
    """A value from outside, in as much of it as a log should take. JSON escapes its control characters."""
    return value if not isinstance(value, str) or len(value) <= _LONGEST else value[:_LONGEST] + "…"


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
        self._lock = threading.Lock()
        self._tokens = per_second
        self._filled = clock()
        self._suppressed = 0

    def decision(self, level: int, fields: dict[str, Any]) -> None:
        """Writes a line about something genuine."""
        if AUDIT.isEnabledFor(level):
            AUDIT.log(level, "%s", self._line(fields))

    def refusal(self, fields: dict[str, Any]) -> None:
        """Writes a line about a request that was not believed, unless there were too many just now."""
        if not AUDIT.isEnabledFor(logging.WARNING):
            return
        with self._lock:
            now = self._clock()
            self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            if self._tokens < 1:
                self._suppressed += 1
                return
            self._tokens -= 1
            if self._suppressed:
                fields = {**fields, "suppressed": self._suppressed}
                self._suppressed = 0
        AUDIT.warning("%s", self._line(fields))

    def _line(self, fields: dict[str, Any]) -> str:
        shown = {name: shortened(value) for name, value in fields.items() if value is not None}
        return _encode({"ts": round(time.time(), 3), **self._always, **shown})


def digest(text: str) -> str:
    """Tells whether two texts are the same without showing them."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def error_digest(error: BaseException) -> str:
    """The digest of an exception's text."""
    try:
        return digest(str(error))
    except Exception:
        return digest("")


def stack(error: BaseException) -> str:
    """Where an exception came from, without its text and without values: both can hold a customer's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames[-8:]))
