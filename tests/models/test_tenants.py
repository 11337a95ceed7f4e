"""Two tenants in one table are two tables: whatever they do, neither can tell that the other is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from persistence import GlobalIndex, Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.attributes import Item
from persistence.errors import PersistenceError
from persistence.mapping import mapping_of
from persistence.operations import ScanPage
from persistence.stores.tenancy import answers, scanning, scoping
from persistence.stores.tenancy.conditions import Rewriting
from persistence.stores.tenancy.tenant import Tenant
from persistence.table import Table

TENANTS = ("a", "a:b", "A")
"""Names that could be taken for each other."""

IDS = ("1", "b#1", "a#1", "A#", "#")
GROUPS = ("g", "a#g", "b")


@dataclass
class Thing:
    id: str
    part: int
    group: str | None = None
    name: str = ""
    count: int = 0
    version: int = 0


class Alone(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id", "part")
        indexes = (GlobalIndex("by-group", Key("group", "count")), GlobalIndex("turned", Key("name", "id")))

    version = fields.Version()


class Shared(Alone):
    class Meta:
        tenant_scoped = True


Repositories = dict[str, Repository[Thing]]


@dataclass(frozen=True)
class Step:
    """Something that a tenant does."""

    tenant: str
    verb: str
    id: str
    part: int
    group: str | None
    number: int
    other: str


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from(TENANTS),
        st.deferred(lambda: st.sampled_from(sorted(VERBS))),
        st.sampled_from(IDS),
        st.integers(0, 1),
        st.sampled_from((None, *GROUPS)),
        st.integers(0, 3),
        st.sampled_from(IDS),
    ),
    min_size=4,
    max_size=24,
)


def _thing(step: Step) -> Thing:
    return Thing(step.id, step.part, step.group, step.other, step.number)


def _changed(things: Repository[Thing], step: Step) -> Any:
    """Change one thing and add another, as one unit of work."""
    with things._uow(isolation="serializable"):
        found = things.find(step.id, step.part)
        things.find(step.other, step.part)
        if found is not None:
            found.group, found.count = step.group, found.count + 1
        if step.other != step.id:
            things.save(replace(_thing(step), id=step.other))
    return found


def _cursor(things: Repository[Thing], step: Step) -> Any:
    query = things.query(lambda t: t.id == step.id) if step.part else things.scan()
    first = query.page(size=1)
    rest = [] if first.cursor is None else query.page(size=50, after=first.cursor).items
    return sorted((thing.id, thing.part) for thing in (*first, *rest))


def _bulk(things: Repository[Thing], step: Step) -> Any:
    with things.bulk(overwrite=True) as bulk:
        bulk.save(_thing(step))
        bulk.remove_key(step.other, 1 - step.part)
    return bulk.report.written, bulk.report.removed


VERBS: dict[str, Callable[[Repository[Thing], Step], Any]] = {
    "add": lambda things, step: things.add(_thing(step)),
    "save": lambda things, step: things.save(_thing(step)),
    "update": lambda things, step: things.update(replace(_thing(step), version=step.number)),
    "get": lambda things, step: things.get(step.id, step.part),
    "many": lambda things, step: things.find_many([(step.id, 0), (step.other, 1), (step.id, 1)]),
    "remove": lambda things, step: things.remove(things.get(step.id, step.part)),
    "change": _changed,
    "bulk": _bulk,
    "snapshot": lambda things, step: things._uow.snapshot(things.key(step.id, step.part)),
    "patch": lambda things, step: (
        things.patch(step.id, step.part)
        .set("group", step.group or "g")
        .increment("count")
        .if_(lambda t: t.name != step.other)
        .execute(returning="new")
    ),
    "query": lambda things, step: (
        things.query(lambda t: (t.id == step.id) & (t.part <= step.part))
        .where("name", ">=", step.other)
        .all()
    ),
    "by group": lambda things, step: (
        things.query(lambda t: (t.group == (step.group or "g")) & (t.count >= step.number))
        .index("by-group")
        .order_by("count", descending=True)
        .all()
    ),
    "turned": lambda things, step: (
        things.query(lambda t: (t.name == step.other) & (t.id >= step.id)).index("turned").all()
    ),
    "scan": lambda things, step: sorted(
        (t.id, t.part, t.group, t.name, t.count, t.version)
        for t in things.scan(lambda t: (t.id != step.other) & (t.count >= step.number))
    ),
    "count": lambda things, step: things.scan(lambda t: t.name.startswith(step.other[:1])).count(),
    "rows": lambda things, step: sorted(row.count for row in things.scan().index("by-group").select("count")),
    "some": lambda things, step: len(things.scan().limit(step.number + 1).all()),
    "pages": _cursor,
    "delete": lambda things, step: things.query(lambda t: (t.id == step.id) & (t.part == step.part)).delete(),
}


@dataclass
class Trial:
    """One table for all tenants, and beside it a table for each."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.stores = {name: MemoryStore() for name in TENANTS}
        self.together = {
            name: Repository(Shared, _uow(self.store.for_tenant(name), name)) for name in TENANTS
        }
        self.alone = {name: Repository(Alone, _uow(store, name)) for name, store in self.stores.items()}

        for name in TENANTS:
            for side in (self.together, self.alone):
                with side[name].bulk(overwrite=True) as bulk:
                    for number, key in enumerate(IDS[:3]):
                        bulk.save(Thing(key, 0, GROUPS[number], IDS[0], number))
                        bulk.save(Thing(key, 1, "g", name=IDS[number]))

    def play(self, played: list[Step]) -> None:
        for step in played:
            assert _outcome(self.together, step) == _outcome(self.alone, step)
        self.check_items()

    def check_items(self) -> None:
        """All that is stored is what each would have stored alone, behind its name and nothing else."""
        table = mapping_of(Shared).table.structure
        shared = self.store.perform(ScanPage(table, consistent=True)).items
        expected = []
        for name, store in self.stores.items():
            for item in store.perform(ScanPage(table, consistent=True)).items:
                keys = {key: item[key]["S"] for key in ("id", "group", "name") if key in item}
                stored: Item = {key: {"S": f"{name}#{text}" if text else text} for key, text in keys.items()}
                expected.append({**item, **stored})
        assert sorted(shared, key=repr) == sorted(expected, key=repr)


