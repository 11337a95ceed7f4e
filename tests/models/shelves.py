"""Things on shelves: keys and index keys of every type, of which many things have the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from persistence import GlobalIndex, Key, LocalIndex, MappingSchema, Projection, Query, Repository, Table
from persistence.attributes import Item
from persistence.mapping import mapping_of
from tests.models.specimens import NOON, Status
from tests.models.worlds import new_partition


@dataclass
class Thing:
    """Its place on its shelf is its own; all else it may share with others."""

    shelf: str
    place: Decimal
    number: int
    code: bytes
    box: UUID
    rank: Decimal
    group: str
    color: str
    weight: int
    text: str | None = None
    amount: Decimal | None = None
    content: bytes | None = None
    moment: datetime | None = None
    uid: UUID | None = None
    status: Status | None = None


class ShelfMapping(MappingSchema[Thing]):
    """Has indexes of every kind and type, and in all of them many duplicates."""

    class Meta:
        table = "shelves"
        key = Key("shelf", "place")
        indexes = (
            LocalIndex("here-by-text", "text"),
            LocalIndex("here-by-amount", "amount", Projection.keys_only()),
            LocalIndex("here-by-content", "content", Projection.include("color")),
            LocalIndex("here-by-moment", "moment"),
            LocalIndex("here-by-uid", "uid", Projection.keys_only()),
            GlobalIndex("by-text", Key("group", "text")),
            GlobalIndex("by-amount", Key("group", "amount")),
            GlobalIndex("by-content", Key("group", "content")),
            GlobalIndex("by-moment", Key("group", "moment")),
            GlobalIndex("by-status", Key("group", "status")),
            GlobalIndex("by-group", Key("group")),
            GlobalIndex("keys-by-uid", Key("group", "uid"), Projection.keys_only()),
            GlobalIndex("keys-by-amount", Key("group", "amount"), Projection.keys_only()),
            GlobalIndex("colors-by-moment", Key("group", "moment"), Projection.include("color")),
        )


class BoxMapping(MappingSchema[Thing]):
    """Has keys of other types."""

    class Meta:
        table = "boxes"
        key = Key("box", "code")
        indexes = (
            LocalIndex("here-by-status", "status"),
            GlobalIndex("by-rank", Key("rank", "amount")),
            GlobalIndex("keys-by-rank", Key("rank", "text"), Projection.keys_only()),
        )


class SharedShelfMapping(MappingSchema[Thing]):
    """Shares its table with others, and has keys by templates."""

    class Meta:
        table = Table(
            "shared-shelves",
            partition="PK",
            sort="SK",
            indexes=(
                GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),
                GlobalIndex("GSI2", Key("GSI2PK", "GSI2SK"), Projection.keys_only()),
            ),
        )
        key = Key("SHELF#{shelf}", "THING#{number:03d}")
        index_keys = {  # noqa: RUF012  # marshmallow's Meta is plain data
            "GSI1": Key("GROUP#{group}", "{moment}"),
            "GSI2": Key("GROUP#{group}", "TEXT#{text}"),
        }


SHELVES: tuple[type[MappingSchema[Thing]], ...] = (ShelfMapping, BoxMapping, SharedShelfMapping)

TEXTS = st.none() | st.sampled_from(["a", "ab", "é", "\uffff", "\U00010000"])
AMOUNTS = st.none() | st.sampled_from(list(map(Decimal, ("-3", "0", "0.1", "1", "10", "1E+20"))))
CONTENTS = st.none() | st.sampled_from([b"\x00", b"a", b"ab", b"\xff"])
MOMENTS = st.none() | st.sampled_from([NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=1)])
UIDS = st.none() | st.sampled_from([UUID(int=1), UUID(int=2**127)])
PLACES = [Decimal(text) for text in ("-20", "-3", "-1", "0", "0.5", "1", "2", "9", "10", "99.5", "1E+3")]

_shared = {
    "color": st.sampled_from(["red", "blue"]),
    "weight": st.integers(0, 3),
    "text": TEXTS,
    "amount": AMOUNTS,
    "content": CONTENTS,
    "moment": MOMENTS,
    "uid": UIDS,
    "status": st.none() | st.sampled_from(Status),
}


def shelves(most: int = len(PLACES)) -> st.SearchStrategy[list[Thing]]:
    """Give shelves of some things, of which nothing else is known than that they are together."""
    return st.lists(st.fixed_dictionaries(_shared), min_size=1, max_size=most).map(_shelf)


def _shelf(contents: list[dict[str, Any]]) -> list[Thing]:
    name = new_partition()
    together = int(name.removeprefix("p"))
    return [
        Thing(
            shelf=name,
            place=PLACES[number],
            number=number,
            code=bytes([255 - number, number]),
            box=UUID(int=together),
            rank=Decimal(together),
            group=name,
            **content,
        )
        for number, content in enumerate(contents)
    ]


def items_of(mapping: type[MappingSchema[Thing]], shelf: Sequence[Thing]) -> list[Item]:
    """Give what is stored, with numbers as others might have spelled them."""
    random = Random(len(shelf))
    return [_respelled(random, mapping_of(mapping).codec.encode(thing)) for thing in shelf]


def _respelled(random: Random, item: Item) -> Item:
    return {
        name: {"N": random.choice(SPELLINGS)(Decimal(str(value["N"])))} if "N" in value else value
        for name, value in item.items()
    }


SPELLINGS: tuple[Callable[[Decimal], str], ...] = (
    str,
    lambda number: f"{number:f}",
    lambda number: f"{number:E}",
    lambda number: f"{number:f}.000" if number == number.to_integral_value() else f"{number:f}000",
    lambda number: f"00{number:f}" if number >= 0 else f"{number:e}",
)


def bytes_of(text: str) -> bytes:
    """Give what texts are sorted by."""
    return text.encode()


SORTED: Mapping[str, Callable[[Any], Any]] = {
    "text": bytes_of,
    "uid": str,
    "status": lambda status: status.value,
}
"""Field -> what its values are sorted by, where that is not they themselves."""


@dataclass(frozen=True)
class Access:
    """A way to read things.

    Attributes:
        mapping: how they are stored.
        index: the index that is read; None for the table.
        partition: the field that is given.
        sort: the field by which they are sorted, if any.
        hydrate: whether the rest of what the index holds is fetched.
    """

    mapping: type[MappingSchema[Thing]]
    index: str | None
    partition: str
    sort: str | None
    hydrate: bool = False

    def __repr__(self) -> str:
        return f"{self.mapping.__name__} {self.index or 'table'}"

    def query(self, repository: Repository[Thing], shelf: Sequence[Thing]) -> Query[Thing]:
        """Ask for all things that are together."""
        query = repository.where(self.partition, "=", getattr(shelf[0], self.partition))
        query = query if self.index is None else query.index(self.index)
        return query.hydrate() if self.hydrate else query

    def expected(self, shelf: Sequence[Thing]) -> list[Thing]:
        """Give what is found, by what a table or index is: those that have its keys, sorted."""
        if self.sort is None:
            return list(shelf)
        return sorted((thing for thing in shelf if getattr(thing, self.sort) is not None), key=self.rank)

    def rank(self, thing: Thing) -> Any:
        """Give what things are sorted by."""
        if self.sort is None:
            return 0
        return SORTED.get(self.sort, lambda value: value)(getattr(thing, self.sort))


ACCESSES = (
    Access(ShelfMapping, None, "shelf", "place"),
    Access(ShelfMapping, "here-by-text", "shelf", "text"),
    Access(ShelfMapping, "here-by-amount", "shelf", "amount"),
    Access(ShelfMapping, "here-by-content", "shelf", "content"),
    Access(ShelfMapping, "here-by-moment", "shelf", "moment"),
    Access(ShelfMapping, "here-by-uid", "shelf", "uid"),
    Access(ShelfMapping, "by-text", "group", "text"),
    Access(ShelfMapping, "by-amount", "group", "amount"),
    Access(ShelfMapping, "by-content", "group", "content"),
    Access(ShelfMapping, "by-moment", "group", "moment"),
    Access(ShelfMapping, "by-status", "group", "status"),
    Access(ShelfMapping, "by-group", "group", None),
    Access(ShelfMapping, "keys-by-uid", "group", "uid", hydrate=True),
    Access(ShelfMapping, "keys-by-amount", "group", "amount", hydrate=True),
    Access(ShelfMapping, "colors-by-moment", "group", "moment", hydrate=True),
    Access(BoxMapping, None, "box", "code"),
    Access(BoxMapping, "here-by-status", "box", "status"),
    Access(BoxMapping, "by-rank", "rank", "amount"),
    Access(BoxMapping, "keys-by-rank", "rank", "text", hydrate=True),
    Access(SharedShelfMapping, None, "shelf", "number"),
    Access(SharedShelfMapping, "GSI1", "group", "moment"),
    Access(SharedShelfMapping, "GSI2", "group", "text", hydrate=True),
)


@dataclass(frozen=True)
class Narrowing:
    """What else is demanded; the rule and the condition say the same."""

    name: str
    rule: Callable[[Thing], bool]
    condition: Callable[[Thing], bool] | None

    def __repr__(self) -> str:
        return self.name


NARROWINGS = (
    Narrowing("all", lambda thing: True, None),
    Narrowing("red", lambda thing: thing.color == "red", lambda o: o.color == "red"),
    Narrowing("heavy", lambda thing: thing.weight >= 2, lambda o: o.weight >= 2),
    Narrowing(
        "red or light",
        lambda thing: thing.color == "red" or thing.weight < 1,
        lambda o: (o.color == "red") | (o.weight < 1),
    ),
    Narrowing("none", lambda thing: thing.color == "green", lambda o: o.color == "green"),
)


@dataclass(frozen=True)
class Range:
    """A range of the sort key; from the first to the last of what a shelf holds."""

    operator: str
    ends: tuple[int, int] = (0, 0)

    def of(self, access: Access, shelf: Sequence[Thing]) -> tuple[Any, ...] | None:
        """Give its operands; None if the shelf holds nothing."""
        found = access.expected(shelf)
        if not found or access.sort is None:
            return None
        first, last = sorted(end % len(found) for end in self.ends)
        values = [getattr(found[end], access.sort) for end in (first, last)]
        return tuple(values) if self.operator == "between" else (values[0],)

    def holds(self, access: Access, thing: Thing, operands: tuple[Any, ...]) -> bool:
        """Tell whether a thing lies in it."""
        assert access.sort is not None
        found, *ends = (
            access.rank(replace(thing, **{access.sort: value}))
            for value in (getattr(thing, access.sort), *operands)
        )
        match self.operator:
            case "<=":
                return bool(found <= ends[0])
            case ">":
                return bool(found > ends[0])
            case "=":
                return bool(found == ends[0])
            case _:
                return bool(ends[0] <= found <= ends[1])


def ranges() -> st.SearchStrategy[Range | None]:
    """Give ranges of a sort key, or none."""
    place = st.integers(0, len(PLACES))
    made = st.builds(Range, st.sampled_from(["<=", ">", "=", "between"]), st.tuples(place, place))
    return st.none() | made
