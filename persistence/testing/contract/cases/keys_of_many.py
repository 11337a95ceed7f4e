"""Keys that don't fit, in writes of several items: the reason of an action, or a refusal of the request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest, TransactionCancelled
from persistence.expressions import Set, Value
from persistence.operations import (
    BatchWriteItems,
    ConditionCheck,
    DeleteItem,
    PutItem,
    ScanPage,
    TransactAction,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import (
    FREE,
    add,
    at,
    binary,
    key,
    list_of,
    map_of,
    number,
    rows,
    strings,
    text,
)

Act = Callable[[Table, Item], TransactAction]

ACTIONS: dict[str, Act] = {
    "put": PutItem,
    "update": lambda table, wanted: UpdateItem(table, wanted, add("n")),
    "delete": DeleteItem,
    "check": lambda table, wanted: ConditionCheck(table, wanted, FREE),
}
WRONG: dict[str, AttributeValue] = {"of-another-type": number(1), "no-scalar": list_of(text("a"))}
EMPTY: dict[str, tuple[str, AttributeValue]] = {"string": ("S", text("")), "binary": ("B", binary(b""))}

WRITES: dict[str, Callable[[Table, AttributeValue], PutItem | UpdateItem]] = {
    "put": lambda table, label: PutItem(table, {**key("b"), "label": label}),
    "update": lambda table, label: UpdateItem(table, key("b"), (Set(at("label"), Value(label)),)),
}
WRONG_LABELS: dict[str, AttributeValue] = {"of-another-type": number(1), "no-scalar": map_of()}

INDEX = GlobalIndex("by-label", Key("label"))


class KeysOfManyContract(Contract):
    """Keys of tables and indexes in batches and transactions."""

    @pytest.fixture
    def table_by_label(self, make_table: TableMaker) -> Table:
        """Make a table with a global index by the string `label`."""
        return make_table(indexes=(INDEX,))

    @rows(
        "act, wrong",
        {f"{what}-{how}": (act, value) for what, act in ACTIONS.items() for how, value in WRONG.items()},
    )
    def test_a_wrong_key_is_the_reason_of_its_action(
        self, store: Store, table: Table, act: Act, wrong: AttributeValue
    ) -> None:
        """A key of another type cancels the transaction [conf]."""
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a")), act(table, {"pk": wrong}))))

        assert _codes(cancelled.value) == ["None", "ValidationError"]
        assert _nothing_in(store, table)

    @rows(
        "act, kind",
        {f"{what}-{how}": (act, kind) for what, act in ACTIONS.items() for how, kind in EMPTY.items()},
    )
    def test_an_empty_key_refuses_the_transaction(
        self, store: Store, make_table: TableMaker, act: Act, kind: tuple[str, AttributeValue]
    ) -> None:
        """An empty key is no reason of its action, but wrong with the request [conf]."""
        tag, empty = kind
        table = make_table(types={"pk": "B" if tag == "B" else "S"})
        fine: AttributeValue = binary(b"a") if tag == "B" else text("a")

        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table, {"pk": fine}), act(table, {"pk": empty}))))

        assert _nothing_in(store, table)

    @rows(
        "write, label",
        {
            f"{what}-{how}": (one, value)
            for what, one in WRITES.items()
            for how, value in WRONG_LABELS.items()
        },
    )
    def test_a_wrong_key_of_an_index_is_the_reason_of_its_action(
        self,
        store: Store,
        table_by_label: Table,
        write: Callable[[Table, AttributeValue], PutItem | UpdateItem],
        label: AttributeValue,
    ) -> None:
        """So does a value that an index can't hold [conf]."""
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table_by_label, key("a")), write(table_by_label, label))))

        assert _codes(cancelled.value) == ["None", "ValidationError"]
        assert _nothing_in(store, table_by_label)

    @rows("write", WRITES)
    def test_an_empty_key_of_an_index_refuses_the_transaction(
        self,
        store: Store,
        table_by_label: Table,
        write: Callable[[Table, AttributeValue], PutItem | UpdateItem],
    ) -> None:
        """An empty one is wrong with the request [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table_by_label, key("a")), write(table_by_label, text("")))))

        assert _nothing_in(store, table_by_label)

    @rows("wrong", {**WRONG, "empty": text("")})
    def test_a_wrong_key_refuses_the_batch(self, store: Store, table: Table, wrong: AttributeValue) -> None:
        """In a batch each of them is wrong with the request [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(BatchWriteItems((PutItem(table, key("a")), PutItem(table, {"pk": wrong}))))

        assert _nothing_in(store, table)

    @rows("label", {**WRONG_LABELS, "set": strings("a"), "empty": text("")})
    def test_a_wrong_key_of_an_index_refuses_the_batch(
        self, store: Store, table_by_label: Table, label: AttributeValue
    ) -> None:
        """And so is what an index can't hold [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(
                BatchWriteItems(
                    (PutItem(table_by_label, key("a")), PutItem(table_by_label, {**key("b"), "label": label}))
                )
            )

        assert _nothing_in(store, table_by_label)


def _codes(cancelled: TransactionCancelled) -> list[str]:
    return [reason.code for reason in cancelled.reasons]


def _nothing_in(store: Store, table: Table) -> bool:
    return store.perform(ScanPage(table, consistent=True)).items == ()
