"""Changes of loaded entities: found by mementos, and the same as their encodings tell."""

from __future__ import annotations

import copy
import gc
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from itertools import count
from types import FrameType
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import fields
from persistence.attributes import Item, item_size
from persistence.changes import Change
from persistence.commit_plan import CommitPlan, PlannedAction, plan
from persistence.commit_plan.encodings import STEPS
from persistence.errors import ItemTooLarge, KeyChanged, MappingError, ValidationFailed
from persistence.evaluate import apply_update
from persistence.expressions import Path, equals
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.mapping.compiling import compile_mapping
from persistence.operations import UpdateItem
from persistence.store import AWS_LIMITS
from persistence.table import GlobalIndex, Key, Table
from persistence.tracking import IdentityMap, Loaded, Tracked, loaded_changes
from tests.unit.mapping.random_entities import HINTS, SETTINGS, WRONG, Color, Mark, Point, mappings

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


odd: st.SearchStrategy[Any] = st.builds(
    copy.copy, st.sampled_from([None, "x", 1, True, b"x", bytearray(b"y"), [1], {"a": 1}, ()])
)


def loaded(mapping: EntityMapping[Any], item: Item) -> Tracked[Any]:
    entities = IdentityMap()
    entities.load(mapping, item)
    (tracked,) = entities
    return tracked


def by_memento(tracked: Tracked[Any]) -> Any:
    assert isinstance(tracked.origin, Loaded)
    return outcome(lambda: changes(tracked, tracked.origin))


def by_encoding(tracked: Tracked[Any], snapshot: Item) -> Any:
    assert isinstance(tracked.origin, Loaded)
    origin = Loaded(tracked.origin.item, snapshot, tracked.origin.complete)
    return outcome(lambda: changes(tracked, origin))


def changes(tracked: Tracked[Any], origin: Any) -> tuple[Change, ...]:
    return loaded_changes(tracked, origin).changes


def outcome(find: Any) -> Any:
    try:
        return find()
    except ValidationFailed as error:
        return error.messages


def disturb(data: st.DataObject, value: Any) -> None:
    """Change something inside of a value, if it can be changed."""
    either = data.draw(st.booleans())
    if isinstance(value, list) and (either or not value):
        value.append(copy.copy(value[0]) if value else "x")
    elif isinstance(value, list):
        disturb(data, value[-1])
    elif isinstance(value, dict) and not value:
        value["new"] = "x"
    elif isinstance(value, dict) and either:
        value.popitem()
    elif isinstance(value, dict):
        disturb(data, next(iter(value.values())))
    elif isinstance(value, set):
        value.symmetric_difference_update({"x"} if either else set(value))
    elif isinstance(value, Point):
        value.x += either
        value.names.add("a")
    elif isinstance(value, Mark):
        object.__setattr__(value, "color", Color.BLUE)


def put(entity: Any, name: str, value: Any) -> None:
    object.__setattr__(entity, name, value)


class TestRandomChanges:
    @SETTINGS
    @given(st.data(), st.lists(st.sampled_from(list(HINTS)), min_size=1, max_size=6), st.booleans())
    def test_are_what_the_encodings_tell(self, data: st.DataObject, hints: list[Any], frozen: bool) -> None:
        """Whatever was stored, in whatever form, and whatever was done: also after a first commit."""
        mapping, _ = mappings(*hints, frozen=frozen)
        names = [f"f{place}" for place in range(len(hints))]
        item = mapping.codec.encode(mapping.entity_type("1", *(data.draw(HINTS[hint]) for hint in hints)))
        for name in names:
            if data.draw(st.booleans()):
                item[name] = data.draw(st.sampled_from(WRONG))
        try:
            snapshot = mapping.codec.snapshot(mapping.codec.decode(item))
        except Exception:  # noqa: BLE001  # it can't be read, or not be written as it was read
            return
        untouched = copy.deepcopy(item)
        tracked = loaded(mapping, item)
        for _ in range(2):
            for name, hint in zip(names, hints, strict=True):
                change = data.draw(st.sampled_from(["none", "new", "equal", "disturbed", "odd"]))
                value = getattr(tracked.entity, name)
                if change == "new":
                    put(tracked.entity, name, data.draw(HINTS[hint]))
                elif change == "equal":
                    put(tracked.entity, name, copy.deepcopy(value))
                elif change == "disturbed":
                    disturb(data, value)
                elif change == "odd":
                    put(tracked.entity, name, data.draw(odd))

            found = by_memento(tracked)

            assert found == by_encoding(tracked, snapshot)
            assert item == untouched
            if isinstance(found, dict):
                return
            snapshot = mapping.codec.snapshot(tracked.entity)
            entities = IdentityMap()
            entities._tracked[tracked.identity] = tracked
            plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)
            assert by_memento(tracked) == ()


