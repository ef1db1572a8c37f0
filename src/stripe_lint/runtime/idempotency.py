"""The store of outgoing idempotency keys: what an application uses to send a request once."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

from stripe_lint.runtime import lifecycle
from stripe_lint.runtime.audit import LOG, AuditLog, digest
from stripe_lint.runtime.backlog import sample_operations
from stripe_lint.runtime.errors import (
    AlreadySucceeded,
    ConfigurationError,
    OperationExpired,
    OperationFailed,
    OperationInProgress,
    ParamsMismatch,
)
from stripe_lint.runtime.fingerprint import fingerprint
from stripe_lint.runtime.flow import AsyncDriver, Call, SyncDriver
from stripe_lint.runtime.lifecycle import (
    Granted,
    Identity,
    OperationRecord,
    OperationState,
    Outcome,
    Request,
)
from stripe_lint.runtime.metrics import Metrics, NoMetrics
from stripe_lint.runtime.operation import Operation
from stripe_lint.runtime.stores import LONGEST_LEASE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from stripe_lint.runtime.event import Event
    from stripe_lint.runtime.stores import OperationStore

Result = TypeVar("Result")

PAGE = 1000
"""How many operations are read at once."""

_DECISIONS = {
    AlreadySucceeded: "already_succeeded",
    OperationExpired: "expired",
    OperationFailed: "already_failed",
    OperationInProgress: "in_progress",
    ParamsMismatch: "mismatch",
}


class IdempotencyKeys:
    """Gives each operation one idempotency key, and remembers what became of it.

    A key is computed from the operation's identity, so it is the same after a crash, a rollback or a lost database.
    It is committed before the request is sent, in the store's own transaction.

    Args:
        store: Where operations are kept, for good: nothing here is purged.
        namespace: Whose operations these are, for example ``shop-production``. It is part of every key. Change it
            whenever your ids start again, or else order 17 of the new database gets what order 17 of the old one paid.
        livemode: Whether the API key in use is a live one; found out from ``stripe.api_key`` unless given.
        salt: A secret of your own that goes into keys and hashes, so that they can't be computed by others.
        lease: Seconds for which one sender keeps others from sending. Longer than a request takes, retries included.
        metrics: Where numbers go.
        allow_forgetful: Accept a store that may lose operations by itself.

    Raises:
        ConfigurationError: The namespace is empty, or the store may forget.
    """

    def __init__(
        self,
        store: OperationStore,
        namespace: str,
        *,
        livemode: bool | None = None,
        salt: str = "",
        lease: float = 90,
        metrics: Metrics | None = None,
        allow_forgetful: bool = False,
    ) -> None:
        if not isinstance(namespace, str) or not namespace.strip():
            raise ConfigurationError('namespace names the application and its environment, like "shop-production"')
        if store.forgetful and not allow_forgetful:
            raise ConfigurationError("this store may forget operations, which charges twice: allow_forgetful=True")
        if not 0 < lease <= LONGEST_LEASE:
            raise ConfigurationError("lease must be a number of seconds above 0, and not more than a day")
        self.namespace = namespace
        self._store = store
        self._livemode = livemode
        self._salt = salt
        self._lease = lease
        self._metrics = metrics or NoMetrics()
        self._audit = AuditLog({"namespace": namespace})
        self.driver = SyncDriver()
        self.async_driver = AsyncDriver()
        sample_operations(self._metrics, store, namespace, self.driver)

    def operation(
        self,
        name: str,
        business_id: str | int | UUID,
        params: Mapping[str, Any],
        *,
        account: str | None = None,
        api: Literal["v1", "v2"] = "v1",
        result: str | None = None,
        retry_failed: bool = False,
    ) -> Operation:
        """One request that must be executed once, as a block to send it in: ``with`` or ``async with``.

        Args:
            name: What is done, for example ``charge_order``.
            business_id: Your own id of what it is done for. ``17`` and ``"17"`` are the same.
            params: The parameters that are sent. The same operation with others is refused before the network.
            account: The connected account, if the request is made for one.
            api: Whose rules about keys apply: ``"v1"`` (24 hours) or ``"v2"`` (30 days).
            result: The type of object that the request makes, like ``payment_intent``, so that a webhook about it can
                tell its id if the answer gets lost.
            retry_failed: If Stripe has refused the operation before, try again with a new key. Parameters may differ.

        Raises:
            ConfigurationError: The name or the id is empty, or of another type.
            TypeError: A parameter has no exact spelling, as a float.
        """
        identity = self._identity(name, business_id, account or params.get("stripe_account"), api)
        salt = hashlib.sha256(json.dumps([*identity, self._salt]).encode()).digest()
        total, fields = fingerprint(params, identity.account, salt)
        return Operation(self, Request(identity, total, fields, self._salt, result, retry_failed, self._lease))

    def unfinished(self, *, older_than: float = 0, expires_within: float | None = None) -> list[OperationRecord]:
        """Operations without a known outcome, the oldest first.

        Args:
            older_than: Only those that were first sent so many seconds ago.
            expires_within: Only those whose key is good for no more seconds than this.
        """
        return self.driver.run(self._unfinished(older_than, expires_within))

    async def unfinished_async(
        self, *, older_than: float = 0, expires_within: float | None = None
    ) -> list[OperationRecord]:
        """As :meth:`unfinished`, without blocking the event loop."""
        return await self.async_driver.run(self._unfinished(older_than, expires_within))

    def reconcile(self, look_up: Callable[[OperationRecord], str | None], *, older_than: float = 600) -> int:
        """Finds out what became of operations without a known outcome.

        Args:
            look_up: Asks Stripe (by ``metadata["sl_op"]``, or a list of what was made for the business id) and
                gives the id of the object that the request made, or ``None`` if it certainly made none. What it
                raises leaves the operation as it is.
            older_than: Seconds since the first send; younger ones may still be on their way.

        Returns:
            How many have an outcome now. One that made nothing is FAILED with the code ``not_executed``, and
            ``retry_failed=True`` sends it again.
        """
        return self.driver.run(self._reconcile(look_up, older_than))

    async def reconcile_async(
        self, look_up: Callable[[OperationRecord], Awaitable[str | None] | str | None], *, older_than: float = 600
    ) -> int:
        """As :meth:`reconcile`, without blocking the event loop; ``look_up`` may be a coroutine function."""
        return await self.async_driver.run(self._reconcile(look_up, older_than))

    def resolve(self, key: str, object_id: str | None) -> bool:
        """Records what one operation has made, or with ``None`` that it made nothing. ``False`` if it was known."""
        return self.driver.run(self._resolve(key, object_id)) is not None

    async def resolve_async(self, key: str, object_id: str | None) -> bool:
        """As :meth:`resolve`, without blocking the event loop."""
        return await self.async_driver.run(self._resolve(key, object_id)) is not None

    def observe(self, event: Event) -> bool:
        """Takes note of the request that a verified event names as its cause. The inbox calls it."""
        key = event.request_key
        if key is None or not key.startswith("sl_"):
            return False
        kind = event.object.get("type" if event.thin else "object")

        def step(record: OperationRecord | None, now: float) -> tuple[OperationRecord | None, bool]:
            return lifecycle.heal(record, now, self.namespace, kind, event.object_id)

        known = self.driver.perform(Call("operation", self._store.operation_by_key, (key,)))
        if not step(known, math.inf)[1]:  # when all leases are over: no write lock for what changes nothing even then
            return False
        healed = bool(self.driver.perform(Call("heal", self._store.change_by_key, (key, step))))
        if healed:
            self._decided("healed", key, event_id=event.id)
        return healed

    def _identity(self, name: str, business_id: str | int | UUID, account: object, api: str) -> Identity:
        if not isinstance(name, str) or not name:
            raise ConfigurationError("name the operation: keys.operation('charge_order', order.id, params)")
        if isinstance(business_id, bool) or not isinstance(business_id, str | int | UUID) or not str(business_id):
            raise ConfigurationError(
                f"the business id of {name} is {business_id!r}: save the row first, its id is needed"
            )
        if api not in lifecycle.WINDOWS:
            raise ConfigurationError(f'api is "v1" or "v2", not {api!r}')
        if not isinstance(account, str | None):
            raise ConfigurationError("account is the id of a connected account")
        return Identity(self.namespace, account or "", self._is_live(), api, name, str(business_id))

    def _is_live(self) -> bool:
        if self._livemode is not None:
            return self._livemode
        import stripe

        return (stripe.api_key or "").startswith(("sk_live_", "rk_live_", "sk_org_live_"))

    def _now(self) -> Generator[Call, Any, float]:
        """The store's time, which is what windows are measured by."""
        nobody = Identity(self.namespace, "", False, "v1", "", "")
        now: float = yield Call("now", self._store.change, (nobody, lambda _, now: (None, now)))
        return now

    def begin(self, request: Request) -> Generator[Call, Any, OperationRecord]:
        """The flow that commits a key, or raises why it may not be sent."""

        def step(record: OperationRecord | None, now: float) -> tuple[OperationRecord | None, Any]:
            written, answer = lifecycle.begin(record, now, request)
            return written, (answer, record.key if record else "")

        answer, key = yield Call("operation_begin", self._store.change, (request.identity, step))
        name = request.identity.operation
        if isinstance(answer, Granted):
            self._decided(answer.decision, answer.record.key, operation=name)
            return answer.record
        changed = getattr(answer, "changed", None)
        decision = _DECISIONS.get(type(answer), "refused")
        self._decided(decision, key, level=logging.WARNING, operation=name, changed=changed)
        raise answer

    def settle(self, record: OperationRecord, outcome: Outcome) -> Generator[Call, Any, OperationState | None]:
        """The flow that records an outcome; gives the state that follows, or ``None`` if it is stale."""
        state: OperationState | None = yield Call(
            "operation_settle",
            self._store.change_by_key,
            (record.key, lambda found, _: lifecycle.settle(found, record.token, outcome)),
        )
        self._decided(
            state.value if state else "stale_outcome",
            record.key,
            level=logging.INFO if state is OperationState.SUCCEEDED else logging.WARNING,
            operation=record.identity.operation,
            status=outcome.http_status,
            code=outcome.error_code,
            request_id=outcome.request_id,
            object_id=outcome.object_id,
        )
        return state

    def _resolve(self, key: str, object_id: str | None) -> Generator[Call, Any, OperationRecord | None]:
        found: OperationRecord | None = yield Call(
            "operation_resolve",
            self._store.change_by_key,
            (key, lambda record, now: lifecycle.resolve(record, now, object_id)),
        )
        if found:
            self._decided("reconciled", key, object_id=object_id)
        return found

    def _unfinished(
        self, older_than: float, expires_within: float | None
    ) -> Generator[Call, Any, list[OperationRecord]]:
        now = yield from self._now()
        found: list[OperationRecord] = []
        page: list[OperationRecord] = yield self._page(now - older_than)
        while page:
            found += page
            page = yield self._page(now - older_than, page[-1])
        return found if expires_within is None else [each for each in found if each.expired(now + expires_within)]

    def _reconcile(
        self, look_up: Callable[[OperationRecord], Awaitable[str | None] | str | None], older_than: float
    ) -> Generator[Call, Any, int]:
        before = (yield from self._now()) - older_than
        resolved = 0
        page: list[OperationRecord] = yield self._page(before)
        while page:
            for record in page:
                try:
                    object_id: str | None = yield Call("look_up", look_up, (record,))
                except Exception as error:
                    name = record.identity.operation
                    LOG.warning("reconcile: look_up raised %s for %s", type(error).__qualname__, name)
                    continue
                done = yield from self._resolve(record.key, object_id)
                resolved += done is not None
            page = yield self._page(before, page[-1])
        return resolved

    def _page(self, before: float, after: OperationRecord | None = None) -> Call:
        def read() -> Any:
            return self._store.unfinished_page(self.namespace, sent_until=before, limit=PAGE, after=after)

        return Call("operations", read)

    def _decided(self, decision: str, key: str, *, level: int = logging.INFO, **fields: Any) -> None:
        self._metrics.count("operations_total", decision)
        self._audit.decision(level, {"decision": decision, "key_digest": digest(key), **fields})
