"""Backfills: items of older schema versions are stored as current ones, and nobody's change is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from persistence import Key, MappingError, MappingSchema, MemoryStore, SchemaService, Table, fields
from persistence.attributes import Item
from persistence.errors import CopyIncomplete
from persistence.mapping import mapping_of, upcast
from persistence.operations import GetItem, Operation, PutItem, ScanPage, UpdateItem
from tests.semantics.world import Pauses
from tests.unit.schema.evolution.test_copies import Layer, contents, put


@dataclass
class Person:
    id: str
    name: str = ""
    visits: int = 0
    version: int = 0
    updated_at: datetime | None = None


class PersonMapping(MappingSchema[Person]):
    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 2

    version = fields.Version()
    updated_at = fields.UpdatedAt()

    @staticmethod
    @upcast(1, 2)
    def join_names(item: Item) -> Item:
        first, last = item.pop("first")["S"], item.pop("last")["S"]
        return {**item, "name": {"S": f"{first} {last}"}}


@dataclass
class Plain:
    id: str
    name: str = ""
    visits: int = 0


class PlainMapping(MappingSchema[Plain]):
    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 2

    join_names = staticmethod(upcast(1, 2)(PersonMapping.join_names))


CHANGED = {"S": datetime(2026, 1, 2, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def old(key: str, **attributes: Any) -> Item:
    return {"id": {"S": key}, "first": {"S": "Ada"}, "last": {"S": "King"}, **attributes}


@pytest.fixture
def layer() -> Layer:
    layer = Layer(MemoryStore(auto_create=False))
    SchemaService(layer, [PersonMapping]).ensure_tables()
    return layer


@pytest.fixture
def service(layer: Layer) -> SchemaService:
    return SchemaService(layer, timing=Pauses().timing)


class TestBackfill:
    def test_older_items_become_current_ones(self, service: SchemaService, layer: Layer) -> None:
        put(layer, "people", old("a", version={"N": "4"}, updated_at=CHANGED, other={"S": "kept"}))
        put(layer, "people", {"id": {"S": "b"}, "_v": {"N": "2"}})
        put(layer, "people", {"id": {"S": "c"}, "_v": {"N": "3"}})
        report = service.backfill(PersonMapping)
        assert (report.read, report.written, report.unchanged, report.kept_newer) == (3, 1, 1, 1)
        assert contents(layer, "people") == {
            "a": {
                "id": {"S": "a"},
                "name": {"S": "Ada King"},
                "version": {"N": "5"},
                "updated_at": CHANGED,
                "other": {"S": "kept"},
                "_v": {"N": "2"},
            },
            "b": {"id": {"S": "b"}, "_v": {"N": "2"}},
            "c": {"id": {"S": "c"}, "_v": {"N": "3"}},
        }

    def test_a_second_one_finds_nothing_to_do(self, service: SchemaService, layer: Layer) -> None:
        put(layer, "people", old("a"))
        service.backfill(PersonMapping)
        report = service.backfill(PersonMapping)
        assert (report.written, report.unchanged) == (0, 1)

    @pytest.mark.parametrize("mapping", [PersonMapping, PlainMapping])
    def test_a_change_by_others_between_reading_and_writing_is_kept(
        self, service: SchemaService, layer: Layer, mapping: Any
    ) -> None:
        put(layer, "people", old("a", visits={"N": "1"}, version={"N": "1"}))
        changes = [old("a", visits={"N": str(number)}, version={"N": str(number)}) for number in (2, 3)]

        def change(operation: Operation[Any]) -> None:
            if changes and isinstance(operation, UpdateItem):
                put(layer, "people", changes.pop(0))

        layer.before = change
        assert service.backfill(mapping).written == 1
        assert contents(layer, "people")["a"]["visits"] == {"N": "3"}
        assert contents(layer, "people")["a"]["name"] == {"S": "Ada King"}

    def test_an_item_that_others_delete_is_left_out(self, service: SchemaService, layer: Layer) -> None:
        put(layer, "people", old("a"))

        def delete(operation: Operation[Any]) -> None:
            if isinstance(operation, UpdateItem):
                service.delete_table(Table("people", "id"))
                service.create_table(mapping_of(PersonMapping).table)

        layer.before = delete
        report = service.backfill(PersonMapping)
        assert (report.written, report.left_out) == (0, 1)
        assert contents(layer, "people") == {}

    def test_one_that_others_change_all_the_time_is_told(self, service: SchemaService, layer: Layer) -> None:
        put(layer, "people", old("a"))

        def change(operation: Operation[Any]) -> None:
            if isinstance(operation, UpdateItem):
                item = contents(layer, "people")["a"]
                version = int(item.get("version", {"N": "0"})["N"])
                put(layer, "people", {**item, "version": {"N": str(version + 1)}})

        layer.before = change
        with pytest.raises(CopyIncomplete, match="others changed it"):
            service.backfill(PersonMapping)

    def test_items_that_cant_be_upcast_are_collected(
        self, service: SchemaService, layer: Layer, tmp_path: Path
    ) -> None:
        put(layer, "people", old("a"))
        put(layer, "people", {"id": {"S": "b"}, "first": {"S": "secret"}})
        with pytest.raises(CopyIncomplete, match="join_names") as refused:
            service.backfill(PersonMapping, checkpoint=tmp_path / "job")
        assert "secret" not in str(refused.value)
        assert (refused.value.report.written, refused.value.failed) == (1, 1)
        put(layer, "people", old("b"))
        layer.asked.clear()
        assert service.backfill(PersonMapping, checkpoint=tmp_path / "job").failed == 0
        assert layer.of(ScanPage) == []

    def test_a_dry_run_writes_nothing(self, service: SchemaService, layer: Layer) -> None:
        put(layer, "people", old("a"))
        report = service.backfill(PersonMapping, dry_run=True)
        assert (report.written, report.dry_run) == (1, True)
        assert contents(layer, "people") == {"a": old("a")}

    def test_many_changed_attributes_are_written_as_a_whole(
        self, service: SchemaService, layer: Layer
    ) -> None:
        class WideMapping(PersonMapping):
            @staticmethod
            @upcast(1, 2)
            def join_names(item: Item) -> Item:
                return {**item, **{f"attribute{number}": {"N": "1"} for number in range(400)}}

        put(layer, "people", {"id": {"S": "a"}, "version": {"N": "1"}})
        service.backfill(WideMapping)
        assert len(contents(layer, "people")["a"]) == 403

    def test_an_item_with_too_many_attributes_to_compare_is_told(
        self, service: SchemaService, layer: Layer
    ) -> None:
        put(layer, "people", old("a", **{f"attribute{number}": {"N": "1"} for number in range(200)}))
        with pytest.raises(CopyIncomplete, match="no version"):
            service.backfill(PlainMapping)

    def test_only_items_of_the_mapping_are_looked_at(self) -> None:
        shelf = Table("shelf", "PK", "SK")

        class BookMapping(MappingSchema[Plain]):
            class Meta:
                table = shelf
                key = Key("BOOK#{id}", "BOOK")
                discriminator = "book"
                schema_version = 2

            @staticmethod
            @upcast(1, 2)
            def up(item: Item) -> Item:
                return {**item, "name": {"S": "upcast"}}

        layer = Layer(MemoryStore(auto_create=False))
        service = SchemaService(layer, [BookMapping])
        service.ensure_tables()
        book: Item = {"PK": {"S": "BOOK#1"}, "SK": {"S": "BOOK"}, "_type": {"S": "book"}, "id": {"S": "1"}}
        cup: Item = {"PK": {"S": "CUP#1"}, "SK": {"S": "CUP"}, "_type": {"S": "cup"}}
        for item in (book, cup):
            layer.perform(PutItem(shelf, item))
        assert service.backfill(BookMapping).read == 1
        key = {name: cup[name] for name in ("PK", "SK")}
        assert layer.perform(GetItem(shelf, key)).item == cup

    def test_a_mapping_without_versions_is_refused(self, service: SchemaService) -> None:
        class UnversionedMapping(MappingSchema[Plain]):
            class Meta:
                table = "people"
                key = Key("id")

        with pytest.raises(MappingError, match="schema_version"):
            service.backfill(UnversionedMapping)

    def test_the_report_is_readable(self, service: SchemaService, layer: Layer) -> None:
        put(layer, "people", old("a"))
        report = service.backfill(PersonMapping)
        assert str(report) == "1 read, 1 written"
        assert report.as_dict()["written"] == 1
        assert str(replace(report, read=0, written=0)) == "nothing to do"
