"""Whether two sets of parameters are the same request."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

_NOT_SENT = frozenset({"api_key", "idempotency_key", "stripe_version", "headers", "stripe_account", "stripe_context"})
"""Options of the SDK that are no parameters; the account is compared apart."""


def fingerprint(params: Mapping[str, Any], account: str, key: bytes) -> tuple[str, dict[str, str]]:
    """A hash of all parameters and the account, and one of each top-level parameter.

    Values that Stripe sees alike are alike: ``100`` and ``"100"``, ``True`` and ``"true"``, a parameter that is
    ``None`` and one that is absent. The order of names does not count, that of lists does.

    Args:
        params: What is handed to the SDK.
        account: The connected account, or nothing.
        key: The hashes are keyed with it, so that they can't be looked up in a table of common values.

    Raises:
        TypeError: A value has no one spelling: a float, or an object that is no parameter.
    """
    if not isinstance(params, Mapping):
        raise TypeError(f"the parameters must be a mapping, not {type(params).__name__}")
    sent = {name: value for name, value in params.items() if value is not None and name not in _NOT_SENT}
    fields = {name: _hash(key, json.dumps([name, _canonical(value, name)])) for name, value in sent.items()}
    fields["account"] = _hash(key, json.dumps(["", account]))
    return _hash(key, json.dumps(sorted(fields.items()))), fields


def _hash(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def _canonical(value: object, name: str) -> object:
    if isinstance(value, Enum):
        return _canonical(value.value, name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | UUID):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return str(int((value if value.tzinfo else value.astimezone(timezone.utc)).timestamp()))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(each): _canonical(value[each], name) for each in sorted(value, key=str) if value[each] is not None}
    if isinstance(value, list | tuple):
        return [_canonical(each, name) for each in value]
    raise TypeError(
        f"parameter {name} holds a {type(value).__name__}, which has no exact spelling: use int, str, Decimal"
    )
