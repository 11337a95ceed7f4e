"""Bytes of a commit in the store of a tenant, whose name stands before keys."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from persistence import GlobalIndex, Key, MappingSchema, MemoryStore, Repository, Table, UnitOfWork
from persistence.attributes import item_size
from persistence.commit_plan.sizes import action_size, tenant_names_in
from persistence.errors import TransactionTooLarge
from persistence.expressions import (
    And,
    Between,
    Compare,
    Condition,
    IfNotExists,
    In,
    Not,
    Path,
    Remove,
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
from persistence.store import Limits
from persistence.stores.tenancy import Tenant
from persistence.stores.tenancy.scoping import scoped

OWNED = Table(
    "orders", "id", indexes=(GlobalIndex("by-customer", Key("customer", "id")),), tenant_scoped=True
)
SHARED = Table("orders", "id", indexes=OWNED.indexes)
ACME = Tenant("acme")


def text(content: str) -> Value:
    return Value({"S": content})


BOTH: Condition = And(
    (
        Not(Compare("=", Path.of("customer"), text("c1"))),
        Between(Path.of("id"), text("a"), text("b")),
        In(Path.of("customer"), (text("x"), text("y"), text("z"))),
        Compare("<", Path.of("total"), Value({"N": "3"})),
        Compare("=", Path.of("note"), text("n")),
    )
)
KEY = {"id": {"S": "1"}}
CUSTOMER = Path.of("customer")
CHANGES = (
    Set(Path.of("customer"), text("c2")),
    Set(Path.of("note"), text("n")),
    Remove(Path.of("more")),
)


@pytest.mark.parametrize(
    "action",
    [
        PutItem(OWNED, KEY),
        PutItem(OWNED, {**KEY, "customer": {"S": "c1"}, "note": {"S": "n"}}, BOTH),
        UpdateItem(OWNED, KEY, CHANGES, BOTH),
        UpdateItem(OWNED, KEY, (Remove(Path.of("customer")),)),
        UpdateItem(OWNED, KEY, (Set(CUSTOMER, IfNotExists(CUSTOMER, text("c1"))),)),
        DeleteItem(OWNED, KEY, BOTH),
        ConditionCheck(OWNED, KEY, BOTH),
        PutItem(SHARED, {**KEY, "customer": {"S": "c1"}}, BOTH),
    ],
    ids=lambda action: type(action).__name__,
)
def test_the_name_counts_wherever_it_is_sent(action: TransactAction) -> None:
    """As often as a tenant's store puts it in: into keys, of indexes too, and what they are compared with."""
    sent = action
    if action.table.tenant_scoped:
        request = scoped(TransactWrite((action,)), ACME)
        assert isinstance(request, TransactWrite)
        (sent,) = request.actions

    assert action_size(action) + len("acme#") * tenant_names_in(action) == action_size(sent)


@dataclass
class Order:
    id: str
    customer: str
    note: str = ""


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-customer", Key("customer", "id")),)
        tenant_scoped = True


def test_a_commit_that_is_too_large_with_the_name_is_refused_before_it_is_sent() -> None:
    """It says so by entity type, as any other one; nobody gets the store's own refusal."""
    order = Order("1", "c1", "x" * 100)
    item = {"id": {"S": "acme#1"}, "customer": {"S": "acme#c1"}, "note": {"S": "x" * 100}}
    size = 2 * item_size(item)

    def committed(transaction_bytes: int) -> None:
        store = MemoryStore(limits=Limits(transaction_bytes=transaction_bytes)).for_tenant("acme")
        uow = UnitOfWork(store)
        with uow:
            Repository(OrderMapping, uow).add(order)
            Repository(OrderMapping, uow).add(Order("2", "c1", "x" * 100))

    with pytest.raises(TransactionTooLarge) as refused:
        committed(size - 1)
    committed(size)

    assert refused.value.size == size
    assert refused.value.by_type == {"Order": 2}
