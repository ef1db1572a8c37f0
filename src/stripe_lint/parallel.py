"""Maps a function over items in several processes: results in the order of the items, and no item lost in silence."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

_CHUNKS_A_PROCESS = 4
"""Enough that the processes end at about the same time; neighbours stay together, since they share a project."""


def usable_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    function: Callable[[T], R],
    items: Sequence[T],
    processes: int,
    lost: Callable[[T], R],
    progress: Callable[[int, int], None] | None = None,
) -> list[R]:
    """``[function(item) for item in items]`` by ``processes`` workers.

    ``function`` must be importable and must not raise. ``lost`` makes the result for an item during which the worker
    died (killed for its memory, say); the other items are not affected. ``progress`` is told how many of how many items
    are done.
    """
    with _interrupts() as check_interrupt:
        return _mapped(function, items, processes, lost, progress, check_interrupt)


@contextmanager
def _interrupts() -> Iterator[Callable[[], None]]:
    """Gives a function that raises ``KeyboardInterrupt`` if there was an interrupt that got lost.

    Python drops an exception that is raised while a process is forked. The workers die of the same interrupt, and what
    they had to do would be begun anew.
    """
    before = signal.getsignal(signal.SIGINT)
    interrupts: list[int] = []

    def note(number: int, _: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if interrupts:
            raise KeyboardInterrupt

    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def _mapped(
    function: Callable[[T], R],
    items: Sequence[T],
    processes: int,
    lost: Callable[[T], R],
    progress: Callable[[int, int], None] | None,
    check_interrupt: Callable[[], None],
) -> list[R]:
    from concurrent.futures import ProcessPoolExecutor

    size = max(1, -(-len(items) // (processes * _CHUNKS_A_PROCESS)))
    chunks = [items[start : start + size] for start in range(0, len(items), size)]
    try:
        with ProcessPoolExecutor(processes, initializer=_die_quietly_when_interrupted) as pool:
            try:
                futures = [_submit(pool, function, chunk) for chunk in chunks]
                finished = []
                for future in futures:
                    finished.append(_result_or_none(future))
                    check_interrupt()
                    if progress is not None:
                        progress(min(len(finished) * size, len(items)), len(items))
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except (ImportError, NotImplementedError, OSError):
        # Some platforms have no semaphores to run a pool with.
        return _map_chunk(function, items)
    results: list[R] = []
    for chunk, found in zip(chunks, finished, strict=True):
        check_interrupt()
        results.extend([_alone(function, item, lost) for item in chunk] if found is None else found)
    return results


def _map_chunk(function: Callable[[T], R], chunk: Sequence[T]) -> list[R]:
    return [function(item) for item in chunk]


def _submit(pool: ProcessPoolExecutor, function: Callable[[T], R], chunk: Sequence[T]) -> Future[list[R]] | None:
    """The work on a chunk, ``None`` if a worker has died already."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        return pool.submit(_map_chunk, function, chunk)
    except BrokenProcessPool:
        return None


def _result_or_none(future: Future[list[R]] | None) -> list[R] | None:
    """The results of a chunk, ``None`` if a worker died before it was finished."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        return None if future is None else future.result()
    except BrokenProcessPool:
        return None


def _alone(function: Callable[[T], R], item: T, lost: Callable[[T], R]) -> R:
    """The result for one item, in a process that takes no other item with it when it dies."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1, initializer=_die_quietly_when_interrupted) as pool:
        found = _result_or_none(_submit(pool, function, (item,)))
    return lost(item) if found is None else found[0]


def _die_quietly_when_interrupted() -> None:
    # who starts the command in the background of a script lets it ignore interrupts
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
