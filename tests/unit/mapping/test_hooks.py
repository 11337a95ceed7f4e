"""marshmallow's own ways: hooks, validators, fields of the user, dump and load."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import marshmallow
import pytest
from marshmallow import ValidationError, post_dump, post_load, pre_dump, pre_load, validates, validates_schema

from persistence import fields
from persistence.errors import DecodeError, ValidationFailed
from persistence.fields import validate
from persistence.mapping import MappingSchema, mapping_of
from persistence.table import Key


@dataclass
class Line:
    sku: str
    note: str | None = None
    tags: set[str] = field(default_factory=set)


@dataclass
class Doc:
    id: str
    title: str
    price: Decimal = Decimal(0)
    lines: list[Line] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    at: dt.datetime | None = None


class Plain(MappingSchema[Doc]):
    class Meta:
        table = "docs"
        key = Key("id")


DOC = Doc("1", "Title", Decimal("1.50"), [Line("a"), Line("b", "n", {"t"})], {"x"})


class TestHooks:
    def test_see_plain_data_and_change_what_is_stored(self) -> None:
        class Hooked(Plain):
            @post_dump
            def shout(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return {**data, "title": data["title"].upper(), "length": len(data["lines"])}

            @pre_load
            def whisper(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
                return {**data, "title": data["title"].lower()}

        item = Hooked.codec.encode(DOC)

        assert item == {**Plain.codec.encode(DOC), "title": {"S": "TITLE"}, "length": {"N": "2"}}
        assert Hooked.codec.decode(item) == Doc("1", "title", DOC.price, DOC.lines, DOC.tags)

    def test_may_give_another_object_to_dump(self) -> None:
        class Hooked(Plain):
            @pre_dump
            def other(self, doc: Doc, **_: Any) -> Doc:
                return Doc(doc.id, "other")

        assert Hooked.codec.encode(DOC) == Plain.codec.encode(Doc("1", "other"))

    def test_may_build_the_entity_themselves(self) -> None:
        class Hooked(Plain):
            @post_load
            def build(self, data: dict[str, Any], **_: Any) -> Doc:
                return Doc(**{**data, "title": "built"})

        assert Hooked.codec.decode(Plain.codec.encode(DOC)).title == "built"

    def test_see_absent_sets_as_empty(self) -> None:
        class Hooked(Plain):
            @post_load
            def keep(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return data

        item = Hooked.codec.encode(Doc("1", "t"))

        assert item == {"id": {"S": "1"}, "title": {"S": "t"}, "price": {"N": "0"}, "lines": {"L": []}}
        assert Hooked.codec.decode(item) == Doc("1", "t")

    def test_report_what_can_not_be_read(self) -> None:
        class Hooked(Plain):
            @post_load
            def keep(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return data

        with pytest.raises(DecodeError) as raised:
            Hooked.codec.decode({"id": {"S": "1"}})

        assert (raised.value.attribute, raised.value.found) == ("title", "nothing")

    def test_are_kept_in_nested_mappings(self) -> None:
        class Lines(MappingSchema[Line]):
            @post_dump
            def mark(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return {**data, "marked": True}

        class Hooked(Plain):
            lines = fields.List(fields.Nested(Lines))

        item = Hooked.codec.encode(Doc("1", "t", lines=[Line("a")]))

        assert item["lines"] == {"L": [{"M": {"sku": {"S": "a"}, "marked": {"BOOL": True}}}]}


class Upper(fields.String):
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.upper()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value.lower()


class TestFieldsOfTheUser:
    def test_are_called(self) -> None:
        class Mine(Plain):
            title = Upper()

        item = Mine.codec.encode(DOC)

        assert item["title"] == {"S": "TITLE"}
        assert Mine.codec.decode(item).title == "title"

    def test_see_the_entity_and_the_item(self) -> None:
        class Nosy(marshmallow.fields.Raw):
            def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
                return f"{value}-{obj.id}"

            def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
                return value.removesuffix(f"-{data['id']}")

        class Mine(Plain):
            title = Nosy()

        item = Mine.codec.encode(DOC)

        assert item["title"] == {"S": "Title-1"}
        assert Mine.codec.decode(item) == DOC

    def test_store_computed_values(self) -> None:
        class Mine(Plain):
            size = fields.Method("size_of")
            first = fields.Function(lambda doc: doc.title[0])
            kind = fields.Constant("doc")

            def size_of(self, doc: Doc) -> int:
                return len(doc.lines)

        item = Mine.codec.encode(DOC)

        assert (item["size"], item["first"], item["kind"]) == ({"N": "2"}, {"S": "T"}, {"S": "doc"})
        assert Mine.codec.decode(item) == DOC

    def test_name_the_field_when_they_fail(self) -> None:
        class Mine(Plain):
            title = Upper()

        with pytest.raises(ValidationFailed) as raised:
            Mine.codec.encode(Doc("1", 5))  # type: ignore[arg-type]  # the point

        assert raised.value.messages == {"title": ["Upper can't convert it (AttributeError)."]}

    def test_hold_plain_schemas(self) -> None:
        class LineSchema(marshmallow.Schema):
            sku = marshmallow.fields.String()

            @post_load
            def line(self, data: dict[str, Any], **_: Any) -> Line:
                return Line(**data)

        class Mine(Plain):
            lines = fields.List(fields.Nested(LineSchema))

        item = Mine.codec.encode(Doc("1", "t", lines=[Line("a")]))

        assert item["lines"] == {"L": [{"M": {"sku": {"S": "a"}}}]}
        assert Mine.codec.decode(item).lines == [Line("a")]

    def test_follow_load_only_and_dump_only(self) -> None:
        class Mine(Plain):
            price = fields.Decimal(load_only=True)
            at = fields.DateTime(dump_only=True)

        noon = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

        item = Mine.codec.encode(Doc("1", "t", Decimal(5), at=noon))

        assert "price" not in item
        assert "at" in item
        assert Mine.codec.decode({**item, "price": {"N": "7"}}) == Doc("1", "t", Decimal(7))

    def test_read_another_attribute_of_the_entity(self) -> None:
        class Mine(Plain):
            name = fields.String(attribute="title", data_key="n")

        item = Mine.codec.encode(DOC)

        assert item["n"] == {"S": "Title"}
        assert "title" not in item
        assert Mine.codec.decode(item) == DOC


class TestValidators:
    def test_run_in_elements_and_nested_mappings(self) -> None:
        class Lines(MappingSchema[Line]):
            sku = fields.String(validate=validate.Length(max=2))

        class Mine(Plain):
            lines = fields.List(fields.Nested(Lines))
            tags = fields.StringSet()

        with pytest.raises(ValidationFailed) as raised:
            Mine.codec.encode(Doc("1", "t", lines=[Line("a"), Line("long")]))

        assert raised.value.messages == {"lines": {1: {"sku": ["Longer than maximum length 2."]}}}

    def test_of_elements_report_each(self) -> None:
        @dataclass
        class Names:
            id: str
            names: list[str]
            ages: dict[str, int]

        class Mine(MappingSchema[Names]):
            class Meta:
                table = "names"
                key = Key("id")

            names = fields.List(fields.String(validate=validate.Length(min=1)))
            ages = fields.Dict(
                keys=fields.String(validate=validate.Length(max=2)),
                values=fields.Integer(validate=validate.Range(min=0)),
            )

        with pytest.raises(ValidationFailed) as raised:
            Mine.codec.encode(Names("1", ["a", ""], {"ok": -1, "long": 1}))

        assert raised.value.messages == {
            "names": {1: ["Shorter than minimum length 1."]},
            "ages": {
                "ok": {"value": ["Must be greater than or equal to 0."]},
                "long": {"key": ["Longer than maximum length 2."]},
            },
        }

    def test_may_be_methods(self) -> None:
        class Mine(Plain):
            @validates("title")
            def no_shouting(self, value: str, data_key: str) -> None:
                if value.isupper():
                    raise ValidationError("No shouting.")

            @validates_schema
            def some_lines(self, data: dict[str, Any], **_: Any) -> None:
                if data["price"] and not data["lines"]:
                    raise ValidationError("Nothing to pay for.", "price")

        with pytest.raises(ValidationFailed) as one:
            Mine.codec.encode(Doc("1", "LOUD", Decimal(1)))
        with pytest.raises(ValidationFailed) as other:
            Mine.codec.encode(Doc("1", "soft", Decimal(1)))

        assert one.value.messages == {"title": ["No shouting."]}
        assert other.value.messages == {"price": ["Nothing to pay for."]}
        assert Mine.codec.encode(DOC) == Plain.codec.encode(DOC)

    @pytest.mark.parametrize("hooked", [False, True])
    def test_never_run_on_reading(self, hooked: bool) -> None:
        """A rule that is younger than the item must not make it unreadable."""

        class Mine(Plain):
            title = Upper(validate=validate.Length(max=1))
            tags = fields.StringSet(validate=validate.Length(max=0))

            @validates("price")
            def never(self, value: Any, data_key: str) -> None:
                raise ValidationError("no")

        class WithHook(Mine):
            @post_load
            def keep(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return data

        schema = WithHook if hooked else Mine

        assert schema.codec.decode(Plain.codec.encode(DOC)).title == "title"
        assert schema.codec.snapshot(DOC)["title"] == {"S": "TITLE"}


class TestDumpAndLoad:
    def test_work_as_in_any_schema(self) -> None:
        data = Plain().dump(DOC)

        assert data["title"] == "Title"
        assert data["lines"][0]["sku"] == "a"
        assert Plain().load(data) == DOC

    def test_take_many(self) -> None:
        assert Plain(many=True).load(Plain().dump([DOC, DOC], many=True)) == [DOC, DOC]

    def test_refuse_what_marshmallow_refuses(self) -> None:
        with pytest.raises(ValidationError) as raised:
            Plain().load({"id": "1", "unknown": 1})

        assert raised.value.messages == {
            "title": ["Missing data for required field."],
            "unknown": ["Unknown field."],
        }

    def test_give_a_dict_for_partial_data(self) -> None:
        assert Plain().load({"id": "1"}, partial=True) == {"id": "1"}

    def test_know_declared_and_inferred_fields(self) -> None:
        assert list(mapping_of(Plain).schema().fields) == ["id", "title", "price", "lines", "tags", "at"]
