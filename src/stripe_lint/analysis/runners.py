"""What runs a function that it is given, or that it is a method of: threads, executors, adapters and queues."""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import Final, NamedTuple

from stripe_lint.analysis import functions


class Kind(Enum):
    """When the function runs.

    ``WAITED_FOR``: elsewhere, but the caller gets its result. ``ADAPTED``: when what the adapter gives is called.
    ``BOUND``: likewise, with the arguments given before. ``STARTED``: in this process, beside the caller. ``QUEUED``:
    in another process or after the answer, by a method of the task or of a queue.
    """

    WAITED_FOR = auto()
    ADAPTED = auto()
    BOUND = auto()
    STARTED = auto()
    QUEUED = auto()


class Keywords(Enum):
    """How a runner takes keyword arguments for the function: among its own, as the dict ``kwargs``, or not at all."""

    FORWARDED = auto()
    DICT = auto()
    NONE = auto()


class Runner(NamedTuple):
    """One runner; ``paths`` are the dotted names under which it is imported, where these tell it from others."""

    kind: Kind
    keywords: Keywords = Keywords.NONE
    paths: tuple[str, ...] = ()


RUNNERS: Final = {
    "to_thread": Runner(Kind.WAITED_FOR, Keywords.FORWARDED, ("asyncio.to_thread",)),
    "run_in_threadpool": Runner(
        Kind.WAITED_FOR,
        Keywords.FORWARDED,
        ("starlette.concurrency.run_in_threadpool", "fastapi.concurrency.run_in_threadpool"),
    ),
    "run_sync": Runner(Kind.WAITED_FOR, paths=("anyio.to_thread.run_sync",)),
    "run_in_executor": Runner(Kind.WAITED_FOR),
    "wait_for": Runner(Kind.WAITED_FOR),
    "sync_to_async": Runner(Kind.ADAPTED, Keywords.FORWARDED, ("asgiref.sync.sync_to_async",)),
    "async_to_sync": Runner(Kind.ADAPTED, Keywords.FORWARDED, ("asgiref.sync.async_to_sync",)),
    "partial": Runner(Kind.BOUND, Keywords.FORWARDED, ("functools.partial",)),
    "submit": Runner(Kind.STARTED, Keywords.FORWARDED),
    "Thread": Runner(Kind.STARTED, Keywords.DICT),
    "Timer": Runner(Kind.STARTED, Keywords.DICT),
    "Process": Runner(Kind.STARTED, Keywords.DICT),
    "spawn": Runner(Kind.STARTED),
    "map": Runner(Kind.STARTED),
    "start_new_thread": Runner(Kind.STARTED),
    "call_soon": Runner(Kind.STARTED),
    "delay": Runner(Kind.QUEUED),
    "apply_async": Runner(Kind.QUEUED),
    "send": Runner(Kind.QUEUED),
    "send_with_options": Runner(Kind.QUEUED),
    "send_task": Runner(Kind.QUEUED),
    "enqueue": Runner(Kind.QUEUED),
    "enqueue_job": Runner(Kind.QUEUED),
    "kiq": Runner(Kind.QUEUED),
    "defer": Runner(Kind.QUEUED),
    "add_task": Runner(Kind.QUEUED),
}
"""Every runner by its last name."""


def _of(*kinds: Kind) -> frozenset[str]:
    return frozenset(name for name, runner in RUNNERS.items() if runner.kind in kinds)


AT_ONCE: Final = _of(Kind.WAITED_FOR, Kind.ADAPTED)
"""Runners whose caller goes on when the function has ended."""

ADAPTERS: Final = _of(Kind.ADAPTED)

BINDERS: Final = _of(Kind.BOUND)

QUEUES: Final = _of(Kind.QUEUED)
"""Methods of a task, or of a queue, that run a function elsewhere. ``send`` has many other meanings: ask for a task."""

EXECUTOR: Final = "run_in_executor"
"""The runner that takes something before the function."""


def paths_of(kind: Kind) -> frozenset[str]:
    """The dotted names of the runners of one kind."""
    return frozenset(path for runner in RUNNERS.values() if runner.kind is kind for path in runner.paths)


def keywords_of(name: str) -> Keywords:
    """How the runner of this name passes keyword arguments on; ``NONE`` where there is no such runner."""
    runner = RUNNERS.get(name)
    return runner.keywords if runner is not None else Keywords.NONE


def run_by(call: ast.Call) -> ast.expr | None:
    """The function that ``call`` runs elsewhere and gives the result of: ``asyncio.to_thread(function)``."""
    name = functions.last_name(call.func)
    if name is not None and name not in RUNNERS:
        return None
    if name is None and isinstance(call.func, ast.Call) and functions.last_name(call.func.func) in ADAPTERS:
        return call.func.args[0] if call.func.args else None
    runner = RUNNERS.get(name or "")
    place = 1 if name == EXECUTOR else 0
    is_waited_for = runner is not None and runner.kind is Kind.WAITED_FOR
    return call.args[place] if is_waited_for and len(call.args) > place else None
