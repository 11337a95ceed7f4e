"""Copies: what is written and what is not, what is counted, and what happens to items that don't fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from persistence import (
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    QueryError,
    Repository,
    SchemaService,
    Table,
    TableNotFound,
    UnitOfWork,
    fields,
)
from persistence.attributes import Item
from persistence.errors import (
    CheckpointMismatch,
    CopyIncomplete,
    InvalidRequest,
    SchemaMismatch,
    StoreUnavailable,
    TableInUse,
    Throttled,
)
from persistence.mapping import mapping_of, upcast
from persistence.operations import BatchGetItems, BatchGetResult, Operation, PutItem, ScanPage
from persistence.schema.progress import Progress
from persistence.store import AWS_LIMITS, Store
from persistence.table import ScalarType
from tests.semantics.world import Pauses

R = TypeVar("R")


@dataclass
class Order:
    id: str
    total: int = 0
    note: str = ""
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-total", Key("total")),)

    version = fields.Version()


class NewOrderMapping(MappingSchema[Order]):
    class Meta:
        table = "new-orders"
        key = Key("id")

    total = fields.Integer(data_key="sum")
    version = fields.Version(data_key="v")


@dataclass
class Invoice:
    number: int
    order: str
    version: int = 0


class InvoiceMapping(MappingSchema[Invoice]):
    class Meta:
        table = "invoices"
        key = Key("number")

    version = fields.Version()


@dataclass
class Setting:
    name: str
    value: str = ""


class SettingMapping(MappingSchema[Setting]):
    """Without a version."""

    class Meta:
        table = "settings"
        key = Key("name")


@dataclass
class Layer:
    """A layer that does something before some operations."""

    below: Store
    before: Callable[[Operation[Any]], None] = lambda operation: None
    asked: list[Operation[Any]] = field(default_factory=list)
    limits = AWS_LIMITS

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        self.before(operation)
        return self.below.perform(operation)

    def of(self, kind: type) -> list[Any]:
        return [each for each in self.asked if isinstance(each, kind)]


@pytest.fixture
def layer() -> Layer:
    return Layer(MemoryStore(auto_create=False))


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def service(layer: Layer, pauses: Pauses) -> SchemaService:
    service = SchemaService(layer, [OrderMapping], timing=pauses.timing)
    service.ensure_tables()
    orders = Repository(OrderMapping, UnitOfWork(layer.below))
    for number in range(30):
        orders.add(Order(f"o{number}", number))
    return service


def contents(layer: Layer, name: str, key: str = "id", kind: ScalarType = "S") -> dict[Any, Item]:
    page = layer.below.perform(ScanPage(Table(name, key, types={key: kind}), consistent=True))
    return {next(iter(item[key].values())): item for item in page.items}


def put(layer: Layer, name: str, item: Item, key: str = "id") -> None:
    layer.below.perform(PutItem(Table(name, key), item))


def doubled(item: Item) -> Item:
    return {**item, "total": {"N": str(2 * int(item["total"]["N"]))}}


def capped(item: Item) -> Item:
    return {**item, "total": {"N": str(min(5, int(item["total"]["N"])))}}


class TestWhatIsWritten:
    def test_items_are_transformed_into_a_table_that_is_made(
        self, service: SchemaService, layer: Layer
    ) -> None:
        report = service.evolve("orders", target="copies", transform=doubled)
        assert (report.read, report.written, report.settled) == (30, 30, True)
        assert contents(layer, "copies") == {
            key: doubled(item) for key, item in contents(layer, "orders").items()
        }
        assert service.describe(Table("copies", "id")).table.indexes == mapping_of(OrderMapping).table.indexes

    def test_entities_are_stored_as_the_targets_mapping_says(
        self, service: SchemaService, layer: Layer
    ) -> None:
        put(layer, "orders", {**contents(layer, "orders")["o3"], "unknown": {"S": "kept"}})
        service.evolve(OrderMapping, target=NewOrderMapping)
        assert contents(layer, "new-orders")["o3"] == {
            "id": {"S": "o3"},
            "sum": {"N": "3"},
            "note": {"S": ""},
            "v": {"N": "0"},
            "unknown": {"S": "kept"},
        }

    def test_entities_become_those_of_another_class(self, service: SchemaService, layer: Layer) -> None:
        def invoiced(order: Order) -> Invoice | None:
            return Invoice(int(order.id[1:]), order.id) if order.total >= 20 else None

        put(layer, "orders", {**contents(layer, "orders")["o25"], "version": {"N": "7"}})
        report = service.evolve(OrderMapping, target=InvoiceMapping, convert=invoiced)
        assert (report.read, report.written, report.left_out) == (30, 10, 20)
        assert contents(layer, "invoices", "number", "N")["25"] == {
            "number": {"N": "25"},
            "order": {"S": "o25"},
            "version": {"N": "7"},
        }

    def test_a_transform_may_change_what_it_gets(self, service: SchemaService, layer: Layer) -> None:
        before = contents(layer, "orders")

        def stripped(item: Item) -> Item:
            del item["note"]
            item["total"]["N"] = "1"
            return item

        service.evolve("orders", target="copies", transform=stripped)
        assert contents(layer, "orders") == before
        assert contents(layer, "copies")["o9"] == {
            "id": {"S": "o9"},
            "total": {"N": "1"},
            "version": {"N": "0"},
        }

    def test_what_a_transform_leaves_out_is_not_written(self, service: SchemaService, layer: Layer) -> None:
        report = service.evolve(
            "orders", target="copies", transform=lambda item: item if item["total"]["N"] == "7" else None
        )
        assert (report.written, report.left_out) == (1, 29)
        assert list(contents(layer, "copies")) == ["o7"]

    def test_only_entities_of_the_sources_mapping_are_meant(self) -> None:
        shelf = Table("shelf", "PK", "SK")

        class BookMapping(MappingSchema[Setting]):
            class Meta:
                table = shelf
                key = Key("BOOK#{name}", "BOOK")
                discriminator = "book"

        layer = Layer(MemoryStore(auto_create=False))
        service = SchemaService(layer, [BookMapping])
        service.ensure_tables()
        Repository(BookMapping, UnitOfWork(layer)).add(Setting("a", "b"))
        foreign: Item = {"PK": {"S": "CUP#1"}, "SK": {"S": "CUP"}, "_type": {"S": "cup"}}
        layer.perform(PutItem(shelf, foreign))
        report = service.evolve(BookMapping, target="others")
        assert (report.read, report.written) == (1, 1)

    def test_older_schema_versions_are_upcast_first(self, layer: Layer) -> None:
        class VersionedMapping(MappingSchema[Setting]):
            class Meta:
                table = "settings"
                key = Key("name")
                schema_version = 2

            @staticmethod
            @upcast(1, 2)
            def up(item: Item) -> Item:
                return {**item, "value": {"S": "upcast"}}

        service = SchemaService(layer, [VersionedMapping])
        service.ensure_tables()
        put(layer, "settings", {"name": {"S": "a"}, "_v": {"N": "1"}}, "name")
        service.evolve(VersionedMapping, target="copies")
        assert contents(layer, "copies", "name")["a"] == {
            "name": {"S": "a"},
            "value": {"S": "upcast"},
            "_v": {"N": "2"},
        }


class TestWhatIsNewer:
    def test_a_higher_version_in_the_target_stays(self, service: SchemaService, layer: Layer) -> None:
        service.evolve(OrderMapping, target=NewOrderMapping)
        newer: Item = {"id": {"S": "o1"}, "sum": {"N": "99"}, "note": {"S": ""}, "v": {"N": "3"}}
        put(layer, "new-orders", newer)
        report = service.evolve(OrderMapping, target=NewOrderMapping)
        assert (report.unchanged, report.kept_newer, report.written) == (29, 1, 0)
        assert contents(layer, "new-orders")["o1"] == newer

    def test_a_lower_version_is_replaced(self, service: SchemaService, layer: Layer) -> None:
        service.evolve(OrderMapping, target=NewOrderMapping)
        put(layer, "orders", {"id": {"S": "o1"}, "total": {"N": "50"}, "version": {"N": "10"}})
        report = service.evolve(OrderMapping, target=NewOrderMapping)
        assert (report.unchanged, report.written) == (29, 1)
        assert contents(layer, "new-orders")["o1"]["sum"] == {"N": "50"}

    def test_without_a_version_whatever_is_there_stays(self, layer: Layer) -> None:
        service = SchemaService(layer, [SettingMapping])
        service.ensure_tables()
        put(layer, "settings", {"name": {"S": "a"}, "value": {"S": "1"}}, "name")
        service.evolve("settings", target="copies")
        put(layer, "settings", {"name": {"S": "a"}, "value": {"S": "2"}}, "name")
        report = service.evolve("settings", target="copies")
        assert (report.kept_newer, report.written) == (1, 0)
        assert contents(layer, "copies", "name")["a"]["value"] == {"S": "1"}

    def test_what_changes_during_the_copy_is_caught_up_with(
        self, service: SchemaService, layer: Layer
    ) -> None:
        changes: list[Item] = [
            {"id": {"S": "o1"}, "total": {"N": number}, "version": {"N": number}} for number in ("8", "9")
        ]

        def change(operation: Operation[Any]) -> None:
            begins = isinstance(operation, ScanPage) and operation.start is None
            if begins and changes and len(layer.of(PutItem)) >= 30:
                put(layer, "orders", changes.pop(0))

        layer.before = change
        report = service.evolve(OrderMapping, target="copies", segments=1)
        assert (report.written, report.caught_up, report.settled) == (30, 2, True)
        assert contents(layer, "copies") == contents(layer, "orders")

    def test_a_source_that_never_rests_is_told(self, service: SchemaService, layer: Layer) -> None:
        versions = iter(range(1, 1000))

        def change(operation: Operation[Any]) -> None:
            if isinstance(operation, ScanPage) and operation.start is None:
                put(layer, "orders", {"id": {"S": "o1"}, "version": {"N": str(next(versions))}})

        layer.before = change
        report = service.evolve(OrderMapping, target="copies", transform=lambda item: item, segments=1)
        assert not report.settled
        assert "still changing" in str(report)


class TestInPlace:
    def test_items_are_changed_where_they_are(self, service: SchemaService, layer: Layer) -> None:
        report = service.evolve(OrderMapping, transform=capped)
        assert (report.read, report.written, report.unchanged) == (30, 24, 6)
        stored = contents(layer, "orders")
        assert stored["o20"] == {
            "id": {"S": "o20"},
            "total": {"N": "5"},
            "note": {"S": ""},
            "version": {"N": "1"},
        }
        assert stored["o3"]["version"] == {"N": "0"}

    @pytest.mark.parametrize("source", [OrderMapping, "orders"])
    def test_a_change_by_others_is_kept(self, service: SchemaService, layer: Layer, source: Any) -> None:
        changed: list[Item] = []

        def change(operation: Operation[Any]) -> None:
            if layer.of(ScanPage) and not changed and not isinstance(operation, ScanPage):
                item = contents(layer, "orders")["o20"]
                changed.append({**item, "note": {"S": "mine"}, "version": {"N": "1"}})
                put(layer, "orders", changed[0])

        layer.before = change
        service.evolve(source, transform=capped, segments=1)
        stored = contents(layer, "orders")["o20"]
        assert (stored["note"], stored["total"]) == ({"S": "mine"}, {"N": "5"})

    def test_a_transform_that_would_change_an_item_twice_is_refused(
        self, service: SchemaService, layer: Layer
    ) -> None:
        before = contents(layer, "orders")
        with pytest.raises(CopyIncomplete, match="its own result") as refused:
            service.evolve(OrderMapping, transform=doubled)
        assert refused.value.failed == 29
        assert contents(layer, "orders") == before

    def test_a_changed_key_is_refused(self, service: SchemaService) -> None:
        with pytest.raises(CopyIncomplete, match="key"):
            service.evolve("orders", transform=lambda item: {**item, "id": {"S": "x"}})

    def test_what_is_left_out_stays_as_it_is(self, service: SchemaService, layer: Layer) -> None:
        before = contents(layer, "orders")
        report = service.evolve("orders", transform=lambda item: None)
        assert (report.left_out, report.written) == (30, 0)
        assert contents(layer, "orders") == before

    def test_entities_keep_what_their_mapping_does_not_know(
        self, service: SchemaService, layer: Layer
    ) -> None:
        put(layer, "orders", {**contents(layer, "orders")["o3"], "unknown": {"S": "kept"}})

        def noted(order: Order) -> Order:
            order.note = "noted"
            return order

        service.evolve(OrderMapping, convert=noted)
        stored = contents(layer, "orders")["o3"]
        assert (stored["unknown"], stored["note"]) == ({"S": "kept"}, {"S": "noted"})


class TestBackups:
    def test_the_items_are_copied_first_as_they_are(self, service: SchemaService, layer: Layer) -> None:
        before = contents(layer, "orders")
        report = service.evolve(OrderMapping, transform=capped, backup="orders-before")
        assert report.backed_up == 30
        assert contents(layer, "orders-before") == before
        assert service.describe(Table("orders-before", "id")).table.indexes == ()

    def test_a_backup_alone_is_something_to_do(self, service: SchemaService, layer: Layer) -> None:
        report = service.evolve("orders", backup="orders-before")
        assert (report.read, report.backed_up) == (0, 30)
        assert contents(layer, "orders-before") == contents(layer, "orders")

    def test_a_table_with_items_is_never_taken_for_it(self, service: SchemaService, layer: Layer) -> None:
        service.create_table(Table("precious", "id"))
        put(layer, "precious", {"id": {"S": "x"}})
        with pytest.raises(TableInUse, match="precious"):
            service.evolve(OrderMapping, transform=capped, backup="precious")
        assert contents(layer, "precious") == {"x": {"id": {"S": "x"}}}
        assert contents(layer, "orders")["o20"]["total"] == {"N": "20"}

    def test_an_empty_one_is(self, service: SchemaService, layer: Layer) -> None:
        service.create_table(Table("prepared", "id"))
        service.evolve("orders", backup="prepared")
        assert len(contents(layer, "prepared")) == 30

    def test_one_with_another_key_is_not(self, service: SchemaService) -> None:
        service.create_table(Table("prepared", "name"))
        with pytest.raises(SchemaMismatch):
            service.evolve("orders", backup="prepared")

    def test_one_that_this_job_began_is_gone_on_with(
        self, service: SchemaService, layer: Layer, tmp_path: Path
    ) -> None:
        checkpoint = tmp_path / "job"

        def die(operation: Operation[Any]) -> None:
            if len(layer.of(PutItem)) > 12:
                raise KeyboardInterrupt

        layer.before = die
        with pytest.raises(KeyboardInterrupt):
            service.evolve("orders", backup="before", checkpoint=checkpoint, batch_size=5)
        assert 0 < len(contents(layer, "before")) < 30
        layer.before = lambda operation: None
        report = service.evolve("orders", backup="before", checkpoint=checkpoint, batch_size=5)
        assert report.backed_up == 30
        assert contents(layer, "before") == contents(layer, "orders")

    def test_structure_alone_is_made_on_request(self, service: SchemaService, layer: Layer) -> None:
        report = service.evolve(OrderMapping, target=NewOrderMapping, backup="before", copy=False)
        assert (report.read, report.written, report.backed_up) == (0, 0, 0)
        assert contents(layer, "before") == contents(layer, "new-orders") == {}


class TestDryRuns:
    def test_everything_is_told_and_nothing_written(self, service: SchemaService, layer: Layer) -> None:
        report = service.evolve(OrderMapping, target=NewOrderMapping, backup="before", dry_run=True)
        assert (report.read, report.written, report.dry_run) == (30, 30, True)
        assert not service.exists(NewOrderMapping)
        assert not service.exists(Table("before", "id"))

    def test_what_is_there_already_is_told(self, service: SchemaService, layer: Layer) -> None:
        service.evolve(OrderMapping, target=NewOrderMapping)
        put(layer, "orders", {"id": {"S": "o1"}, "total": {"N": "50"}, "version": {"N": "10"}})
        report = service.evolve(OrderMapping, target=NewOrderMapping, dry_run=True)
        assert (report.written, report.unchanged) == (1, 29)

    def test_what_would_fail_is_told(self, service: SchemaService) -> None:
        with pytest.raises(CopyIncomplete) as refused:
            service.evolve("orders", target="copies", transform=lambda item: {}, dry_run=True)
        assert refused.value.report.dry_run
        assert not service.exists(Table("copies", "id"))

    def test_a_checkpoint_is_neither_read_nor_left(self, service: SchemaService, tmp_path: Path) -> None:
        checkpoint = tmp_path / "job"
        checkpoint.write_text("something else")
        service.evolve("orders", target="copies", dry_run=True, checkpoint=checkpoint)
        assert checkpoint.read_text() == "something else"

    def test_in_place_too(self, service: SchemaService, layer: Layer) -> None:
        before = contents(layer, "orders")
        report = service.evolve("orders", transform=capped, dry_run=True)
        assert (report.written, report.unchanged) == (24, 6)
        assert contents(layer, "orders") == before


def raising(item: Item) -> Item:
    if item["id"]["S"] in ("o3", "o4"):
        raise ValueError("secret value")
    return item


class TestFailures:
    @pytest.mark.parametrize(
        ("transform", "reason"),
        [
            (raising, "transform raised ValueError"),
            (lambda item: [], "no item"),
            (lambda item: "text", "no item"),
            (lambda item: {"id": "plain"}, "no item that can be stored"),
            (lambda item: {"total": {"N": "1"}}, "key attribute 'id'"),
            (lambda item: {**item, "id": {"N": "1"}}, "type N"),
            (lambda item: {**item, "id": {"S": ""}}, "0 bytes"),
            (lambda item: {**item, "id": {"S": "x" * 2049}}, "2049 bytes"),
            (lambda item: {**item, "note": {"S": "x" * 409_600}}, "409600 bytes"),
            (lambda item: {**item, "total": {"S": "text"}}, "can't read the result"),
            (lambda item: {**item, "odd": {"X": "1"}}, "'odd'"),
        ],
    )
    def test_items_that_do_not_fit_are_collected_and_the_reason_shows_no_value(
        self, service: SchemaService, transform: Any, reason: str
    ) -> None:
        with pytest.raises(CopyIncomplete) as refused:
            service.evolve("orders", target=OtherOrderMapping, transform=transform)
        failures = refused.value.failures
        assert refused.value.failed == len(failures) > 0
        assert {reason in failure.reason for failure in failures} == {True}
        assert "secret" not in str(refused.value)

    def test_the_rest_is_done(self, service: SchemaService, layer: Layer) -> None:
        with pytest.raises(CopyIncomplete) as refused:
            service.evolve("orders", target="copies", transform=raising)
        report = refused.value.report
        assert (report.read, report.written, report.failed) == (30, 28, 2)
        assert sorted(json.loads(failure.key)["id"]["S"] for failure in report.failures) == ["o3", "o4"]
        assert len(contents(layer, "copies")) == 28

    def test_a_resumption_retries_only_what_failed(
        self, service: SchemaService, layer: Layer, tmp_path: Path
    ) -> None:
        checkpoint = tmp_path / "job"
        seen: list[str] = []
        wrong = {"o3", "o4"}

        def transform(item: Item) -> Item:
            seen.append(item["id"]["S"])
            if item["id"]["S"] in wrong:
                raise ValueError
            return item

        with pytest.raises(CopyIncomplete):
            service.evolve("orders", target="copies", transform=transform, checkpoint=checkpoint)
        seen.clear()
        wrong.remove("o4")
        with pytest.raises(CopyIncomplete) as refused:
            service.evolve("orders", target="copies", transform=transform, checkpoint=checkpoint)
        assert refused.value.failed == 1
        assert set(seen) == {"o3", "o4"}
        wrong.clear()
        report = service.evolve("orders", target="copies", transform=transform, checkpoint=checkpoint)
        assert report.failed == 0
        assert contents(layer, "copies") == contents(layer, "orders")
        assert not checkpoint.exists()

    def test_an_item_that_is_gone_by_then_failed_no_more(
        self, service: SchemaService, layer: Layer, tmp_path: Path
    ) -> None:
        checkpoint = tmp_path / "job"
        with pytest.raises(CopyIncomplete):
            service.evolve("orders", target="copies", transform=raising, checkpoint=checkpoint)
        orders = Repository(OrderMapping, UnitOfWork(layer.below))
        for key in ("o3", "o4"):
            orders.remove(orders.get(key))
        report = service.evolve("orders", target="copies", transform=raising, checkpoint=checkpoint)
        assert (report.failed, report.left_out) == (0, 2)

    def test_throttling_is_waited_out(self, service: SchemaService, layer: Layer, pauses: Pauses) -> None:
        errors = [Throttled("later"), StoreUnavailable("no answer"), Throttled("later")]

        def fail(operation: Operation[Any]) -> None:
            if errors and isinstance(operation, PutItem):
                raise errors.pop()

        layer.before = fail
        assert service.evolve("orders", target="copies").written == 30
        assert len(pauses.seconds) >= 3

    def test_throttling_that_does_not_end_ends_the_job(self, service: SchemaService, layer: Layer) -> None:
        def fail(operation: Operation[Any]) -> None:
            if isinstance(operation, PutItem):
                raise Throttled("later")

        layer.before = fail
        with pytest.raises(Throttled):
            service.evolve("orders", target="copies")

    def test_items_that_are_never_read_end_the_job(self, service: SchemaService, layer: Layer) -> None:
        """The pass that verifies does not ask for them for ever."""

        class LeavingOut(Layer):
            def perform(self, operation: Operation[Any]) -> Any:
                if isinstance(operation, BatchGetItems):
                    return BatchGetResult((None,) * len(operation.gets), operation.gets)
                return super().perform(operation)

        with pytest.raises(Throttled, match="unprocessed again and again"):
            SchemaService(LeavingOut(layer.below), timing=service._timing).evolve("orders", target="copies")

    def test_what_the_store_refuses_is_a_failure_of_the_item(
        self, service: SchemaService, layer: Layer
    ) -> None:
        def refuse(operation: Operation[Any]) -> None:
            if isinstance(operation, PutItem) and operation.item["id"] == {"S": "o3"}:
                raise InvalidRequest("not this one")

        layer.before = refuse
        with pytest.raises(CopyIncomplete, match="InvalidRequest") as refused:
            service.evolve("orders", target="copies")
        assert refused.value.failed == 1


class OtherOrderMapping(OrderMapping):
    class Meta:
        table = "copies"
        indexes = ()


class TestInterruptions:
    @pytest.mark.parametrize("at", [1, 7, 20, 33, 47, 60])
    def test_an_interrupted_copy_goes_on_where_it_was(
        self, service: SchemaService, layer: Layer, tmp_path: Path, at: int
    ) -> None:
        checkpoint = tmp_path / "job"
        layer.asked.clear()

        def die(operation: Operation[Any]) -> None:
            if len(layer.asked) == at:
                raise KeyboardInterrupt

        layer.before = die
        arguments: dict[str, Any] = {"transform": doubled, "checkpoint": checkpoint, "batch_size": 4}
        with pytest.raises(KeyboardInterrupt):
            service.evolve("orders", target="copies", segments=3, **arguments)
        layer.before = lambda operation: None
        report = service.evolve("orders", target="copies", segments=3, **arguments)
        assert (report.read, report.written + report.unchanged) == (30, 30)
        assert contents(layer, "copies") == {
            key: doubled(item) for key, item in contents(layer, "orders").items()
        }

    def test_a_checkpoint_of_another_job_is_refused(self, service: SchemaService, tmp_path: Path) -> None:
        checkpoint = tmp_path / "job"
        with pytest.raises(CopyIncomplete):
            service.evolve("orders", target="copies", transform=raising, checkpoint=checkpoint)
        with pytest.raises(CheckpointMismatch, match="target"):
            service.evolve("orders", target="elsewhere", transform=raising, checkpoint=checkpoint)
        with pytest.raises(CheckpointMismatch, match="segments"):
            service.evolve("orders", target="copies", transform=raising, checkpoint=checkpoint, segments=2)

    def test_what_an_interrupted_verification_has_compared_is_compared_again(
        self, service: SchemaService, layer: Layer, tmp_path: Path
    ) -> None:
        def enough(progress: Progress) -> None:
            if progress.activity == "verify 1" and progress.done >= 25:
                raise RuntimeError("enough")

        arguments: dict[str, Any] = {"checkpoint": tmp_path / "job", "segments": 1, "batch_size": 5}
        with pytest.raises(RuntimeError, match="enough"):
            service.evolve("orders", target="copies", progress=enough, **arguments)
        for number in range(10):
            put(layer, "orders", {"id": {"S": f"late{number}"}})
        report = service.evolve("orders", target="copies", **arguments)
        assert report.settled
        assert contents(layer, "copies") == contents(layer, "orders")

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            ("", "no checkpoint"),
            ("[]", "no checkpoint"),
            ('{"format": 1, "job": 5, "parts": {}}', "no checkpoint"),
            ('{"format": 1, "job": {}, "parts": 5}', "no checkpoint"),
            ('{"format": 2, "job": {}, "parts": {}}', "format 2"),
        ],
    )
    def test_what_is_no_checkpoint_is_refused_and_left(
        self, service: SchemaService, tmp_path: Path, content: str, why: str
    ) -> None:
        checkpoint = tmp_path / "job"
        checkpoint.write_text(content)
        with pytest.raises(CheckpointMismatch, match=why):
            service.evolve("orders", target="copies", checkpoint=checkpoint)
        assert checkpoint.read_text() == content

    @pytest.mark.parametrize(("path", "why"), [("absent/job", "is not there"), (".", "no file")])
    def test_a_checkpoint_that_can_not_be_kept_is_told_before_anything_is_done(
        self, service: SchemaService, layer: Layer, tmp_path: Path, path: str, why: str
    ) -> None:
        with pytest.raises(CheckpointMismatch, match=why):
            service.evolve("orders", target="copies", checkpoint=tmp_path / path)
        assert not service.exists(Table("copies", "id"))

    def test_progress_that_raises_ends_the_job(self, service: SchemaService, tmp_path: Path) -> None:
        def enough(progress: Progress) -> None:
            raise RuntimeError("enough")

        checkpoint = tmp_path / "job"
        with pytest.raises(RuntimeError, match="enough"):
            service.evolve("orders", target="copies", checkpoint=checkpoint, progress=enough)
        assert service.evolve("orders", target="copies", checkpoint=checkpoint).read == 30


class TestPaceAndProgress:
    def test_no_more_is_written_per_second_than_was_said(
        self, service: SchemaService, pauses: Pauses
    ) -> None:
        service.evolve("orders", target="copies", write_units=10, segments=1)
        assert sum(pauses.seconds) == pytest.approx(29 * 2 / 10, abs=0.31)

    def test_progress_is_told_pass_by_pass(self, service: SchemaService) -> None:
        told: list[tuple[str, int]] = []
        service.evolve(
            "orders",
            target="copies",
            segments=1,
            batch_size=20,
            progress=lambda progress: told.append((progress.activity, progress.done)),
        )
        assert told == [("copy", 20), ("copy", 30), ("verify 1", 20), ("verify 1", 30)]


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({}, "nothing to do"),
            ({"target": "orders"}, "nothing to do"),
            ({"transform": capped, "convert": capped}, "not both"),
            ({"convert": capped}, "mappings"),
            ({"target": "copies", "transform": 5}, "function"),
            ({"target": "copies", "segments": 0}, "segments"),
            ({"target": "copies", "segments": 1_000_001}, "segments"),
            ({"target": "copies", "batch_size": True}, "batch_size"),
            ({"target": "copies", "batch_size": 0}, "batch_size"),
            ({"target": "copies", "write_units": 0}, "rate"),
            ({"transform": capped, "backup": "orders"}, "backup"),
            ({"target": "copies", "backup": "copies"}, "backup"),
            ({"target": OrderMapping, "transform": capped}, "different mappings"),
        ],
    )
    def test_contradictions_are_refused_before_anything_is_done(
        self, service: SchemaService, layer: Layer, arguments: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(QueryError, match=named):
            service.evolve("orders", **arguments)
        assert not service.exists(Table("copies", "id"))

    def test_a_source_must_be_there(self, service: SchemaService) -> None:
        with pytest.raises(TableNotFound):
            service.evolve("nowhere", target="copies")

    def test_a_target_with_another_key_is_refused(self, service: SchemaService) -> None:
        service.create_table(Table("copies", "name"))
        with pytest.raises(SchemaMismatch):
            service.evolve("orders", target="copies")
