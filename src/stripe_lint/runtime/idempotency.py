"""The store of outgoing idempotency keys: what an application uses to send a request once."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

from stripe_lint.runtime import operations
from stripe_lint.runtime.audit import LOG, AuditLog, digest
from stripe_lint.runtime.errors import (
    AlreadySucceeded,
    ConfigurationError,
    OperationExpired,
    OperationFailed,
    OperationInProgress,
    OutcomeNotRecorded,
    ParamsMismatch,
    StoreUnavailable,
)
from stripe_lint.runtime.fingerprint import fingerprint
from stripe_lint.runtime.flow import AsyncDriver, Call, SyncDriver
from stripe_lint.runtime.metrics import Metrics, NoMetrics
from stripe_lint.runtime.operations import (
    UNFINISHED,
    Granted,
    Identity,
    OperationRecord,
    OperationState,
    Outcome,
    Request,
    key_of,
)
from stripe_lint.runtime.outcomes import is_stripe_error, outcome_of_error, outcome_of_result

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from stripe_lint.runtime.event import Event
    from stripe_lint.runtime.stores import OperationStore

Result = TypeVar("Result")

MOST_AT_ONCE = 1000


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
        if not lease > 0:
            raise ConfigurationError("lease must be a number of seconds above 0")
        self.namespace = namespace
        self._store = store
        self._livemode = livemode
        self._salt = salt
        self._lease = lease
        self._metrics = metrics or NoMetrics()
        self._audit = AuditLog({"namespace": namespace})
        self._driver = SyncDriver()
        self._async_driver = AsyncDriver()

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
        found: list[OperationRecord] = self._driver.run(self._unfinished(older_than))
        if expires_within is None:
            return found
        return [each for each in found if each.expired(self._now() + expires_within)]

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
        resolved = 0
        for record in self.unfinished(older_than=older_than):
            try:
                object_id = look_up(record)
            except Exception as error:
                LOG.warning("reconcile: look_up raised %s for %s", type(error).__qualname__, record.identity.operation)
                continue
            done = self._driver.run(self._resolve(record.key, object_id))
            resolved += done is not None
        return resolved

    def resolve(self, key: str, object_id: str | None) -> bool:
        """Records what one operation has made, or with ``None`` that it made nothing. ``False`` if it was known."""
        return self._driver.run(self._resolve(key, object_id)) is not None

    def observe(self, event: Event) -> bool:
        """Takes note of the request that a verified event names as its cause. The inbox calls it."""
        key = event.request_key
        if key is None or not key.startswith("sl_"):
            return False
        kind = event.object.get("type" if event.thin else "object")

        def step(record: OperationRecord | None, now: float) -> tuple[OperationRecord | None, bool]:
            return operations.heal(record, now, self.namespace, kind, event.object_id)

        healed = bool(self._driver.perform(Call("heal", self._store.change_by_key, (key, step))))
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
        if api not in operations.WINDOWS:
            raise ConfigurationError(f'api is "v1" or "v2", not {api!r}')
        if not isinstance(account, str | None):
            raise ConfigurationError("account is the id of a connected account")
        return Identity(self.namespace, account or "", self._is_live(), api, name, str(business_id))

    def _is_live(self) -> bool:
        if self._livemode is not None:
            return self._livemode
        import stripe

        return (stripe.api_key or "").startswith(("sk_live_", "rk_live_", "sk_org_live_"))

    def _now(self) -> float:
        """The store's time, which is what windows are measured by."""
        nobody = Identity(self.namespace, "", False, "v1", "", "")
        return float(self._driver.perform(Call("now", self._store.change, (nobody, lambda _, now: (None, now)))))

    def _begin(self, request: Request) -> Generator[Call, Any, OperationRecord]:
        answer = yield Call(
            "operation_begin",
            self._store.change,
            (request.identity, lambda record, now: operations.begin(record, now, request)),
        )
        if isinstance(answer, Granted):
            self._decided(answer.decision, answer.record.key, operation=request.identity.operation)
            return answer.record
        self._decided(
            _DECISIONS.get(type(answer), "refused"),
            key_of(request.identity, 1, request.salt),
            level=logging.WARNING,
            operation=request.identity.operation,
            changed=getattr(answer, "changed", None),
        )
        raise answer

    def _settle(self, record: OperationRecord, outcome: Outcome) -> Generator[Call, Any, OperationState | None]:
        state: OperationState | None = yield Call(
            "operation_settle",
            self._store.change_by_key,
            (record.key, lambda found, _: operations.settle(found, record.token, outcome)),
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
            (key, lambda record, now: operations.resolve(record, now, object_id)),
        )
        if found:
            self._decided("reconciled", key, object_id=object_id)
        return found

    def _unfinished(self, older_than: float) -> Generator[Call, Any, list[OperationRecord]]:
        before = self._now() - older_than
        found: list[OperationRecord] = yield Call("operations", self._listed, (before,))
        return found

    def _listed(self, before: float) -> Any:
        return self._store.operations(self.namespace, UNFINISHED, sent_until=before, limit=MOST_AT_ONCE)

    def _decided(self, decision: str, key: str, *, level: int = logging.INFO, **fields: Any) -> None:
        self._metrics.count("operations_total", decision)
        self._audit.decision(level, {"decision": decision, "key_digest": digest(key), **fields})


