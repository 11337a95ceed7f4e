"""Scans that are forbidden: a store that refuses them, and remembers that it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from persistence.flows import Flow, perform
from persistence.operations import Operation, ScanPage
from persistence.store import AsyncStore, Store
from persistence.stores.layers.layer import Layer, R
from persistence.testing.tapping import tapped


class ForbiddenScan(AssertionError):
    """A table or index was scanned where that is forbidden.

    Attributes:
        table: the table's name.
        index: the index's name; None for the table itself.
    """

    def __init__(self, table: str, index: str | None) -> None:
        self.table = table
        self.index = index
        place = f"table {table!r}" if index is None else f"index {index!r} of table {table!r}"
        super().__init__(
            f"a scan of {place}, and scans are forbidden here; query by a key or an index, or allow it: "
            "leave out the marker `forbid_scans`"
        )


class ScanGuard(Layer):
    """A layer that lets no scan through.

    Attributes:
        scans: what was refused, in order; a service may have swallowed the errors.
    """

    def __init__(self) -> None:
        self.scans: list[ForbiddenScan] = []

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Pass everything on but scans."""
        if isinstance(operation, ScanPage):
            refused = ForbiddenScan(operation.table.name, operation.index)
            self.scans.append(refused)
            raise refused
        return (yield from perform(operation))

    def check(self) -> None:
        """Fail if a scan was asked for, even if nobody let the error pass.

        Raises:
            ForbiddenScan: the first one.
        """
        if self.scans:
            raise self.scans[0]


@contextmanager
def forbid_scans(*stores: Store | AsyncStore) -> Iterator[ScanGuard]:
    """Make a `with` block in which stores refuse scans.

        with forbid_scans(store):
            service()

    Args:
        *stores: of either colour.

    Raises:
        ForbiddenScan: an `AssertionError`, where a scan is asked for; again at the end of the block, if it
            was swallowed.
        UnitOfWorkStateError: what was given is no store.
    """
    guard = ScanGuard()
    with ExitStack() as taps:
        for store in stores:
            taps.enter_context(tapped(store, guard))
        yield guard
    guard.check()
