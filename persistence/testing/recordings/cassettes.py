"""Cassettes: recorded where there is no recording yet, and replayed from then on."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

from persistence.errors import UnitOfWorkStateError
from persistence.store import AsyncStore, Limits, Store, check_store_source, present_store
from persistence.stores.layers import AsyncLayeredStore, LayeredStore
from persistence.testing.recordings.recorder import Recorder
from persistence.testing.recordings.recording import Recording
from persistence.testing.recordings.redaction import Redaction
from persistence.testing.recordings.replay import AsyncReplayStore, ReplayOrder, ReplayStore

CassetteMode = Literal["auto", "record", "replay"]

VARIABLE = "PERSISTENCE_CASSETTES"
"""The environment variable that says the mode where the code does not."""


@overload
def cassette(
    path: str | os.PathLike[str],
    store: AsyncStore | Callable[[], AsyncStore],
    *,
    mode: CassetteMode | None = None,
    order: ReplayOrder = "strict",
    ignoring: Iterable[str] = (),
    redact: Redaction = (),
    complete: bool = True,
) -> AbstractContextManager[AsyncStore]: ...


@overload
def cassette(
    path: str | os.PathLike[str],
    store: Store | Callable[[], Store],
    *,
    mode: CassetteMode | None = None,
    order: ReplayOrder = "strict",
    ignoring: Iterable[str] = (),
    redact: Redaction = (),
    complete: bool = True,
) -> AbstractContextManager[Store]: ...


def cassette(
    path: str | os.PathLike[str],
    store: Store | AsyncStore | Callable[[], Store] | Callable[[], AsyncStore],
    *,
    mode: CassetteMode | None = None,
    order: ReplayOrder = "strict",
    ignoring: Iterable[str] = (),
    redact: Redaction = (),
    complete: bool = True,
) -> AbstractContextManager[Any]:
    """Give a store that is recorded where there is no recording yet, and that answers from it else.

        with cassette("tests/cassettes/orders.jsonl", lambda: DynamoStore()) as store:
            service = PlaceOrder(UnitOfWork(store))
            ...

    A block that raises leaves no recording. It is an ordinary `with` for asynchronous stores too.

    Args:
        path: the file.
        store: the store that is recorded; or what makes it, which is not called where a recording answers.
        mode: "auto" records where there is no file; "record" always does; "replay" never. None for what the
            environment variable PERSISTENCE_CASSETTES says, else "auto".
        order: "strict", or "any" where what is asked may come in another order than it was recorded.
        ignoring: names of attributes whose values may differ, at any depth.
        redact: names of attributes whose values are not recorded, or a function; see `Recorder`.
        complete: whether the end of the block fails where something recorded was not asked again.

    Raises:
        RecordingError: the file is no recording, or there is none to replay.
        RecordingMismatch: at the end, where something recorded was not asked again.
        UnitOfWorkStateError: an unknown mode or order, or what was passed is no store.
    """
    check_store_source(store)
    if _records(Path(path), _mode(mode)):
        return _recorded(path, store, redact)
    recording = Recording.load(path)
    kind = AsyncReplayStore if _is_asynchronous(store, recording) else ReplayStore
    return _replayed(kind(path, order=order, ignoring=ignoring, redact=redact), complete=complete)


def _mode(mode: str | None) -> str:
    chosen = mode if mode is not None else os.environ.get(VARIABLE) or "auto"
    if chosen not in ("auto", "record", "replay"):
        source = "mode" if mode is not None else VARIABLE
        raise UnitOfWorkStateError(f'{source} is "auto", "record" or "replay", not {chosen!r}')
    return chosen


def _records(path: Path, mode: str) -> bool:
    return mode == "record" or (mode == "auto" and not path.exists())


def _is_asynchronous(store: object, recording: Recording) -> bool:
    perform = getattr(store, "perform", None)
    return recording.asynchronous if perform is None else inspect.iscoroutinefunction(perform)


@contextmanager
def _replayed(store: ReplayStore | AsyncReplayStore, *, complete: bool) -> Iterator[Any]:
    __tracebackhide__ = True
    yield store
    if complete:
        store.verify()


@contextmanager
def _recorded(path: str | os.PathLike[str], source: Any, redact: Redaction) -> Iterator[Any]:
    store = present_store(source)
    recorder = Recorder(redact=redact)
    asynchronous = inspect.iscoroutinefunction(store.perform)
    yield (_AsyncInTurn if asynchronous else _InTurn)(store, recorder)
    recorder.recording(store.limits, asynchronous=asynchronous).save(path)


class _InTurn(LayeredStore):
    """A store that is asked one thing after the other, so that its record has an order."""

    @property
    def limits(self) -> Limits:
        return replace(super().limits, concurrent_requests=1)


class _AsyncInTurn(AsyncLayeredStore):
    """The same over an asynchronous store."""

    @property
    def limits(self) -> Limits:
        return replace(super().limits, concurrent_requests=1)