class Level(Enum):
    LOW = "low"
    HIGH = "high"


@dataclass
class Line:
    sku: str
    count: int = 1
    marks: list[str] = field(default_factory=list)


@dataclass
class Thing:
    id: str
    level: Level = Level.LOW
    price: Decimal = Decimal(0)
    at: datetime = NOW
    lines: list[Line] = field(default_factory=list)
    first: Line | None = None
    names: dict[str, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    picture: bytes | None = None
    serial: uuid.UUID = field(default_factory=uuid.uuid4)
    version: int = 0


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")

    version = fields.Version()


THINGS = mapping_of(ThingMapping)
ITEM: Item = {
    "id": {"S": "t1"},
    "level": {"S": "low"},
    "price": {"N": "1.5"},
    "at": {"S": "2026-01-02T03:04:05.000006Z"},
    "lines": {"L": [{"M": {"sku": {"S": "a"}, "count": {"N": "1"}, "marks": {"L": []}}}]},
    "first": {"M": {"sku": {"S": "f"}, "count": {"N": "1"}, "marks": {"L": []}}},
    "names": {"M": {"a": {"S": "b"}}},
    "tags": {"SS": ["x", "y"]},
    "picture": {"B": b"123"},
    "serial": {"S": "7d3d1a0e-1111-4222-8333-444455556666"},
    "version": {"N": "3"},
}


@dataclass
class Marked:
    id: str
    marks: set[str] | None = None


class MarkedMapping(MappingSchema[Marked]):
    class Meta:
        table = "marked"
        key = Key("id")


MARKED = mapping_of(MarkedMapping)


def paths(tracked: Tracked[Any]) -> list[str]:
    assert isinstance(tracked.origin, Loaded)
    return [str(each.path) for each in changes(tracked, tracked.origin)]


class TestReading:
    def test_encodes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither reading an entity nor finding it unchanged takes an encoding of it."""
        mapping = compile_mapping(ThingMapping)
        monkeypatch.setattr(mapping.codec, "snapshot", None)
        monkeypatch.setattr(mapping.codec, "encode", None)

        tracked = loaded(mapping, ITEM)

        assert paths(tracked) == []

    @pytest.mark.parametrize(
        ("attribute", "stored"),
        [
            ("price", {"N": "1.50"}),
            ("price", {"N": "15E-1"}),
            ("at", {"S": "2026-01-02T04:04:05.000006+01:00"}),
            ("at", {"S": "20260102T030405.000006Z"}),
            ("tags", {"SS": ["y", "x"]}),
            ("serial", {"S": "{7D3D1A0E11114222-8333-444455556666}"}),
            ("first", {"NULL": True}),
            ("first", {"M": {"sku": {"S": "f"}, "unknown": {"S": "x"}}}),
            ("lines", {"L": [{"M": {"sku": {"S": "a"}}}]}),
            ("names", None),
            ("tags", None),
            ("price", None),
            ("serial", None),
            ("unknown", {"S": "x"}),
        ],
    )
    def test_finds_no_change_in_what_was_written_otherwise(self, attribute: str, stored: Any) -> None:
        """Other forms, absent attributes and random defaults in their place: nobody has touched them."""
        item = {**ITEM, attribute: stored}
        if stored is None:
            del item[attribute]
        tracked = loaded(THINGS, item)

        assert paths(tracked) == []
        tracked.entity.level = Level.HIGH
        assert paths(tracked) == ["level"]

    def test_tells_a_random_default_from_a_later_one(self) -> None:
        tracked = loaded(THINGS, {name: value for name, value in ITEM.items() if name != "serial"})

        tracked.entity.serial = uuid.uuid4()

        assert paths(tracked) == ["serial"]


class TestChanges:
    def test_inside_of_values_are_found_by_path(self) -> None:
        tracked = loaded(THINGS, ITEM)

        tracked.entity.lines[0].count = 2
        tracked.entity.first.marks.append("new")
        tracked.entity.names["a"] = "c"
        tracked.entity.tags.add("z")

        assert paths(tracked) == ["lines[0].count", "names", "first.marks", "tags"]

    def test_inside_of_bytes_that_were_committed_are_found(self) -> None:
        """A bytearray may be given for bytes; it can change after a commit."""
        entities = IdentityMap()
        entity = entities.load(THINGS, ITEM)
        assert entity is not None
        (tracked,) = entities
        data: Any = bytearray(b"456")
        entity.picture = data
        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)
        assert paths(tracked) == []

        data[0] = 0

        assert paths(tracked) == ["picture"]

    def test_of_a_set_that_was_committed_as_none_are_found(self) -> None:
        """No set at all is stored as NULL, unlike an empty one."""
        entities = IdentityMap()
        entity = entities.load(MARKED, {"id": {"S": "1"}, "marks": {"SS": ["a"]}})
        assert entity is not None
        (tracked,) = entities
        entity.marks = None
        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)
        assert paths(tracked) == []

        entity.marks = {"b"}

        assert paths(tracked) == ["marks"]

    def test_between_plan_and_answer_are_left_for_the_next_commit(self) -> None:
        """What a commit stores is what the entity was when it was planned."""
        entities = IdentityMap()
        entity = entities.load(THINGS, ITEM)
        assert entity is not None
        (tracked,) = entities
        entity.lines[0].count, entity.level = 2, Level.HIGH
        commit = plan(entities, lambda: NOW, AWS_LIMITS)

        entity.lines[0].count, entity.level = 3, Level.LOW
        commit.absorb(entities)

        assert paths(tracked) == ["level", "lines[0].count"]

    def test_taken_back_are_none(self) -> None:
        tracked = loaded(THINGS, ITEM)
        tracked.entity.level = Level.HIGH
        tracked.entity.tags.add("z")
        assert paths(tracked) == ["level", "tags"]

        tracked.entity.level = Level.LOW
        tracked.entity.tags = {"x", "y"}

        assert paths(tracked) == []

    def test_of_what_can_not_be_stored_are_refused(self) -> None:
        tracked = loaded(THINGS, ITEM)
        tracked.entity.level = "low"
        tracked.entity.lines = None

        with pytest.raises(ValidationFailed) as refused:
            paths(tracked)

        assert refused.value.messages.keys() == {"level", "lines"}

    @pytest.mark.parametrize("name", ["serial", "lines"])
    def test_of_an_attribute_that_is_gone_are_refused(self, name: str) -> None:
        tracked = loaded(THINGS, ITEM)
        delattr(tracked.entity, name)

        with pytest.raises(ValidationFailed):
            paths(tracked)

    def test_of_the_class_are_refused(self) -> None:
        tracked = loaded(THINGS, ITEM)
        tracked.entity = Line("a")

        with pytest.raises(MappingError):
            paths(tracked)


SHOP = Table("shop", partition="PK", sort="SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),))


@dataclass
class Ticket:
    customer: str
    number: int
    state: str = "open"
    title: str = ""


class TicketMapping(MappingSchema[Ticket]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer}", "TICKET#{number:05d}")
        index_keys = {"GSI1": Key("STATE#{state}", "{number:05d}")}  # noqa: RUF012


@dataclass
class Visit:
    id: str
    at: datetime


class TestKeys:
    def ticket(self) -> IdentityMap:
        mapping, entities = mapping_of(TicketMapping), IdentityMap()
        entities.load(mapping, mapping.codec.encode(Ticket("c1", 7)))
        return entities

    def test_of_indexes_follow_their_fields(self) -> None:
        entities = self.ticket()
        (tracked,) = entities

        tracked.entity.state, tracked.entity.title = "closed", "x"

        assert paths(tracked) == ["state", "title", "GSI1PK"]

    def test_of_indexes_follow_what_a_format_shows_and_the_table_does_not(self) -> None:
        """One instant is stored alike in each zone; the day that a key shows is not the same."""

        class VisitMapping(MappingSchema[Visit]):
            class Meta:
                table = SHOP
                key = Key("VISIT#{id}", "VISIT")
                index_keys = {"GSI1": Key("DAY#{at:%Y-%m-%d}", "{id}")}  # noqa: RUF012

        mapping = mapping_of(VisitMapping)
        tracked = loaded(mapping, mapping.codec.encode(Visit("v1", datetime(2026, 1, 2, 23, tzinfo=UTC))))

        tracked.entity.at = tracked.entity.at.astimezone(timezone(timedelta(hours=2)))

        assert paths(tracked) == ["GSI1PK"]

    @pytest.mark.parametrize("change", [{"number": 8}, {"customer": "c2"}, {"number": None}])
    def test_of_the_table_may_not_change(self, change: dict[str, Any]) -> None:
        entities = self.ticket()
        (tracked,) = entities
        for name, value in change.items():
            setattr(tracked.entity, name, value)

        with pytest.raises(KeyChanged):
            plan(entities, lambda: NOW, AWS_LIMITS)


@dataclass
class Partly:
    id: str
    note: str | None = field(init=False)
    names: list[str] | None = field(init=False)


def test_what_is_not_set_is_absent() -> None:
    """Fields that no constructor sets may lack a value, from the beginning or later."""

    class PartlyMapping(MappingSchema[Partly]):
        class Meta:
            table = "partly"
            key = Key("id")

        note = fields.String(allow_none=True)
        names = fields.List(fields.String(), allow_none=True)

    mapping = compile_mapping(PartlyMapping)
    lacking = loaded(mapping, {"id": {"S": "1"}})
    assert paths(lacking) == []
    lacking.entity.note = "x"
    assert paths(lacking) == ["note"]

    full = loaded(mapping, {"id": {"S": "1"}, "note": {"S": "x"}, "names": {"L": []}})
    del full.entity.note, full.entity.names

    assert paths(full) == ["note", "names"]


numbers = count(1)


@dataclass
class Derived:
    id: str
    names: list[str]
    text: str
    loads: int = 0

    def __post_init__(self) -> None:
        self.names = sorted(self.names)
        self.text = self.text.strip()
        self.loads = next(numbers)


def test_what_a_constructor_makes_of_the_stored_is_no_change() -> None:
    """It is compared with what the entity was right after it was made, not with what is stored."""

    class DerivedMapping(MappingSchema[Derived]):
        class Meta:
            table = "derived"
            key = Key("id")

    item: Item = {"id": {"S": "1"}, "names": {"L": [{"S": "b"}, {"S": "a"}]}, "text": {"S": " x "}}
    tracked = loaded(compile_mapping(DerivedMapping), item)
    assert paths(tracked) == []

    tracked.entity.names.append("c")

    assert paths(tracked) == ["names"]


@dataclass
class Part:
    sku: str
    count: int = 1


@dataclass
class Other(Part):
    pass


@dataclass
class Box:
    id: str
    label: str = "l"
    size: int = 1
    parts: list[Part] = field(default_factory=list)
    spare: Part | None = None
    names: dict[str, str] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    picture: bytes | None = None
    version: int = 0


class BoxMapping(MappingSchema[Box]):
    class Meta:
        table = "boxes"
        key = Key("id")

    version = fields.Version()


BOXES = mapping_of(BoxMapping)
BOX: Item = {
    "id": {"S": "b"},
    "label": {"S": "l"},
    "size": {"N": "1"},
    "parts": {"L": [{"M": {"sku": {"S": sku}, "count": {"N": "1"}}} for sku in ("one", "two")]},
    "spare": {"M": {"sku": {"S": "s"}, "count": {"N": "1"}}},
    "names": {"M": {"a": {"S": "b"}, "c": {"S": "d"}}},
    "numbers": {"L": [{"N": "1"}, {"N": "2"}]},
    "tags": {"SS": ["x", "y"]},
    "picture": {"B": b"123"},
    "version": {"N": "3"},
}


def renamed(names: dict[str, str]) -> None:
    names["e"] = names.pop("c")


def exchanged(tags: set[str]) -> None:
    tags.remove("x")
    tags.add("z")


def encoded_by(work: Any) -> dict[str, int]:
    """Count the calls of the functions that encode single fields."""
    called: dict[str, int] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        name = frame.f_code.co_name
        if event == "call" and name.startswith("encoders_"):
            called[name] = called.get(name, 0) + 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return called


class TestOneChange:
    """Whatever is changed, it is found, and nothing else is looked into."""

    CHANGES: ClassVar[dict[str, tuple[Any, list[str]]]] = {
        "text": (lambda box: setattr(box, "label", "m"), ["label"]),
        "number": (lambda box: setattr(box, "size", 2), ["size"]),
        "inside of an element": (lambda box: setattr(box.parts[1], "count", 2), ["parts[1].count"]),
        "of the elements' order": (
            lambda box: box.parts.reverse(),
            ["parts[0].sku", "parts[1].sku"],
        ),
        "one element more": (lambda box: box.parts.append(Part("three")), ["parts"]),
        "one element less": (lambda box: box.parts.pop(), ["parts"]),
        "inside of a nested entity": (lambda box: setattr(box.spare, "sku", "t"), ["spare.sku"]),
        "another nested entity": (lambda box: setattr(box, "spare", Part("t")), ["spare.sku"]),
        "no nested entity": (lambda box: setattr(box, "spare", None), ["spare"]),
        "an entry's value": (lambda box: box.names.update(a="z"), ["names"]),
        "an entry's name": (lambda box: renamed(box.names), ["names"]),
        "an entry less": (lambda box: box.names.clear(), ["names"]),
        "a number in a list": (lambda box: box.numbers.__setitem__(0, 9), ["numbers"]),
        "a member of a set": (lambda box: exchanged(box.tags), ["tags"]),
        "no member of a set": (lambda box: box.tags.clear(), ["tags"]),
        "bytes": (lambda box: setattr(box, "picture", b"124"), ["picture"]),
    }
    EQUALS: ClassVar[dict[str, Any]] = {
        "text": lambda box: setattr(box, "label", "".join(["", "l"])),
        "elements": lambda box: setattr(box, "parts", [Part("one"), Part("two")]),
        "nested entity": lambda box: setattr(box, "spare", copy.copy(box.spare)),
        "entries in another order": lambda box: setattr(box, "names", {"c": "d", "a": "b"}),
        "set": lambda box: setattr(box, "tags", {"y", "x"}),
        "bytes": lambda box: setattr(box, "picture", bytes(bytearray(b"123"))),
    }

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
    def test_is_found_and_nothing_else_is_encoded(self, change: tuple[Any, list[str]]) -> None:
        make, expected = change
        tracked = loaded(BOXES, BOX)
        assert paths(tracked) == []  # all is generated now
        make(tracked.entity)
        paths(tracked)

        called = encoded_by(lambda: paths(tracked))

        assert paths(tracked) == expected
        assert len(called) == 1
        assert all(calls <= 2 for calls in called.values())  # what it was, and what it is

    @pytest.mark.parametrize("make", EQUALS.values(), ids=EQUALS.keys())
    def test_is_none_where_what_stands_there_is_stored_alike(self, make: Any) -> None:
        tracked = loaded(BOXES, BOX)

        make(tracked.entity)

        assert paths(tracked) == []

    def test_is_taken_for_granted_where_nothing_was_touched(self) -> None:
        tracked = loaded(BOXES, BOX)
        paths(tracked)

        assert encoded_by(lambda: paths(tracked)) == {}

    @pytest.mark.parametrize("name", ["parts", "spare", "names", "numbers", "tags", "picture"])
    @pytest.mark.parametrize("value", [5, "text", [5], {5: 5}, Other("o"), [Other("o"), None]])
    def test_is_refused_or_found_as_by_an_encoding(self, name: str, value: Any) -> None:
        tracked = loaded(BOXES, BOX)
        snapshot = BOXES.codec.snapshot(tracked.entity)

        setattr(tracked.entity, name, value)

        assert by_memento(tracked) == by_encoding(tracked, snapshot)

    def test_is_told_by_what_is_planned(self) -> None:
        """What replaces whole attributes is listed only when it is asked for, with what was loaded."""
        entities = IdentityMap()
        entity = entities.load(BOXES, BOX, weight=400)
        assert entity is not None
        entity.label, entity.size = "m", 2
        commit = plan(entities, lambda: NOW, AWS_LIMITS)
        expected = (
            Change(Path.of("label"), {"S": "l"}, {"S": "m"}),
            Change(Path.of("size"), {"N": "1"}, {"N": "2"}),
        )

        before = commit.actions[0].changed
        commit.absorb(entities)

        assert before == commit.actions[0].changed == expected
        assert repr(commit.actions[0]) == "<update Box 'b' label, size>"


@dataclass
class Dated:
    id: str
    size: int = 1
    version: int = 0
    changed_at: datetime | None = None


class DatedMapping(MappingSchema[Dated]):
    class Meta:
        table = "dated"
        key = Key("id")

    version = fields.Version()
    changed_at = fields.UpdatedAt()


def stored_by(commit: CommitPlan) -> list[Item]:
    return [each.stored for each in commit.actions if each.stored is not None]


class TestVersions:
    """What writes of one version have in common outlasts a commit; it is that version's own."""

    def changed(self, mapping: EntityMapping[Any], item: Item, versions: Iterable[int], now: datetime) -> Any:
        entities = IdentityMap()
        for number, version in enumerate(versions):
            found = {**item, "id": {"S": str(number)}, "version": {"N": str(version)}}
            entity = entities.load(mapping, found, weight=400)
            assert entity is not None
            entity.size = 7
        return plan(entities, lambda: now, AWS_LIMITS)

    def test_step_and_are_demanded_each_for_itself(self) -> None:
        mapping = compile_mapping(BoxMapping)

        for _ in range(2):
            commit = self.changed(mapping, BOX, [3, 8, 3, 0], NOW)
            assert [each.expected_version for each in commit.actions] == [3, 8, 3, 0]
            assert [each.new_version for each in commit.actions] == [4, 9, 4, 1]
            assert [item["version"] for item in stored_by(commit)] == [{"N": n} for n in ("4", "9", "4", "1")]
            assert [each.action.condition for each in commit.actions] == [
                equals(Path.of("version"), {"N": n}) for n in ("3", "8", "3", "0")
            ]

    def test_are_kept_in_bounded_number(self) -> None:
        mapping = compile_mapping(BoxMapping)

        commit = self.changed(mapping, BOX, range(2 * STEPS + 1), NOW)

        assert [each.new_version for each in commit.actions] == list(range(1, 2 * STEPS + 2))
        assert len(mapping.steps) <= STEPS

    def test_do_not_keep_the_time_of_a_commit(self) -> None:
        mapping = compile_mapping(DatedMapping)
        item: Item = {"id": {"S": "d"}, "size": {"N": "1"}, "version": {"N": "3"}}
        later = NOW + timedelta(days=1)

        (first,) = stored_by(self.changed(mapping, item, [3], NOW))
        (second,) = stored_by(self.changed(mapping, item, [3], later))

        assert first["changed_at"] == {"S": "2026-01-02T03:04:05.000006Z"}
        assert second["changed_at"] == {"S": "2026-01-03T03:04:05.000006Z"}
        assert mapping.steps == {}


@dataclass
class Pair:
    id: str
    label: str = ""
    size: int = 1


class PairMapping(MappingSchema[Pair]):
    class Meta:
        table = "pairs"
        key = Key("id")


class TestAfterACommit:
    """What is known of an item then is made where it is asked for, and the same whenever that is."""

    def pair(self) -> tuple[IdentityMap, Tracked[Any], Item]:
        item: Item = {"id": {"S": "p"}, "label": {"S": "a"}, "size": {"N": "1"}, "alien": {"L": [{"S": "x"}]}}
        entities = IdentityMap()
        entities.load(compile_mapping(PairMapping), item, weight=400)
        (tracked,) = entities
        return entities, tracked, item

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.booleans()), max_size=6))
    def test_the_item_is_what_the_updates_made(self, steps: list[tuple[str, int, bool]]) -> None:
        entities, tracked, item = self.pair()
        for label, size, asked in steps:
            tracked.entity.label, tracked.entity.size = label, size
            commit = plan(entities, lambda: NOW, AWS_LIMITS)
            for planned in commit.actions:
                assert isinstance(planned.action, UpdateItem)
                item = apply_update(item, planned.action.actions)
                if asked:
                    assert planned.stored == item
            commit.absorb(entities)
            commit.release()
            assert by_memento(tracked) == ()

        assert isinstance(tracked.origin, Loaded)
        assert tracked.origin.item == item
        assert tracked.origin.item is tracked.origin.item
        assert tracked.origin.memento is tracked.origin.memento

    def test_what_was_loaded_stays_as_it_was(self) -> None:
        entities, tracked, item = self.pair()
        untouched, origin = copy.deepcopy(item), tracked.origin
        tracked.entity.label = "b"

        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)

        assert isinstance(origin, Loaded)
        assert isinstance(tracked.origin, Loaded)
        assert tracked.origin.item == {**untouched, "label": {"S": "b"}}
        assert origin.item == item == untouched
        assert origin.memento is not None
        assert origin.memento.values[2] == "a"

    def test_a_plan_that_is_kept_tells_what_changed_and_keeps_no_item(self) -> None:
        entities, tracked, item = self.pair()
        tracked.entity.label = "b"
        commit = plan(entities, lambda: NOW, AWS_LIMITS)
        commit.absorb(entities)

        commit.release()

        (planned,) = commit.actions
        assert (planned.tracked, planned.encoded, planned.stored) == (None, None, None)
        assert planned.changed == (Change(Path.of("label"), {"S": "a"}, {"S": "b"}),)
        assert (planned.key, planned.key_values, planned.entity) == ({"id": {"S": "p"}}, ("p",), None)
        assert not any(part is item["alien"] for part in reachable(planned))


