"""What is refused is refused in the service's words, by the memory store and by DynamoDB Local alike.

The words are AWS's own, as `persistence.testing.contract` cites their sources; values that the service would
repeat are left out of the memory store's messages. Where those of DynamoDB Local are not AWS's is listed
with the other known differences.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from persistence.attributes import AttributeValue, NumberRefused, canonical_number
from persistence.errors import PersistenceError
from persistence.expressions import (
    Between,
    Compare,
    Condition,
    KeyCondition,
    ListAppend,
    Path,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.operations import (
    BatchGetItems,
    ConditionCheck,
    CreateTable,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, Table
from persistence.testing.contract.base import delete_table
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TABLE = Table(
    f"words-{uuid.uuid4().hex}",
    "pk",
    "sk",
    indexes=(GlobalIndex("by-label", Key("label")),),
    types={"sk": "N"},
)
KEY: dict[str, AttributeValue] = {"pk": {"S": "a"}, "sk": {"N": "1"}}
OTHER: dict[str, AttributeValue] = {"pk": {"S": "b"}, "sk": {"N": "1"}}
ONE = Value({"N": "1"})
TEN = Value({"N": "10"})
LIST = Value({"L": []})
PARTITION = KeyCondition(("pk", {"S": "a"}))
EXISTING = {**KEY, "n": {"N": "1"}, "l": {"L": []}}


def put(**attributes: AttributeValue) -> PutItem:
    return PutItem(TABLE, {**KEY, **attributes})


def update(*actions: UpdateAction) -> UpdateItem:
    return UpdateItem(TABLE, KEY, actions)


def query(condition: Condition | None = None, **settings: Any) -> QueryPage:
    return QueryPage(TABLE, PARTITION, filter=condition, **settings)


at = Path.of
INVALID = "One or more parameter values were invalid: "
NOT_VALID = "One or more parameter values are not valid. "


def nested(levels: int) -> AttributeValue:
    value: AttributeValue = {"N": "1"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


# What is asked -> words of the refusal.
REFUSALS: dict[str, tuple[Operation[Any], str]] = {
    "item-too-large": (put(x={"S": "x" * 409_600}), "Item size has exceeded the maximum allowed size"),
    "empty-string-set": (put(x={"SS": []}), "An string set  may not be empty"),
    "empty-number-set": (put(x={"NS": []}), "An number set  may not be empty"),
    "empty-binary-set": (put(x={"BS": []}), "Binary sets should not be empty"),
    "doubled-member": (put(x={"SS": ["a", "a"]}), "contains duplicates"),
    "digits": (
        put(x={"N": "1" * 39}),
        "Attempting to store more than 38 significant digits in a Number",
    ),
    "overflow": (
        put(x={"N": "1E126"}),
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    "underflow": (
        put(x={"N": "1E-131"}),
        "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    ),
    "not-a-number": (put(x={"N": "NaN"}), "The parameter cannot be converted to a numeric value"),
    "text-for-a-number": (put(x={"N": "abc"}), "The parameter cannot be converted to a numeric value"),
    "null": (put(x={"NULL": False}), "Null attribute value types must have the value of true"),
    "missing-key": (
        PutItem(TABLE, {"pk": {"S": "a"}}),
        INVALID + "Missing the key sk in the item",
    ),
    "type-of-a-key": (
        PutItem(TABLE, {**KEY, "sk": {"S": "1"}}),
        INVALID + "Type mismatch for key sk expected: N actual: S",
    ),
    "type-of-an-index-key": (
        put(label={"N": "1"}),
        INVALID + "Type mismatch for Index Key label Expected: S Actual: N IndexName: by-label",
    ),
    "key-of-a-get": (
        GetItem(TABLE, {**KEY, "sk": {"S": "1"}}),
        "The provided key element does not match the schema",
    ),
    "key-attribute": (
        update(Set(at("sk"), ONE)),
        INVALID + "Cannot update attribute sk. This attribute is part of the key",
    ),
    "overlap": (
        update(Set(at("m", "a"), ONE), Set(at("m"), ONE)),
        "Invalid UpdateExpression: Two document paths overlap with each other",
    ),
    "set-and-remove": (
        update(Set(at("n"), ONE), Remove(at("n"))),
        "Invalid UpdateExpression: Two document paths overlap with each other",
    ),
    "absent-operand": (
        update(Set(at("x"), ListAppend(at("absent"), LIST))),
        "The provided expression refers to an attribute that does not exist in the item",
    ),
    "absent-parent": (
        update(Set(at("absent", "x"), ONE)),
        "The document path provided in the update expression is invalid for update",
    ),
    "wrong-operand": (
        update(Set(at("x"), ListAppend(at("n"), LIST))),
        "An operand in the update expression has an incorrect data type",
    ),
    "bounds": (
        query(Between(at("n"), TEN, ONE)),
        (
            "Invalid FilterExpression: The BETWEEN operator requires upper bound to be greater than or "
            "equal to lower bound"
        ),
    ),
    "order-of-what-has-none": (
        query(Compare("<", at("n"), Value({"BOOL": True}))),
        (
            "Invalid FilterExpression: Incorrect operand type for operator or function; "
            "operator or function: <, operand type: BOOL"
        ),
    ),
    "filter-on-the-key": (
        query(Compare("=", at("sk"), ONE)),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
    ),
    "consistent-global-index": (
        QueryPage(TABLE, KeyCondition(("label", {"S": "a"})), index="by-label", consistent=True),
        "Consistent reads are not supported on global secondary indexes",
    ),
    "start-elsewhere": (
        query(start=OTHER),
        "The provided starting key is outside query boundaries based on provided conditions",
    ),
    "start-outside-the-range": (
        QueryPage(TABLE, KeyCondition(("pk", {"S": "a"}), Compare(">", at("sk"), TEN)), start=KEY),
        "The provided starting key does not match the range key predicate",
    ),
    "no-start": (query(start={"pk": {"S": "a"}}), "The provided starting key is invalid"),
    "another-attribute-of-a-key": (
        QueryPage(TABLE, KeyCondition(("other", {"S": "a"}))),
        "Query condition missed key schema element: pk",
    ),
    "segment": (
        ScanPage(TABLE, segment=2, segments=2),
        (
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: 2 is not less than TotalSegments: 2"
        ),
    ),
    "doubled-key-of-a-batch": (
        BatchGetItems((GetItem(TABLE, KEY), GetItem(TABLE, {**KEY, "sk": {"N": "1.0"}}))),
        "Provided list of item keys contains duplicates",
    ),
    "two-actions-on-one-item": (
        TransactWrite((put(), update(Set(at("n"), ONE)))),
        "Transaction request cannot include multiple operations on one item",
    ),
    "two-reads-of-one-item": (
        TransactGet((GetItem(TABLE, KEY), GetItem(TABLE, KEY))),
        "Transaction request cannot include multiple operations on one item",
    ),
    "update-too-large": (
        update(Set(at("x"), Value({"S": "x" * 409_600}))),
        "Item size to update has exceeded the maximum allowed size",
    ),
    "nesting": (
        put(x=nested(32)),
        "Nesting Levels have exceeded supported limits",
    ),
    "exponent-beyond-32-bits": (
        put(x={"N": "1e99999999999"}),
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    "exponent-beyond-64-bits": (
        put(x={"N": "1e9223372036854775808"}),
        "The parameter cannot be converted to a numeric value",
    ),
    "zero-out-of-range": (
        put(x={"N": "0e126"}),
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    "empty-key": (
        PutItem(TABLE, {**KEY, "pk": {"S": ""}}),
        NOT_VALID + "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
    ),
    "empty-index-key": (
        put(label={"S": ""}),
        NOT_VALID + "A value specified for a secondary index key is not "
        "supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: "
        "by-label, IndexKey: label",
    ),
    "write-and-check-of-one-item": (
        TransactWrite((put(), ConditionCheck(TABLE, KEY, Compare("=", at("n"), ONE)))),
        "Transaction request cannot include multiple operations on one item",
    ),
}


@pytest.fixture(scope="module")
def memory() -> Store:
    return stocked(MemoryStore(auto_create=False))


@pytest.fixture(scope="module")
def local(dynamodb_local_client: DynamoDBClient) -> Iterator[Store]:
    store = stocked(DynamoStore(dynamodb_local_client, limits=DYNAMODB_LOCAL_2020_LIMITS))
    yield store
    delete_table(store, TABLE.name)


def stocked(store: Store) -> Store:
    store.perform(CreateTable(TABLE))
    store.perform(PutItem(TABLE, EXISTING))
    return store


def refusal(store: Store, operation: Operation[Any]) -> str:
    with pytest.raises(PersistenceError) as refused:
        store.perform(operation)
    return f"{refused.value} {refused.value.__cause__}"


class TestWords:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_are_those_of_the_service(self, memory: Store, name: str) -> None:
        operation, words = REFUSALS[name]

        assert words in refusal(memory, operation)

    @pytest.mark.parametrize("name", REFUSALS)
    def test_are_those_of_dynamodb_local(self, local: Store, name: str) -> None:
        operation, words = REFUSALS[name]

        assert words in refusal(local, operation)


class TestNumbers:
    @pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "0e999999999", "1e" + "9" * 400_000])
    def test_are_not_expanded_before_they_are_checked(self, text: str) -> None:
        """An exponent costs nothing to write; made into digits it would take gigabytes."""
        with pytest.raises(NumberRefused):
            canonical_number(text)

    def test_are_exact_at_their_limits(self) -> None:
        least, greatest = "1e-130", "9." + "9" * 37 + "E125"

        assert [Decimal(canonical_number(text)) for text in (least, greatest)] == [
            Decimal(least),
            Decimal(greatest),
        ]
