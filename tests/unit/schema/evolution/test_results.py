"""What transforms give: rubbish is collected, and what only the library keeps is kept by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from persistence import Key, MappingSchema, MemoryStore, SchemaService, Table, fields
from persistence.attributes import AttributeValue, Item
from persistence.errors import CopyIncomplete
from persistence.mapping import mapping_of, upcast
from persistence.operations import PutItem, ScanPage
from persistence.store import Store

THINGS = Table("things", "id")


@dataclass
class Note:
    id: str
    text: str = ""
    version: int = 0


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")
        schema_version = 2

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def shout(item: Item) -> Item:
        return {**item, "text": {"S": item["text"]["S"] + "!"}}


@dataclass
class Memo:
    id: str
    text: str = ""
    version: int = 0


class MemoMapping(MappingSchema[Memo]):
    class Meta:
        table = "memos"
        key = Key("id")
        schema_version = 3

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def ask(item: Item) -> Item:
        return {**item, "text": {"S": item["text"]["S"] + "?"}}

    @staticmethod
    @upcast(2, 3)
    def hash(item: Item) -> Item:
        return {**item, "text": {"S": item["text"]["S"] + "#"}}


class PlainMemoMapping(MappingSchema[Memo]):
    class Meta:
        table = "memos"
        key = Key("id")

    version = fields.Version()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(auto_create=False)


@pytest.fixture
def service(store: MemoryStore) -> SchemaService:
    service = SchemaService(store)
    service.ensure_table(THINGS)
    service.ensure_table(NoteMapping)
    return service


def put(store: Store, table: Table, *items: Item) -> None:
    for item in items:
        store.perform(PutItem(table, item))


def contents(store: Store, table: Table) -> list[Item]:
    return list(store.perform(ScanPage(table, consistent=True)).items)


def stored_note(store: Store, **attributes: Any) -> None:
    item = {"id": {"S": "a"}, "text": {"S": "hi"}, "version": {"N": "5"}, **attributes}
    put(store, mapping_of(NoteMapping).table, item)


def notes(store: Store) -> list[Item]:
    return contents(store, mapping_of(NoteMapping).table)


def memos(store: Store) -> list[Item]:
    return contents(store, mapping_of(MemoMapping).table)


def nested(levels: int) -> AttributeValue:
    value: AttributeValue = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


def endless() -> AttributeValue:
    value: AttributeValue = {"L": []}
    value["L"].append(value)
    return value


class TestRubbish:
    @pytest.mark.parametrize("in_place", [False, True])
    @pytest.mark.parametrize(
        "value",
        [
            5,
            {},
            {"S": "a", "N": "1"},
            {"S": 5},
            {"S": "\ud800"},
            {"N": 5},
            {"N": "secret"},
            {"N": "1E+200"},
            {"B": "secret"},
            {"BOOL": "secret"},
            {"NULL": False},
            {"X": "secret"},
            {None: "secret"},
            {"L": ["secret"]},
            {"L": "secret"},
            {"M": {"secret": 5}},
            {"M": ["secret"]},
            {"M": {5: {"S": "secret"}}},
            {"SS": []},
            {"SS": [5]},
            {"NS": [5]},
            nested(32),
            nested(5000),
            endless(),
        ],
    )
    def test_a_value_that_is_none_is_collected_in_a_dry_run_too(
        self, store: MemoryStore, service: SchemaService, value: Any, in_place: bool
    ) -> None:
        put(store, THINGS, {"id": {"S": "a"}}, {"id": {"S": "b"}})

        def spoil(item: Item) -> Item:
            return {**item, "text": value} if item["id"]["S"] == "a" else item

        for dry_run in (True, False):
            target = None if in_place else "copies"
            with pytest.raises(CopyIncomplete) as refused:
                service.evolve(THINGS, target=target, transform=spoil, dry_run=dry_run)

            (failure,) = refused.value.failures
            assert failure.key == '{"id": {"S": "a"}}'
            assert failure.reason.startswith("the result is no item that can be stored: attribute 'text': ")
            assert "secret" not in failure.reason
            assert refused.value.report.read == 2

    @pytest.mark.parametrize("key", [{"S": 5}, {"S": ["a"]}, {}, 5])
    def test_a_key_that_is_no_value_is_collected(
        self, store: MemoryStore, service: SchemaService, key: Any
    ) -> None:
        put(store, THINGS, {"id": {"S": "a"}})

        with pytest.raises(CopyIncomplete) as refused:
            service.evolve(THINGS, target="copies", transform=lambda item: {**item, "id": key})

        assert refused.value.failed == 1

    def test_a_deepest_allowed_value_is_stored(self, store: MemoryStore, service: SchemaService) -> None:
        put(store, THINGS, {"id": {"S": "a"}})

        service.evolve(THINGS, transform=lambda item: {**item, "text": nested(31)})

        assert contents(store, THINGS) == [{"id": {"S": "a"}, "text": nested(31)}]

    def test_dicts_and_lists_of_other_classes_are_stored_as_such(
        self, store: MemoryStore, service: SchemaService
    ) -> None:
        class Own(dict[str, Any]):
            pass

        put(store, THINGS, {"id": {"S": "a"}})

        service.evolve(
            THINGS, transform=lambda item: Own(item, tags=Own(SS=("x", "y")), bytes={"B": bytearray(b"z")})
        )

        assert contents(store, THINGS) == [
            {"id": {"S": "a"}, "tags": {"SS": ["x", "y"]}, "bytes": {"B": b"z"}}
        ]


class TestVersionsInPlace:
    def test_a_transform_that_drops_the_version_does_not_take_it_back(
        self, store: MemoryStore, service: SchemaService
    ) -> None:
        stored_note(store, _v={"N": "2"})

        report = service.evolve(NoteMapping, transform=lambda item: {"id": item["id"], "text": {"S": "new"}})

        assert (report.written, report.caught_up, report.settled) == (1, 0, True)
        assert notes(store) == [
            {"id": {"S": "a"}, "text": {"S": "new"}, "version": {"N": "6"}, "_v": {"N": "2"}}
        ]

    def test_a_transform_that_sets_the_version_does_not_move_it_elsewhere(
        self, store: MemoryStore, service: SchemaService
    ) -> None:
        stored_note(store, _v={"N": "2"})

        service.evolve(
            NoteMapping, transform=lambda item: {**item, "text": {"S": "new"}, "version": {"N": "1"}}
        )

        assert notes(store)[0]["version"] == {"N": "6"}

    def test_an_older_item_whose_transform_drops_the_schema_version_is_upcast_once(
        self, store: MemoryStore, service: SchemaService
    ) -> None:
        stored_note(store)

        def lower(item: Item) -> Item:
            return {"id": item["id"], "text": {"S": item["text"]["S"].upper()}, "version": item["version"]}

        first, second = (service.evolve(NoteMapping, transform=lower) for _ in range(2))

        assert (first.written, second.written, second.unchanged) == (1, 0, 1)
        assert notes(store) == [
            {"id": {"S": "a"}, "text": {"S": "HI!"}, "version": {"N": "6"}, "_v": {"N": "2"}}
        ]


class TestSchemaVersionsOfTheTarget:
    @pytest.mark.parametrize(
        "transform",
        [
            None,
            lambda item: {**item, "more": {"S": "x"}},
            lambda item: {name: item[name] for name in ("id", "text", "version")},
        ],
    )
    @pytest.mark.parametrize(("target", "marks"), [(MemoMapping, {"_v": {"N": "3"}}), (PlainMemoMapping, {})])
    def test_an_item_is_not_taken_for_one_of_the_sources_schema_version(
        self,
        store: MemoryStore,
        service: SchemaService,
        transform: Callable[[Item], Item] | None,
        target: type[MappingSchema[Any]],
        marks: Item,
    ) -> None:
        stored_note(store)

        service.evolve(NoteMapping, target=target, transform=transform)

        (memo,) = memos(store)
        assert {name: value for name, value in memo.items() if name != "more"} == {
            "id": {"S": "a"},
            "text": {"S": "hi!"},
            "version": {"N": "5"},
            **marks,
        }

    def test_what_a_transform_says_of_it_stays(self, store: MemoryStore, service: SchemaService) -> None:
        stored_note(store)

        service.evolve(NoteMapping, target=MemoMapping, transform=lambda item: {**item, "_v": {"N": "1"}})

        assert memos(store)[0]["_v"] == {"N": "1"}

    def test_items_of_a_source_without_versions_stay_of_the_first_one(
        self, store: MemoryStore, service: SchemaService
    ) -> None:
        put(store, THINGS, {"id": {"S": "a"}, "text": {"S": "hi"}})

        service.evolve(THINGS, target=MemoMapping, transform=lambda item: {**item, "more": {"S": "x"}})

        assert memos(store) == [{"id": {"S": "a"}, "text": {"S": "hi"}, "more": {"S": "x"}}]
