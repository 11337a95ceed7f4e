"""Encrypted fields in mappings: what they hold, what is inferred, and where they can't be."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import date
from types import new_class
from typing import Any

import pytest

from persistence import GlobalIndex, Key, MappingSchema, Table, fields
from persistence.attributes import Item
from persistence.encryption import EncryptedAttribute
from persistence.errors import DecodeError, MappingError, ValidationFailed
from persistence.mapping import MappingRegistry, mapping_of


@dataclass
class Address:
    city: str


@dataclass
class Person:
    id: str
    born: date | None = None
    address: Address | None = None
    nicknames: frozenset[str] = frozenset()
    scores: list[int] = field(default_factory=list)
    pin: str = ""


class PersonMapping(MappingSchema[Person]):
    class Meta:
        table = "people"
        key = Key("id")

    born = fields.Encrypted()
    address = fields.Encrypted(data_key="adr")
    nicknames = fields.Encrypted()
    scores = fields.Encrypted(accept_plaintext=True)
    pin = fields.Encrypted(
        fields.String(data_key="PIN", validate=fields.validate.Length(equal=4)), omit_empty=True
    )


ADA = Person("1", date(1815, 12, 10), Address("London"), frozenset({"A"}), [1], "1234")


class TestFields:
    def test_hold_what_the_hint_or_the_inner_field_says(self) -> None:
        item: Item = {
            "id": {"S": "1"},
            "born": {"S": "1815-12-10"},
            "adr": {"M": {"city": {"S": "London"}}},
            "nicknames": {"SS": ["A"]},
            "scores": {"L": [{"N": "1"}]},
            "PIN": {"S": "1234"},
        }

        assert PersonMapping.codec.encode(ADA) == item
        assert PersonMapping.codec.decode(item) == ADA
        assert PersonMapping.codec.decode({"id": {"S": "1"}}) == Person("1")

    def test_are_declared_with_the_table(self) -> None:
        encrypted = mapping_of(PersonMapping).table.encrypted

        assert encrypted == {
            name: EncryptedAttribute(Person, accept_plaintext=name == "scores")
            for name in ("born", "adr", "nicknames", "scores", "PIN")
        }

    def test_are_marshmallow_fields(self) -> None:
        schema = PersonMapping()

        assert schema.load(schema.dump(ADA)) == ADA

    def test_run_the_validators_inside(self) -> None:
        with pytest.raises(ValidationFailed) as caught:
            PersonMapping.codec.encode(Person("1", pin="1"))
        assert caught.value.messages == {"pin": ["Length must be 4."]}

    def test_are_read_as_the_inner_field_reads(self) -> None:
        with pytest.raises(DecodeError, match=r"born.*found S"):
            PersonMapping.codec.decode({"id": {"S": "1"}, "born": {"S": "yesterday"}})

    def test_convert_with_fields_of_the_application(self) -> None:
        @dataclass
        class Box:
            id: str
            value: Any

        class BoxMapping(MappingSchema[Box]):
            class Meta:
                table = "boxes"
                key = Key("id")

            value = fields.Encrypted(fields.Converted(lambda value: f"<{value}>", lambda text: text[1:-1]))

        item = BoxMapping.codec.encode(Box("1", "x"))
        assert item == {"id": {"S": "1"}, "value": {"S": "<x>"}}
        assert BoxMapping.codec.decode(item) == Box("1", "x")


def declared(meta: dict[str, Any], **attributes: Any) -> None:
    options = type("Meta", (), {"table": "people", "key": Key("id"), **meta})
    mapping_of(
        new_class("M", (MappingSchema[Person],), {}, lambda body: body.update(Meta=options, **attributes))
    )


class TestRefusals:
    @pytest.mark.parametrize(
        ("meta", "attributes", "said"),
        [
            ({"key": Key("pin")}, {"pin": fields.Encrypted()}, "part of the key of the table"),
            (
                {"indexes": (GlobalIndex("by-pin", Key("pin")),)},
                {"pin": fields.Encrypted()},
                "part of the key of index 'by-pin'",
            ),
            (
                {"table": Table("people", "PK"), "key": Key("P#{id}#{pin}")},
                {"pin": fields.Encrypted()},
                "part of the key of the table",
            ),
            ({"concurrency": "compare"}, {"pin": fields.Encrypted()}, "give the mapping a Version field"),
            ({}, {"version": fields.Encrypted(fields.Version())}, "an encrypted Version"),
            ({}, {"pin": fields.Encrypted(fields.TimeToLive())}, "an encrypted TimeToLive"),
            ({}, {"pin": fields.Encrypted(fields.Encrypted())}, "an encrypted Encrypted"),
            ({}, {"pim": fields.Encrypted()}, "did you mean 'pin'"),
        ],
        ids=["key", "index", "template", "compare", "version", "time to live", "twice", "stranger"],
    )
    def test_where_it_has_to_be_seen(
        self, meta: dict[str, Any], attributes: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(MappingError, match=said):
            declared(meta, **attributes)

    def test_inside_of_others(self) -> None:
        class AddressMapping(MappingSchema[Address]):
            city = fields.Encrypted()

        with pytest.raises(MappingError, match="encrypt the whole attribute of M that holds them"):
            declared({}, address=fields.Nested(AddressMapping, allow_none=True))

    def test_one_encrypts_what_another_stores_as_it_is(self) -> None:
        class PlainMapping(MappingSchema[Address]):
            class Meta:
                table = "people"
                key = Key("city")

            city = fields.String(data_key="id")
            also_pin = fields.Function(lambda address: address.city, data_key="PIN")

        with pytest.raises(MappingError, match="PersonMapping encrypts the attribute 'PIN'"):
            MappingRegistry(PersonMapping, PlainMapping).tables()


class TestTables:
    def test_are_copied_with_it(self) -> None:
        table = mapping_of(PersonMapping).table

        assert pickle.loads(pickle.dumps(table)) == table
        assert table.structure.encrypted == {}

    def test_are_merged_with_it(self) -> None:
        table = mapping_of(PersonMapping).table
        bare = Table("people", "id", discriminator=None)

        assert bare.merged_with(table).encrypted == table.encrypted
        other = Table(
            "people", "id", discriminator=None, encrypted={"PIN": EncryptedAttribute(Address, True)}
        )
        with pytest.raises(MappingError, match="accepts plaintext"):
            table.merged_with(other)
