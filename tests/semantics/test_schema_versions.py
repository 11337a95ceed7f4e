"""Items of several schema versions in one table: read as current ones, and stored so when next saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    ConditionFailed,
    DecodeError,
    EntityGone,
    GlobalIndex,
    Key,
    MappingSchema,
    Projection,
    QueryError,
    Repository,
    StaleEntity,
    fields,
)
from persistence.attributes import Item
from persistence.errors import ActionRefused
from persistence.expressions import Path, equals
from persistence.mapping import upcast
from persistence.operations import UpdateItem
from tests.semantics.world import World

_numbers = count(1)


@dataclass
class Address:
    city: str
    street: str | None = None


@dataclass
class Person:
    id: str
    name: str
    address: Address | None = None
    visits: int = 0
    tags: set[str] = field(default_factory=set)
    number: int = 0
    version: int = 0


class PersonMapping(MappingSchema[Person]):
    """Version 1 has first and last name, and a city; version 2 a name; version 3 an address, and a number."""

    class Meta:
        table = "people"
        key = Key("id")
        indexes = (
            GlobalIndex("by-name", Key("name")),
            GlobalIndex("names-only", Key("visits"), projection=Projection.include("name")),
        )
        schema_version = 3

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def join_names(item: Item) -> Item:
        first, last = item.pop("first")["S"], item.pop("last")["S"]
        return {**item, "name": {"S": f"{first} {last}"}}

    @staticmethod
    @upcast(2, 3)
    def move_city(item: Item) -> Item:
        if "city" in item:
            item["address"] = {"M": {"city": item.pop("city"), "unknown": {"S": "kept"}}}
        return {**item, "number": {"N": str(next(_numbers))}}


@dataclass
class Plain:
    """Without a version."""

    id: str
    full: str = ""
    visits: int = 0


class Joined(MappingSchema[Plain]):
    class Meta:
        table = "plain"
        key = Key("id")
        schema_version = 2

    @staticmethod
    @upcast(1, 2)
    def join(item: Item) -> Item:
        return {**item, "full": {"S": f"{item['first']['S']} {item['last']['S']}"}}


class Compared(Joined):
    class Meta:
        concurrency = "compare"


OLD: Item = {
    "id": {"S": "p1"},
    "first": {"S": "Ada"},
    "last": {"S": "King"},
    "city": {"S": "London"},
    "visits": {"N": "1"},
    "other": {"L": [{"N": "1"}]},
    "version": {"N": "7"},
}
PLAIN: Item = {"id": {"S": "a"}, "first": {"S": "Ada"}, "last": {"S": "King"}}


@pytest.fixture
def people(world: World) -> Repository[Person]:
    repository = world.repository(PersonMapping)
    world.put(PersonMapping, OLD)
    world.forget()
    return repository


def without(item: Item | None, *names: str) -> Item:
    assert item is not None
    return {name: value for name, value in item.items() if name not in names}


class TestReading:
    def test_an_older_item_is_read_as_a_current_one(self, people: Repository[Person]) -> None:
        person = people.get("p1")
        assert (person.name, person.address, person.version) == ("Ada King", Address("London"), 7)

    @pytest.mark.parametrize(
        "read",
        [
            lambda people: people.find_many(["p1"]),
            lambda people: people.scan().all(),
            lambda people: people.scan().untracked().all(),
            lambda people: people.where("id", "=", "p1").all(),
            lambda people: people.query(lambda person: person.id == "p1").page(size=5).items,
        ],
    )
    def test_however_it_is_found(
        self, people: Repository[Person], read: Callable[[Repository[Person]], list[Person]]
    ) -> None:
        assert [person.name for person in read(people)] == ["Ada King"]

    def test_reading_it_writes_nothing(self, world: World, people: Repository[Person]) -> None:
        with world.uow:
            people.get("p1")
        assert world.writes == []
        assert world.stored(PersonMapping, "p1") == OLD

    def test_single_values_are_those_of_the_current_version(self, people: Repository[Person]) -> None:
        rows = people.scan().select("name", "address.city").all()
        assert [(row["name"], row["address.city"]) for row in rows] == [("Ada King", "London")]
        assert people.scan().select(lambda person: (person.id, person.name)).all() == [("p1", "Ada King")]

    def test_an_index_with_only_some_attributes_can_not_tell_them(self, people: Repository[Person]) -> None:
        by_visits = people.query(lambda person: person.visits == 1).index("names-only")
        with pytest.raises(QueryError, match="hydrate"):
            by_visits.select("name").all()
        assert by_visits.hydrate().select("name").all()[0]["name"] == "Ada King"

    def test_the_key_alone_is_read_as_before(self, people: Repository[Person]) -> None:
        by_visits = people.query(lambda person: person.visits == 1).index("names-only")
        assert by_visits.select("id").all()[0]["id"] == "p1"

    def test_filters_ask_of_what_is_stored(self, people: Repository[Person]) -> None:
        assert people.scan(lambda person: person.name == "Ada King").all() == []
        assert people.scan(lambda person: person.visits == 1).count() == 1


class TestSaving:
    def test_the_next_change_stores_the_current_version_whole(
        self, world: World, people: Repository[Person]
    ) -> None:
        with world.uow:
            person = people.get("p1")
            person.visits = 2
        assert world.stored(PersonMapping, "p1") == {
            "id": {"S": "p1"},
            "name": {"S": "Ada King"},
            "address": {"M": {"city": {"S": "London"}, "unknown": {"S": "kept"}}},
            "visits": {"N": "2"},
            "other": {"L": [{"N": "1"}]},
            "number": {"N": str(person.number)},
            "version": {"N": "8"},
            "_v": {"N": "3"},
        }

    def test_it_is_one_update_on_the_version_that_was_read(
        self, world: World, people: Repository[Person]
    ) -> None:
        with world.uow:
            people.get("p1").visits = 2
        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert update.condition == equals(Path.of("version"), {"N": "7"})
        assert len(world.sent) == 2

    def test_a_change_of_what_the_upcast_made_is_part_of_it(
        self, world: World, people: Repository[Person]
    ) -> None:
        with world.uow:
            person = people.get("p1")
            assert person.address is not None
            person.address.city = "Paris"
        stored = world.stored(PersonMapping, "p1")
        assert stored is not None
        assert stored["address"] == {"M": {"city": {"S": "Paris"}, "unknown": {"S": "kept"}}}

    def test_what_the_unit_goes_on_with_is_the_current_version(
        self, world: World, people: Repository[Person]
    ) -> None:
        with world.uow:
            person = people.get("p1")
            person.visits = 2
            world.uow.commit()
            person.visits = 3
        (_, (second,)) = world.writes
        assert isinstance(second, UpdateItem)
        assert [str(action.path) for action in second.actions] == ["visits", "version"]
        assert people.get("p1").version == 9

    def test_a_change_by_others_is_noticed(self, world: World, people: Repository[Person]) -> None:
        with pytest.raises(CommitConflict) as refused, world.uow:
            person = people.get("p1")
            world.amend(PersonMapping, "p1", first={"S": "Eve"}, version={"N": "8"})
            person.visits = 2
        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert without(world.stored(PersonMapping, "p1"), "first", "version") == without(
            OLD, "first", "version"
        )

    def test_new_entities_are_of_the_current_version(self, world: World, people: Repository[Person]) -> None:
        people.add(Person("p2", "Eve"))
        stored = world.stored(PersonMapping, "p2")
        assert stored is not None
        assert stored["_v"] == {"N": "3"}

    def test_removed_and_added_anew_it_is_of_the_current_version(
        self, world: World, people: Repository[Person]
    ) -> None:
        with world.uow:
            people.remove(people.get("p1"))
            people.add(Person("p1", "Eve"))
        assert world.stored(PersonMapping, "p1") == {
            "id": {"S": "p1"},
            "name": {"S": "Eve"},
            "visits": {"N": "0"},
            "number": {"N": "0"},
            "version": {"N": "8"},
            "_v": {"N": "3"},
        }

    def test_it_is_removed_like_any_other(self, world: World, people: Repository[Person]) -> None:
        with world.uow:
            people.remove(people.get("p1"))
        assert world.stored(PersonMapping, "p1") is None

    def test_a_detached_update_stores_all_that_is_known(
        self, world: World, people: Repository[Person]
    ) -> None:
        person = people.get("p1")
        person.visits = 5
        people.update(person)
        stored = world.stored(PersonMapping, "p1")
        assert stored is not None
        assert (stored["name"], stored["visits"], stored["_v"]) == ({"S": "Ada King"}, {"N": "5"}, {"N": "3"})
        assert people.get("p1").visits == 5

    def test_save_stores_all_that_is_known(self, world: World, people: Repository[Person]) -> None:
        people.save(Person("p1", "Eve"))
        people.save(Person("p2", "Eve"))
        assert [person.name for person in people.get_many(["p1", "p2"])] == ["Eve", "Eve"]


@pytest.mark.parametrize("mapping", [Joined, Compared])
class TestWithoutAVersion:
    def test_an_attribute_that_the_upcast_read_must_not_have_changed(
        self, world: World, mapping: type[MappingSchema[Plain]]
    ) -> None:
        plains = world.repository(mapping)
        world.put(mapping, PLAIN)
        with pytest.raises(CommitConflict) as refused, world.uow:
            plain = plains.get("a")
            world.amend(mapping, "a", first={"S": "Eve"})
            plain.visits = 2
        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert plains.get("a") == Plain("a", "Eve King")

    def test_an_attribute_that_the_upcast_makes_must_still_be_absent(
        self, world: World, mapping: type[MappingSchema[Plain]]
    ) -> None:
        plains = world.repository(mapping)
        world.put(mapping, PLAIN)
        with pytest.raises(CommitConflict) as refused, world.uow:
            plain = plains.get("a")
            world.amend(mapping, "a", full={"S": "somebody's"})
            plain.visits = 2
        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]

    def test_nor_may_others_have_made_it_current(
        self, world: World, mapping: type[MappingSchema[Plain]]
    ) -> None:
        plains = world.repository(mapping)
        world.put(mapping, {**PLAIN, "full": {"S": "x"}, "_v": {"N": "2"}})
        with pytest.raises(CommitConflict) as refused, world.uow:
            plain = plains.get("a")
            world.amend(mapping, "a", _v={"N": "3"})
            plain.visits = 2
        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]

    def test_undisturbed_it_is_stored(self, world: World, mapping: type[MappingSchema[Plain]]) -> None:
        plains = world.repository(mapping)
        world.put(mapping, PLAIN)
        with world.uow:
            plains.get("a").visits = 2
        assert world.stored(mapping, "a") == {
            **PLAIN,
            "full": {"S": "Ada King"},
            "visits": {"N": "2"},
            "_v": {"N": "2"},
        }


class TestPatches:
    def test_an_older_item_is_made_current_first(self, world: World, people: Repository[Person]) -> None:
        people.patch("p1").increment("visits").set("address.city", "Paris").execute()
        stored = world.stored(PersonMapping, "p1")
        assert without(stored, "number") == {
            "id": {"S": "p1"},
            "name": {"S": "Ada King"},
            "address": {"M": {"city": {"S": "Paris"}, "unknown": {"S": "kept"}}},
            "visits": {"N": "2"},
            "other": {"L": [{"N": "1"}]},
            "version": {"N": "9"},
            "_v": {"N": "3"},
        }

    def test_in_a_unit_too(self, world: World, people: Repository[Person]) -> None:
        with world.uow:
            people.patch("p1").increment("visits").execute()
            people.add(Person("p2", "Eve"))
        assert [(each.id, each.visits) for each in people.get_many(["p1", "p2"])] == [("p1", 2), ("p2", 0)]

    def test_beside_the_entity_of_the_unit(self, world: World, people: Repository[Person]) -> None:
        with world.uow:
            people.get("p1").name = "Eve"
            people.patch("p1").increment("visits").execute()
        assert (people.get("p1").name, people.get("p1").visits) == ("Eve", 2)

    def test_what_it_returns_is_of_the_current_version(self, people: Repository[Person]) -> None:
        old = people.patch("p1").increment("visits").execute(returning="old")
        new = people.patch("p1").increment("visits").execute(returning="new")
        assert old is not None
        assert new is not None
        assert (old.name, old.visits, new.name, new.visits) == ("Ada King", 1, "Ada King", 3)

    def test_its_own_condition_is_asked_of_the_current_item(self, people: Repository[Person]) -> None:
        patch = people.patch("p1").increment("visits")
        with pytest.raises(ConditionFailed):
            patch.if_(lambda person: person.name == "Eve").execute()
        patch.if_(lambda person: person.name == "Ada King").execute()
        assert people.get("p1").visits == 2

    def test_a_version_that_it_demands_moves_on_once(self, people: Repository[Person]) -> None:
        with pytest.raises(StaleEntity):
            people.patch("p1").increment("visits").if_version(7).execute()
        people.patch("p1").increment("visits").if_version(8).execute()
        assert people.get("p1").visits == 2

    def test_what_is_absent_is_refused_as_before(self, people: Repository[Person]) -> None:
        with pytest.raises(EntityGone):
            people.patch("p9").increment("visits").execute()

    def test_what_it_may_make_is_of_the_current_version(
        self, world: World, people: Repository[Person]
    ) -> None:
        for key in ("p1", "p2", "p2"):
            people.patch(key).set("name", "Eve").increment("visits").if_missing().execute()
        stored = world.stored(PersonMapping, "p2")
        assert stored is not None
        assert stored["_v"] == {"N": "3"}
        assert [each.visits for each in people.get_many(["p1", "p2"])] == [2, 2]

    def test_an_item_that_cant_be_upcast_is_told(self, world: World, people: Repository[Person]) -> None:
        world.put(PersonMapping, without(OLD, "first"))
        with pytest.raises(DecodeError, match="join_names"):
            people.patch("p1").increment("visits").execute()

    def test_a_mapping_in_its_first_version_patches_what_says_none(self, world: World) -> None:
        class FirstMapping(MappingSchema[Plain]):
            class Meta:
                table = "plain"
                key = Key("id")
                schema_version = 1

        plains = world.repository(FirstMapping)
        world.put(FirstMapping, PLAIN)
        plains.patch("a").increment("visits").execute()
        assert world.stored(FirstMapping, "a") == {**PLAIN, "visits": {"N": "1"}}


@dataclass
class Wide:
    """What a later version of the application has."""

    id: str
    name: str
    note: str = "none"
    version: int = 0


@dataclass
class Narrow:
    """What an older one has."""

    id: str
    name: str
    version: int = 0


class NarrowMapping(MappingSchema[Narrow]):
    class Meta:
        table = "wide"
        key = Key("id")
        schema_version = 1

    version = fields.Version()


class WideMapping(MappingSchema[Wide]):
    class Meta:
        table = "wide"
        key = Key("id")
        schema_version = 2
        schema_compatible_from = 1

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def add_note(item: Item) -> Item:
        return {**item, "note": {"S": "upcast"}}


class BrokenOffMapping(WideMapping):
    """A version that the older one can't read."""

    class Meta:
        schema_compatible_from = 2


