"""The block in which one request is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from stripe_lint.runtime.audit import LOG
from stripe_lint.runtime.errors import ConfigurationError, OutcomeNotRecorded, StoreUnavailable
from stripe_lint.runtime.lifecycle import OperationRecord, OperationState, Outcome, Request
from stripe_lint.runtime.outcomes import is_stripe_error, outcome_of_error, outcome_of_result

if TYPE_CHECKING:
    from collections.abc import Generator

    from stripe_lint.runtime.flow import Call
    from stripe_lint.runtime.idempotency import IdempotencyKeys

Result = TypeVar("Result")


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
        return self._keys.driver.run(self._succeed(result))

    async def succeeded_async(self, result: Result) -> Result:
        """As :meth:`succeeded`, without blocking the event loop."""
        return await self._keys.async_driver.run(self._succeed(result))

    def failed(self, error: BaseException) -> None:
        """Records an error of Stripe's that is caught inside of the block."""
        self._keys.driver.run(self._leave(error))

    async def failed_async(self, error: BaseException) -> None:
        """As :meth:`failed`, without blocking the event loop."""
        await self._keys.async_driver.run(self._leave(error))

    def __enter__(self) -> Operation:
        """Commits the key."""
        return self._keys.driver.run(self._enter())

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        """Records the outcome."""
        self._keys.driver.run(self._leave(error))
        return False

    async def __aenter__(self) -> Operation:
        """Commits the key."""
        return await self._keys.async_driver.run(self._enter())

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        """Records the outcome."""
        await self._keys.async_driver.run(self._leave(error))
        return False

    def _enter(self) -> Generator[Call, Any, Operation]:
        if self._record is not None:
            raise ConfigurationError("an operation is entered once: call keys.operation(…) for each attempt")
        self._record = yield from self._keys.begin(self._request)
        return self

    def _succeed(self, result: Result) -> Generator[Call, Any, Result]:
        outcome = outcome_of_result(result)
        if self._record is None:
            raise ConfigurationError("op.succeeded(…) belongs into the block of the operation")
        self._settled = True
        try:
            yield from self._keys.settle(self._record, outcome)
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
            yield from self._keys.settle(self._record, outcome)
        except StoreUnavailable as unavailable:
            LOG.error("the outcome of %s is not recorded: %s", self._record.identity.operation, unavailable)
        if error is None:
            raise OutcomeNotRecorded
