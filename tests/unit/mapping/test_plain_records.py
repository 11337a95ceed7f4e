"""Entities from records as people write them: either name, nested records, base64, hooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from marshmallow import pre_load

from persistence import Key, MappingSchema, ValidationFailed, fields
from persistence.mapping.plain_records import PlainRecords


@dataclass
class Part:
    part_no: str
    seal: bytes = b""


class PartMapping(MappingSchema[Part]):
    part_no = fields.String(data_key="partNo")


@dataclass
class Machine:
    id: str
    main_part: Part | None = None
    spares: dict[str, Part] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


class MachineMapping(MappingSchema[Machine]):
    class Meta:
        table = "machines"
        key = Key("id")

    main_part = fields.Nested(PartMapping, data_key="mainPart", allow_none=True)
    spares = fields.Dict(fields.String(), fields.Nested(PartMapping))
    parts = fields.List(fields.Nested(PartMapping))


@dataclass
class Note:
    id: str
    text: str


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

    @pre_load
    def _with_text(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return {"text": "empty", **data}


class TestPlainRecords:
    @pytest.mark.parametrize("name", ["part_no", "partNo"])
    def test_reads_nested_records_by_either_name(self, name: str) -> None:
        """Whatever they lie in."""
        part = {name: "p", "seal": "AQI="}

        read = PlainRecords(MachineMapping).read(
            {"id": "m", "main_part": part, "spares": {"a": part}, "parts": [part, part]}
        )

        made = Part("p", b"\x01\x02")
        assert read == Machine("m", made, {"a": made}, [made, made])

    def test_reads_none(self) -> None:
        assert PlainRecords(MachineMapping).read({"id": "m", "mainPart": None}) == Machine("m")

    def test_takes_entities_within_dicts_as_they_are(self) -> None:
        part = Part("p")

        read = PlainRecords(MachineMapping).read({"id": "m", "spares": {"a": part}, "main_part": part})

        assert read.spares["a"] is read.main_part is part

    def test_leaves_what_is_needed_to_hooks(self) -> None:
        """They may make it of something else."""
        assert PlainRecords(NoteMapping).read({"id": "n"}) == Note("n", "empty")

    def test_tells_python_names(self) -> None:
        """Of what is missing, unknown or wrong; text that is no base64 is not binary."""
        with pytest.raises(ValidationFailed) as error:
            PlainRecords(MachineMapping).read({"main_part": {"partNo": 1}, "parts": [{"seal": "?"}], "x": 1})

        assert error.value.messages == {
            "main_part": {"partNo": ["Not a valid string."]},
            "parts": {0: {"seal": ["Not bytes."]}},
            "x": ["Unknown field."],
            "id": ["Missing data for required field."],
        }
