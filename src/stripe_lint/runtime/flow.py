"""One flow, two drivers: the logic is a generator that yields calls, and a driver makes them.

A flow never waits itself. It yields a :class:`Call` for everything that may block or may be asynchronous (the store, a
handler, the rest of a request's body) and gets its result, or its exception, back at that place. So the same lines
serve threads and event loops, and a test can stop a worker at any call by its name.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")

MOST_THREADS = 32


class Call(NamedTuple):
    """A call that a flow asks its driver for.

    Args:
        name: What metrics, logs and tests call it.
        function: It may block, or be a coroutine function.
        arguments: Its positional arguments.
        waits: Whether it may wait for another flow to come to its end, as for a database's only write lock.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    waits: bool = False


Flow = Generator[Call, Any, Result]


class SyncDriver:
    """Makes the calls of a flow in this thread; what is asynchronous runs on a loop in the background."""

    def perform(self, call: Call) -> Any:
        """The result of one call."""
        result = call.function(*call.arguments)
        return BACKGROUND.run(result) if inspect.isawaitable(result) else result

    def run(self, flow: Flow[Result]) -> Result:
        """Runs a flow to its end."""
        perform = self.perform
        try:
            call = next(flow)
            while True:
                try:
                    result = perform(call)
                except BaseException as error:  # noqa: PERF203 - the flow decides what is to be done about it
                    call = flow.throw(error)
                else:
                    call = flow.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class AsyncDriver:
    """Makes the calls of a flow from an event loop: coroutines on the loop, all else in threads.

    Calls that wait for other flows have threads of their own. If they could take all threads, the flow that they wait
    for would find none to go on with.
    """

    def __init__(self) -> None:
        self._working = Threads("stripe-inbox")
        self._waiting = Threads("stripe-inbox-waiting")

    async def perform(self, call: Call) -> Any:
        """The result of one call."""
        if is_asynchronous(call.function):
            return await call.function(*call.arguments)
        executor = (self._waiting if call.waits else self._working).executor()
        inside = contextvars.copy_context()
        result, error = await asyncio.get_running_loop().run_in_executor(executor, inside.run, _attempt, call)
        if error is not None:
            try:
                raise error
            finally:
                del error  # it holds this frame, so that the two would keep each other, and a customer's data, alive
        return await result if inspect.isawaitable(result) else result

    async def run(self, flow: Flow[Result]) -> Result:
        """Runs a flow to its end, even if the task that waits for it is cancelled.

        A client that hangs up must not leave an event half processed, with a thread still at work on it.
        """
        task = asyncio.ensure_future(self._run(flow))
        _RUNNING.add(task)
        task.add_done_callback(_RUNNING.discard)
        return await asyncio.shield(task)

    async def _run(self, flow: Flow[Result]) -> Result:
        try:
            call = next(flow)
            while True:
                try:
                    result = await self.perform(call)
                except BaseException as error:  # noqa: PERF203 - the flow decides what is to be done about it
                    call = flow.throw(error)
                else:
                    call = flow.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class Threads:
    """Threads of this process for calls that block; they start when they are needed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process = 0
        self._executor: ThreadPoolExecutor | None = None

    def executor(self) -> ThreadPoolExecutor:
        """The pool: another one after a fork, because threads stay behind."""
        if self._executor is None or self._process != os.getpid():
            self._executor = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=self._name)
            self._process = os.getpid()
        return self._executor


def _attempt(call: Call) -> tuple[Any, BaseException | None]:
    """The result of a call, or its exception as a value: a future that was to raise ``StopIteration`` never ends."""
    try:
        return call.function(*call.arguments), None
    except BaseException as error:
        return None, error


_RUNNING: set[asyncio.Future[Any]] = set()
"""Event loops hold their tasks weakly."""


def is_asynchronous(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine, as far as its definition says."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


class BackgroundLoop:
    """An event loop in a daemon thread, one a process, for asynchronous handlers of synchronous servers.

    It is started by its first use, so that workers can fork from a parent that has imported everything.
    """

    def __init__(self) -> None:
        self._start = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def run(self, awaitable: Any) -> Any:
        """The result of an awaitable, for a thread that can wait.

        Raises:
            RuntimeError: Called on the background loop itself, which would wait for itself.
        """
        loop = self._running()
        if threading.current_thread() is self._thread:
            raise RuntimeError("a synchronous call on the background loop would wait for itself: await it instead")
        return asyncio.run_coroutine_threadsafe(_waited(awaitable), loop).result()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._start:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="stripe-runtime-loop", daemon=True)
                self._thread.start()
            return self._loop

    def _forget(self) -> None:
        self._start = threading.Lock()
        self._loop = self._thread = None


async def _waited(awaitable: Any) -> Any:
    return await awaitable


BACKGROUND = BackgroundLoop()
