"""Conditions and updates on what begins with a tenant's name, compared with the same on what does not."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.errors import QueryError
from persistence.evaluate import holds
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.stores.tenancy.conditions import Rewriting
from persistence.stores.tenancy.tenant import Tenant

NAMES = ("pk", "customer")
ACME = Tenant("acme")
REWRITING = Rewriting(ACME, NAMES)

PK, CUSTOMER, NOTE, TAGS = (Path.of(name) for name in ("pk", "customer", "note", "tags"))


def text(content: str) -> Value:
    return Value({"S": content})


def number(content: int) -> Value:
    return Value({"N": str(content)})


ITEMS: list[dict[str, Any]] = [
    {"pk": {"S": pk}, "customer": {"S": customer}, "note": {"S": "c1"}, "tags": {"SS": ["c1", "x"]}}
    for pk in ("1", "c1", "z")
    for customer in ("c1", "c12", "a", "acme", "acme#c1")
] + [{"pk": {"S": "1"}}]

CONDITIONS: list[Condition] = [
    *(
        Compare(operator, CUSTOMER, text(wanted))
        for operator in ("=", "<>", "<", "<=", ">", ">=")
        for wanted in ("c1", "acme", "acme#c1", "")
    ),
    Compare("=", text("c1"), CUSTOMER),
    Compare("=", CUSTOMER, PK),
    Compare("=", CUSTOMER, number(1)),
    Compare("=", NOTE, text("c1")),
    Between(CUSTOMER, text("b"), text("c1")),
    Between(text("c1"), PK, CUSTOMER),
    In(CUSTOMER, (text("a"), text("c12"), number(3))),
    BeginsWith(CUSTOMER, text("c1")),
    BeginsWith(NOTE, text("c")),
    Contains(TAGS, text("c1")),
    AttributeExists(CUSTOMER),
    AttributeNotExists(CUSTOMER),
    AttributeType(CUSTOMER, "S"),
    *(Compare(operator, Size(CUSTOMER), number(3)) for operator in ("=", "<", ">=")),
    Between(Size(CUSTOMER), number(2), number(4)),
    In(Size(CUSTOMER), (number(1), number(4))),
    Compare("=", Size(CUSTOMER), Size(PK)),
    Compare("=", Size(NOTE), number(2)),
    Not(Or((Compare("=", CUSTOMER, text("a")), And((BeginsWith(CUSTOMER, text("c")), AttributeExists(PK)))))),
    Compare("=", Path.of("customer", "part"), text("c1")),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=repr)
def test_a_condition_says_of_stored_items_what_it_says_of_those_shown(condition: Condition) -> None:
    rewritten = REWRITING.condition(condition)

    for item in ITEMS:
        assert holds(rewritten, ACME.stored_item(item, NAMES)) is holds(condition, item)


@pytest.mark.parametrize(
    "condition",
    [
        Contains(CUSTOMER, text("c1")),
        Contains(TAGS, CUSTOMER),
        Compare("=", CUSTOMER, NOTE),
        Compare("<", NOTE, PK),
        Between(CUSTOMER, text("a"), NOTE),
        In(NOTE, (CUSTOMER,)),
        BeginsWith(NOTE, CUSTOMER),
        Compare("=", Size(CUSTOMER), Size(NOTE)),
        Compare("=", Size(CUSTOMER), NOTE),
        Compare("=", Size(CUSTOMER), CUSTOMER),
        Not(And((AttributeExists(PK), Contains(CUSTOMER, text("c1"))))),
    ],
    ids=repr,
)
def test_refuses_what_cannot_be_asked_of_stored_items(condition: Condition) -> None:
    with pytest.raises(QueryError, match="scoped to tenants"):
        REWRITING.condition(condition)


def test_key_conditions_begin_with_the_tenant_wherever_partition_keys_are_meant() -> None:
    """An inverted index sorts by what is the partition key of the table."""
    plain = KeyCondition(("pk", {"S": "1"}), Compare(">", Path.of("sk"), text("s")))
    inverted = KeyCondition(("customer", {"S": "c"}), BeginsWith(PK, text("1")), (("region", {"S": "r"}),))

    assert REWRITING.key_condition(plain) == KeyCondition(("pk", {"S": "acme#1"}), plain.sort)
    assert REWRITING.key_condition(inverted) == KeyCondition(
        ("customer", {"S": "acme#c"}), BeginsWith(PK, text("acme#1")), (("region", {"S": "r"}),)
    )


@pytest.mark.parametrize(
    ("action", "rewritten"),
    [
        (Set(CUSTOMER, text("c")), Set(CUSTOMER, text("acme#c"))),
        (Set(NOTE, text("c")), Set(NOTE, text("c"))),
        (Set(CUSTOMER, PK), Set(CUSTOMER, PK)),
        (
            Set(CUSTOMER, IfNotExists(CUSTOMER, text("c"))),
            Set(CUSTOMER, IfNotExists(CUSTOMER, text("acme#c"))),
        ),
        (Set(NOTE, IfNotExists(NOTE, text("c"))), Set(NOTE, IfNotExists(NOTE, text("c")))),
        (Set(Path.of("n"), Plus(Path.of("n"), number(1))), Set(Path.of("n"), Plus(Path.of("n"), number(1)))),
        (Remove(CUSTOMER), Remove(CUSTOMER)),
        (Add(Path.of("n"), number(1)), Add(Path.of("n"), number(1))),
    ],
)
def test_updates_store_keys_with_the_tenant(action: UpdateAction, rewritten: UpdateAction) -> None:
    assert REWRITING.action(action) == rewritten


@pytest.mark.parametrize(
    "action",
    [
        Set(NOTE, CUSTOMER),
        Set(CUSTOMER, NOTE),
        Set(NOTE, IfNotExists(CUSTOMER, text("c"))),
        Set(CUSTOMER, IfNotExists(NOTE, text("c"))),
        Set(CUSTOMER, IfNotExists(CUSTOMER, NOTE)),
        Set(TAGS, ListAppend(TAGS, CUSTOMER)),
        Set(Path.of("note", "part"), CUSTOMER),
    ],
    ids=repr,
)
def test_refuses_updates_that_copy_the_tenant_out_of_a_key_or_a_key_without_it(action: UpdateAction) -> None:
    with pytest.raises(QueryError, match="copying"):
        REWRITING.action(action)
