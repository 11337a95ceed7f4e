"""Client tokens: how transactions are repeated."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from persistence.errors import (
    InvalidRequest,
    TokenMismatch,
    TransactionCancelled,
)
from persistence.operations import (
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
    key,
    map_of,
    number,
    put,
    read,
    rows,
    strings,
)


def _token() -> str:
    return uuid.uuid4().hex


class TokenContract(Contract):
    """Client tokens: repeating a transaction has no further effect."""

    def test_a_repeated_transaction_has_no_further_effect(self, store: Store, table: Table) -> None:
        """The same request with the same token succeeds and does nothing [aws]."""
        request = TransactWrite((UpdateItem(table, key("a"), add("n")),), _token())

        for _ in range(3):
            store.perform(request)

        assert read(store, table, key("a")) == {**key("a"), "n": number(1)}

    def test_a_repeated_transaction_succeeds_whatever_is_stored_now(self, store: Store, table: Table) -> None:
        """A replay does not evaluate its conditions again [aws]."""
        request = TransactWrite((PutItem(table, key("a"), FREE),), _token())
        store.perform(request)

        store.perform(request)
        store.perform(DeleteItem(table, key("a")))
        store.perform(request)

        assert read(store, table, key("a")) is None

    def test_an_equal_request_is_the_same_request(self, store: Store, table: Table) -> None:
        """What counts is what the request says, not which object says it [aws]."""
        token = _token()

        def request() -> TransactWrite:
            item = {**key("a"), "m": map_of(x=number(1), y=strings("a", "b"))}
            return TransactWrite((PutItem(table, item, FREE), UpdateItem(table, key("b"), add("n"))), token)

        store.perform(request())
        store.perform(request())

        assert read(store, table, key("b")) == {**key("b"), "n": number(1)}

    @rows(
        "other",
        {
            "another-value": lambda table: (UpdateItem(table, key("a"), add("n", 2)),),
            "another-key": lambda table: (UpdateItem(table, key("b"), add("n")),),
            "another-condition": lambda table: (UpdateItem(table, key("a"), add("n"), PRESENT),),
            "another-kind": lambda table: (DeleteItem(table, key("a")),),
            "one-action-more": lambda table: (
                UpdateItem(table, key("a"), add("n")),
                PutItem(table, key("b")),
            ),
        },
    )
    def test_refuses_a_token_for_another_request(
        self, store: Store, table: Table, other: Callable[[Table], tuple[TransactAction, ...]]
    ) -> None:
        """A token belongs to one request [aws]."""
        token = _token()
        store.perform(TransactWrite((UpdateItem(table, key("a"), add("n")),), token))

        with pytest.raises(TokenMismatch):
            store.perform(TransactWrite(other(table), token))

        assert read(store, table, key("a")) == {**key("a"), "n": number(1)}
        assert read(store, table, key("b")) is None

    def test_different_tokens_are_different_transactions(self, store: Store, table: Table) -> None:
        """The same actions under another token take effect again [aws]."""
        actions = (UpdateItem(table, key("a"), add("n")),)

        store.perform(TransactWrite(actions, _token()))
        store.perform(TransactWrite(actions, _token()))

        assert read(store, table, key("a")) == {**key("a"), "n": number(2)}

    def test_without_a_token_each_call_takes_effect(self, store: Store, table: Table) -> None:
        """The store makes a token per call [run]."""
        request = TransactWrite((UpdateItem(table, key("a"), add("n")),))

        store.perform(request)
        store.perform(request)

        assert read(store, table, key("a")) == {**key("a"), "n": number(2)}

    def test_the_token_of_a_cancelled_transaction_may_be_used_again(self, store: Store, table: Table) -> None:
        """A cancelled request is evaluated anew [run]."""
        request = TransactWrite((PutItem(table, key("a"), FREE),), _token())
        put(store, table, key("a"), n=number(1))
        with pytest.raises(TransactionCancelled):
            store.perform(request)
        store.perform(DeleteItem(table, key("a")))

        store.perform(request)

        assert read(store, table, key("a")) == key("a")

    def test_tokens_have_up_to_36_characters(self, store: Store, table: Table) -> None:
        """A UUID with its hyphens is just short enough [aws]."""
        store.perform(TransactWrite((PutItem(table, key("a")),), str(uuid.uuid4())))

        assert read(store, table, key("a")) == key("a")

    @rows("token", {"too-long": "x" * 37, "empty": ""})
    def test_refuses_tokens_of_other_lengths(self, store: Store, table: Table, token: str) -> None:
        """A token has 1 to 36 characters [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(TransactWrite((PutItem(table, key("a")),), token))

        assert read(store, table, key("a")) is None
