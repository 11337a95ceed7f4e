"""Transactions: all or nothing, why they are cancelled, and how they are repeated."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable

import pytest

from persistence.attributes import ITEM_SIZE_LIMIT
from persistence.errors import CancellationReason, InvalidRequest, TableNotFound, TokenMismatch, TransactionCancelled
from persistence.expressions import (
    Add,
    AttributeExists,
    AttributeNotExists,
    Condition,
    Set,
    UpdateAction,
    Value,
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

PRESENT = AttributeExists(at("pk"))
FREE = AttributeNotExists(at("pk"))


def _add(path: str, step: int = 1) -> tuple[UpdateAction, ...]:
    return (Add(at(path), Value(number(step))),)


def _token() -> str:
    return uuid.uuid4().hex


def _codes(cancelled: TransactionCancelled) -> list[str]:
    return [reason.code for reason in cancelled.reasons]


class TransactWriteContract(Contract):
    """Several writes, of which all take effect or none."""

    def test_transaction_does_all_kinds_of_actions(self, store: Store, table: Table) -> None:
        """Put, update, delete and check go together. [aws]"""
        for name in ("updated", "deleted", "checked"):
            put(store, table, key(name), n=number(1))

        store.perform(
            TransactWrite(
                (
                    PutItem(table, {**key("put"), "n": number(1)}),
                    UpdateItem(table, key("updated"), _add("n")),
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
        """One failed condition, wherever it stands, cancels everything. [aws]"""
        kept = put(store, table, key("kept"), n=number(1))
        writes: list[TransactAction] = [
            PutItem(table, key("put")),
            UpdateItem(table, key("created"), _add("n")),
            DeleteItem(table, key("kept")),
        ]
        writes.insert(position, ConditionCheck(table, key("absent"), PRESENT))

        with pytest.raises(TransactionCancelled):
            store.perform(TransactWrite(tuple(writes)))

        assert [read(store, table, key(name)) for name in ("put", "created", "kept")] == [None, None, kept]

    def test_transaction_spans_tables(self, store: Store, make_table: TableMaker) -> None:
        """Actions may concern several tables. [aws]"""
        one, other = make_table(), make_table(sort="sk", types={"sk": "N"})

        store.perform(TransactWrite((PutItem(one, key("a")), PutItem(other, key("a", 1)))))

        assert read(store, one, key("a")) == key("a")
        assert read(store, other, key("a", 1)) == key("a", 1)

    def test_the_same_key_in_two_tables_is_two_items(self, store: Store, make_table: TableMaker) -> None:
        """At most one action per item; the table is part of what an item is. [aws]"""
        one, other = make_table(), make_table()

        store.perform(TransactWrite((PutItem(one, key("a")), DeleteItem(other, key("a")))))

        assert read(store, one, key("a")) == key("a")

    def test_transaction_is_cancelled_across_tables(self, store: Store, make_table: TableMaker) -> None:
        """A condition on one table cancels writes to another. [aws]"""
        one, other = make_table(), make_table()

        with pytest.raises(TransactionCancelled):
            store.perform(TransactWrite((PutItem(one, key("a")), ConditionCheck(other, key("a"), PRESENT))))

        assert read(store, one, key("a")) is None

    def test_transaction_of_one_action(self, store: Store, table: Table) -> None:
        """One action is enough. [aws]"""
        store.perform(TransactWrite((PutItem(table, key("a"), FREE),)))

        assert read(store, table, key("a")) == key("a")

    def test_conditions_see_the_items_before_the_transaction(self, store: Store, table: Table) -> None:
        """No action sees what another one does. [aws]"""
        put(store, table, key("a"), n=number(1))
        put(store, table, key("b"), n=number(1))
        one = compare("n", "=", number(1))

        store.perform(
            TransactWrite(
                (
                    UpdateItem(table, key("a"), _add("n"), one),
                    UpdateItem(table, key("b"), _add("n"), one),
                )
            )
        )

        assert read(store, table, key("a")) == {**key("a"), "n": number(2)}
        assert read(store, table, key("b")) == {**key("b"), "n": number(2)}

    @rows(
        "second",
        {
            "put": lambda table: PutItem(table, {**key("a"), "n": number(1)}),
            "update": lambda table: UpdateItem(table, key("a"), _add("n")),
            "delete": lambda table: DeleteItem(table, key("a")),
            "check": lambda table: ConditionCheck(table, key("a"), FREE),
        },
    )
    def test_refuses_two_actions_on_one_item(
        self, store: Store, table: Table, second: Callable[[Table], TransactAction]
    ) -> None:
        """A check beside a write of the same item is refused too. [conf] [alt]"""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table, key("a")), PutItem(table, key("b")), second(table))))

        assert [read(store, table, key(name)) for name in ("a", "b")] == [None, None]

    def test_refuses_two_actions_on_one_number_key(self, store: Store, make_table: TableMaker) -> None:
        """`1` and `1.0` are one item. [alt]"""
        table = make_table(types={"pk": "N"})

        with pytest.raises(InvalidRequest):
            store.perform(
                TransactWrite((PutItem(table, {"pk": number(1)}), DeleteItem(table, {"pk": number("1.0")})))
            )

        assert read(store, table, {"pk": number(1)}) is None

    def test_transaction_takes_as_many_actions_as_the_limit(self, store: Store, table: Table) -> None:
        """`limits.transaction_actions` actions fit. [aws]"""
        count = store.limits.transaction_actions

        store.perform(TransactWrite(tuple(PutItem(table, key(f"{one}")) for one in range(count))))

        assert [read(store, table, key(f"{one}")) for one in range(count)] == [key(f"{one}") for one in range(count)]

    def test_refuses_more_actions_than_the_limit(self, store: Store, table: Table) -> None:
        """One more is refused as a whole. [conf]"""
        count = store.limits.transaction_actions + 1

        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite(tuple(PutItem(table, key(f"{one}")) for one in range(count))))

        assert read(store, table, key("0")) is None

    def test_refuses_a_transaction_of_nothing(self, store: Store) -> None:
        """There must be an action. [aws]"""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite(()))

    def test_refuses_a_transaction_with_more_bytes_than_the_limit(self, store: Store, table: Table) -> None:
        """`limits.transaction_bytes` bounds what one request carries. [aws]"""
        filler = text("x" * (ITEM_SIZE_LIMIT - 1000))
        count = store.limits.transaction_bytes // (ITEM_SIZE_LIMIT - 1000) + 1
        if count > store.limits.transaction_actions:
            pytest.skip("this store's limit of actions is reached first")

        with pytest.raises(InvalidRequest):
            store.perform(
                TransactWrite(tuple(PutItem(table, {**key(f"{one}"), "x": filler}) for one in range(count)))
            )

        assert read(store, table, key("0")) is None

    def test_refuses_a_transaction_with_a_malformed_condition(self, store: Store, table: Table) -> None:
        """What is wrong with an expression is wrong with the request, and no reason of an action. [alt]"""
        with pytest.raises(InvalidRequest):
            store.perform(
                TransactWrite((PutItem(table, key("a")), DeleteItem(table, key("b"), compare("n", "=", strings()))))
            )

        assert read(store, table, key("a")) is None

    def test_refuses_a_transaction_on_a_missing_table(self, store: Store, table: Table) -> None:
        """A missing table concerns the whole request. [aws]"""
        with pytest.raises(TableNotFound):
            store.perform(TransactWrite((PutItem(table, key("a")), PutItem(Table("absent-table", "pk"), key("a")))))

        assert read(store, table, key("a")) is None

    def test_transaction_does_not_change_what_it_is_given(self, store: Store, table: Table) -> None:
        """A store never changes what an operation holds. [port]"""
        item = {**key("a"), "n": number("1.50"), "tags": strings("b", "a")}
        given = copy.deepcopy(item)

        store.perform(TransactWrite((PutItem(table, item),)))

        assert item == given


class CancellationContract(Contract):
    """Why a transaction was cancelled, action by action."""

    def test_reasons_come_in_the_order_of_the_actions(self, store: Store, table: Table) -> None:
        """One reason per action, "None" for those that did not fail. [aws]"""
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
        """Of what did not fail there is nothing to tell. [aws]"""
        put(store, table, key("a"))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(
                TransactWrite(
                    (
                        UpdateItem(table, key("a"), _add("n"), PRESENT, item_on_failure=True),
                        ConditionCheck(table, key("b"), PRESENT),
                    )
                )
            )

        assert cancelled.value.reasons[0] == CancellationReason("None")

    @rows(
        "action",
        {
            "put": lambda table, failing: PutItem(table, key("a"), failing, item_on_failure=True),
            "update": lambda table, failing: UpdateItem(table, key("a"), _add("n"), failing, item_on_failure=True),
            "delete": lambda table, failing: DeleteItem(table, key("a"), failing, item_on_failure=True),
            "check": lambda table, failing: ConditionCheck(table, key("a"), failing, item_on_failure=True),
        },
    )
    def test_a_reason_has_the_stored_item_on_request(
        self, store: Store, table: Table, action: Callable[[Table, Condition], TransactAction]
    ) -> None:
        """`item_on_failure` of an action puts the item into its reason, as it is stored. [aws]"""
        stored = put(store, table, key("a"), version=number(2), m=map_of(tags=strings("x")))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((action(table, compare("version", "=", number(1))),)))

        assert [(reason.code, reason.item) for reason in cancelled.value.reasons] == [
            ("ConditionalCheckFailed", stored)
        ]

    def test_each_action_asks_for_itself(self, store: Store, table: Table) -> None:
        """Only the actions that asked for the item get it. [aws]"""
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
            "missing-key": lambda table: PutItem(table, {"n": number(1)}),
            "another-attribute": lambda table: DeleteItem(table, {**key("a"), "n": number(1)}),
            "update-that-does-not-fit": lambda table: UpdateItem(table, key("t"), _add("t")),
        },
    )
    def test_what_does_not_fit_the_table_is_a_reason(
        self, store: Store, table: Table, wrong: Callable[[Table], TransactAction]
    ) -> None:
        """What is wrong with one action's key or item is told as the reason of that action. [alt]"""
        put(store, table, key("t"), t=text("x"))

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a")), wrong(table))))

        assert _codes(cancelled.value) == ["None", "ValidationError"]
        assert read(store, table, key("a")) is None

    def test_an_item_that_grows_too_large_is_a_reason(self, store: Store, table: Table) -> None:
        """So is the size of an item that an update would make. [alt]"""
        put(store, table, key("big"), filler=text("x" * (ITEM_SIZE_LIMIT - 100)))
        grow = (Set(at("more"), Value(text("x" * 200))),)

        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a")), UpdateItem(table, key("big"), grow))))

        assert _codes(cancelled.value) == ["None", "ValidationError"]
        assert read(store, table, key("a")) is None

    def test_a_cancelled_transaction_leaves_the_store_usable(self, store: Store, table: Table) -> None:
        """What another call wrote before the cancellation is still there. [aws]"""
        stored = put(store, table, key("other"))

        with pytest.raises(TransactionCancelled):
            store.perform(TransactWrite((PutItem(table, key("a")), ConditionCheck(table, key("b"), PRESENT))))

        assert read(store, table, key("other")) == stored
        store.perform(TransactWrite((PutItem(table, key("a")), ConditionCheck(table, key("other"), PRESENT))))
        assert read(store, table, key("a")) == key("a")

    def test_the_items_of_reasons_are_the_callers_own(self, store: Store, table: Table) -> None:
        """Changing an item of a reason changes nothing in the store. [port]"""
        stored = put(store, table, key("a"), m=map_of(n=number(1)))
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((PutItem(table, key("a"), FREE, item_on_failure=True),)))
        shown = cancelled.value.reasons[0].item
        assert shown is not None

        shown["m"]["M"]["n"]["N"] = "99"

        assert read(store, table, key("a")) == {**stored, "m": map_of(n=number(1))}


