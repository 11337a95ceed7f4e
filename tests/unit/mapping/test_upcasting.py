"""Schema versions of mappings: what is checked when they are compiled, and how older items are read."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Any

import pytest

from persistence import DecodeError, Key, MappingError, MappingSchema, Table, fields
from persistence.attributes import Item
from persistence.errors import WrongEntityType
from persistence.mapping import mapping_of, upcast

SHELF = Table("shelf", "PK", "SK")


@dataclass
class Person:
    id: str
    name: str
    age: int | None = None
    tags: set[str] = field(default_factory=set)


class PersonMapping(MappingSchema[Person]):
    """Version 1 had a first and a last name, version 2 an age as text."""

    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 3

    @staticmethod
    @upcast(1, 2)
    def join_names(item: Item) -> Item:
        first, last = item.pop("first")["S"], item.pop("last")["S"]
        return {**item, "name": {"S": f"{first} {last}"}}

    @upcast(2, 3, plain=True)
    @staticmethod
    def count_years(item: dict[str, Any]) -> dict[str, Any]:
        if "age" in item:
            item["age"] = int(item["age"])
        return item


class CompatibleMapping(MappingSchema[Person]):
    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 5
        schema_compatible_from = 3
        schema_version_attribute = "schema"

    steps = fields.Integer(load_only=True, load_default=0)

    @staticmethod
    @upcast(1, 5)
    def from_one(item: Item) -> Item:
        return item

    @staticmethod
    @upcast(2, 5)
    def from_two(item: Item) -> Item:
        return item

    @staticmethod
    @upcast(3, 5)
    def from_three(item: Item) -> Item:
        return item

    @staticmethod
    @upcast(4, 5)
    def from_four(item: Item) -> Item:
        return item


OLDEST: Item = {"id": {"S": "p1"}, "first": {"S": "Ada"}, "last": {"S": "King"}, "age": {"S": "36"}}


def mapping_with(meta: dict[str, Any], **functions: Any) -> type[MappingSchema[Person]]:
    declared = {"table": "people", "key": Key("id"), **meta}
    content = {"Meta": type("Meta", (), declared), "__module__": __name__, **functions}
    return types.new_class("PersonMapping", (MappingSchema[Person],), {}, lambda body: body.update(content))


class TestReadingOlderItems:
    def test_each_upcast_on_the_way_is_run_in_turn(self) -> None:
        assert PersonMapping.codec.decode(OLDEST) == Person("p1", "Ada King", 36)

    def test_an_item_enters_the_chain_at_its_own_version(self) -> None:
        stored: Item = {"id": {"S": "p1"}, "name": {"S": "Ada"}, "age": {"S": "7"}, "_v": {"N": "2"}}
        assert PersonMapping.codec.decode(stored) == Person("p1", "Ada", 7)

    def test_a_current_item_is_left_alone(self) -> None:
        stored: Item = {"id": {"S": "p1"}, "name": {"S": "Ada"}, "age": {"N": "7"}, "_v": {"N": "3"}}
        assert PersonMapping.codec.decode(stored) == Person("p1", "Ada", 7)
        assert mapping_of(PersonMapping).current(stored) is stored

    def test_the_stored_item_is_not_changed_by_it(self) -> None:
        stored = {**OLDEST, "tags": {"SS": ["b", "a"]}}
        before = {name: dict(value) for name, value in stored.items()}
        mapping_of(PersonMapping).current(stored)
        assert stored == before

    def test_unknown_attributes_survive(self) -> None:
        stored = {**OLDEST, "unknown": {"L": [{"NS": ["1", "2"]}, {"NULL": True}]}}
        assert mapping_of(PersonMapping).current(stored) == {
            "id": {"S": "p1"},
            "name": {"S": "Ada King"},
            "age": {"N": "36"},
            "unknown": {"L": [{"NS": ["1", "2"]}, {"NULL": True}]},
            "_v": {"N": "3"},
        }

    def test_what_a_plain_upcast_leaves_alone_stays_as_it_was_stored(self) -> None:
        stored: Item = {
            "id": {"S": "p1"},
            "name": {"S": "Ada"},
            "odd": {"N": "1.50"},
            "set": {"NS": ["2", "1.0"]},
            "_v": {"N": "2"},
        }
        assert mapping_of(PersonMapping).current(stored) == {**stored, "_v": {"N": "3"}}

    def test_true_is_not_taken_for_the_number_one_by_a_plain_upcast(self) -> None:
        def to_number(item: dict[str, Any]) -> dict[str, Any]:
            return {**item, "age": 1}

        mapping = mapping_of(mapping_with({"schema_version": 2}, up=upcast(1, 2, plain=True)(to_number)))
        stored: Item = {"id": {"S": "p1"}, "name": {"S": "Ada"}, "age": {"BOOL": True}}
        assert mapping.current(stored)["age"] == {"N": "1"}

    def test_items_of_another_type_are_not_upcast(self) -> None:
        class ShelfMapping(MappingSchema[Person]):
            class Meta:
                table = SHELF
                key = Key("PERSON#{id}", "PERSON")
                schema_version = 2

            @staticmethod
            @upcast(1, 2)
            def refuse(item: Item) -> Item:
                raise AssertionError("never reached")

        foreign: Item = {"PK": {"S": "PERSON#1"}, "SK": {"S": "PERSON"}, "_type": {"S": "Other"}}
        with pytest.raises(WrongEntityType):
            ShelfMapping.codec.decode(foreign)

    def test_subclasses_have_the_upcasts_of_their_parents(self) -> None:
        class OlderMapping(PersonMapping):
            class Meta:
                table = "elsewhere"

        assert OlderMapping.codec.decode(OLDEST) == Person("p1", "Ada King", 36)


class TestWriting:
    def test_new_items_are_of_the_current_version(self) -> None:
        assert PersonMapping.codec.encode(Person("p1", "Ada")) == {
            "id": {"S": "p1"},
            "name": {"S": "Ada"},
            "_v": {"N": "3"},
        }

    def test_what_was_encoded_is_read_back_as_it_is(self) -> None:
        person = Person("p1", "Ada", 36, {"x"})
        assert PersonMapping.codec.decode(PersonMapping.codec.encode(person)) == person

    def test_items_say_which_older_version_can_read_them(self) -> None:
        assert CompatibleMapping.codec.encode(Person("p1", "Ada")) == {
            "id": {"S": "p1"},
            "name": {"S": "Ada"},
            "schema": {"N": "5"},
            "schema_from": {"N": "3"},
        }

    def test_mappings_without_versions_store_none(self) -> None:
        plain = mapping_with({})
        assert plain.codec.encode(Person("p1", "Ada")) == {"id": {"S": "p1"}, "name": {"S": "Ada"}}
        assert mapping_of(plain).versions is None


class TestLaterVersions:
    def test_an_item_of_a_later_version_is_refused(self) -> None:
        stored: Item = {"id": {"S": "p1"}, "name": {"S": "Ada"}, "_v": {"N": "4"}}
        with pytest.raises(DecodeError) as refused:
            PersonMapping.codec.decode(stored)
        assert "Person" in str(refused.value)
        assert "schema version 3 or older" in str(refused.value)
        assert "newer version of the application" in str(refused.value)

    def test_one_that_says_it_can_be_read_is_read(self) -> None:
        stored: Item = {
            "id": {"S": "p1"},
            "name": {"S": "Ada"},
            "age": {"N": "7"},
            "_v": {"N": "5"},
            "_v_from": {"N": "3"},
        }
        assert PersonMapping.codec.decode(stored) == Person("p1", "Ada", 7)

    def test_one_that_only_a_later_version_than_this_can_read_is_refused(self) -> None:
        stored: Item = {"id": {"S": "p1"}, "name": {"S": "Ada"}, "_v": {"N": "5"}, "_v_from": {"N": "4"}}
        with pytest.raises(DecodeError):
            PersonMapping.codec.decode(stored)

    @pytest.mark.parametrize("stored", [{"S": "3"}, {"N": "0"}, {"N": "-1"}, {"N": "1.5"}, {"NULL": True}])
    def test_what_is_no_version_is_refused(self, stored: dict[str, Any]) -> None:
        with pytest.raises(DecodeError, match="schema version"):
            PersonMapping.codec.decode({"id": {"S": "p1"}, "name": {"S": "Ada"}, "_v": stored})


class TestUpcastsThatFail:
    def test_the_error_names_the_upcast_and_the_key_and_shows_no_value(self) -> None:
        with pytest.raises(DecodeError) as refused:
            PersonMapping.codec.decode({"id": {"S": "p1"}, "first": {"S": "secret"}})
        assert refused.value.key == ("p1",)
        assert "join_names" in str(refused.value)
        assert "KeyError" in str(refused.value)
        assert "secret" not in str(refused.value)
        assert isinstance(refused.value.__cause__, KeyError)

    @pytest.mark.parametrize(
        "given",
        [
            None,
            [],
            {"id": "p1"},
            {"id": {"S": "p1"}, "name": {}},
            {"id": {"S": "p1"}, "name": {"S": "Ada", "N": "1"}},
            {"id": {"S": "p1"}, "name": {"S": 5}},
            {"id": {"S": "p1"}, "name": {"S": "Ada"}, "unknown": {"X": "secret"}},
            {"id": {"S": "p1"}, "name": {"S": "Ada"}, "unknown": {"L": ["secret"]}},
            {"id": {"S": "p1"}, "name": {"S": "Ada"}, 5: {"S": "secret"}},
        ],
    )
    def test_what_gives_no_item_is_refused(self, given: Any) -> None:
        mapping = mapping_of(mapping_with({"schema_version": 2}, up=upcast(1, 2)(lambda item: given)))
        with pytest.raises(DecodeError, match="as up gives it") as refused:
            mapping.codec.decode({"id": {"S": "p1"}, "name": {"S": "Ada"}})
        assert "secret" not in str(refused.value)

    def test_what_it_gives_is_not_shared_with_what_it_keeps(self) -> None:
        kept = {"L": [{"S": "a"}]}
        sharing = upcast(1, 2)(lambda item: {**item, "unknown": kept})
        mapping = mapping_of(mapping_with({"schema_version": 2}, up=sharing))
        made = mapping.current({"id": {"S": "p1"}, "name": {"S": "Ada"}})
        made["unknown"]["L"].append({"S": "b"})
        assert kept == {"L": [{"S": "a"}]}

    @pytest.mark.parametrize("marked", [{"_type": {"S": "Other"}}, {}])
    def test_a_changed_type_is_refused(self, marked: Item) -> None:
        keys = {"PK": {"S": "PERSON#p1"}, "SK": {"S": "PERSON"}}
        moved = upcast(1, 2)(lambda item: {**keys, "id": item["id"], "name": item["name"], **marked})
        meta = {"table": SHELF, "key": Key("PERSON#{id}", "PERSON"), "schema_version": 2}
        mapping = mapping_of(mapping_with(meta, up=moved))
        stored = {**keys, "id": {"S": "p1"}, "name": {"S": "Ada"}, "_type": {"S": "Person"}}
        with pytest.raises(DecodeError, match="a type that upcasts leave as it is"):
            mapping.codec.decode(stored)

    def test_what_gives_plain_data_that_cant_be_stored_is_refused(self) -> None:
        odd = upcast(1, 2, plain=True)(lambda item: {**item, "x": object()})
        mapping = mapping_of(mapping_with({"schema_version": 2}, up=odd))
        with pytest.raises(DecodeError):
            mapping.codec.decode({"id": {"S": "p1"}, "name": {"S": "Ada"}})

    def test_a_changed_key_is_refused(self) -> None:
        moved = upcast(1, 2)(lambda item: {**item, "id": {"S": "other"}})
        mapping = mapping_of(mapping_with({"schema_version": 2}, up=moved))
        with pytest.raises(DecodeError, match="key"):
            mapping.codec.decode({"id": {"S": "p1"}, "name": {"S": "Ada"}})

    def test_an_upcast_cant_change_what_is_said_of_the_version(self) -> None:
        odd = upcast(1, 2)(lambda item: {**item, "_v": {"N": "9"}, "_v_from": {"N": "1"}})
        mapping = mapping_of(mapping_with({"schema_version": 2}, up=odd))
        stored: Item = {"id": {"S": "p1"}, "name": {"S": "Ada"}}
        assert mapping.current(stored) == {**stored, "_v": {"N": "2"}}


class TestDeclarations:
    @pytest.mark.parametrize(
        ("meta", "steps", "named"),
        [
            ({"schema_version": 3}, {"up": (1, 2)}, ["no upcast from 2", "upcast(2, 3)"]),
            ({"schema_version": 4}, {"up": (2, 3)}, ["no upcast from 1, 3"]),
            ({"schema_version": 2}, {"up": (1, 2), "again": (1, 2)}, ["two upcasts", "up", "again"]),
            ({"schema_version": 2}, {"up": (1, 2), "far": (2, 3)}, ["far", "version 3"]),
            ({"schema_version": 2}, {"far": (1, 3)}, ["far", "version 3"]),
            ({}, {"up": (1, 2)}, ["up is an upcast", "schema_version = 2"]),
            ({"schema_compatible_from": 1}, {}, ["no schema_version"]),
            ({"schema_version_attribute": "v"}, {}, ["no schema_version"]),
            ({"schema_version": 1, "schema_compatible_from": 2}, {}, ["schema_compatible_from is 2"]),
            ({"schema_version": 1, "schema_version_attribute": "age"}, {}, ["'age'"]),
            ({"schema_version": 1, "schema_version_attribute": "id"}, {}, ["'id'"]),
        ],
    )
    def test_contradictions_are_told_when_the_mapping_is_compiled(
        self, meta: dict[str, Any], steps: dict[str, tuple[int, int]], named: list[str]
    ) -> None:
        functions = {name: staticmethod(upcast(*step)(lambda item: item)) for name, step in steps.items()}
        with pytest.raises(MappingError) as refused:
            mapping_of(mapping_with(meta, **functions))
        assert [text for text in named if text not in str(refused.value)] == []

    @pytest.mark.parametrize("value", [0, -1, True, "2", 1.0])
    def test_versions_are_whole_numbers_from_one_on(self, value: Any) -> None:
        with pytest.raises(MappingError, match="schema_version"):
            mapping_with({"schema_version": value})
        with pytest.raises(MappingError, match="schema versions"):
            upcast(value, 5)

    @pytest.mark.parametrize("step", [(2, 2), (3, 2)])
    def test_upcasts_go_to_later_versions(self, step: tuple[int, int]) -> None:
        with pytest.raises(MappingError, match="later"):
            upcast(*step)

    def test_an_upcast_takes_one_argument(self) -> None:
        with pytest.raises(MappingError, match="staticmethod"):
            upcast(1, 2)(lambda self, item: item)

    def test_nested_entities_have_no_version_of_their_own(self) -> None:
        @dataclass
        class Inner:
            word: str

        @dataclass
        class Outer:
            id: str
            inner: Inner

        class InnerMapping(MappingSchema[Inner]):
            class Meta:
                table = "inner"
                key = Key("word")
                schema_version = 1

        class OuterMapping(MappingSchema[Outer]):
            class Meta:
                table = "outer"
                key = Key("id")

            inner = fields.Nested(InnerMapping)

        with pytest.raises(MappingError, match="InnerMapping"):
            mapping_of(OuterMapping)

    def test_the_attributes_of_the_version_are_known_to_the_mapping(self) -> None:
        assert {"_v", "_v_from"} <= set(mapping_of(PersonMapping).attributes)
