"""PynamoDB's queries; its models are the entities, so they are what is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.models import Model

from benchmarks.contenders.with_pynamodb import DecimalAttribute


def reads(url: str) -> Mapping[str, Callable[[int], object]]:
    """Give the ways to read from a stub."""

    class Entry(Model):
        class Meta:
            table_name = "entries_pynamodb"
            host = url
            region = "us-east-1"
            aws_access_key_id = "testing"
            aws_secret_access_key = "testing"

        name = UnicodeAttribute(hash_key=True)
        id = UnicodeAttribute(range_key=True)
        age = NumberAttribute()
        active = BooleanAttribute()
        balance = DecimalAttribute()
        created_at = UTCDateTimeAttribute()

    def selected(count: int) -> list[object]:
        found = Entry.query(str(count), attributes_to_get=["id", "balance"])
        return [(entry.id, entry.balance) for entry in found]

    return {
        "query": lambda count: list(Entry.query(str(count))),
        "select": selected,
        "count": lambda count: Entry.count(str(count)),
    }