class TokenContract(Contract):
    """Client tokens: repeating a transaction has no further effect."""

    def test_a_repeated_transaction_has_no_further_effect(self, store: Store, table: Table) -> None:
        """The same request with the same token succeeds and does nothing. [aws]"""
        request = TransactWrite((UpdateItem(table, key("a"), _add("n")),), _token())

        for _ in range(3):
            store.perform(request)

        assert read(store, table, key("a")) == {**key("a"), "n": number(1)}

    def test_a_repeated_transaction_succeeds_whatever_is_stored_now(self, store: Store, table: Table) -> None:
        """A replay does not evaluate its conditions again. [aws]"""
        request = TransactWrite((PutItem(table, key("a"), FREE),), _token())
        store.perform(request)

        store.perform(request)
        store.perform(DeleteItem(table, key("a")))
        store.perform(request)

        assert read(store, table, key("a")) is None

    def test_an_equal_request_is_the_same_request(self, store: Store, table: Table) -> None:
        """What counts is what the request says, not which object says it. [aws]"""
        token = _token()

        def request() -> TransactWrite:
            item = {**key("a"), "m": map_of(x=number(1), y=strings("a", "b"))}
            return TransactWrite((PutItem(table, item, FREE), UpdateItem(table, key("b"), _add("n"))), token)

        store.perform(request())
        store.perform(request())

        assert read(store, table, key("b")) == {**key("b"), "n": number(1)}

    @rows(
        "other",
        {
            "another-value": lambda table: (UpdateItem(table, key("a"), _add("n", 2)),),
            "another-key": lambda table: (UpdateItem(table, key("b"), _add("n")),),
            "another-condition": lambda table: (UpdateItem(table, key("a"), _add("n"), PRESENT),),
            "another-kind": lambda table: (DeleteItem(table, key("a")),),
            "one-action-more": lambda table: (UpdateItem(table, key("a"), _add("n")), PutItem(table, key("b"))),
        },
    )
    def test_refuses_a_token_for_another_request(
        self, store: Store, table: Table, other: Callable[[Table], tuple[TransactAction, ...]]
    ) -> None:
        """A token belongs to one request. [aws]"""
        token = _token()
        store.perform(TransactWrite((UpdateItem(table, key("a"), _add("n")),), token))

        with pytest.raises(TokenMismatch):
            store.perform(TransactWrite(other(table), token))

        assert read(store, table, key("a")) == {**key("a"), "n": number(1)}
        assert read(store, table, key("b")) is None

    def test_different_tokens_are_different_transactions(self, store: Store, table: Table) -> None:
        """The same actions under another token take effect again. [aws]"""
        actions = (UpdateItem(table, key("a"), _add("n")),)

        store.perform(TransactWrite(actions, _token()))
        store.perform(TransactWrite(actions, _token()))

        assert read(store, table, key("a")) == {**key("a"), "n": number(2)}

    def test_without_a_token_each_call_takes_effect(self, store: Store, table: Table) -> None:
        """The store makes a token per call. [run]"""
        request = TransactWrite((UpdateItem(table, key("a"), _add("n")),))

        store.perform(request)
        store.perform(request)

        assert read(store, table, key("a")) == {**key("a"), "n": number(2)}

    def test_the_token_of_a_cancelled_transaction_may_be_used_again(self, store: Store, table: Table) -> None:
        """A cancelled request is evaluated anew. [run]"""
        request = TransactWrite((PutItem(table, key("a"), FREE),), _token())
        put(store, table, key("a"), n=number(1))
        with pytest.raises(TransactionCancelled):
            store.perform(request)
        store.perform(DeleteItem(table, key("a")))

        store.perform(request)

        assert read(store, table, key("a")) == key("a")

    def test_tokens_have_up_to_36_characters(self, store: Store, table: Table) -> None:
        """A UUID with its hyphens is just short enough. [aws]"""
        store.perform(TransactWrite((PutItem(table, key("a")),), str(uuid.uuid4())))

        assert read(store, table, key("a")) == key("a")

    @rows("token", {"too-long": "x" * 37, "empty": ""})
    def test_refuses_tokens_of_other_lengths(self, store: Store, table: Table, token: str) -> None:
        """A token has 1 to 36 characters. [aws]"""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table, key("a")),), token))

        assert read(store, table, key("a")) is None


