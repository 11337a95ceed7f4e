"""A flat entity by hand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from benchmarks.contenders.handwritten.common import moment_text, refuse
from benchmarks.shapes import Simple
from persistence.attributes import Item


def encode_simple(simple: Simple) -> Item:
    key, name, age = simple.id, simple.name, simple.age
    active, balance, created_at = simple.active, simple.balance, simple.created_at
    if (
        type(key) is not str
        or not key
        or type(name) is not str
        or type(age) is not int
        or type(active) is not bool
        or type(balance) is not Decimal
        or type(created_at) is not datetime
    ):
        refuse(simple)
    return {
        "id": {"S": key},
        "name": {"S": name},
        "age": {"N": str(age)},
        "active": {"BOOL": active},
        "balance": {"N": str(balance)},
        "created_at": {"S": moment_text(created_at)},
    }


def bare_simple(simple: Simple) -> Item:
    return {
        "id": {"S": simple.id},
        "name": {"S": simple.name},
        "age": {"N": str(simple.age)},
        "active": {"BOOL": simple.active},
        "balance": {"N": str(simple.balance)},
        "created_at": {"S": moment_text(simple.created_at)},
    }


def decode_simple(item: Item) -> Simple:
    return Simple(
        item["id"]["S"],
        item["name"]["S"],
        int(item["age"]["N"]),
        item["active"]["BOOL"],
        Decimal(item["balance"]["N"]),
        datetime.fromisoformat(item["created_at"]["S"]),
    )