class TestLaterVersionsThatAreCompatible:
    @pytest.fixture
    def narrow(self, world: World) -> Repository[Narrow]:
        repository = world.repository(NarrowMapping)
        world.elsewhere(WideMapping).add(Wide("w", "first", "mine"))
        return repository

    @pytest.fixture
    def stored(self, world: World) -> Callable[[], Item]:
        return lambda: without(world.stored(WideMapping, "w"), "version")

    @pytest.mark.parametrize("way", ["unit", "detached", "save", "patch", "joined patch"])
    def test_a_write_by_the_older_version_keeps_what_it_does_not_know(
        self, world: World, narrow: Repository[Narrow], stored: Callable[[], Item], way: str
    ) -> None:
        match way:
            case "unit":
                with world.uow:
                    narrow.get("w").name = "second"
            case "detached":
                narrow.update(Narrow("w", "second", 0))
            case "save":
                narrow.save(Narrow("w", "second"))
            case "patch":
                narrow.patch("w").set("name", "second").execute()
            case _:
                with world.uow:
                    narrow.get("w")
                    narrow.patch("w").set("name", "second").execute()
        assert stored() == {
            "id": {"S": "w"},
            "name": {"S": "second"},
            "note": {"S": "mine"},
            "_v": {"N": "2"},
            "_v_from": {"N": "1"},
        }

    def test_a_detached_update_in_an_old_version_is_stale_all_the_same(
        self, narrow: Repository[Narrow]
    ) -> None:
        with pytest.raises(StaleEntity):
            narrow.update(Narrow("w", "second", 5))


