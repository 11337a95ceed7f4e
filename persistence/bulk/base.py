"""What synchronous and asynchronous bulks share: options, buffer, and what is sent when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from persistence.attributes import Item
from persistence.bulk.sending import Sender
from persistence.bulk.tally import BulkProgress, Tally
from persistence.bulk.writes import BulkWrite, Verb, WritePlanner
from persistence.entity_flows import refuse_other_type
from persistence.entity_keys import EntityKey
from persistence.errors import BulkFailed, BulkReport, QueryError, UnitOfWorkStateError
from persistence.events import event_log
from persistence.flows import Flow
from persistence.mapping import EntityMapping
from persistence.store import takes_text
from persistence.tracking import Identity, identity_of
from persistence.unit_of_work.base import UnitOfWorkBase

T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWorkBase[Any])


class BulkBase(ABC, Generic[T, U]):
    """Many writes of one entity type, not as a whole; see `Bulk` and `AsyncBulk`.

    Args:
        mapping: the compiled mapping of its entities.
        uow: the unit of work whose store and policies count.
        overwrite: demand nothing of what is stored, so that everything goes in batches.
        progress: called with a `BulkProgress` whenever something was sent.
        buffer: how many writes are kept until they are sent; None for as many as the store takes at once.
        raise_on_failure: whether leaving the block raises `BulkFailed` if something was not written.

    Raises:
        UnitOfWorkStateError: an option that can't be.
    """

    def __init__(
        self,
        mapping: EntityMapping[T],
        uow: U,
        *,
        overwrite: bool = False,
        progress: Callable[[BulkProgress], object] | None = None,
        buffer: int | None = None,
        raise_on_failure: bool = True,
    ) -> None:
        _check_options(overwrite, progress, buffer, raise_on_failure)
        self._mapping = mapping
        self._uow = uow
        self._overwrite = overwrite
        self._progress = progress
        self._size = buffer
        self._raises = raise_on_failure
        self._tally = Tally()
        self._told = self._tally.progress
        self._waiting: dict[Identity, BulkWrite[T]] = {}
        self._open = False
        self._lock: Any = self._make_lock()
        self._store: Any = None
        self._sender: Sender[T] | None = None

    def __repr__(self) -> str:
        report = self.report
        return (
            f"<bulk of {self._mapping.name}: {report.given} given, {report.written} written, "
            f"{report.removed} removed, {len(report.failed)} failed>"
        )

    @abstractmethod
    def _make_lock(self) -> Any:
        """Make what lets one call at a time give something to the bulk."""

    @property
    def report(self) -> BulkReport:
        """What has become of everything so far; complete once the block was left."""
        return self._tally.report

    def _begin(self) -> None:
        if self._sender is not None:
            raise UnitOfWorkStateError("a bulk serves one `with` statement; call bulk() again for another")
        self._refuse_unit()
        store = self._uow.store
        self._planner = WritePlanner(
            self._mapping,
            self._uow.policies,
            store.limits,
            overwrite=self._overwrite,
            texts=takes_text(store),
        )
        self._sender = Sender(self._mapping, self._uow, store, self._tally)
        if self._size is None:
            self._size = store.limits.batch_writes * store.limits.concurrent_requests
        self._store = store
        self._open = True

    def _take(self, verb: Verb, entity: T, *, lenient: bool = False) -> Flow[None] | None:
        """Take in what is to become of an entity, as it is now; give what has to be sent because of it."""
        self._check()
        refuse_other_type(self._mapping, entity)
        if not self._planner.may_batch(verb) and self._is_waiting(self._mapping.key_of(entity)):
            # Its condition depends on what is under way: the versions of objects move when it is done.
            return self._after_the_others(lambda: self._plan(verb, entity, lenient=lenient))
        return self._plan(verb, entity, lenient=lenient)

    def _plan(self, verb: Verb, entity: T, *, lenient: bool) -> Flow[None] | None:
        write = self._planner.plan(verb, entity, lenient=lenient)
        return None if write is None else self._keep(write)

    def _take_key(self, args: tuple[object, ...], fields: Mapping[str, object]) -> Flow[None] | None:
        self._check()
        return self._keep(self._planner.plan_key(self._mapping.key_from(args, fields)))

    def _take_item(self, item: Item) -> Flow[None] | None:
        self._check()
        write = self._planner.plan_item(item)
        return None if write is None else self._keep(write)

    def _take_removal(self, found: T | EntityKey[T]) -> Flow[None] | None:
        if not isinstance(found, EntityKey):
            return self._take("remove", found, lenient=True)
        self._check()
        if found.mapping is not self._mapping:
            raise QueryError(f"{found!r} is no key of this bulk of {self._mapping.name}")
        return self._keep(self._planner.plan_key(found.key))

    def _keep(self, write: BulkWrite[T]) -> Flow[None] | None:
        identity = write.identity
        waiting = self._waiting.get(identity)
        if waiting is not None:
            if not (waiting.batched and write.batched):
                return self._after_the_others(lambda: self._keep(write))
            self._tally.supersede()
        self._tally.give()
        self._waiting[identity] = write
        assert self._size is not None
        return self._flush() if len(self._waiting) >= self._size else None

    def _is_waiting(self, key: Item) -> bool:
        return identity_of(self._mapping, key) in self._waiting

    def _after_the_others(self, take: Callable[[], Flow[None] | None]) -> Flow[None]:
        yield from self._flush()
        more = take()
        if more is not None:
            yield from more

    def _flush(self) -> Flow[None]:
        """Send what is waiting.

        Raises:
            BulkFailed: the store failed, so that to go on makes no sense.
        """
        self._check()
        yield from self._send()
        self._refuse_after_the_end()

    def _send(self) -> Flow[None]:
        assert self._sender is not None
        writes, self._waiting = list(self._waiting.values()), {}
        yield from self._sender.send(writes)

    def _leave(self, failure: BaseException | None) -> Flow[None]:
        self._open = False
        if failure is None:
            yield from self._send()
        else:
            self._waiting = {}
        report = self.report
        event_log().info(
            "bulk.finished",
            entity_type=self._mapping.name,
            written=report.written,
            removed=report.removed,
            failed=len(report.failed),
            unsettled=report.unsettled,
            requests=report.requests,
            retries=report.retries,
        )
        if failure is not None and not isinstance(failure, BulkFailed):
            failure.add_note(
                f"the bulk of {self._mapping.name} ended here: {report.written} were written and "
                f"{report.removed} removed before, {len(report.failed)} failed, {report.unsettled} were not "
                "sent or not heard of"
            )

    def _raise_failures(self) -> None:
        if self._raises and (report := self.report).failed:
            raise BulkFailed(self._mapping.entity_type, report)

    def _news(self) -> BulkProgress | None:
        """Give the progress if there is any since the last time, and somebody who wants to know it."""
        if self._progress is None:
            return None
        present, before = self._tally.progress, self._told
        if (present.done, present.failed) == (before.done, before.failed):
            return None
        self._told = present
        return present

    def _check(self) -> None:
        if not self._open:
            raise UnitOfWorkStateError(
                "this bulk is not open: write `with repository.bulk() as bulk:` around what it is given"
            )
        self._refuse_unit()
        self._refuse_after_the_end()

    def _refuse_unit(self) -> None:
        if self._uow.current_unit() is not None:
            raise UnitOfWorkStateError(
                "a unit of work is open here, and a bulk is not part of it: what it writes is written at "
                "once and can't be taken back. Use it outside the unit, or the repository inside"
            )

    def _refuse_after_the_end(self) -> None:
        if self._sender is not None and self._sender.ended is not None:
            raise BulkFailed(self._mapping.entity_type, self.report) from self._sender.ended


def _check_options(overwrite: object, progress: object, buffer: object, raise_on_failure: object) -> None:
    for name, given in (("overwrite", overwrite), ("raise_on_failure", raise_on_failure)):
        if not isinstance(given, bool):
            raise UnitOfWorkStateError(f"{name} is True or False, not a {type(given).__name__}")
    if progress is not None and not callable(progress):
        raise UnitOfWorkStateError(
            f"progress is a function of one BulkProgress, not a {type(progress).__name__}"
        )
    if buffer is not None and (isinstance(buffer, bool) or not isinstance(buffer, int) or buffer < 1):
        raise UnitOfWorkStateError(f"buffer is a whole number of at least 1, not {buffer!r}")
