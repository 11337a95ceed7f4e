"""Schema versions in plans: what is demanded of items that were not read, and how old ones become current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from persistence import fields
from persistence.attributes import Item
from persistence.commit_plan import (
    PlannedAction,
    depends_on_version,
    plan,
    plan_patch,
    rewrite,
    unfit_version,
    upgrade,
)
from persistence.errors import DecodeError
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
    all_of,
    equals,
)
from persistence.mapping import EntityMapping, MappingSchema, mapping_of, upcast
from persistence.operations import PutItem, UpdateItem
from persistence.patches import Patch
from persistence.store import AWS_LIMITS
from persistence.table import Key
from persistence.tracking import IdentityMap
from tests.semantics.model import Note, NoteMapping


@dataclass
class Person:
    id: str
    name: str = ""
    city: str | None = None
    version: int = 0


class PersonMapping(MappingSchema[Person]):
    """Version 1 has first and last name; versions 2 and 3 are alike."""

    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 3
        schema_compatible_from = 2

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def join_names(item: Item) -> Item:
        first, last = item.pop("first")["S"], item.pop("last")["S"]
        return {**item, "name": {"S": f"{first} {last}"}}

    @staticmethod
    @upcast(2, 3)
    def leave(item: Item) -> Item:
        return item


class OwnMapping(PersonMapping):
    """Can be read by its own version only."""

    class Meta:
        schema_compatible_from = 3


class FirstMapping(MappingSchema[Person]):
    """The first version may be that of items that say none."""

    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 1

    version = fields.Version()


@dataclass
class Unversioned:
    id: str
    name: str = ""


class UnversionedMapping(MappingSchema[Unversioned]):
    class Meta:
        table = "unversioned"
        key = Key("id")
        schema_version = 2

    @staticmethod
    @upcast(1, 2)
    def join_names(item: Item) -> Item:
        name = item.pop("first")
        return {**item, "name": name}


class MovedVersionMapping(MappingSchema[Person]):
    """Its version was in another attribute before."""

    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 2

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def move(item: Item) -> Item:
        version = item.pop("revision")
        return {**item, "version": version}


NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
KEY: Item = {"id": {"S": "1"}}
PEOPLE, OWN, FIRST = mapping_of(PersonMapping), mapping_of(OwnMapping), mapping_of(FirstMapping)
UNVERSIONED, NOTES = mapping_of(UnversionedMapping), mapping_of(NoteMapping)
OLD: Item = {**KEY, "first": {"S": "Ada"}, "last": {"S": "King"}, "version": {"N": "7"}}
CURRENT: Item = {
    **KEY,
    "name": {"S": "Ada King"},
    "version": {"N": "7"},
    "_v": {"N": "3"},
    "_v_from": {"N": "2"},
}
NEWER: Item = {**CURRENT, "_v": {"N": "4"}, "_v_from": {"N": "2"}}

V, READER, VERSION = Path.of("_v"), Path.of("_v_from"), Path.of("version")
IS_THERE, IS_FREE = AttributeExists(Path.of("id")), AttributeNotExists(Path.of("id"))
IS_VERSION_7 = equals(VERSION, {"N": "7"})


def later(than: str) -> Condition:
    return Compare(">", V, Value({"N": than})) & Compare("<=", READER, Value({"N": than}))


def up_to(current: str) -> Condition:
    return AttributeNotExists(V) | Compare("<=", V, Value({"N": current}))


def sets(name: str, value: dict[str, Any]) -> Set:
    return Set(Path.of(name), Value(value))


def if_none(name: str, value: dict[str, Any]) -> Set:
    return Set(Path.of(name), IfNotExists(Path.of(name), Value(value)))


def planned(prepare: Callable[[IdentityMap], object]) -> PlannedAction[Any]:
    entities = IdentityMap()
    prepare(entities)
    (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions
    return action


def patched(mapping: EntityMapping[Any], *, upsert: bool = False) -> PlannedAction[Any]:
    patch = Patch(mapping, KEY, (sets("name", {"S": "p"}),), upsert=upsert)
    return plan_patch(patch, lambda: NOW, AWS_LIMITS, lambda: "")


class TestPatches:
    @pytest.mark.parametrize(
        ("mapping", "fit"),
        [
            (PEOPLE, equals(V, {"N": "3"}) | later("3")),
            (OWN, equals(V, {"N": "3"}) | later("3")),
            (FIRST, (equals(V, {"N": "1"}) | later("1")) | AttributeNotExists(V)),
        ],
    )
    def test_demand_a_version_whose_attributes_can_be_changed(
        self, mapping: EntityMapping[Any], fit: Condition
    ) -> None:
        """The current one, or a later one that says it can be written; or none at all, or no item at all."""
        assert patched(mapping).action.condition == IS_THERE & fit
        assert patched(mapping, upsert=True).action.condition == IS_FREE | fit

    @pytest.mark.parametrize(
        ("mapping", "marks"),
        [
            (PEOPLE, (if_none("_v", {"N": "3"}), if_none("_v_from", {"N": "2"}))),
            (OWN, (if_none("_v", {"N": "3"}),)),
        ],
    )
    def test_say_the_version_of_what_they_make(
        self, mapping: EntityMapping[Any], marks: tuple[Set, ...]
    ) -> None:
        """What is there keeps its own."""
        made, changed = patched(mapping, upsert=True).action, patched(mapping).action

        assert isinstance(made, UpdateItem)
        assert isinstance(changed, UpdateItem)
        assert made.actions[1:-1] == marks
        assert [str(action.path) for action in changed.actions] == ["name", "version"]


def saved(mapping: EntityMapping[Any]) -> Callable[[IdentityMap], object]:
    return lambda entities: entities.save(mapping, Person("1", "Eve"))


def detached(mapping: EntityMapping[Any]) -> Callable[[IdentityMap], object]:
    return lambda entities: entities.update(mapping, Person("1", "Eve", version=7))


def meeting_newer(prepare: Callable[[IdentityMap], object]) -> Callable[[IdentityMap], object]:
    """Let it be known that the stored item is of a later version."""

    def act(entities: IdentityMap) -> None:
        prepare(entities)
        for tracked in entities:
            tracked.meets_newer = True

    return act


STEP = Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": "-1"})), Value({"N": "1"})))
STEP_TO_8 = sets("version", {"N": "8"})


class TestWritesOfTheWhole:
    @pytest.mark.parametrize(
        ("prepare", "condition", "marks"),
        [
            (saved(PEOPLE), up_to("3"), (sets("_v", {"N": "3"}), sets("_v_from", {"N": "2"}), STEP)),
            (saved(OWN), up_to("3"), (sets("_v", {"N": "3"}), Remove(READER), STEP)),
            (
                detached(PEOPLE),
                IS_VERSION_7 & up_to("3"),
                (sets("_v", {"N": "3"}), sets("_v_from", {"N": "2"}), STEP_TO_8),
            ),
            (detached(OWN), IS_VERSION_7 & up_to("3"), (sets("_v", {"N": "3"}), Remove(READER), STEP_TO_8)),
            (meeting_newer(saved(PEOPLE)), later("3"), (STEP,)),
            (meeting_newer(detached(PEOPLE)), all_of(IS_VERSION_7, later("3")), (STEP_TO_8,)),
        ],
    )
    def test_fit_no_later_version_unless_it_is_known(
        self,
        prepare: Callable[[IdentityMap], object],
        condition: Condition,
        marks: tuple[UpdateAction, ...],
    ) -> None:
        """They say their own version; of a later one that can be written they leave it as it is."""
        action = planned(prepare).action

        assert isinstance(action, UpdateItem)
        assert action.condition == condition
        assert action.actions == (sets("name", {"S": "Eve"}), Remove(Path.of("city")), *marks)

    def test_are_not_needed_of_what_was_read(self) -> None:
        """Its version tells of each change by others."""

        def changed(entities: IdentityMap) -> None:
            person = entities.load(PEOPLE, OLD)
            assert person is not None
            person.city = "Paris"

        action = planned(changed)

        assert action.action == UpdateItem(
            PEOPLE.table,
            KEY,
            (
                sets("name", {"S": "Ada King"}),
                sets("_v", {"N": "3"}),
                sets("_v_from", {"N": "2"}),
                sets("city", {"S": "Paris"}),
                Remove(Path.of("first")),
                Remove(Path.of("last")),
                STEP_TO_8,
            ),
            IS_VERSION_7,
            item_on_failure=True,
        )
        assert action.stored == {**CURRENT, "city": {"S": "Paris"}, "version": {"N": "8"}}


class TestWithoutAVersion:
    def test_what_was_read_is_demanded_whole(self) -> None:
        """The upcast made the entity of all of the older item; what is new must still be absent."""
        entities = IdentityMap()
        entity = entities.load(UNVERSIONED, {**KEY, "first": {"S": "Ada"}})
        assert entity is not None
        entity.name = "Eve"

        (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions

        assert action.action == UpdateItem(
            UNVERSIONED.table,
            KEY,
            (sets("name", {"S": "Eve"}), sets("_v", {"N": "2"}), Remove(Path.of("first"))),
            all_of(
                AttributeNotExists(V),
                AttributeNotExists(READER),
                equals(Path.of("first"), {"S": "Ada"}),
                AttributeNotExists(Path.of("name")),
            ),
            item_on_failure=True,
        )

    def test_what_is_current_has_to_stay_so(self) -> None:
        """Others may have stored a later version meanwhile."""
        entities = IdentityMap()
        entity = entities.load(UNVERSIONED, {**KEY, "name": {"S": "Ada"}, "_v": {"N": "2"}})
        assert entity is not None
        entity.name = "Eve"

        (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions

        assert action.action.condition == equals(V, {"N": "2"}) & AttributeNotExists(READER)

    def test_one_that_the_upcast_found_elsewhere_is_stepped(self) -> None:
        """It is set once, as what the write steps; where it was it vanishes."""
        entities = IdentityMap()
        moved = mapping_of(MovedVersionMapping)
        person = entities.load(moved, {**KEY, "name": {"S": "Ada"}, "revision": {"N": "7"}})
        assert person is not None
        person.name = "Eve"

        (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions

        assert isinstance(action.action, UpdateItem)
        assert action.action.actions == (
            sets("name", {"S": "Eve"}),
            sets("_v", {"N": "2"}),
            Remove(Path.of("revision")),
            STEP_TO_8,
        )
        assert action.new_version == 8


def read_and_changed(entities: IdentityMap) -> None:
    person = entities.load(PEOPLE, CURRENT)
    assert person is not None
    person.name = "Eve"


class TestWhatWasRefused:
    @pytest.mark.parametrize(
        ("make", "depends"),
        [
            (lambda: planned(saved(PEOPLE)), True),
            (lambda: planned(detached(PEOPLE)), True),
            (lambda: patched(PEOPLE), True),
            (lambda: planned(read_and_changed), False),
            (lambda: planned(lambda entities: entities.add(PEOPLE, Person("1"))), False),
            (lambda: planned(lambda entities: entities.remove(PEOPLE, Person("1"))), False),
            (lambda: planned(lambda entities: entities.update(NOTES, Note("1"))), False),
            (lambda: planned(lambda entities: entities.save(NOTES, Note("1"))), False),
        ],
    )
    def test_may_depend_on_the_version_of_what_was_not_read(
        self, make: Callable[[], PlannedAction[Any]], depends: bool
    ) -> None:
        """Of mappings that have one."""
        assert depends_on_version(make()) is depends

    @pytest.mark.parametrize(
        ("make", "old", "current", "newer"),
        [
            (lambda: patched(PEOPLE), True, False, False),
            (lambda: planned(saved(PEOPLE)), False, False, True),
            (lambda: planned(detached(PEOPLE)), False, False, True),
            (lambda: planned(meeting_newer(saved(PEOPLE))), True, True, False),
        ],
    )
    def test_met_a_version_that_does_not_fit(
        self, make: Callable[[], PlannedAction[Any]], old: bool, current: bool, newer: bool
    ) -> None:
        """An old one for a patch; a later one for a write of the whole, unless it expects that."""
        assert [unfit_version(make(), item) for item in (OLD, CURRENT, NEWER)] == [old, current, newer]


class TestUpgrading:
    def test_is_the_write_that_the_next_save_would_make(self) -> None:
        """On the condition that the item is still as it was read; its version moves on."""
        write = upgrade(PEOPLE, OLD)

        assert write == UpdateItem(
            PEOPLE.table,
            KEY,
            (
                STEP_TO_8,
                sets("name", {"S": "Ada King"}),
                sets("_v", {"N": "3"}),
                sets("_v_from", {"N": "2"}),
                Remove(Path.of("first")),
                Remove(Path.of("last")),
            ),
            IS_VERSION_7,
        )

    @pytest.mark.parametrize(
        ("mapping", "item"), [(PEOPLE, CURRENT), (PEOPLE, NEWER), (NOTES, {**KEY, "version": {"N": "1"}})]
    )
    def test_is_for_old_items_only(self, mapping: EntityMapping[Any], item: Item) -> None:
        assert upgrade(mapping, item) is None

    def test_refuses_what_becomes_no_entity(self) -> None:
        """Rather than store what nobody can read."""
        with pytest.raises(DecodeError):
            upgrade(PEOPLE, {**OLD, "city": {"N": "1"}})

    def test_demands_every_attribute_where_there_is_no_version(self) -> None:
        """What is new in it must still be absent."""
        old: Item = {**KEY, "first": {"S": "Ada"}}

        assert upgrade(UNVERSIONED, old) == UpdateItem(
            UNVERSIONED.table,
            KEY,
            (sets("name", {"S": "Ada"}), sets("_v", {"N": "2"}), Remove(Path.of("first"))),
            all_of(
                IS_THERE,
                equals(Path.of("first"), {"S": "Ada"}),
                AttributeNotExists(Path.of("name")),
                AttributeNotExists(V),
            ),
        )

    def test_gives_its_first_step_to_what_had_no_version(self) -> None:
        """An item without one counts as version 0."""
        before: Item = {**KEY, "name": {"S": "a"}}

        write = rewrite(PEOPLE, before, {**before, "name": {"S": "b"}})

        assert isinstance(write, UpdateItem)
        assert write.actions == (sets("name", {"S": "b"}), sets("version", {"N": "1"}))

    @pytest.mark.parametrize("says", [{"N": "99"}, {"N": "7"}])
    def test_steps_from_the_version_that_the_result_has(self, says: dict[str, Any]) -> None:
        """An upcast may have found it in another attribute."""
        write = rewrite(PEOPLE, OLD, {**OLD, "version": says})

        assert isinstance(write, UpdateItem)
        assert write.actions == (sets("version", {"N": str(int(says["N"]) + 1)}),)
        assert write.condition == IS_VERSION_7

    def test_of_too_many_attributes_is_a_put(self) -> None:
        """All of the item is known, and nobody else can have changed it."""
        after: Item = {**OLD, **{f"attribute{number}": {"N": "1"} for number in range(400)}}

        write = rewrite(PEOPLE, OLD, after)

        assert write == PutItem(PEOPLE.table, {**after, "version": {"N": "8"}}, IS_VERSION_7)
