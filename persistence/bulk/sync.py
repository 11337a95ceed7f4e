"""The synchronous bulk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import ParamSpec, TypeVar

from persistence.attributes import Item
from persistence.bulk.base import BulkBase
from persistence.entity_keys import EntityKey
from persistence.flows import Flow, run
from persistence.unit_of_work import UnitOfWork

T = TypeVar("T")
P = ParamSpec("P")


class Bulk(BulkBase[T, UnitOfWork]):
    """Many writes that need not happen as a whole: `with orders.bulk() as bulk: bulk.add(order)`.

    Made by `Repository.bulk`. Writes are kept in a buffer of bounded size, as the entities are when they are
    given, and sent when it is full, side by side. Leaving the block sends the rest, and raises `BulkFailed`
    if something was not written; an exception inside it sends nothing more. `report` tells what became of
    everything, at any time.

    A write that demands something of what is stored is a request of its own. What demands nothing, by
    `overwrite` or since its mapping has no version, goes in batches of 25 at no lower a price, but in fewer
    requests. Of two writes of one key the later one counts. Several threads may use one bulk.
    """

    def __enter__(self) -> Bulk[T]:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drive(self._leave, error)
        if error is None:
            self._raise_failures()

    def add(self, entity: T) -> None:
        """Store a new entity; its key must be free.

        With `overwrite`, or with neither version nor `DeletedAt` field, it goes in a batch, which demands
        nothing: it takes the place of whatever is stored.

        Args:
            entity: its version and timestamps are set when it is stored; a frozen one stays as it is.

        Raises:
            ValidationFailed, ItemTooLarge: this one can't be stored; the others are not concerned.
            BulkFailed: the store failed, so that nothing more is sent.
        """
        self._drive(self._take, "add", entity)

    def update(self, entity: T) -> None:
        """Store a changed entity if its version is still stored; see `add` for `overwrite` and errors.

        Attributes that the mapping does not know are kept, unless with `overwrite`.
        """
        self._drive(self._take, "update", entity)

    def save(self, entity: T) -> None:
        """Store an entity whatever is stored now.

        With `overwrite`, or with neither version nor `DeletedAt` field, the whole item is replaced: what is
        stored that the mapping does not know is lost. Else it is kept, the stored version steps on, and the
        entity has to be read again before it is updated. See `add` for errors.
        """
        self._drive(self._take, "save", entity)

    def remove(self, entity: T) -> None:
        """Delete an entity if its version is still stored; with `overwrite`, or without a version, anyway.

        Entities with a `DeletedAt` field are marked instead, here and by every other removal.

        Raises:
            BulkFailed: the store failed, so that nothing more is sent.
        """
        self._drive(self._take, "remove", entity)

    def remove_key(self, *key: object, **fields: object) -> None:
        """Delete whatever is stored under a key, if anything is.

        Args:
            key: the key's fields in order of their first appearance in the mapping's key.
            fields: the same by name.

        Raises:
            QueryError: the arguments are not the key's.
            BulkFailed: the store failed, so that nothing more is sent.
        """
        self._drive(self._take_key, key, fields)

    def remove_item(self, item: Item) -> None:
        """Delete an item that was read, if it still is what was read; if it is gone by now, that is as good.

        Args:
            item: attribute values, at least those that `removal_paths` names.

        Raises:
            BulkFailed: the store failed, so that nothing more is sent.
        """
        self._drive(self._take_item, item)

    def remove_all(self, found: Iterable[T | EntityKey[T]]) -> None:
        """Delete all that an iterable gives, such as a query, in constant memory.

        An entity is deleted as by `remove`, except that one which is gone by now is as good as removed; under
        a key whatever is stored is deleted.

        Args:
            found: entities, or keys that `Repository.key` gave.

        Raises:
            BulkFailed: the store failed, so that nothing more is sent.
        """
        for each in found:
            self._drive(self._take_removal, each)

    def flush(self) -> None:
        """Send now what is in the buffer.

        Raises:
            BulkFailed: the store failed, so that nothing more is sent.
        """
        self._drive(self._flush)

    def _make_lock(self) -> threading.Lock:
        return threading.Lock()

    def _drive(self, take: Callable[P, Flow[None] | None], *given: P.args, **named: P.kwargs) -> None:
        with self._lock:
            flow = take(*given, **named)
            if flow is None:
                return  # most are only kept
            try:
                run(flow, self._store, sleep=self._uow.timing.sleep)
            finally:
                news = self._news()
        if news is not None and self._progress is not None:
            self._progress(news)
