"""Why transactions are cancelled, action by action."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from persistence.attributes import ITEM_SIZE_LIMIT
from persistence.errors import (
    CancellationReason,
    TransactionCancelled,
)
from persistence.expressions import (
    Condition,
    Set,
    Value,
)
from persistence.operations import (
    ConditionCheck,
    DeleteItem,
    PutItem,
    TransactAction,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import (
    FREE,
    PRESENT,
    add,
    at,
    compare,
    key,
    map_of,
    number,
    put,
    read,
    rows,
    strings,
    text,
)


def _codes(cancelled: TransactionCancelled) -> list[str]:
    return [reason.code for reason in cancelled.reasons]


class CancellationContract(Contract):
    """Why a transaction was cancelled, action by action."""

    def test_reasons_come_in_the_order_of_the_actions(self, store: Store, table: Table) -> None:
        """One reason per action, "None" for those that did not fail [aws]."""
        put(store, table, key("b"))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(
                TransactWrite(
                    (
                        PutItem(table, key("a"), FREE),
                        PutItem(table, key("b"), FREE),
                        DeleteItem(table, key("c")),
                        ConditionCheck(table, key("d"), PRESENT),
                    )
                )
            )

        assert _codes(cancelled.value) == ["None", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"]

    def test_an_innocent_action_has_no_message_and_no_item(self, store: Store, table: Table) -> None:
        """Of what did not fail there is nothing to tell [aws]."""
        put(store, table, key("a"))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(
                TransactWrite(
                    (
                        UpdateItem(table, key("a"), add("n"), PRESENT, item_on_failure=True),
                        ConditionCheck(table, key("b"), PRESENT),
                    )
                )
            )

        assert cancelled.value.reasons[0] == CancellationReason("None")

    @rows(
        "action",
        {
            "put": lambda table, failing: PutItem(table, key("a"), failing, item_on_failure=True),
            "update": lambda table, failing: UpdateItem(
                table, key("a"), add("n"), failing, item_on_failure=True
            ),
            "delete": lambda table, failing: DeleteItem(table, key("a"), failing, item_on_failure=True),
            "check": lambda table, failing: ConditionCheck(table, key("a"), failing, item_on_failure=True),
        },
    )
    def test_a_reason_has_the_stored_item_on_request(
        self, store: Store, table: Table, action: Callable[[Table, Condition], TransactAction]
    ) -> None:
        """`item_on_failure` of an action puts the item into its reason, as it is stored [aws]."""
        stored = put(store, table, key("a"), version=number(2), m=map_of(tags=strings("x")))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((action(table, compare("version", "=", number(1))),)))

        assert [(reason.code, reason.item) for reason in cancelled.value.reasons] == [
            ("ConditionalCheckFailed", stored)
        ]

    def test_each_action_asks_for_itself(self, store: Store, table: Table) -> None:
        """Only the actions that asked for the item get it [aws]."""
        stored = put(store, table, key("a"))
        put(store, table, key("b"))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(
                TransactWrite(
                    (
                        PutItem(table, key("a"), FREE, item_on_failure=True),
                        PutItem(table, key("b"), FREE),
                        ConditionCheck(table, key("absent"), PRESENT, item_on_failure=True),
                    )
                )
            )

        assert [reason.item for reason in cancelled.value.reasons] == [stored, None, None]

    @rows(
        "wrong",
        {
            "type": lambda table: PutItem(table, {"pk": number(1)}),
            "type-of-a-key": lambda table: DeleteItem(table, {"pk": number(1)}),
            "update-that-does-not-fit": lambda table: UpdateItem(table, key("t"), add("t")),
        },
    )
    def test_what_does_not_fit_the_table_is_a_reason(
        self, store: Store, table: Table, wrong: Callable[[Table], TransactAction]
    ) -> None:
        """What is wrong with one action's key or item is told as the reason of that action [aws]."""
        put(store, table, key("t"), t=text("x"))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a")), wrong(table))))

        assert _codes(cancelled.value) == ["None", "ValidationError"]
        assert read(store, table, key("a")) is None

    def test_an_item_that_grows_too_large_is_a_reason(self, store: Store, table: Table) -> None:
        """So is the size of an item that an update would make [alt]."""
        put(store, table, key("big"), filler=text("x" * (ITEM_SIZE_LIMIT - 100)))
        grow = (Set(at("more"), Value(text("x" * 200))),)

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a")), UpdateItem(table, key("big"), grow))))

        assert _codes(cancelled.value) == ["None", "ValidationError"]
        assert read(store, table, key("a")) is None

    def test_a_cancelled_transaction_leaves_the_store_usable(self, store: Store, table: Table) -> None:
        """What another call wrote before the cancellation is still there [aws]."""
        stored = put(store, table, key("other"))

        with pytest.raises(TransactionCancelled):
            store.perform(TransactWrite((PutItem(table, key("a")), ConditionCheck(table, key("b"), PRESENT))))

        assert read(store, table, key("other")) == stored
        store.perform(TransactWrite((PutItem(table, key("a")), ConditionCheck(table, key("other"), PRESENT))))
        assert read(store, table, key("a")) == key("a")

    def test_the_items_of_reasons_are_the_callers_own(self, store: Store, table: Table) -> None:
        """Changing an item of a reason changes nothing in the store [port]."""
        stored = put(store, table, key("a"), m=map_of(n=number(1)))
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a"), FREE, item_on_failure=True),)))
        shown = cancelled.value.reasons[0].item
        assert shown is not None

        shown["m"]["M"]["n"]["N"] = "99"

        assert read(store, table, key("a")) == {**stored, "m": map_of(n=number(1))}
