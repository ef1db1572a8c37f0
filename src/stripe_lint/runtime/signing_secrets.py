"""The signing secrets of a webhook endpoint: several while one is being replaced."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, TypeAlias

from stripe_lint.runtime.errors import ConfigurationError, SecretsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Secrets: TypeAlias = "str | Iterable[str] | Callable[[], str | Iterable[str]]"
"""One secret, several, or a function that is asked before each verification, so that a rotation needs no restart."""

TESTING = "whsec_" + hashlib.sha256(b"stripe_lint.runtime.testing").hexdigest()
"""The secret of tests and examples. Everybody can compute it."""

_API_KEY = re.compile(r"(sk|rk|pk)_(live|test|org)")
_SECRET = re.compile(r"whsec_([A-Za-z0-9+/=_-]{16,})")
_PLACEHOLDER = re.compile(r"your[_-]|secret|placeholder|example|change[_-]?me|dummy[_-]|1234567|abcdefg", re.IGNORECASE)
"""What stands in tutorials, and is too long to stand in one of many thousand genuine secrets by chance."""

_FEWEST_CHARACTERS = 6


class SigningSecrets:
    """Secrets that were checked. Neither ``repr`` nor ``str`` shows them.

    Args:
        secrets: See :data:`Secrets`. White space around a secret is dropped, as files and variables tend to have it.

    Raises:
        ConfigurationError: There is none, or one that anybody could know: an empty one, a placeholder from a
            tutorial, an API key. The message says which by its position, and never shows it.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._ask = secrets if callable(secrets) else None
        self._asked: tuple[str, ...] = ()
        self._checked: tuple[str, ...] = ()
        self._check(secrets() if callable(secrets) else secrets)

    def current(self) -> tuple[str, ...]:
        """The secrets of now, in the order they were given: their positions are the slots that metrics name.

        Raises:
            SecretsUnavailable: The function that gives them has failed, or gives what is no secret.
        """
        if self._ask is not None:
            try:
                self._check(self._ask())
            except ConfigurationError as error:
                raise SecretsUnavailable(str(error)) from None
            except Exception as error:  # the application's code may raise anything
                name = type(error).__qualname__
                raise SecretsUnavailable(f"the function that gives the signing secrets raised {name}") from error
        return self._checked

    @property
    def for_testing(self) -> bool:
        """Whether one of them is the secret of tests and examples."""
        return TESTING in self.current()

    def __repr__(self) -> str:
        return f"<{len(self._checked)} signing secrets>"

    def _check(self, secrets: str | Iterable[str]) -> None:
        asked = (secrets,) if isinstance(secrets, str) else tuple(secrets)
        if asked and asked == self._asked:
            return
        if not asked:
            raise ConfigurationError("no signing secret is configured: copy the endpoint's (whsec_…) from Stripe")
        self._checked = tuple(_checked(secret, position) for position, secret in enumerate(asked, start=1))
        self._asked = asked


def _checked(secret: object, position: int) -> str:
    if not isinstance(secret, str):
        raise ConfigurationError(f"signing secret {position} is no string: it is a {type(secret).__name__}")
    stripped = secret.strip()
    if not stripped:
        raise ConfigurationError(f"signing secret {position} is empty: anybody could sign with it")
    if _API_KEY.match(stripped):
        raise ConfigurationError(f"signing secret {position} is an API key: the endpoint's secret begins with whsec_")
    match = _SECRET.fullmatch(stripped)
    if not match:
        raise ConfigurationError(f"signing secret {position} is none of Stripe's: those begin with whsec_ and are long")
    if _PLACEHOLDER.search(match[1]) or len(set(match[1])) < _FEWEST_CHARACTERS:
        raise ConfigurationError(f"signing secret {position} is a placeholder: copy the endpoint's from Stripe")
    return stripped
