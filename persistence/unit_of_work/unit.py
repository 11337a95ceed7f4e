"""One unit of work: its entities, its state, and who may use it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from threading import get_ident
from typing import Any, Final, Generic, NamedTuple, TypeVar

from persistence.errors import ConcurrentUse, UnitBroken, UnitClosed, UnitOfWorkStateError
from persistence.flows import Flow
from persistence.operations import GetItem, ItemResult
from persistence.tracking import IdentityMap
from persistence.unit_of_work.policies import Isolation

R = TypeVar("R")
S = TypeVar("S")


def _running_loop() -> object | None:
    """Give the loop that runs here; none does where nobody has imported asyncio.

    `get_running_loop` would raise an error at each use outside of one.
    """
    events = sys.modules.get("asyncio.events")
    if events is None:
        return None
    loop: object | None = events._get_running_loop()
    return loop


class UnitState(Enum):
    """Where a unit of work is in its life."""

    OPEN = "open"
    COMMITTING = "committing"
    COMMITTED = "committed"
    DISCARDED = "discarded"
    BROKEN = "broken"


_OPEN: Final = UnitState.OPEN
"""A name of the module, since Python 3.11 is slow to look up a member, and each use of a unit asks for it."""


class Owner(NamedTuple):
    """The thread, and the event loop if one runs in it, that a unit belongs to."""

    thread: int
    loop: int | None

    @classmethod
    def present(cls) -> Owner:
        """Name the thread and loop of the caller."""
        loop = _running_loop()
        return cls(get_ident(), None if loop is None else id(loop))

    def is_present(self) -> bool:
        """Tell whether the caller is in this thread and loop; asked at each use, it makes no other owner."""
        if self.thread != get_ident():
            return False
        loop = _running_loop()
        return self.loop is None if loop is None else self.loop == id(loop)

    def __str__(self) -> str:
        return f"thread {self.thread}" + (f", event loop {self.loop}" if self.loop else "")


class Unit(Generic[S]):
    """What one `with uow:` block collects until it is committed or discarded.

    Attributes:
        store: the store that the unit opened with and keeps.
        isolation: what its commit demands of what it read and does not write.
        commit_id: names its next commit; None for an id made then.
        recorded: the domain events that were recorded, each with the entity that it is about, if any.
        entities: the identity map.
        state: one of `UnitState`.
        joined: how many inner scopes are inside at present.
        closed: whether its block has been left.
        written: whether a commit has written something, or may have, or has handed on events.
        epoch: how often it was committed or rolled back: what is read across that is out of date.
    """

    __slots__ = (
        "_first_failure",
        "_owner",
        "closed",
        "commit_id",
        "entities",
        "epoch",
        "isolation",
        "joined",
        "recorded",
        "state",
        "store",
        "written",
    )

    def __init__(self, store: S, isolation: Isolation = "default", commit_id: str | None = None) -> None:
        self.store = store
        self.isolation: Isolation = isolation
        self.commit_id = commit_id
        self.recorded: list[tuple[object, object | None]] = []
        self.entities = IdentityMap()
        self.state = UnitState.OPEN
        self.joined = 0
        self.closed = False
        self.written = False
        self.epoch = 0
        self._owner = Owner.present()
        self._first_failure: BaseException | None = None

    @property
    def first_failure(self) -> BaseException | None:
        """What broke the unit, if it is broken."""
        return self._first_failure

    @property
    def unfinished(self) -> bool:
        """Whether it is open and holds something that nobody has committed or discarded."""
        holds = len(self.entities) or self.entities.patches or self.recorded
        return self.state is _OPEN and self._first_failure is None and not self.closed and bool(holds)

    def check_owner(self) -> None:
        """Refuse threads and event loops other than the one that opened the unit.

        Raises:
            ConcurrentUse: the caller is another one.
        """
        if not self._owner.is_present():
            raise ConcurrentUse(
                f"this unit of work belongs to {self._owner} and was used from {Owner.present()}; "
                "a unit is never shared between threads or event loops: open one in each"
            )

    def check(self) -> None:
        """Refuse any use that is not allowed now.

        Raises:
            ConcurrentUse: from another thread or event loop.
            UnitBroken: the unit failed before.
            UnitClosed: the block was left.
            UnitOfWorkStateError: its commit is under way.
        """
        if (
            self.state is _OPEN
            and self._first_failure is None
            and not self.closed
            and self._owner.is_present()
        ):
            return
        if self._first_failure is not None:
            raise UnitBroken(self._first_failure) from self._first_failure
        if self.closed:
            raise UnitClosed(
                f"this unit of work is closed ({self.state.value}); open a new one with `with uow:`. "
                "What was begun in it can't go on"
            )
        self.check_owner()
        if self.state is UnitState.COMMITTING:
            raise UnitOfWorkStateError("this unit of work is being committed; wait until that is done")

    def raise_first_failure(self) -> None:
        """Show the first failure of a broken unit again; one that would steer a program only as a cause."""
        failure = self._first_failure
        if failure is None:
            return
        if isinstance(failure, Exception) and not isinstance(failure, StopIteration | StopAsyncIteration):
            raise failure
        raise UnitBroken(failure) from failure

    def break_with(self, failure: BaseException) -> None:
        """Make the unit unusable; the first failure is kept."""
        if self._first_failure is None:
            self._first_failure = failure
        self.state = UnitState.BROKEN

    def end(self, state: UnitState) -> None:
        """Close the unit for good and let go of what it holds."""
        if self._first_failure is None:
            self.state = state
        self.closed = True
        self.forget()

    def forget(self) -> None:
        """Let go of its entities, patches and events."""
        self.epoch += 1
        self.entities.clear()
        self.recorded.clear()


def read_item(unit: Unit[Any] | None, get: GetItem) -> Flow[ItemResult]:
    """Read one item within a unit; what a commit or rollback of another task overtook is read again.

    Args:
        unit: the unit, or None for none.
        get: what to read.

    Raises:
        UnitOfWorkStateError: the unit can't be used any more when the answer comes.
    """
    while True:
        epoch = 0 if unit is None else unit.epoch
        answer: ItemResult = yield get
        if unit is None:
            return answer
        unit.check()
        if unit.epoch == epoch:
            return answer


def reading(unit: Unit[Any] | None, read: Callable[[], Flow[R]]) -> Flow[R]:
    """Read within a unit; what a commit or rollback of another task overtook is read again.

    Args:
        unit: the unit, or None for none.
        read: makes the flow that reads.

    Raises:
        UnitOfWorkStateError: the unit can't be used any more when the answer comes.
    """
    if unit is None:
        return (yield from read())
    while True:
        epoch = unit.epoch
        answer = yield from read()
        unit.check()
        if unit.epoch == epoch:
            return answer