class Operation:
    """A block in which one request is sent.

    Entering it commits the key, or raises one of the errors below; leaving it records the outcome. An error of Stripe's
    that leaves the block is classified and passes on. So does any other exception, after which the outcome is unknown.

    Attributes:
        key: The idempotency key to send, once the block is entered.

    Raises:
        ParamsMismatch: The operation was begun with other parameters.
        AlreadySucceeded: It is done; the error has the id of the object.
        OperationFailed: Stripe has refused it for good.
        OperationInProgress: Somebody else is sending it.
        OperationExpired: Its outcome is unknown and its key too old to be sent.
        OutcomeNotRecorded: On leaving: neither ``succeeded`` was called nor an exception raised.
        StoreUnavailable: On entering: nothing may be sent.
    """

    def __init__(self, keys: IdempotencyKeys, request: Request) -> None:
        self._keys = keys
        self._request = request
        self._record: OperationRecord | None = None
        self._settled = False

    @property
    def key(self) -> str:
        """The idempotency key."""
        if self._record is None:
            raise ConfigurationError("the key exists inside of the block: with keys.operation(…) as op")
        return self._record.key

    @property
    def metadata(self) -> dict[str, str]:
        """For the request's ``metadata``, so that ``reconcile`` can find the object. Not in the fingerprint."""
        return {"sl_op": self.key}

    def succeeded(self, result: Result) -> Result:
        """Records the object that Stripe answered, and gives it back.

        A store that fails now does not raise: the request was executed, and the key gives the same object again.
        """
        return self._keys._driver.run(self._succeed(result))

    async def succeeded_async(self, result: Result) -> Result:
        """As :meth:`succeeded`, without blocking the event loop."""
        return await self._keys._async_driver.run(self._succeed(result))

    def failed(self, error: BaseException) -> None:
        """Records an error of Stripe's that is caught inside of the block."""
        self._keys._driver.run(self._leave(error))

    async def failed_async(self, error: BaseException) -> None:
        """As :meth:`failed`, without blocking the event loop."""
        await self._keys._async_driver.run(self._leave(error))

    def __enter__(self) -> Operation:
        """Commits the key."""
        return self._keys._driver.run(self._enter())

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        """Records the outcome."""
        self._keys._driver.run(self._leave(error))
        return False

    async def __aenter__(self) -> Operation:
        """Commits the key."""
        return await self._keys._async_driver.run(self._enter())

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        """Records the outcome."""
        await self._keys._async_driver.run(self._leave(error))
        return False

    def _enter(self) -> Generator[Call, Any, Operation]:
        if self._record is not None:
            raise ConfigurationError("an operation is entered once: call keys.operation(…) for each attempt")
        self._record = yield from self._keys._begin(self._request)
        return self

    def _succeed(self, result: Result) -> Generator[Call, Any, Result]:
        outcome = outcome_of_result(result)
        if self._record is None:
            raise ConfigurationError("op.succeeded(…) belongs into the block of the operation")
        self._settled = True
        try:
            yield from self._keys._settle(self._record, outcome)
        except StoreUnavailable as error:
            LOG.error("the success of %s is not recorded: %s", self._record.identity.operation, error)
        return result

    def _leave(self, error: BaseException | None) -> Generator[Call, Any, None]:
        if self._settled or self._record is None:
            return
        self._settled = True
        known = error is not None and is_stripe_error(error)
        outcome = outcome_of_error(error) if known else Outcome(OperationState.UNKNOWN)
        try:
            yield from self._keys._settle(self._record, outcome)
        except StoreUnavailable as unavailable:
            LOG.error("the outcome of %s is not recorded: %s", self._record.identity.operation, unavailable)
        if error is None:
            raise OutcomeNotRecorded
