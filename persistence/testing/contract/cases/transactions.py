"""Transactions: several writes of which all take effect or none, several reads at one moment."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from persistence.attributes import ITEM_SIZE_LIMIT, Item
from persistence.errors import (
    InvalidRequest,
    ItemTooLarge,
    TableNotFound,
    TransactionCancelled,
)
from persistence.operations import (
    ConditionCheck,
    DeleteItem,
    GetItem,
    PutItem,
    TransactAction,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import (
    FREE,
    PRESENT,
    add,
    at,
    compare,
    key,
    number,
    put,
    read,
    rows,
    strings,
    text,
)


class TransactWriteContract(Contract):
    """Several writes, of which all take effect or none."""

    def test_transaction_does_all_kinds_of_actions(self, store: Store, table: Table) -> None:
        """Put, update, delete and check go together [aws]."""
        for name in ("updated", "deleted", "checked"):
            put(store, table, key(name), n=number(1))

        store.perform(
            TransactWrite(
                (
                    PutItem(table, {**key("put"), "n": number(1)}),
                    UpdateItem(table, key("updated"), add("n")),
                    DeleteItem(table, key("deleted")),
                    ConditionCheck(table, key("checked"), PRESENT),
                )
            )
        )

        assert read(store, table, key("put")) == {**key("put"), "n": number(1)}
        assert read(store, table, key("updated")) == {**key("updated"), "n": number(2)}
        assert read(store, table, key("deleted")) is None
        assert read(store, table, key("checked")) == {**key("checked"), "n": number(1)}

    @rows("position", {"first": 0, "in-the-middle": 1, "last": 3})
    def test_transaction_does_nothing_if_one_condition_fails(
        self, store: Store, table: Table, position: int
    ) -> None:
        """One failed condition, wherever it stands, cancels everything [aws]."""
        kept = put(store, table, key("kept"), n=number(1))
        writes: list[TransactAction] = [
            PutItem(table, key("put")),
            UpdateItem(table, key("created"), add("n")),
            DeleteItem(table, key("kept")),
        ]
        writes.insert(position, ConditionCheck(table, key("absent"), PRESENT))

        with pytest.raises(TransactionCancelled):
            store.perform(TransactWrite(tuple(writes)))

        assert [read(store, table, key(name)) for name in ("put", "created", "kept")] == [None, None, kept]

    def test_transaction_spans_tables(self, store: Store, make_table: TableMaker) -> None:
        """Actions may concern several tables [aws]."""
        one, other = make_table(), make_table(sort="sk", types={"sk": "N"})

        store.perform(TransactWrite((PutItem(one, key("a")), PutItem(other, key("a", 1)))))

        assert read(store, one, key("a")) == key("a")
        assert read(store, other, key("a", 1)) == key("a", 1)

    def test_the_same_key_in_two_tables_is_two_items(self, store: Store, make_table: TableMaker) -> None:
        """At most one action per item; the table is part of what an item is [aws]."""
        one, other = make_table(), make_table()

        store.perform(TransactWrite((PutItem(one, key("a")), DeleteItem(other, key("a")))))

        assert read(store, one, key("a")) == key("a")

    def test_transaction_is_cancelled_across_tables(self, store: Store, make_table: TableMaker) -> None:
        """A condition on one table cancels writes to another [aws]."""
        one, other = make_table(), make_table()

        with pytest.raises(TransactionCancelled):
            store.perform(TransactWrite((PutItem(one, key("a")), ConditionCheck(other, key("a"), PRESENT))))

        assert read(store, one, key("a")) is None

    def test_transaction_of_one_action(self, store: Store, table: Table) -> None:
        """One action is enough [aws]."""
        store.perform(TransactWrite((PutItem(table, key("a"), FREE),)))

        assert read(store, table, key("a")) == key("a")

    def test_conditions_see_the_items_before_the_transaction(self, store: Store, table: Table) -> None:
        """No action sees what another one does [aws]."""
        put(store, table, key("a"), n=number(1))
        put(store, table, key("b"), n=number(1))
        one = compare("n", "=", number(1))

        store.perform(
            TransactWrite(
                (
                    UpdateItem(table, key("a"), add("n"), one),
                    UpdateItem(table, key("b"), add("n"), one),
                )
            )
        )

        assert read(store, table, key("a")) == {**key("a"), "n": number(2)}
        assert read(store, table, key("b")) == {**key("b"), "n": number(2)}

    @rows(
        "second",
        {
            "put": lambda table: PutItem(table, {**key("a"), "n": number(1)}),
            "update": lambda table: UpdateItem(table, key("a"), add("n")),
            "delete": lambda table: DeleteItem(table, key("a")),
            "check": lambda table: ConditionCheck(table, key("a"), FREE),
        },
    )
    def test_refuses_two_actions_on_one_item(
        self, store: Store, table: Table, second: Callable[[Table], TransactAction]
    ) -> None:
        """A check beside a write of the same item is refused too [conf] [alt]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table, key("a")), PutItem(table, key("b")), second(table))))

        assert [read(store, table, key(name)) for name in ("a", "b")] == [None, None]

    def test_refuses_two_actions_on_one_number_key(self, store: Store, make_table: TableMaker) -> None:
        """`1` and `1.0` are one item [alt]."""
        table = make_table(types={"pk": "N"})

        with pytest.raises(InvalidRequest):
            store.perform(
                TransactWrite((PutItem(table, {"pk": number(1)}), DeleteItem(table, {"pk": number("1.0")})))
            )

        assert read(store, table, {"pk": number(1)}) is None

    def test_transaction_takes_as_many_actions_as_the_limit(self, store: Store, table: Table) -> None:
        """`limits.transaction_actions` actions fit [aws]."""
        count = store.limits.transaction_actions

        store.perform(TransactWrite(tuple(PutItem(table, key(f"{one}")) for one in range(count))))

        assert [read(store, table, key(f"{one}")) for one in range(count)] == [
            key(f"{one}") for one in range(count)
        ]

    def test_refuses_more_actions_than_the_limit(self, store: Store, table: Table) -> None:
        """One more is refused as a whole [conf]."""
        count = store.limits.transaction_actions + 1

        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite(tuple(PutItem(table, key(f"{one}")) for one in range(count))))

        assert read(store, table, key("0")) is None

    def test_refuses_a_transaction_of_nothing(self, store: Store) -> None:
        """There must be an action [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite(()))

    def test_refuses_an_update_of_nothing_in_a_transaction(self, store: Store, table: Table) -> None:
        """Unlike a single update, one of a transaction has to do something [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((UpdateItem(table, key("a"), ()),)))

        assert read(store, table, key("a")) is None

    def test_refuses_a_transaction_with_more_bytes_than_the_limit(self, store: Store, table: Table) -> None:
        """`limits.transaction_bytes` bounds what one request carries [aws]."""
        filler = text("x" * (ITEM_SIZE_LIMIT - 1000))
        count = store.limits.transaction_bytes // (ITEM_SIZE_LIMIT - 1000) + 1
        if count > store.limits.transaction_actions:
            pytest.skip("this store's limit of actions is reached first")

        with pytest.raises(InvalidRequest):
            store.perform(
                TransactWrite(tuple(PutItem(table, {**key(f"{one}"), "x": filler}) for one in range(count)))
            )

        assert read(store, table, key("0")) is None

    def test_refuses_a_transaction_that_puts_an_item_over_the_limit(self, store: Store, table: Table) -> None:
        """The request alone shows it, so that it is the request that is refused, not the action [conf]."""
        with pytest.raises((InvalidRequest, ItemTooLarge)):
            store.perform(TransactWrite((PutItem(table, {**key("a"), "x": text("x" * ITEM_SIZE_LIMIT)}),)))

        assert read(store, table, key("a")) is None

    def test_refuses_a_transaction_with_a_malformed_condition(self, store: Store, table: Table) -> None:
        """What is wrong with an expression is wrong with the request, and no reason of an action [alt]."""
        with pytest.raises(InvalidRequest):
            store.perform(
                TransactWrite(
                    (PutItem(table, key("a")), DeleteItem(table, key("b"), compare("n", "=", strings())))
                )
            )

        assert read(store, table, key("a")) is None

    @rows(
        "action",
        {
            "PutItem": lambda table: PutItem(table, key("b"), returning="old"),
            "UpdateItem": lambda table: UpdateItem(table, key("b"), add("n"), returning="new"),
            "DeleteItem": lambda table: DeleteItem(table, key("b"), returning="old"),
        },
    )
    def test_refuses_a_transaction_that_is_to_return_something(
        self, store: Store, table: Table, action: Callable[[Table], TransactAction]
    ) -> None:
        """Only single writes return attributes [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table, key("a")), action(table))))

        assert read(store, table, key("a")) is None

    def test_refuses_a_transaction_on_a_missing_table(self, store: Store, table: Table) -> None:
        """A missing table concerns the whole request [aws]."""
        with pytest.raises(TableNotFound):
            store.perform(
                TransactWrite((PutItem(table, key("a")), PutItem(Table("absent-table", "pk"), key("a"))))
            )

        assert read(store, table, key("a")) is None

    def test_transaction_does_not_change_what_it_is_given(self, store: Store, table: Table) -> None:
        """A store never changes what an operation holds [port]."""
        item = {**key("a"), "n": number("1.50"), "tags": strings("b", "a")}
        given = copy.deepcopy(item)

        store.perform(TransactWrite((PutItem(table, item),)))

        assert item == given


class TransactGetContract(Contract):
    """Several items at one moment."""

    def test_transact_get_answers_in_the_order_asked(self, store: Store, table: Table) -> None:
        """One answer per get, None for an absent item [aws]."""
        first, last = put(store, table, key("a"), n=number(1)), put(store, table, key("c"), n=number(3))

        found = store.perform(TransactGet(tuple(GetItem(table, key(name)) for name in ("c", "b", "a"))))

        assert found.items == (last, None, first)

    def test_transact_get_projects_each_item_by_itself(self, store: Store, table: Table) -> None:
        """Every get has a projection of its own [aws]."""
        put(store, table, key("a"), x=number(1), y=number(2))
        put(store, table, key("b"), x=number(3), y=number(4))

        found = store.perform(
            TransactGet(
                (
                    GetItem(table, key("a"), projection=(at("x"),)),
                    GetItem(table, key("b"), projection=(at("y"),)),
                )
            )
        )

        assert found.items == ({"x": number(1)}, {"y": number(4)})

    def test_transact_get_spans_tables(self, store: Store, make_table: TableMaker) -> None:
        """Gets may concern several tables [aws]."""
        one, other = make_table(), make_table(sort="sk", types={"sk": "N"})
        stored = put(store, one, key("a")), put(store, other, key("a", 1))

        found = store.perform(TransactGet((GetItem(one, key("a")), GetItem(other, key("a", 1)))))

        assert found.items == stored

    def test_transact_get_refuses_more_gets_than_the_limit(self, store: Store, table: Table) -> None:
        """`limits.transaction_actions` holds for gets too [aws]."""
        count = store.limits.transaction_actions + 1

        with pytest.raises(InvalidRequest):
            store.perform(TransactGet(tuple(GetItem(table, key(f"{one}")) for one in range(count))))

    def test_transact_get_refuses_one_item_twice(self, store: Store, table: Table) -> None:
        """At most one get per item [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactGet((GetItem(table, key("a")), GetItem(table, key("a")))))

    def test_transact_get_refuses_nothing(self, store: Store) -> None:
        """There must be a get [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactGet(()))

    @rows(
        "wrong",
        {
            "of-another-type": {"pk": number(1)},
            "without-its-attribute": {},
            "with-another-attribute": {"pk": text("a"), "x": text("b")},
        },
    )
    def test_a_key_that_does_not_fit_cancels_a_transactional_read(
        self, store: Store, table: Table, wrong: Item
    ) -> None:
        """What is wrong with one get's key is told as the reason of that get [conf]."""
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactGet((GetItem(table, key("a")), GetItem(table, wrong))))

        assert [reason.code for reason in cancelled.value.reasons] == ["None", "ValidationError"]
