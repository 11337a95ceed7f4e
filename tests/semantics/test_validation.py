"""Values that can't be stored: refused at the commit, all at once, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence import Key, MappingSchema, Repository, TableNotFound, UnitOfWork, ValidationFailed, fields
from persistence.errors import InvalidRequest, UnitBroken
from tests.semantics.model import Line, Note, NoteMapping
from tests.semantics.world import World


@dataclass
class Sample:
    """A value of each kind that may be bad."""

    id: str
    count: int = 0
    amount: Decimal = Decimal(0)
    ratio: float = 0.0
    at: datetime | None = None
    labels: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    anything: Any = None
    version: int = 0


class SampleMapping(MappingSchema[Sample]):
    class Meta:
        table = "samples"
        key = Key("id")

    count = fields.Integer(validate=fields.validate.Range(min=0))
    version = fields.Version()


@pytest.fixture
def samples(world: World) -> Repository[Sample]:
    return world.repository(SampleMapping)


class TestValidators:
    def test_run_before_a_write(self, world: World, notes: Repository[Note]) -> None:
        """Validators run at encode time on the Python value; nothing is sent."""
        with pytest.raises(ValidationFailed) as refused, world.uow:
            notes.add(Note("n1", "x" * 21))

        assert (refused.value.entity_type, refused.value.key) == (Note, ("n1",))
        assert refused.value.messages == {"title": ["Longer than maximum length 20."]}
        assert world.sent == []

    def test_report_all_fields_at_once(self, world: World, samples: Repository[Sample]) -> None:
        """All fields are reported at once, in marshmallow's shape."""
        with pytest.raises(ValidationFailed) as refused, world.uow:
            samples.add(Sample("s1", count=-1, at=datetime(2026, 1, 1), amount=Decimal("NaN")))  # noqa: DTZ001  # that is the subject

        assert refused.value.messages.keys() == {"count", "at", "amount"}

    def test_don_t_run_on_read(self, world: World, notes: Repository[Note]) -> None:
        """None runs on read: what is stored can always be loaded."""
        world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "x" * 99}})

        assert notes.get("n1").title == "x" * 99

    def test_refuse_a_changed_entity_too(self, world: World, notes: Repository[Note]) -> None:
        """An update is validated as a create is."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with pytest.raises(ValidationFailed), world.uow:
            notes.get("n1").title = "x" * 21

        assert world.writes == []

    def test_don_t_refuse_what_is_not_written(self, world: World, notes: Repository[Note]) -> None:
        """An entity that was only read is not validated."""
        world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "x" * 99}})

        with world.uow:
            notes.get("n1")

        assert world.writes == []

    def test_break_the_unit(self, world: World, notes: Repository[Note]) -> None:
        """A refused commit is a failed commit."""
        with pytest.raises(ValidationFailed), world.uow as uow:
            notes.add(Note("n1", "x" * 21))
            with pytest.raises(ValidationFailed):
                uow.commit()
            with pytest.raises(UnitBroken):
                notes.get("n1")

    def test_name_the_place_within_nested_values(self, world: World, notes: Repository[Note]) -> None:
        """Problems inside lists and nested dataclasses are found where they are."""
        bad: Any = "many"

        with pytest.raises(ValidationFailed) as refused:
            notes.add(Note("n1", lines=[Line("a"), Line("b", bad)]))

        assert refused.value.messages.keys() == {"lines"}
        assert "many" not in str(refused.value)


class TestBadValues:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("at", datetime(2026, 1, 1)),  # noqa: DTZ001  # that is the subject
            ("amount", Decimal("NaN")),
            ("amount", Decimal("sNaN")),
            ("amount", Decimal("Infinity")),
            ("amount", Decimal("1." + "1" * 38)),
            ("amount", Decimal("1E126")),
            ("amount", Decimal("1E-131")),
            ("ratio", float("nan")),
            ("ratio", float("-inf")),
            ("count", 2**130),
            ("count", "three"),
            ("labels", {"a", 1}),
            ("numbers", {2, True}),
            ("numbers", {1, "a"}),
            pytest.param("anything", object(), id="anything-object"),
            ("anything", {1: "a"}),
        ],
    )
    def test_are_refused_by_field_before_sending(
        self, world: World, samples: Repository[Sample], name: str, value: object
    ) -> None:
        """Each has its own clear error that names the field, before anything is sent."""
        sample = Sample("s1")
        setattr(sample, name, value)

        with pytest.raises(ValidationFailed) as refused, world.uow:
            samples.add(sample)

        assert refused.value.messages.keys() == {name}
        assert world.sent == []


class TestBadTables:
    def test_a_missing_table_is_named(self, world: World) -> None:
        """A table that does not exist is TableNotFound, for reads and writes."""
        notes = world.repository(NoteMapping, create=False)

        with pytest.raises(TableNotFound) as missing:
            notes.get("n1")
        with pytest.raises(TableNotFound):
            notes.add(Note("n1"))
        with pytest.raises(TableNotFound):
            notes.query(lambda n: n.id == "n1").all()

        assert missing.value.table == "notes"

    def test_another_key_schema_is_refused(self, world: World) -> None:
        """A table with another key schema is an error of the request, never a wrong answer."""

        class OtherKeyMapping(MappingSchema[Note]):
            class Meta:
                table = "notes"
                key = Key("title")

            version = fields.Version()

        world.repository(NoteMapping)
        notes = Repository(OtherKeyMapping, UnitOfWork(world.store))

        with pytest.raises(InvalidRequest):
            notes.get("a title")