class TransactGetContract(Contract):
    """Several items at one moment."""

    def test_transact_get_answers_in_the_order_asked(self, store: Store, table: Table) -> None:
        """One answer per get, None for an absent item. [aws]"""
        first, last = put(store, table, key("a"), n=number(1)), put(store, table, key("c"), n=number(3))

        found = store.perform(TransactGet(tuple(GetItem(table, key(name)) for name in ("c", "b", "a"))))

        assert found.items == (last, None, first)

    def test_transact_get_projects_each_item_by_itself(self, store: Store, table: Table) -> None:
        """Every get has a projection of its own. [aws]"""
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
        """Gets may concern several tables. [aws]"""
        one, other = make_table(), make_table(sort="sk", types={"sk": "N"})
        stored = put(store, one, key("a")), put(store, other, key("a", 1))

        found = store.perform(TransactGet((GetItem(one, key("a")), GetItem(other, key("a", 1)))))

        assert found.items == stored

    def test_transact_get_refuses_more_gets_than_the_limit(self, store: Store, table: Table) -> None:
        """`limits.transaction_actions` holds for gets too. [aws]"""
        count = store.limits.transaction_actions + 1

        with pytest.raises(InvalidRequest):
            store.perform(TransactGet(tuple(GetItem(table, key(f"{one}")) for one in range(count))))

    def test_transact_get_refuses_one_item_twice(self, store: Store, table: Table) -> None:
        """At most one get per item. [aws]"""
        with pytest.raises(InvalidRequest):
            store.perform(TransactGet((GetItem(table, key("a")), GetItem(table, key("a")))))

    def test_transact_get_refuses_nothing(self, store: Store) -> None:
        """There must be a get. [aws]"""
        with pytest.raises(InvalidRequest):
            store.perform(TransactGet(()))