def _uow(store: Any, name: str) -> UnitOfWork:
    """Make a unit of work whose ids, and times that become versions, are the same on both sides."""
    numbers, time = count(), datetime(2026, 1, 2, tzinfo=UTC)
    return UnitOfWork(
        store,
        scan_policy="allow",
        cursor_keys="k" * 32,
        clock=lambda: time,
        ids=lambda: f"{name}-{next(numbers)}",
    )


def _outcome(repositories: Repositories, step: Step) -> Any:
    try:
        return VERBS[step.verb](repositories[step.tenant], step)
    except PersistenceError as error:
        return type(error), getattr(error, "key", None), getattr(error, "found", None)


@settings(max_examples=30, phases=[Phase.generate])
@given(steps)
def test_neither_can_tell_that_the_other_is_there(played: list[Step]) -> None:
    Trial().play(played)


def _as_it_is(*names: str) -> Any:
    """Make a mutant that leaves the tenant out of the key, the item or the position of an operation."""

    def of(genuine: Any) -> Any:
        def mutant(operation: Any, tenant: Tenant) -> Any:
            made = genuine(operation, tenant)
            return replace(made, **{name: getattr(operation, name) for name in names if hasattr(made, name)})

        return mutant

    return of


def _to_the_partition_alone(genuine: Any) -> Any:
    del genuine
    return property(lambda table: (table.partition,))


def _without_filter(genuine: Any) -> Any:
    return lambda scan, tenant: replace(genuine(scan, tenant), filter=scan.filter)


def _shown_as_it_is_stored(genuine: Any) -> Any:
    del genuine
    return lambda tenant, item, table: dict(item)


def _unchanged(genuine: Any) -> Any:
    del genuine
    return lambda rewriting, condition: condition


MUTANTS: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "a key is read as it is": (scoping, "_get", _as_it_is("key")),
    "an item is stored as it is": (scoping, "_write", _as_it_is("item")),
    "a key is written as it is": (scoping, "_write", _as_it_is("key")),
    "an update stores keys as they are": (Rewriting, "action", _unchanged),
    "a condition compares with what is no stored key": (Rewriting, "condition", _unchanged),
    "a partition is read as it is": (Rewriting, "key_condition", _unchanged),
    "keys of indexes have no tenant": (Table, "tenant_keys", _to_the_partition_alone),
    "a scan gives the items of all": (scanning, "_request", _without_filter),
    "a position is another tenant's": (scoping, "position_of", lambda _: lambda start, table, tenant: start),
    "answers show the tenant": (Tenant, "shown_item", _shown_as_it_is_stored),
    "found items show the tenant": (answers, "_found", lambda _: lambda item, table, tenant: dict(item)),
    "two names are one": (Tenant, "prefix", lambda _: property(lambda tenant: tenant.name.lower()[:1] + "#")),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_it_is_told_where_a_tenant_is_left_out(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home, name, mutated = MUTANTS[mutant]
    made = mutated(getattr(home, name))
    monkeypatch.setattr(home, name, made)
    if home is scoping and name in ("_get", "_write"):
        changed = {kind: made for kind, known in scoping._SCOPED.items() if known.__name__ == name}
        monkeypatch.setattr(scoping, "_SCOPED", {**scoping._SCOPED, **changed})

    @settings(max_examples=200, phases=[Phase.generate], derandomize=True, database=None)
    @given(steps)
    def played(plan: list[Step]) -> None:
        Trial().play(plan)

    with pytest.raises((AssertionError, PersistenceError)):
        played()
