"""The webhook inbox: what an application sets up and adapters call."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from stripe_lint.runtime import replies
from stripe_lint.runtime.audit import LOG, Reminder
from stripe_lint.runtime.backlog import sample_events
from stripe_lint.runtime.errors import ConfigurationError, Reason, SecretsUnavailable, StoreUnavailable
from stripe_lint.runtime.event import Event, EventKey, event_of
from stripe_lint.runtime.flow import AsyncDriver, Call, SyncDriver
from stripe_lint.runtime.handlers import Handlers
from stripe_lint.runtime.heartbeat import Heartbeat
from stripe_lint.runtime.journal import Arrival, Journal
from stripe_lint.runtime.metrics import Metrics, NoMetrics
from stripe_lint.runtime.objects import retrieve_event
from stripe_lint.runtime.processing import Processor, Trail
from stripe_lint.runtime.reception import Reception, Visit
from stripe_lint.runtime.stores import LONGEST_LEASE, UNKNOWN_DIGEST, EventFacts, EventStore
from stripe_lint.runtime.verification import DEFAULT_TOLERANCE, Refused, Verifier

if TYPE_CHECKING:
    from stripe_lint.runtime.idempotency import IdempotencyKeys
    from stripe_lint.runtime.replies import Reply
    from stripe_lint.runtime.signing_secrets import Secrets

Function = TypeVar("Function", bound=Callable[..., Any])

DAY = 86400.0
MEBIBYTE = 1 << 20

_SHORTEST_RETENTION = 4 * DAY
_ADVISED_RETENTION = 30 * DAY
_PURGED_AT_ONCE = 1000
_LONGEST_WAIT = 8


class WebhookInbox:
    """Receives Stripe's webhooks and runs each event's handler as often as its mode promises.

    ``lease`` (the default): at least once. The event is claimed, handled and recorded as completed in two short
    commits. It is handled again only if a worker dies, or outlives its lease, between the handler's effect and the
    record of it; the handler has to stand that, for which ``delivery.once`` and idempotency keys help. What a handler
    writes must be committed when it returns.

    ``transactional``: exactly once, for what the handler writes through ``delivery.connection``. That, the claim and
    the completion are one transaction of the store's database. What it does elsewhere (mail, requests to Stripe)
    happens at least once, as in the other mode. On SQLite a handler holds the only write lock: keep it short, and make
    no network requests in it.

    In both modes an event counts as delivered for Stripe (a reply of 2xx) only after it is recorded, so a crash loses
    nothing: Stripe sends it again, for up to three days.

    Args:
        secrets: The endpoint's signing secret, several while one is replaced, or a function that gives them.
        store: Where the states of events are kept.
        mode: ``"lease"`` or ``"transactional"``.
        consumer: Whose work an event is. Two endpoints that get the same events for different work need two consumers.
        endpoint: The name in logs and metrics; the consumer's unless given.
        tolerance: How many seconds a signature's timestamp may be away from now, 1 to 3600.
        livemode: Process only live (``True``) or only test events (``False``) and answer 200 to others. ``None`` means
            both, but only live ones if a live API key is configured.
        accounts: Process only events of these accounts, ``None`` being your own; all unless given.
        api_key: For ``fetch_latest`` and ``replay``; ``stripe.api_key`` unless given.
        keys: The store of outgoing keys, whose unknown outcomes webhooks resolve.
        lease: Seconds for which a worker owns an event without a sign of life; a day at most.
        max_handler_seconds: For how long a running handler's lease is kept alive, or its transaction is left open.
        wait_inflight: For how many seconds a delivery of an event that another worker has waits for its end, instead
            of being answered 409 at once. It takes a thread of the server for so long.
        dead_status: What Stripe is answered when an event is given up by ``PermanentError``. 500 makes the failure
            visible in its dashboard; the next delivery is answered 200.
        retention: Seconds for which events are remembered: at least 4 days, because Stripe retries for 3; less than
            30 days warns, because events can be sent again by hand for that long.
        max_body: The largest body in bytes.
        require_https: Refuse plain HTTP except from this machine without a proxy.
        allowed_networks: Refuse other clients before the verification; see ``networks.stripe_addresses``.
        hsts: For how many seconds browsers that see a reply must use HTTPS for the whole host; ``None`` does not say.
        metrics: Where numbers go, for example ``prometheus.PrometheusMetrics()``.
        on_error: Called with each exception of a handler and its event, for example ``sentry_sdk.capture_exception``
            in a lambda. The exception's text is not logged, because it can hold a customer's data.
        clock: Seconds since 1970, for signatures; tests set it. The SDK refuses old ones by the machine's clock, too.

    Raises:
        ConfigurationError: A value is none that could work.
    """

    def __init__(
        self,
        secrets: Secrets,
        store: EventStore,
        *,
        mode: Literal["lease", "transactional"] = "lease",
        consumer: str = "default",
        endpoint: str | None = None,
        tolerance: int = DEFAULT_TOLERANCE,
        livemode: bool | None = None,
        accounts: Collection[str | None] | None = None,
        api_key: str | None = None,
        keys: IdempotencyKeys | None = None,
        lease: float = 60,
        max_handler_seconds: float = 900,
        wait_inflight: float = 0,
        dead_status: Literal[200, 500] = 200,
        retention: float = _ADVISED_RETENTION,
        max_body: int = MEBIBYTE,
        require_https: bool = True,
        allowed_networks: Iterable[str] | None = None,
        hsts: int | None = replies.HSTS,
        metrics: Metrics | None = None,
        on_error: Callable[[BaseException, Event], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if mode not in ("lease", "transactional"):
            raise ConfigurationError(f'mode is "lease" or "transactional", not {mode!r}')
        if not consumer or not isinstance(consumer, str):
            raise ConfigurationError("consumer must be a name")
        if not 0 < lease <= LONGEST_LEASE:
            raise ConfigurationError("lease must be a number of seconds above 0, and not more than a day")
        if not 0 <= wait_inflight <= _LONGEST_WAIT:
            raise ConfigurationError(f"wait_inflight must be 0 to {_LONGEST_WAIT} seconds: Stripe may not wait longer")
        if dead_status not in (200, 500):
            raise ConfigurationError(f"dead_status is 200 or 500, not {dead_status!r}")
        if isinstance(accounts, str):
            raise ConfigurationError("accounts is a list of ids of accounts, with None for your own")
        _check_retention(retention)
        self.store = store
        self.consumer = consumer
        self.endpoint = endpoint or consumer
        self.mode = mode
        self._verifier = Verifier(secrets, tolerance=tolerance, clock=clock, api_key=api_key)
        self._livemode = livemode
        self._accounts = None if accounts is None else frozenset(accounts)
        self._api_key = api_key
        self._keys = keys
        self._retention = retention
        self._clock = clock
        self._metrics = metrics or NoMetrics()
        self._reception = Reception(require_https=require_https, allowed_networks=allowed_networks, max_body=max_body)
        self._journal = Journal(self.endpoint, consumer, self._metrics, clock)
        self._no_secrets = Reminder()
        self._handlers = Handlers()
        self._driver = SyncDriver()
        self._async_driver = AsyncDriver()
        self._processor = Processor(
            store=store,
            consumer=consumer,
            transactional=mode == "transactional",
            lease=lease,
            heartbeat=Heartbeat(store, lease, max_handler_seconds, self._driver),
            metrics=self._metrics,
            on_error=on_error,
            api_key=api_key,
            wait_inflight=wait_inflight,
            dead=replies.BURIED if dead_status == 200 else replies.BURIED_AS_FAILED,
        )
        sample_events(self._metrics, store, consumer, self._driver)
        self._hsts = hsts
        self._draining = False
        self._running: set[int] = set()
        if self._has_live_key():
            if getattr(store, "volatile", False):
                raise ConfigurationError("a store in memory is for tests: it forgets, and a live API key is configured")
            if self._verifier.for_testing:
                raise ConfigurationError("the secret of tests is for tests, and a live API key is configured")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **options: Any) -> WebhookInbox:
        """An inbox from ``STRIPE_WEBHOOK_SECRETS`` and ``STRIPE_INBOX_STORE``.

        The secrets are separated by commas or white space. The store is ``sqlite:///relative.db``,
        ``sqlite:////absolute.db`` or the path of a file.

        Args:
            environment: Where the variables are.
            options: As for :class:`WebhookInbox`.

        Raises:
            ConfigurationError: A variable is missing or wrong.
        """
        from stripe_lint.runtime.stores.address import store_at

        secrets = environment.get("STRIPE_WEBHOOK_SECRETS", "").replace(",", " ").split()
        if not secrets:
            raise ConfigurationError("STRIPE_WEBHOOK_SECRETS is not set: it holds the endpoint's secrets (whsec_…)")
        address = environment.get("STRIPE_INBOX_STORE", "").strip()
        if not address:
            raise ConfigurationError("STRIPE_INBOX_STORE is not set: for example sqlite:////var/lib/shop/inbox.db")
        return cls(secrets, store_at(address), **options)

    def on(self, *types: str) -> Callable[[Function], Function]:
        """Registers the decorated function for types of events.

        It is called with the event, and with the delivery if it takes two arguments; it may be ``async``. When it
        returns the event is done. What it raises makes Stripe send the event again, except for ``PermanentError``.

        Raises:
            ConfigurationError: A type has a handler already, or the function takes other arguments.
        """

        def register(function: Function) -> Function:
            self._handlers.add(types, function)
            return function

        return register

    def handle(self, visit: Visit, read: Callable[[int], bytes | None]) -> Reply:
        """Answers a request: what adapters of synchronous frameworks call.

        Args:
            visit: The request without its body.
            read: Gives the raw body, or ``None`` if it is longer than the number of bytes it is called with.
        """
        return self._dressed(self._driver.run(self._handle(visit, read)))

    async def handle_async(self, visit: Visit, read: Callable[[int], Any]) -> Reply:
        """As :meth:`handle`, on an event loop; ``read`` may be a coroutine function."""
        return self._dressed(await self._async_driver.run(self._handle(visit, read)))

    def replay(self, event_id: str, *, account: str | None = None) -> Reply:
        """Processes an event that Stripe need not send again: it is fetched from Stripe, which keeps it for 30 days.

        An event that is dead or failed, or was never received, is claimed and processed as on a delivery. One that is
        completed, or being processed, is not.

        Args:
            event_id: ``evt_…``
            account: The connected account that the event is of.

        Raises:
            ConfigurationError: There is no API key.
            stripe.StripeError: Stripe could not be asked, or does not have the event any more.
        """
        return self._driver.run(self._replay(event_id, account))

    async def replay_async(self, event_id: str, *, account: str | None = None) -> Reply:
        """As :meth:`replay`, on an event loop."""
        return await self._async_driver.run(self._replay(event_id, account))

    def seed(self, event_ids: Iterable[str], *, livemode: bool, account: str | None = None) -> int:
        """Records events as completed that the application has processed before it had an inbox.

        Returns:
            How many of them the store did not know.
        """
        keys = [EventKey(self.consumer, account or "", livemode, event_id) for event_id in event_ids]
        facts = EventFacts("", 0, None, UNKNOWN_DIGEST, None)
        return int(self._driver.perform(Call("seed", self.store.seed, (keys, facts))))

    def purge(self) -> int:
        """Forgets what was completed or dead before the retention began. Call it once a day; it is safe at any time.

        Returns:
            How many events were forgotten.

        Raises:
            StoreUnavailable: The store failed. What was forgotten until then stays forgotten.
        """
        total, before = 0, self._clock() - self._retention
        while True:
            count = int(self._driver.perform(Call("purge", self.store.purge, (before, _PURGED_AT_ONCE))))
            total += count
            self._metrics.add("purged_total", count)
            if count < _PURGED_AT_ONCE:
                return total

    def drain(self, timeout: float = 30) -> bool:
        """Answers 503 from now on and waits for what is being processed. For a handler of SIGTERM.

        Returns:
            Whether everything came to its end within ``timeout`` seconds.
        """
        self._draining = True
        until = time.monotonic() + timeout
        while self._running and time.monotonic() < until:
            time.sleep(0.02)
        return not self._running

    def _handle(self, visit: Visit, read: Callable[[int], Any]) -> Generator[Call, Any, Reply]:
        began = time.perf_counter()
        refused = self._reception.refusal(visit)
        if refused:
            return self._journal.refused(visit, refused, refused.outcome)
        limit = self._reception.max_body
        try:
            body = yield Call("read", read, (limit,))
        except (OSError, EOFError, ValueError) as error:
            return self._journal.refused(visit, replies.UNVERIFIED, f"unreadable_body ({type(error).__name__})")
        if body is None or len(body) > limit:
            return self._journal.refused(visit, replies.TOO_LARGE, Reason.BODY_TOO_LARGE.value)
        try:
            found = self._verifier.examine(body, visit.signature)
        except SecretsUnavailable as error:
            self._no_secrets.error("no delivery can be verified: %s", error)
            return self._journal.refused(visit, replies.NO_SECRETS, replies.NO_SECRETS.outcome, len(body))
        size = len(body)
        del body  # error trackers keep the local variables of the frames that an exception has come through
        if isinstance(found, Refused):
            return self._journal.unbelieved(visit, found, size)
        self._journal.believed(found)
        trail = Trail()
        arrival = Arrival(visit, found, size)
        try:
            reply = yield from self._received(found.event, trail)
        except BaseException as error:
            self._journal.stopped(error, found.event, trail, began, arrival)
            raise
        self._journal.answered(reply, found.event, trail, began, arrival)
        return reply

    def _received(self, event: Event, trail: Trail, *, revive: bool = False) -> Generator[Call, Any, Reply]:
        if self._keys is not None and event.request_key:
            yield from self._heal(self._keys, event)
        if not self._serves(event):
            return replies.IGNORED
        handler = self._handlers.of(event.type)
        if handler is None:
            return replies.UNHANDLED
        if self._draining:
            return replies.DRAINING
        self._running.add(id(trail))
        try:
            return (yield from self._processor.process(event, handler, trail, revive=revive))
        finally:
            self._running.discard(id(trail))

    def _replay(self, event_id: str, account: str | None) -> Generator[Call, Any, Reply]:
        began = time.perf_counter()
        fetched = yield Call("fetch", retrieve_event, (event_id, account, self._api_key))
        text = str(fetched)
        event = event_of(json.loads(text), text.encode(), self._api_key)
        trail = Trail()
        reply = yield from self._received(event, trail, revive=True)
        self._journal.answered(reply, event, trail, began, None)
        return reply

    def _heal(self, keys: IdempotencyKeys, event: Event) -> Generator[Call, Any, None]:
        """Tells the key store that a request was executed. Its failure is not the event's."""
        try:
            yield Call("heal", keys.observe, (event,))
        except StoreUnavailable as error:
            self._metrics.count("store_errors_total", "heal")
            LOG.warning("the store of keys is not available: %s", error)

    def _dressed(self, reply: Reply) -> Reply:
        return reply if self._hsts == replies.HSTS else replies.with_hsts(reply, self._hsts)

    def _serves(self, event: Event) -> bool:
        if self._accounts is not None and event.account not in self._accounts:
            return False
        livemode = self._livemode
        if livemode is None:
            return event.livemode or not self._has_live_key()
        return event.livemode is livemode

    def _has_live_key(self) -> bool:
        import stripe

        return (self._api_key or stripe.api_key or "").startswith(("sk_live_", "rk_live_", "sk_org_live_"))


def _check_retention(retention: float) -> None:
    if retention < _SHORTEST_RETENTION:
        raise ConfigurationError("retention must be at least 4 days: Stripe retries an event for 3")
    if retention < _ADVISED_RETENTION:
        warnings.warn("events can be sent again by hand for 30 days: keep them as long", stacklevel=3)
