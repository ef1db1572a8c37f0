"""Decides whether a delivery is Stripe's.

The signature is checked by the SDK's own ``WebhookSignature.verify_header``. What stands around it closes what releases
of the SDK leave open (all observed on stripe 8 to 16): a ``v1`` with a character outside of ASCII raises ``TypeError``,
the tolerance has no upper bound and can be switched off, several spellings of one timestamp are accepted, an empty
secret is accepted before 15.6.0, and the error carries the body.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from stripe_lint.runtime.errors import ConfigurationError, Reason, VerificationError
from stripe_lint.runtime.event import Event, EventContentError, event_of
from stripe_lint.runtime.signing_secrets import Secrets, SigningSecrets

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from stripe import WebhookSignature
except ImportError as missing:  # pragma: no cover
    raise ImportError("stripe_lint.runtime needs stripe: pip install 'stripe-lint[runtime]'") from missing

DEFAULT_TOLERANCE = 300
"""Seconds, the SDK's own default. Stripe signs each attempt anew, so retries do not age."""

_LONGEST_TOLERANCE = 3600
_LONGEST_HEADER = 4096
_MOST_SIGNATURES = 16
_DEEPEST = 100

_TIMESTAMP = re.compile(r"[1-9][0-9]{8,11}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """A genuine event, and what its signature tells.

    Args:
        event: The event.
        signed_at: When Stripe signed this attempt, in seconds since 1970.
        slot: The position of the secret that matched, from 0.
    """

    event: Event
    signed_at: int
    slot: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A delivery that is not believed.

    Args:
        reason: Why.
        errors: The types of what the SDK raised where no signature matched, each once. A forgery leads to
            ``SignatureVerificationError`` alone; anything else means that the SDK itself has failed. The texts are
            not kept: they can hold the body.
    """

    reason: Reason
    errors: tuple[str, ...] = ()


class Verifier:
    """Verifies deliveries for one endpoint.

    Args:
        secrets: The endpoint's signing secrets; see :class:`SigningSecrets`.
        tolerance: How many seconds the signature's timestamp may be away from now, in either direction: 1 to 3600.
        clock: Seconds since 1970.
        api_key: Handed to the events, for what they fetch from Stripe.

    Raises:
        ConfigurationError: The tolerance is no tolerance, or a secret is none.
    """

    def __init__(
        self,
        secrets: Secrets,
        *,
        tolerance: int = DEFAULT_TOLERANCE,
        clock: Callable[[], float] = time.time,
        api_key: str | None = None,
    ) -> None:
        if isinstance(tolerance, bool) or not isinstance(tolerance, int) or not 1 <= tolerance <= _LONGEST_TOLERANCE:
            raise ConfigurationError(f"tolerance must be 1 to {_LONGEST_TOLERANCE} seconds, it can't be switched off")
        self._secrets = SigningSecrets(secrets)
        self._tolerance = tolerance
        self._clock = clock
        self._api_key = api_key

    @property
    def for_testing(self) -> bool:
        """Whether the secret of tests and examples is accepted."""
        return self._secrets.for_testing

    def verify(self, payload: bytes, header: str | None) -> Verified:
        """The event in a request's raw body.

        Raises:
            VerificationError: It isn't Stripe's, or not an event.
            SecretsUnavailable: The function that gives the secrets has failed.
            TypeError: The payload is no bytes: something has parsed or decoded the body before.
        """
        found = self.examine(payload, header)
        del payload, header  # error trackers keep the local variables of the frames they see
        if isinstance(found, Refused):
            _refuse(found.reason)
        return found

    def examine(self, payload: bytes, header: str | None) -> Verified | Refused:
        """As :meth:`verify`, with the refusal as a value."""
        signature = _parts(header)
        if isinstance(signature, Reason):
            return Refused(signature)
        if not isinstance(payload, bytes | bytearray | memoryview):
            raise TypeError("the payload has to be the request's raw body, as bytes")
        payload = bytes(payload)
        try:
            text = payload.decode("utf-8")
        except UnicodeDecodeError:
            return Refused(Reason.BODY_NOT_UTF8)
        errors: list[str] = []
        slot = self._matching(text, str(header), errors)
        age = self._clock() - signature
        if age > self._tolerance:
            return Refused(Reason.TOO_OLD)
        if age < -self._tolerance:
            return Refused(Reason.IN_THE_FUTURE)
        if slot is None:
            return Refused(Reason.NO_MATCH, tuple(dict.fromkeys(errors)))
        event = self._event(text, payload)
        return Verified(event, signature, slot) if event else Refused(Reason.UNUSABLE)

    def _matching(self, text: str, header: str, errors: list[str]) -> int | None:
        """The first secret that the header was signed with. All are tried, so that time does not tell which.

        The types of what the SDK raises for the others are appended to ``errors``.
        """
        found = [self._signed(text, header, secret, errors) for secret in self._secrets.current()]
        return found.index(True) if True in found else None

    def _signed(self, text: str, header: str, secret: str, errors: list[str]) -> bool:
        try:
            return WebhookSignature.verify_header(text, header, secret, tolerance=self._tolerance) is True
        except Exception as error:  # noqa: STP304 - whatever a release raises, it did not say yes; the inbox logs it
            errors.append(type(error).__qualname__)
            return False

    def _event(self, text: str, payload: bytes) -> Event | None:
        try:
            content = _DECODER.decode(text)
            if not isinstance(content, dict) or _too_deep(content, payload):
                return None
            return event_of(content, payload, self._api_key)
        except (ValueError, RecursionError):  # EventContentError and JSONDecodeError are ValueErrors
            return None


def _parts(header: str | None) -> int | Reason:
    """The timestamp of a header that has exactly the shape of Stripe's."""
    if not header:
        return Reason.MISSING_HEADER
    if not isinstance(header, str) or len(header) > _LONGEST_HEADER or not header.isascii():
        return Reason.MALFORMED_HEADER
    timestamp = None
    signatures = 0
    for item in header.split(","):
        name, equals, value = item.partition("=")
        if name == "v1":
            signatures += 1
            if not _SIGNATURE.fullmatch(value):
                return Reason.MALFORMED_HEADER
        elif name == "t":
            if timestamp is not None or not _TIMESTAMP.fullmatch(value):
                return Reason.MALFORMED_HEADER
            timestamp = int(value)
        elif not equals:
            return Reason.MALFORMED_HEADER
    if timestamp is None or not 1 <= signatures <= _MOST_SIGNATURES:
        return Reason.MALFORMED_HEADER
    return timestamp


def _refuse(reason: Reason) -> NoReturn:
    raise VerificationError(reason)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EventContentError("a name occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise EventContentError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _too_deep(content: object, payload: bytes) -> bool:
    if payload.count(b"{") + payload.count(b"[") <= _DEEPEST:
        return False
    level = [content]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(value for value in each.values() if isinstance(value, dict | list))
            elif isinstance(each, list):
                inner.extend(value for value in each if isinstance(value, dict | list))
        if not inner:
            return False
        level = inner
    return True
