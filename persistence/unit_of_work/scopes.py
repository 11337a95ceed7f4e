"""Which units of work are open in the present context.

One module-level `ContextVar` holds a tuple of entries, innermost last: entering appends, leaving takes the
entry out by identity. So tasks see the units that were open where they were made, threads that start with an
empty context see none, and leaving in another context than the one that entered is possible.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from persistence.unit_of_work.unit import Unit


class ScopeEntry(NamedTuple):
    """One `with` block that was entered.

    Attributes:
        owner: the `UnitOfWork` it was entered on.
        unit: the unit it opened or joined.
        opener: whether it opened the unit, and so commits it.
        one_shot: whether a `uow()` scope holds it, which may be left out of order.
    """

    owner: object
    unit: Unit[Any]
    opener: bool
    one_shot: bool

    def __del__(self) -> None:
        """Warn where nobody can leave the block any more that opened a unit."""
        if self.opener and self.unit.unfinished and not sys.is_finalizing():
            warnings.warn(unfinished_warning(self.unit), ResourceWarning, source=self.unit, stacklevel=2)


def unfinished_warning(unit: Unit[Any]) -> str:
    """Say that a unit was never left, and what it holds, in numbers."""
    entities, patches, events = len(unit.entities), len(unit.entities.patches), len(unit.recorded)
    return (
        f"a unit of work was opened and never left: nothing of its {entities} entities, {patches} patches "
        f"and {events} events was committed since. Write `with uow:`, or `with uow():` where it ends in "
        "another context, as in generators and fixtures; tracemalloc shows where it was opened"
    )


_ENTRIES: ContextVar[tuple[ScopeEntry, ...]] = ContextVar("persistence_scopes", default=())


def innermost(owner: object) -> ScopeEntry | None:
    """Give the innermost scope of a unit of work in this context, even if its unit is closed."""
    entries = _ENTRIES.get()
    if not entries:
        return None
    entry: ScopeEntry = entries[-1]
    if entry.owner is owner:
        return entry
    for entry in reversed(entries):
        if entry.owner is owner:
            return entry
    return None


def innermost_block(owner: object) -> ScopeEntry | None:
    """Give the innermost `with uow:` of this context; scopes of `uow()` know their own entry."""
    entry: ScopeEntry
    for entry in reversed(_ENTRIES.get()):
        if entry.owner is owner and not entry.one_shot:
            return entry
    return None


def push(entry: ScopeEntry) -> None:
    """Enter a scope; entries of closed units are dropped on the way."""
    _ENTRIES.set((*[known for known in _ENTRIES.get() if not known.unit.closed], entry))


def remove(entry: ScopeEntry) -> None:
    """Leave a scope; in a context that does not know it nothing happens."""
    _ENTRIES.set(tuple([known for known in _ENTRIES.get() if known is not entry]))


@contextmanager
def outside(owner: object) -> Iterator[None]:
    """Let the code within see no unit of this unit of work: calls act at once, a block opens a new one."""
    before = _ENTRIES.get()
    _ENTRIES.set(tuple(known for known in before if known.owner is not owner))
    try:
        yield
    finally:
        _ENTRIES.set(before)
