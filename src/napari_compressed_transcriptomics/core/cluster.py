"""Work on more than one machine: Dask distributed gives tasks to its workers, this only asks it.

A task is a function that both sides import by name, which is given what all tasks share, one item
and a report. Where a worker dies, the scheduler gives its tasks to others; what they share is sent
to every worker, and again where it was lost with all that had it.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from .errors import UserError, first_line
from .progress import Cancelled, Progress, Report
from .provenance import versions

if TYPE_CHECKING:
    from distributed import Client, Future

TRIES = 4
"""How often what tasks share is sent. Tasks of dead workers go to others as often by themselves."""
SECONDS_TO_CONNECT = 10.0
_SECONDS_BETWEEN_LOOKS = 0.2

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Shared, Item, Report], Result]


@contextmanager
def connected(address: str) -> Iterator["Client"]:
    """Connect to a scheduler that has workers, all with the same versions as here.

    Parameters
    ----------
    address : str
        Of a scheduler of Dask distributed, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    UserError
        `distributed` is not installed here, there is no scheduler, it has no workers, or these
        have other versions.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "A scheduler needs Dask distributed: pip install "
            '"napari-compressed-transcriptomics[cluster]"'
        ) from None
    with _quiet():
        try:
            client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"There is no scheduler at {address} ({first_line(error)}); start one with dask "
                "scheduler and give the address that it prints"
            ) from None
        with client:
            _check_workers(client, address)
            yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client from logging tracebacks of what is told in a sentence."""
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def check_scheduler(address: str | None) -> None:
    """Raise a `UserError`, before other work, where `connected` would; None is this machine."""
    if address is not None:
        with connected(address):
            pass


def n_workers(client: "Client") -> int:
    """Return how many workers there are."""
    return len(client.nthreads())


def _check_workers(client: "Client", address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
    except TimeoutError:
        raise UserError(
            f"The scheduler at {address} has no workers; start some with dask worker {address}"
        ) from None
    try:
        found = client.run(versions)
    except ImportError as error:
        raise UserError(
            f"The workers of {address} lack this program ({first_line(error)}); install the same "
            "version there"
        ) from None
    here = versions()
    for worker, there in found.items():
        for name, version in here.items():
            if there.get(name) != version:
                raise UserError(
                    f"The worker {worker} has {name} {there.get(name)}, here it is {version}; "
                    "install the same versions, for the same results"
                )


def run_tasks(
    client: "Client",
    work: Work,
    shared: Any,
    items: Sequence[Any],
    ended: Callable[[int, Callable[[], Any]], object],
    advance: Callable[[dict[int, float]], object],
) -> None:
    """Run ``work(shared, item, report)`` for every item, on the workers of a scheduler.

    Parameters
    ----------
    client : Client
        See `connected`.
    work : callable
        A function of a module, or a `functools.partial` of one.
    shared : object
        Sent to each worker once. Data in a store are read there by each, at the same path.
    items : sequence
    ended : callable
        ``ended(number, result)`` is called once for each item, as its task ends: not in order,
        see `in_order`. ``result()`` returns what it returned, or raises what it raised.
    advance : callable
        Called several times a second with the part, 0 to 1, that is done of each item that has not
        ended.

    Whatever `ended` or `advance` raise ends all tasks: those that run end at their next report.

    Raises
    ------
    UserError
        The scheduler went away, or workers die again and again.
    """
    run, heard = uuid4().hex, SimpleQueue[Any]()
    left = dict.fromkeys(range(len(items)), 0.0)
    client.subscribe_topic(run, lambda event: heard.put(event[1]))
    try:
        for number in range(TRIES):
            _try_all(client, f"{run}-{number}", work, shared, items, left, heard, ended, advance)
            if not left:
                advance(left)
                return
            if client.status != "running":
                raise UserError("The scheduler went away; start it again")
        raise UserError(
            "The workers died again and again, probably as memory is short; start them with more"
        )
    finally:
        if client.status == "running":
            client.unsubscribe_topic(run)
            if left:
                client.run(_end, run, on_error="ignore")  # by one that is about to die, say


def _try_all(
    client: "Client",
    name: str,
    work: Work,
    shared: Any,
    items: Sequence[Any],
    left: dict[int, float],
    heard: SimpleQueue,
    ended: Callable[[int, Callable[[], Any]], object],
    advance: Callable[[dict[int, float]], object],
) -> None:
    """Run what is `left`; what is left then was lost with the workers that had `shared`."""
    [data] = client.scatter([shared], broadcast=True, hash=False)
    run = name.partition("-")[0]
    running: dict[int, Future] = {}
    for number in left:
        one = partial(_task, work, run=run, number=number)
        future = client.submit(one, data, items[number], key=f"{name}-{number}", pure=False)
        running[number] = future
        future.add_done_callback(partial(_tell, heard, number))
    while running:
        advance(left)
        for said in _waiting(heard):
            if isinstance(said, tuple | list):
                number, part = said
                if number in left:
                    left[number] = part
            elif said in running:
                result = _result(running.pop(said))
                if result is not None:
                    del left[said]
                    ended(said, result)
        if client.status != "running":
            return


def _tell(heard: SimpleQueue, number: int, future: "Future") -> None:
    heard.put(number)


def _waiting(heard: SimpleQueue) -> Iterator[Any]:
    """Yield all that was said, waiting a moment for the first."""
    try:
        yield heard.get(timeout=_SECONDS_BETWEEN_LOOKS)
        while True:
            yield heard.get_nowait()
    except Empty:
        return


def _result(future: "Future") -> Callable[[], Any] | None:
    """Return what gives the result of a task or raises its error; None where that was lost."""
    from distributed import CancelledError, KilledWorker

    try:
        found = future.result()
    except CancelledError:
        return None
    except KilledWorker:
        error: Exception = UserError(
            "The workers that ran it died, one after the other, probably as memory is short; start "
            "them with more"
        )
    except Exception as raised:
        error = raised
    else:
        return lambda: found

    def fail() -> None:
        raise error

    return fail


def in_order(take: Callable[[int, Any], object]) -> Callable[[int, Callable[[], Any]], None]:
    """Return an `ended` for `run_tasks` that gives results in the order of the items."""
    early: dict[int, Any] = {}
    following = 0

    def ended(number: int, result: Callable[[], Any]) -> None:
        nonlocal following
        early[number] = result()
        while following in early:
            take(following, early.pop(following))
            following += 1

    return ended


# On a worker:

_over: set[str] = set()
"""Runs that have ended before all of their tasks had."""


def _end(run: str) -> None:
    _over.add(run)


def _task(work: Work, shared: Any, item: Any, *, run: str, number: int) -> Any:
    from distributed import get_worker

    worker, last = get_worker(), -_SECONDS_BETWEEN_LOOKS

    def report(progress: Progress) -> None:
        nonlocal last
        if run in _over:
            raise Cancelled
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LOOKS:
            last = now
            worker.log_event(run, [number, progress.done / max(progress.total, 1)])

    return work(shared, item, report)
