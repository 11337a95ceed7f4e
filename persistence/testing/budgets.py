"""Budgets: what a piece of code may cost in capacity, and a failure that shows what it did cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from numbers import Real
from types import TracebackType
from typing import Any

from persistence.errors import UnitOfWorkStateError
from persistence.store import AsyncStore, Store
from persistence.testing.spending import Charge, Spending, charges_table
from persistence.testing.tapping import tapped
from persistence.unit_of_work import UnitOfWorkBase

Watched = Store | AsyncStore | UnitOfWorkBase[Any]
"""What a budget can watch: a store, or the store of a unit of work."""

NOTHING_TO_WATCH = (
    "cost_budget has no store to watch; ask for the fixture `uow` (or another one of the kit that has a "
    "store) in this test, or name what to watch: cost_budget(uow, read_units=4)"
)


class CostBudgetExceeded(AssertionError):
    """A block cost more than its budget; the message has a table of what was sent.

    Attributes:
        charges: what was sent, in order.
        excess: limit, such as "read_units" -> what was spent of it, for those that were exceeded.
    """

    def __init__(self, limits: CostLimits, charges: tuple[Charge, ...]) -> None:
        self.charges = charges
        self.excess = limits.exceeded(charges)
        complaints = ", ".join(
            f"{spent:g} {name.replace('_', ' ')} of {getattr(limits, name):g}"
            for name, spent in self.excess.items()
        )
        super().__init__(f"the cost budget is exceeded: {complaints}\n\n{charges_table(charges)}")


@dataclass(frozen=True, slots=True)
class CostLimits:
    """The most that a block may spend of each; None for any amount.

    Attributes:
        read_units, write_units: capacity units.
        requests: how many requests.
    """

    read_units: float | None = None
    write_units: float | None = None
    requests: int | None = None

    def __post_init__(self) -> None:
        given = {name: limit for name, limit in self.by_name.items() if limit is not None}
        if not given:
            raise ValueError(
                "a cost budget needs a limit: read_units=, write_units= or requests=; 0 allows nothing at all"
            )
        for name, limit in given.items():
            if isinstance(limit, bool) or not isinstance(limit, Real) or not limit >= 0:
                raise ValueError(f"{name} is a number from 0 on, not {limit!r}")

    @property
    def by_name(self) -> dict[str, float | None]:
        """Limits by their names."""
        return {
            "read_units": self.read_units,
            "write_units": self.write_units,
            "requests": self.requests,
        }

    def exceeded(self, charges: Sequence[Charge]) -> dict[str, float]:
        """Give what was spent of each limit that was exceeded."""
        spent = spent_in(charges)
        return {
            name: spent[name]
            for name, limit in self.by_name.items()
            if limit is not None and spent[name] > limit
        }


def spent_in(charges: Sequence[Charge]) -> dict[str, float]:
    """Sum what was spent, by the names of limits."""
    return {
        "read_units": sum(charge.read_units for charge in charges),
        "write_units": sum(charge.write_units for charge in charges),
        "requests": len(charges),
    }


class CostBudget:
    """What may be spent in a `with` block; see `cost_budget`.

    Args:
        watched: stores, or units of work with one.
        limits: the most that may be spent.
    """

    def __init__(self, watched: Sequence[Watched], limits: CostLimits) -> None:
        self._watched = tuple(watched)
        self._limits = limits
        self._spending = Spending()
        self._taps = ExitStack()

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What was sent so far, in order."""
        return self._spending.charges

    @property
    def read_units(self) -> float:
        """Read units that were spent so far."""
        return spent_in(self.charges)["read_units"]

    @property
    def write_units(self) -> float:
        """Write units that were spent so far."""
        return spent_in(self.charges)["write_units"]

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return len(self.charges)

    def table(self) -> str:
        """Show what was sent so far, and what each cost."""
        return charges_table(self.charges)

    def __enter__(self) -> CostBudget:
        stores = [one.store if isinstance(one, UnitOfWorkBase) else one for one in self._watched]
        with ExitStack() as taps:
            for store in {id(store): store for store in stores}.values():
                taps.enter_context(tapped(store, self._spending))
            self._taps = taps.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self._taps.close()
        if error is None and self._limits.exceeded(self.charges):
            raise CostBudgetExceeded(self._limits, self.charges)


def cost_budget(
    *watched: Watched,
    read_units: float | None = None,
    write_units: float | None = None,
    requests: int | None = None,
) -> CostBudget:
    """Make a `with` block that fails if it costs more than it may.

        with cost_budget(uow, read_units=4, write_units=8) as budget:
            place_order("o-1")

    The failure, at the end of the block, has a table of what was sent and what each request cost, as the
    store bills it: reads by 4 KB, writes by 1 KB, transactions double, indexes included. What failed is
    listed, but stores don't tell its price. An exception that leaves the block goes on as it is.

    Args:
        *watched: stores, or units of work with one, of either colour. Without any, those of the fixtures of
            the running test, which the pytest plugin knows.
        read_units: capacity units for reading that may be spent; None for any number.
        write_units: the same for writing.
        requests: how many requests may be sent.

    Returns:
        What to enter; `charges`, `read_units`, `write_units`, `requests` and `table()` tell what was spent.

    Raises:
        ValueError: no limit at all, or one that is no number from 0 on.
        UnitOfWorkStateError: nothing to watch.
        CostBudgetExceeded: an `AssertionError`, at the end of the block.
    """
    limits = CostLimits(read_units, write_units, requests)
    present = watched or _PRESENT.stores or ()
    if not present:
        raise UnitOfWorkStateError(NOTHING_TO_WATCH)
    return CostBudget(present, limits)


class _RunningTest:
    """The stores of the running test's fixtures, None outside of one: a process runs one test at a time."""

    def __init__(self) -> None:
        self.stores: tuple[Store | AsyncStore, ...] | None = None


_PRESENT = _RunningTest()


@contextmanager
def stores_of_a_test() -> Iterator[None]:
    """Keep the stores that fixtures make from here on, for the budgets of one test."""
    before, _PRESENT.stores = _PRESENT.stores, ()
    try:
        yield
    finally:
        _PRESENT.stores = before


def belongs_to_the_test(store: Store | AsyncStore) -> bool:
    """Let budgets that name no store watch this one; tell whether it is new to them."""
    if _PRESENT.stores is None or any(known is store for known in _PRESENT.stores):
        return False
    _PRESENT.stores += (store,)
    return True
