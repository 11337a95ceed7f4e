"""Copies of operations: equal to what was asked, and untouched by what its caller does afterwards."""

from __future__ import annotations

from copy import deepcopy

from persistence import Table
from persistence.attributes import Item
from persistence.expressions import AttributeExists, Compare, Path, Remove, Set, Value
from persistence.operations import ConditionCheck, PutItem, TransactWrite, UpdateItem
from persistence.testing.copying import copied

ORDERS = Table("orders", "id")


def transaction(item: Item, limit: Item) -> TransactWrite:
    total = Compare("<", Path.of("total"), Value({"M": limit}))
    return TransactWrite(
        (
            PutItem(ORDERS, item, AttributeExists(Path.of("id")) & total),
            UpdateItem(
                ORDERS, {"id": {"S": "2"}}, (Set(Path.of("limit"), Value({"M": limit})), Remove(Path.of("x")))
            ),
            ConditionCheck(ORDERS, {"id": {"S": "3"}}, total),
        ),
        "token",
    )


class TestCopied:
    def test_is_equal_and_of_the_same_table(self) -> None:
        asked = transaction({"id": {"S": "1"}, "tags": {"SS": ["a", "b"]}}, {"n": {"N": "1"}})

        copy = copied(asked)

        assert copy == asked
        assert isinstance(copy, TransactWrite)
        assert all(action.table is ORDERS for action in copy.actions)

    def test_stays_as_it_is_when_the_caller_changes_an_item(self) -> None:
        item: Item = {"id": {"S": "1"}, "tags": {"L": [{"S": "a"}]}}
        asked = transaction(item, {})
        before = deepcopy(asked)

        copy = copied(asked)
        item["tags"]["L"].append({"S": "b"})
        item["more"] = {"BOOL": True}

        assert copy == before != asked

    def test_stays_as_it_is_when_the_caller_changes_a_constant_of_an_expression(self) -> None:
        limit: Item = {"n": {"N": "1"}}
        asked = transaction({"id": {"S": "1"}}, limit)
        before = deepcopy(asked)

        copy = copied(asked)
        limit["n"]["N"] = "2"

        assert copy == before != asked

    def test_copies_what_it_does_not_know_as_python_does(self) -> None:
        class Attributes(dict[str, dict[str, str]]):
            pass

        item = Attributes(id={"S": "1"})
        copy = copied(PutItem(ORDERS, item))
        item["id"]["S"] = "2"

        assert copy == PutItem(ORDERS, {"id": {"S": "1"}})
