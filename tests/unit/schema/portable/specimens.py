"""What the tests of portable backups share: items of all types, and a table full of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from persistence import MemoryStore, SchemaService, Store, Table
from persistence.attributes import Item, canonical_number
from persistence.operations import BatchWriteItems, PutItem, ScanPage
from persistence.schema.portable.lines import line_of

TABLE = Table("things", "id", "at", types={"at": "N"})

EVERY_TYPE: Item = {
    "text": {"S": "é\u2028\n\x00\U0001f600"},
    "empty": {"S": ""},
    "number": {"N": "12345678901234567890123456789012345678"},
    "small": {"N": "-0." + "0" * 91 + "1234567890123456789012345678901234567"},
    "large": {"N": "9" + "0" * 125},
    "binary": {"B": b"\x00\xff\n"},
    "no bytes": {"B": b""},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["b", "a"]},
    "numbers": {"NS": ["2", "-1.5", "10"]},
    "binaries": {"BS": [b"\xff", b"a"]},
    "list": {"L": [{"L": []}, {"M": {}}, {"N": "0"}]},
    "map": {"M": {"a b": {"M": {"c": {"BS": [b"x"]}}}}},
}


def numbered(count: int) -> list[Item]:
    """Give some items of several partitions, the first with every type."""
    items: list[Item] = [
        {"id": {"S": f"p{number % 7}"}, "at": {"N": str(number)}, "text": {"S": f"number {number}"}}
        for number in range(count)
    ]
    items[0] |= EVERY_TYPE
    return items


def filled(items: Iterable[Item], table: Table = TABLE, store: Store | None = None) -> Store:
    """Give a store with a table of some items."""
    store = store or MemoryStore(auto_create=False)
    SchemaService(store).ensure_table(table)
    put(store, table, items)
    return store


def put(store: Store, table: Table, items: Iterable[Item]) -> None:
    everything = list(items)
    for start in range(0, len(everything), 25):
        writes = tuple(PutItem(table, item) for item in everything[start : start + 25])
        store.perform(BatchWriteItems(writes))


def contents(store: Store, table: Table = TABLE) -> set[bytes]:
    """Give all items of a table, as lines."""
    found: set[bytes] = set()
    start: Item | None = None
    while True:
        page = store.perform(ScanPage(table, start=start, consistent=True))
        found |= {line_of(item) for item in page.items}
        start = page.last_key
        if start is None:
            return found


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
NUMBERS = (
    st.integers(-(10**38) + 1, 10**38 - 1).map(str)
    | st.decimals(-1000, 1000, places=5).map(str)
    | st.tuples(st.integers(1, 10**37), st.integers(-130, 88)).map(lambda parts: f"{parts[0]}E{parts[1]}")
).map(canonical_number)


def values(texts: st.SearchStrategy[str] = TEXT, binaries: st.SearchStrategy[bytes] | None = None) -> Any:
    """Give a strategy of attribute values of all types."""
    binary = st.binary(max_size=8) if binaries is None else binaries
    return st.recursive(
        texts.map(lambda text: {"S": text})
        | NUMBERS.map(lambda number: {"N": number})
        | binary.map(lambda content: {"B": content})
        | st.booleans().map(lambda truth: {"BOOL": truth})
        | st.just({"NULL": True})
        | st.lists(texts, min_size=1, max_size=3, unique=True).map(lambda members: {"SS": members})
        | st.lists(NUMBERS, min_size=1, max_size=3, unique=True).map(lambda members: {"NS": members})
        | st.lists(binary, min_size=1, max_size=3, unique=True).map(lambda members: {"BS": members}),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda parts: {"L": parts})
            | st.dictionaries(NAMES, inner, max_size=3).map(lambda parts: {"M": parts})
        ),
        max_leaves=8,
    )


def items(**parts: Any) -> st.SearchStrategy[list[Item]]:
    """Give a strategy of some items with keys of their own."""
    attributes = st.dictionaries(NAMES.map(lambda name: f"_{name}"), values(**parts), max_size=4)
    return st.lists(attributes, max_size=12).map(
        lambda found: [
            {**item, "id": {"S": f"p{number % 3}"}, "at": {"N": str(number)}}
            for number, item in enumerate(found)
        ]
    )