class TestLaterVersionsThatAreNot:
    @pytest.fixture
    def narrow(self, world: World) -> Repository[Narrow]:
        repository = world.repository(NarrowMapping)
        world.elsewhere(BrokenOffMapping).add(Wide("w", "first", "mine"))
        return repository

    def test_they_are_not_read(self, narrow: Repository[Narrow]) -> None:
        with pytest.raises(DecodeError, match="newer version of the application"):
            narrow.get("w")

    @pytest.mark.parametrize(
        "write",
        [
            lambda narrow: narrow.update(Narrow("w", "second", 0)),
            lambda narrow: narrow.save(Narrow("w", "second")),
            lambda narrow: narrow.patch("w").set("name", "second").execute(),
        ],
    )
    def test_nor_written(
        self, world: World, narrow: Repository[Narrow], write: Callable[[Repository[Narrow]], Any]
    ) -> None:
        before = world.stored(BrokenOffMapping, "w")
        with pytest.raises(ActionRefused, match="newer version of the application"):
            write(narrow)
        assert world.stored(BrokenOffMapping, "w") == before


class TestCase60:
    """Two versions of the application write alternately: no field is lost, whichever is deployed first."""

    @pytest.mark.parametrize("first", ["old", "new"])
    def test_no_field_is_lost(self, world: World, first: str) -> None:
        old = world.repository(NarrowMapping)
        new = world.repository(WideMapping, create=False)
        if first == "old":
            old.add(Narrow("w", "n0"))
        else:
            new.add(Wide("w", "n0", "upcast"))
        for turn in range(1, 4):
            with world.uow:
                new.get("w").note += "!"
            with world.uow:
                old.get("w").name = f"n{turn}"
            old.patch("w").set("name", f"m{turn}").execute()
            with world.uow:
                assert new.get("w").name == f"m{turn}"
        assert without(world.stored(WideMapping, "w"), "version") == {
            "id": {"S": "w"},
            "name": {"S": "m3"},
            "note": {"S": "upcast!!!"},
            "_v": {"N": "2"},
            "_v_from": {"N": "1"},
        }
        assert new.get("w").version == 9

    def test_a_version_that_is_not_compatible_is_refused_and_loses_nothing(self, world: World) -> None:
        old = world.repository(NarrowMapping)
        new = world.repository(BrokenOffMapping, create=False)
        old.add(Narrow("w", "first"))
        new.patch("w").set("note", "mine").execute()
        with pytest.raises(DecodeError):
            old.get("w")
        assert new.get("w") == Wide("w", "first", "mine", 2)


class TestBulk:
    def test_it_stores_the_current_version(self, world: World, people: Repository[Person]) -> None:
        with people.bulk() as bulk:
            bulk.save(Person("p1", "Eve"))
            bulk.add(Person("p2", "Eve"))
        stored = [world.stored(PersonMapping, key) for key in ("p1", "p2")]
        assert [each["_v"] for each in stored if each] == [{"N": "3"}, {"N": "3"}]
