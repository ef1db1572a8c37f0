"""An inbox's two secrets, of which tests use the second, and a request that is signed with neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_lint.runtime.reception import Visit
from stripe_lint.runtime.testing import SECRET

if TYPE_CHECKING:
    from stripe_lint.runtime import WebhookInbox

SECRETS = [SECRET[:-4] + "beef", SECRET]


def refuse(inbox: WebhookInbox, header: str | None = "t=1", **changes: Any) -> None:
    """Sends an inbox what it can't verify."""
    inbox.handle(Visit("POST", True, "192.0.2.1", False, header, **changes), lambda _: b"{}")
