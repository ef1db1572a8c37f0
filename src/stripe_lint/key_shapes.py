"""What the secrets of Stripe look like, told apart from what stands in for one, and how to show a line without them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Sources: https://docs.stripe.com/keys (sk_, rk_ and, for organizations, sk_org_), https://docs.stripe.com/webhooks
_SHAPE: Final = (
    r"(?<![A-Za-z0-9_])(?P<prefix>(?:sk|rk)_(?:live|test)_|sk_org_(?:live_|test_)?|whsec_)(?P<body>[A-Za-z0-9+/=]*)"
    r"(?P<rest>[^\s\"'`,;:)\]}]*)"
)
_STAND_INS: Final = (
    r"(?i)x{3,}|y{3,}|0{4,}|1234|abcd|qwerty|your|here|placeholder|example|dummy|fake|mock|sample|change|replace|secret"
    r"|insert|redacted|stripe|webhook|invalid|foo|bar"
)

SHORTEST_KEY: Final = 16
"""The shortest body of a key that Stripe has made, in characters; the common ones have 24 and 99."""

SHORTEST_WEBHOOK_SECRET: Final = 24
"""The same for webhook secrets, which have 32, and 64 when the command-line tool makes them."""

FEWEST_DIFFERENT: Final = 8
"""Random text of that length has at least so many different characters."""


class KeyShape(NamedTuple):
    """Text in the shape of a secret: where it is in its line, how it begins, and whether it is only a stand-in."""

    start: int
    end: int
    prefix: str
    placeholder: bool

    @property
    def live(self) -> bool:
        """Whether real money is behind it."""
        return "live" in self.prefix or self.prefix == "sk_org_"

    @property
    def webhook(self) -> bool:
        """Whether it is the secret of a webhook endpoint."""
        return self.prefix == "whsec_"


def key_shapes(line: str) -> Iterator[KeyShape]:
    """The secrets and stand-ins for them in a line; a prefix alone is neither."""
    for match in re.finditer(_SHAPE, line):
        body, rest = match["body"], match["rest"]
        if not body and not rest:
            continue
        shortest = SHORTEST_WEBHOOK_SECRET if match["prefix"] == "whsec_" else SHORTEST_KEY
        real = (
            len(body) >= shortest
            and not rest.startswith((".", "*", "_", "-", "<", "{", "$", "%"))
            and len(set(body)) >= FEWEST_DIFFERENT
            and any(character.isdigit() for character in body)
            and not re.search(_STAND_INS, body)
        )
        yield KeyShape(match.start(), match.end("body") if real else match.end(), match["prefix"], not real)


def redacted(line: str) -> str:
    """``line`` with stars in place of what is secret, as long as before."""
    for shape in key_shapes(line) if "_" in line else ():
        if not shape.placeholder:
            first = shape.start + len(shape.prefix)
            line = line[:first] + "*" * (shape.end - first) + line[shape.end :]
    return line