def reachable(planned: PlannedAction[Any]) -> Iterable[object]:
    """Give what a planned action refers to, beside what outlasts it."""
    found: dict[int, object] = {}
    waiting: list[object] = [planned.action, planned.before, planned.encoded, planned.tracked]
    while waiting:
        part = waiting.pop()
        if id(part) not in found and not isinstance(part, type | Table):
            found[id(part)] = part
            waiting += gc.get_referents(part)
    return found.values()


class TestTheWeightOfALoadedItem:
    @pytest.mark.parametrize("text", ["x", "\N{SNOWMAN}", "\N{GRINNING FACE}"])
    def test_counts_the_bytes_of_texts(self, text: str) -> None:
        """However few characters there are: a text has up to four bytes for each."""
        entities = IdentityMap()
        entity = entities.load(BOXES, BOX, weight=400)
        assert entity is not None
        size = len(text.encode())
        entity.label = text * ((409_600 - 1_000) // size)
        (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions
        assert action.weight is not None
        assert action.weight >= item_size({"label": {"S": entity.label}})
        entity.label = text * (409_600 // size)

        with pytest.raises(ItemTooLarge):
            plan(entities, lambda: NOW, AWS_LIMITS)

    @pytest.mark.parametrize("weight", [None, 300, 399_000])
    def test_never_lets_an_item_pass_that_is_too_large(self, weight: int | None) -> None:
        """Known or not, what a change makes of an item is weighed where it could be too much."""
        entities = IdentityMap()
        entity = entities.load(THINGS, {**ITEM, "names": {"M": {"a": {"S": "x" * 100}}}}, weight=weight)
        assert entity is not None
        entity.picture = bytes(409_600)

        with pytest.raises(ItemTooLarge):
            plan(entities, lambda: NOW, AWS_LIMITS)

    def test_counts_for_the_next_commit_only_where_it_still_holds(self) -> None:
        entities = IdentityMap()
        entity = entities.load(THINGS, ITEM, weight=400)
        assert entity is not None
        entity.picture = bytes(300_000)
        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)
        entity.names["b"] = "x" * 200_000

        with pytest.raises(ItemTooLarge):
            plan(entities, lambda: NOW, AWS_LIMITS)
