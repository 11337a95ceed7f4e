"""Lists of tables."""

from __future__ import annotations

import pytest

from persistence.errors import InvalidRequest
from persistence.operations import DeleteTable, ListTables
from persistence.store import Store
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import rows


class ListingContract(Contract):
    """The names of all tables."""

    def test_tables_are_listed_in_order(self, store: Store, make_table: TableMaker) -> None:
        """Each once, by its name [port]."""
        made = [make_table().name for _ in range(3)]
        while made == sorted(made):  # names are random, and shall not come in order by chance
            made.append(make_table().name)

        names = _names(store, limit=100)

        assert set(made) <= set(names)
        assert names == sorted(set(names))

    def test_tables_are_listed_page_by_page(self, store: Store, make_table: TableMaker) -> None:
        """The next page begins behind the last name [aws]."""
        for _ in range(3):
            make_table()

        first = store.perform(ListTables(limit=2))

        assert len(first.names) == 2
        assert first.next == first.names[-1]
        assert _names(store, limit=2) == _names(store, limit=100)

    def test_a_deleted_table_is_not_listed(self, store: Store, make_table: TableMaker) -> None:
        """Not any more [aws]."""
        name = make_table().name

        store.perform(DeleteTable(name))

        listed = self.catching_up(lambda: name in _names(store, limit=100), wanted=False)
        assert not listed

    @rows("limit", {"zero": 0, "too-many": 101})
    def test_refuses_a_page_of_another_size(self, store: Store, limit: int) -> None:
        """1 to 100 names [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(ListTables(limit=limit))


def _names(store: Store, limit: int) -> list[str]:
    page = store.perform(ListTables(limit=limit))
    names = list(page.names)
    while page.next is not None:
        page = store.perform(ListTables(page.next, limit))
        names += page.names
    return names
