"""`@pre_dump` hooks: whatever they return is checked as an entity is."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import pytest
from marshmallow import ValidationError, pre_dump, validates, validates_schema

from persistence import fields
from persistence.errors import ValidationFailed
from persistence.fields import validate
from persistence.mapping import MappingSchema
from persistence.table import Key


@dataclass
class Size:
    width: int


@dataclass
class Box:
    id: str
    count: int = 1
    at: dt.datetime | None = None
    size: Size | None = None


E = TypeVar("E")


class Base(MappingSchema[E], Generic[E]):
    class Meta:
        table = "boxes"
        key = Key("id")


def same(box: Box) -> object:
    return box


def as_dict(box: Box) -> object:
    return {"id": box.id, "count": box.count, "at": box.at, "size": box.size}


@pytest.fixture(params=[same, as_dict])
def mapping(request: pytest.FixtureRequest) -> type[MappingSchema[Box]]:
    prepare: Callable[[Box], object] = request.param

    class BoxMapping(Base[Box]):
        count = fields.Integer(validate=validate.Range(max=100))

        @pre_dump
        def prepare(self, box: Box, **_: Any) -> object:
            return prepare(box)

    return BoxMapping


def refusal(mapping: type[MappingSchema[Box]], box: Box) -> dict[str, Any]:
    with pytest.raises(ValidationFailed) as raised:
        mapping.codec.encode(box)
    return raised.value.messages


class TestPreparedEntities:
    def test_are_stored(self, mapping: type[MappingSchema[Box]]) -> None:
        assert mapping.codec.encode(Box("1", 5, size=Size(2))) == {
            "id": {"S": "1"},
            "count": {"N": "5"},
            "size": {"M": {"width": {"N": "2"}}},
        }

    @pytest.mark.parametrize(
        ("wrong", "messages"),
        [
            ({"count": 101}, {"count": ["Must be less than or equal to 100."]}),
            ({"count": "many"}, {"count": ["Not a valid integer."]}),
            ({"count": "7"}, {"count": ["Not a valid integer."]}),
            ({"count": None}, {"count": ["Field may not be null."]}),
            ({"size": 5}, {"size": ["Not a valid Size."]}),
            ({"size": Size("2")}, {"size": {"width": ["Not a valid integer."]}}),  # type: ignore[arg-type]  # the point
            (
                {"count": 101, "at": dt.datetime(2026, 1, 2)},  # noqa: DTZ001  # the point
                {
                    "count": ["Must be less than or equal to 100."],
                    "at": ["Naive datetime; give it a time zone, such as datetime.now(timezone.utc)."],
                },
            ),
        ],
    )
    def test_are_checked_as_others_are(
        self, mapping: type[MappingSchema[Box]], wrong: dict[str, Any], messages: dict[str, Any]
    ) -> None:
        """Types and validators hold for what the hook returned, all fields at once."""
        assert refusal(mapping, replace(Box("1"), **wrong)) == messages

    def test_are_what_is_checked_instead_of_the_entity(self) -> None:
        class BoxMapping(Base[Box]):
            count = fields.Integer(validate=validate.Range(max=100))

            @pre_dump
            def halve(self, box: Box, **_: Any) -> Box:
                return replace(box, count=box.count // 2)

        assert BoxMapping.codec.encode(Box("1", 200))["count"] == {"N": "100"}
        assert refusal(BoxMapping, Box("1", 202)) == {"count": ["Must be less than or equal to 100."]}

    def test_are_prepared_once(self) -> None:
        calls: list[str] = []

        class BoxMapping(Base[Box]):
            @pre_dump
            def count_calls(self, box: Box, **_: Any) -> Box:
                calls.append(box.id)
                return box

        BoxMapping.codec.encode(Box("1"))

        assert calls == ["1"]

    def test_are_seen_by_methods_that_validate(self, mapping: type[MappingSchema[Box]]) -> None:
        class Strict(mapping):  # type: ignore[misc,valid-type]  # made by the fixture
            @validates("count")
            def is_even(self, value: int, data_key: str) -> None:
                if value % 2:
                    raise ValidationError("Not even.")

            @validates_schema
            def has_size(self, data: dict[str, Any], **_: Any) -> None:
                if data["size"] is None:
                    raise ValidationError("No size.", "size")

        assert refusal(Strict, Box("1", 3, size=Size(1))) == {"count": ["Not even."]}
        assert refusal(Strict, Box("1", 2)) == {"size": ["No size."]}
        assert refusal(Strict, Box("1", "3")) == {"count": ["Not a valid integer."]}  # type: ignore[arg-type]

    def test_may_be_refused_by_the_hook_itself(self) -> None:
        class BoxMapping(Base[Box]):
            @pre_dump
            def refuse(self, box: Box, **_: Any) -> Box:
                raise ValidationError({"count": ["Never."]})

        assert refusal(BoxMapping, Box("1"))["count"] == ["Never."]

    def test_are_checked_inside_others(self) -> None:
        class SizeMapping(Base[Size]):
            width = fields.Integer(validate=validate.Range(max=9))

            @pre_dump
            def same(self, size: Size, **_: Any) -> Size:
                return size

        class BoxMapping(Base[Box]):
            size = fields.Nested(SizeMapping, allow_none=True)

        item = BoxMapping.codec.encode(Box("1", size=Size(9)))

        assert item["size"] == {"M": {"width": {"N": "9"}}}
        assert BoxMapping.codec.decode(item) == Box("1", size=Size(9))
        assert refusal(BoxMapping, Box("1", size=Size(10))) == {
            "size": {"width": ["Must be less than or equal to 9."]}
        }
        assert refusal(BoxMapping, Box("1", size=5)) == {"size": ["Not a valid Size."]}  # type: ignore[arg-type]
