"""Random changes of a table under random writes: its indexes hold what its items say, always.

What an index has to hold is worked out here from the items alone: those that have all attributes of its key,
each of its type, not empty and not too long; of each no more than the index's projection.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest, LimitExceeded, TableInUse, TableNotFound
from persistence.operations import (
    CreateBackup,
    CreateTable,
    DeleteItem,
    DescribeTable,
    PutItem,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    UpdateRecovery,
    UpdateTable,
)
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, ScalarType, Table
from persistence.table_options import Billing, OnDemand, PointInTimeRecovery, Provisioned, Stream
from tests.models.worlds import settings

LOCAL = LocalIndex("local", "rank", Projection.keys_only())
TABLE = Table("things", "id", "at", indexes=(LOCAL,), types={"at": "N", "rank": "N"})
LONGEST = {True: 2048, False: 1024}
"""Bytes that a partition key and a sort key may have."""

# What makes indexes that hold something comes more often than what makes none.
NAMES = st.sampled_from(["index-a", "index-a", "index-b", "local"])
TEXTS: list[AttributeValue] = [{"S": "x"}, {"S": "y"}, {"S": "xy"}]
NUMBERS: list[AttributeValue] = [{"N": "1"}, {"N": "2"}, {"N": "20"}]
MISFITS: list[AttributeValue] = [
    {"S": ""},
    {"S": "x" * 1025},
    {"S": "x" * 2049},
    {"B": b"x"},
    {"NULL": True},
]


def value(fitting: list[AttributeValue], others: list[AttributeValue]) -> st.SearchStrategy[AttributeValue]:
    """Give mostly what fits."""
    return st.sampled_from([*fitting * 4, *others, *MISFITS])


ITEMS = st.builds(
    lambda identity, at, further: {"id": {"S": identity}, "at": {"N": str(at)}, **further},
    st.sampled_from("abc"),
    st.integers(1, 2),
    st.fixed_dictionaries(
        {"label": value(TEXTS, NUMBERS)},
        optional={"group": value(TEXTS, NUMBERS), "rank": value(NUMBERS, TEXTS)},
    ),
)
KEYS = st.sampled_from(
    [
        Key("label"),
        Key("label", "at"),
        Key("id", "label"),
        Key("group", "label"),
        Key("rank", "group"),
        Key(("label", "id"), ("group", "at")),
    ]
)
PROJECTIONS = st.sampled_from(
    [Projection.all(), Projection.keys_only(), Projection.include("label", "other")]
)
KINDS: st.SearchStrategy[ScalarType] = st.sampled_from(["S", "S", "S", "S", "N", "B"])
TYPES: st.SearchStrategy[dict[str, ScalarType]] = st.builds(
    lambda group, label: {"id": "S", "at": "N", "rank": "N", "group": group, "label": label}, KINDS, KINDS
)
UNITS = st.integers(1, 3)
STREAMS: st.SearchStrategy[Stream] = st.sampled_from(["KEYS_ONLY", "NEW_IMAGE", "DISABLED"])
BILLING: st.SearchStrategy[Billing] = st.sampled_from([OnDemand(), Provisioned(1, 1), Provisioned(2, 2)])


class Changes(RuleBasedStateMachine):
    """A table that is written to and changed in any order; every step takes a second.

    Attributes:
        delay: seconds that a change of the table takes.
    """

    delay: ClassVar[float] = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.store = MemoryStore(auto_create=False, clock=lambda: self.now, table_delay=self.delay)
        self.store.perform(CreateTable(TABLE))
        self.now += self.delay
        self.history: dict[float, list[Item]] = {}
        self.made = 0

    @initialize(items=st.lists(ITEMS, min_size=2, max_size=8))
    def begin(self, items: list[Item]) -> None:
        self.put(items)

    @rule(items=st.lists(ITEMS, min_size=1, max_size=3))
    def put(self, items: list[Item]) -> None:
        for item in items:
            refusable = any(unfit(item, index, self.live) for index in self.live.indexes)
            try:
                self.store.perform(PutItem(TABLE, item))
            except InvalidRequest:
                assert refusable
            else:
                assert not refusable

    @rule(item=ITEMS)
    def delete(self, item: Item) -> None:
        self.store.perform(DeleteItem(TABLE, {"id": item["id"], "at": item["at"]}))

    @rule(name=NAMES, key=KEYS, projection=PROJECTIONS, types=TYPES, units=UNITS)
    def create_or_delete_index(
        self, name: str, key: Key, projection: Projection, types: dict[str, ScalarType], units: int
    ) -> None:
        if any(index.name == name for index in self.live.indexes):
            self.change(UpdateTable("things", delete_index=name))
            return
        on_demand = isinstance(self.store.perform(DescribeTable("things")).options.billing, OnDemand)
        billing = OnDemand(units) if on_demand else Provisioned(units, units)
        index = GlobalIndex(name, key, projection, billing)
        self.change(UpdateTable("things", create_index=index, key_types=types))

    @rule(name=NAMES, key=KEYS, types=TYPES, billing=BILLING)
    def create_index_of_any_kind(
        self, name: str, key: Key, types: dict[str, ScalarType], billing: Billing
    ) -> None:
        index = GlobalIndex(name, key, billing=billing)
        self.change(UpdateTable("things", create_index=index, key_types=types))

    @rule(billing=BILLING)
    def bill(self, billing: Billing) -> None:
        self.change(UpdateTable("things", billing=billing))

    @rule(name=NAMES, billing=BILLING)
    def bill_index(self, name: str, billing: Billing) -> None:
        self.change(UpdateTable("things", index_billing={name: billing}))

    @rule(view=STREAMS)
    def stream(self, view: Stream) -> None:
        self.change(UpdateTable("things", stream=view))

    @rule(enabled=st.booleans())
    def record(self, enabled: bool) -> None:
        self.store.perform(UpdateRecovery("things", PointInTimeRecovery(enabled=enabled)))
        if not enabled:
            self.history.clear()
        elif not self.history:
            self.history[self.now] = self.items()

    @rule(back=st.integers(0, 9))
    def restore(self, back: int) -> None:
        if not self.history:
            return
        moments = sorted(self.history)
        at = moments[-1 - back % len(moments)]
        target = self.target()
        self.store.perform(RestoreToPoint("things", target, datetime.fromtimestamp(at, UTC)))
        self.check_restored(target, self.history[at])

    @rule()
    def back_up(self) -> None:
        backup = self.store.perform(CreateBackup("things", "nightly"))
        there = self.items()
        self.now += 4
        target = self.target()
        self.store.perform(RestoreBackup(backup.arn, target))
        self.check_restored(target, there)

    @rule()
    def wait(self) -> None:
        self.now += 3

    def change(self, update: UpdateTable) -> None:
        """Change the table, or leave it as it is."""
        before = self.store.perform(DescribeTable("things"))
        try:
            self.store.perform(update)
        except (InvalidRequest, LimitExceeded, TableInUse, TableNotFound):
            assert self.store.perform(DescribeTable("things")) == before

    def target(self) -> str:
        self.made += 1
        return f"restored-{self.made}"

    def check_restored(self, name: str, items: list[Item]) -> None:
        """Check that a table has the items, and the indexes that the table has now."""
        self.now += 4
        described = self.store.perform(DescribeTable(name))
        assert described.active
        assert by_key(self.scan(described.table)) == items
        for index in described.table.indexes:
            assert self.scan(described.table, index.name) == held(items, index, described.table)

    @property
    def live(self) -> Table:
        """The declaration of the table as it is, without an index that is on its way out."""
        described = self.store.perform(DescribeTable("things"))
        leaving = {index.name for index in described.indexes if index.status == "DELETING"}
        staying = tuple(index for index in described.table.indexes if index.name not in leaving)
        return Table("things", "id", "at", staying, described.table.types)

    def items(self) -> list[Item]:
        return by_key(self.scan(TABLE))

    def scan(self, table: Table, index: str | None = None) -> list[Item]:
        return by_key(list(self.store.perform(ScanPage(table, index=index)).items))

    @invariant()
    def time_passes(self) -> None:
        if self.history:
            self.history[self.now] = self.items()
        self.now += 1

    @invariant()
    def indexes_hold_what_the_items_say(self) -> None:
        items, live = self.items(), self.live
        described = self.store.perform(DescribeTable("things"))
        states = {index.name: index for index in described.indexes}
        for index in live.indexes:
            wanted = held(items, index, live)
            assert states[index.name].item_count == len(wanted)
            if states[index.name].status == "ACTIVE":
                assert self.scan(live, index.name) == wanted
        assert described.item_count == len(items)

    @invariant()
    def indexes_are_billed_as_their_table(self) -> None:
        described = self.store.perform(DescribeTable("things"))
        for index in described.indexes:
            if index.status == "ACTIVE":
                kind = type(None) if index.name == "local" else type(described.options.billing)
                assert type(index.billing) is kind


def by_key(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item["id"]["S"], item["at"]["N"]))


def held(items: list[Item], index: Index, table: Table) -> list[Item]:
    """Work out what an index holds of a table's items."""
    names = {*table.key_names(), *table.key_names(index.name), *index.projection.attributes}
    inside = [item for item in items if fits(item, index, table)]
    if index.projection.kind == "ALL":
        return inside
    return [{name: value for name, value in item.items() if name in names} for item in inside]


def fits(item: Item, index: Index, table: Table) -> bool:
    return all(name in item for name in table.key_names(index.name)) and not unfit(item, index, table)


def unfit(item: Item, index: Index, table: Table) -> bool:
    """Tell whether an attribute of an index's key is there, but can't be a key."""
    key = table.index_key(index.name)
    return any(
        not _can_be_key(item[name], table.type_of(name), LONGEST[name in key.partitions])
        for name in key.names
        if name in item
    )


def _can_be_key(value: AttributeValue, kind: ScalarType, longest: int) -> bool:
    content = value.get(kind)
    return content is not None and (kind == "N" or 0 < len(content) <= longest)


class SlowChanges(Changes):
    """The same, where each change of the table takes four seconds."""

    delay = 4.0


@pytest.mark.parametrize("machine", [Changes, SlowChanges])
def test_indexes_hold_what_the_items_say(machine: type[Changes]) -> None:
    """At once, and while indexes come and go."""
    run_state_machine_as_test(machine, settings=settings(60))
