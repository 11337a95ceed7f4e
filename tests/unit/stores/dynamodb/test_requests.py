"""What is refused before anything is sent; whole requests are in `tests/golden`."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import InvalidRequest
from persistence.expressions import AttributeExists, KeyCondition, Path, Remove
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.dynamodb.calls import Call
from persistence.stores.dynamodb.table_calls import CALLS
from persistence.table import Table

THINGS, OTHERS = Table("things", "id", types={"id": "N"}), Table("others", "id", types={"id": "N"})
EXISTS = AttributeExists(Path.of("id"))


def key(number: str) -> Item:
    return {"id": {"N": number}}


def parameters(operation: Operation[Any]) -> dict[str, Any]:
    call = CALLS[type(operation)]
    assert isinstance(call, Call)
    return call.parameters(operation)


class TestOneActionPerItem:
    """Not every local server refuses two actions on one item, and some then do the wrong thing."""

    @pytest.mark.parametrize(
        "operation",
        [
            TransactWrite((PutItem(THINGS, key("1")), DeleteItem(THINGS, key("1")))),
            TransactWrite((PutItem(THINGS, key("1")), ConditionCheck(THINGS, key("1.0"), EXISTS))),
            BatchGetItems((GetItem(THINGS, key("10")), GetItem(THINGS, key("1E1")))),
            BatchWriteItems((PutItem(THINGS, key("1")), DeleteItem(THINGS, key("1")))),
        ],
        ids=["transaction", "check of a written item", "batch get, numbers by value", "batch write"],
    )
    def test_refuses_two(self, operation: Operation[Any]) -> None:
        with pytest.raises(
            InvalidRequest, match=r"multiple operations on one item|contains duplicates"
        ) as caught:
            parameters(operation)

        assert (caught.value.operation, caught.value.table) == (type(operation).__name__, "things")

    def test_takes_the_same_key_of_two_tables(self) -> None:
        operation = TransactWrite((PutItem(THINGS, key("1")), PutItem(OTHERS, key("1"))))

        assert len(parameters(operation)["TransactItems"]) == 2

    @pytest.mark.parametrize(
        "bad",
        [
            {},
            {"id": {"N": "x"}},
            {"id": {"N": 1}},
            {"id": {"SS": ["a"]}},
            {"id": {"N": "1", "S": "1"}},
            {"id": {}},
        ],
    )
    def test_leaves_what_is_no_key_to_the_service(self, bad: Item) -> None:
        operation = TransactWrite((PutItem(THINGS, bad), PutItem(THINGS, bad)))

        assert len(parameters(operation)["TransactItems"]) == 2


class TestBatches:
    @pytest.mark.parametrize(
        "write",
        [
            PutItem(THINGS, key("1"), EXISTS),
            DeleteItem(THINGS, key("1"), EXISTS),
            PutItem(THINGS, key("1"), returning="old"),
        ],
    )
    def test_refuse_conditions_and_answers(self, write: PutItem | DeleteItem) -> None:
        with pytest.raises(InvalidRequest, match=r"takes no conditions|for single writes only"):
            parameters(BatchWriteItems((write,)))

    @pytest.mark.parametrize(
        "other",
        [GetItem(THINGS, key("2"), consistent=True), GetItem(THINGS, key("2"), projection=(Path.of("a"),))],
    )
    def test_refuse_gets_that_disagree(self, other: GetItem) -> None:
        with pytest.raises(InvalidRequest, match="must agree"):
            parameters(BatchGetItems((GetItem(THINGS, key("1")), other)))


class TestPages:
    @pytest.mark.parametrize(
        "page",
        [
            ScanPage(THINGS, whole=True, count_only=True),
            ScanPage(THINGS, whole=True, projection=(Path.of("a"),)),
            QueryPage(THINGS, KeyCondition(("id", {"N": "1"})), whole=True, count_only=True),
        ],
    )
    def test_refuse_whole_items_beside_something_else(self, page: QueryPage | ScanPage) -> None:
        """The service has one `Select`, and takes no projection with ALL_ATTRIBUTES."""
        with pytest.raises(InvalidRequest, match="when choosing to get ALL_ATTRIBUTES"):
            parameters(page)


class TestTransactions:
    @pytest.mark.parametrize(
        "write",
        [
            PutItem(THINGS, key("1"), returning="old"),
            UpdateItem(THINGS, key("1"), (Remove(Path.of("a")),), returning="new"),
            DeleteItem(THINGS, key("1"), returning="old"),
        ],
    )
    def test_refuse_answers(self, write: PutItem | UpdateItem | DeleteItem) -> None:
        with pytest.raises(InvalidRequest, match="for single writes only"):
            parameters(TransactWrite((write,)))


class TestUpdates:
    def test_of_nothing_have_no_expression(self) -> None:
        """An update without actions makes an absent item; the service takes no empty expression."""
        assert "UpdateExpression" not in parameters(UpdateItem(THINGS, key("1"), ()))
