"""Mermaid diagrams: checked line by line against the grammar of `erDiagram`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest

from domain_example.mappings import MAPPINGS
from persistence import (
    GlobalIndex,
    Key,
    LocalIndex,
    MappingSchema,
    MemoryStore,
    Projection,
    SchemaService,
    Table,
    fields,
)

# What the documentation and the lexer of Mermaid take.
NAME = r'"[^"%\r\n\v\x08\\]+"'
WORD = r"[A-Za-z_][A-Za-z0-9\-_\[\]\(\)]*"
KEY = r"(?:PK|FK|UK)"
ENTITY = re.compile(rf"    ({NAME}) \{{")
ATTRIBUTE = re.compile(rf"        (?!{KEY}\b)({WORD}) (?!(?i:{KEY})\b)({WORD})( {KEY})?( \"[^\"\r\n]*\")?")
RELATION = re.compile(rf"    ({NAME}) \|\|--(?:\|\||o\||o\{{) ({NAME}) : \"[^\"%\\\r\n]+\"")


def boxes_of(diagram: str) -> dict[str, list[str]]:
    """Parse a diagram strictly; give the lines of each of its boxes."""
    first, *lines = diagram.splitlines()
    assert first == "erDiagram"
    boxes: dict[str, list[str]] = {}
    inside: str | None = None
    for line in lines:
        assert "%%" not in line
        if inside is not None:
            if line == "    }":
                inside = None
            else:
                assert ATTRIBUTE.fullmatch(line), line
                boxes[inside].append(line.strip())
        elif (box := ENTITY.fullmatch(line)) is not None:
            inside = box[1].strip('"')
            assert inside not in boxes
            boxes[inside] = []
        else:
            relation = RELATION.fullmatch(line)
            assert relation, line
            assert {relation[1].strip('"'), relation[2].strip('"')} <= boxes.keys()
    return boxes


@dataclass
class Line:
    sku: str
    quantity: int


@dataclass
class Order:
    id: str
    customer_id: str
    lines: list[Line]
    main: Line | None = None
    tags: set[str] = field(default_factory=set)
    PK: str = ""


@dataclass
class Odd:
    x: str
    y: str


@dataclass
class Customer:
    id: str


SHOP = Table(
    "shop",
    "PK",
    "SK",
    indexes=(GlobalIndex("GSI1", Key("GSI1PK"), Projection.include("total")), LocalIndex("by-x", "x")),
)


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer_id}", "ORDER#{id}")
        index_keys = MappingProxyType({"GSI1": Key("ORDERS#{id}")})

    PK = fields.String(data_key="uk")
    version = fields.Version()


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{id}", "#PROFILE")


SERVICE = SchemaService(MemoryStore(), [OrderMapping, CustomerMapping])


class TestDiagram:
    def test_shows_tables_indexes_and_entities(self) -> None:
        boxes = boxes_of(SERVICE.diagram())

        assert boxes == {
            "table shop": ['S PK_ PK "partition key, called PK"', 'S SK PK "sort key"'],
            "index GSI1 of shop": ['S GSI1PK PK "partition key"', 'any total "projected"'],
            "index by-x of shop": ['S PK_ PK "partition key, called PK"', 'S x PK "sort key"'],
            "Customer": [
                "S id PK",
                'S PK_ "made as CUSTOMER#{id}, called PK"',
                'S SK "made as #PROFILE"',
                'S a_type "always Customer, called _type"',
            ],
            "Order": [
                "S id PK",
                "S customer_id PK",
                "L[M] lines",
                'M main "optional"',
                "SS tags",
                'S PK_ "stored as uk, called PK"',
                'N version "Version"',
                'S PK_ "made as CUSTOMER#{customer_id}, called PK"',
                'S SK "made as ORDER#{id}"',
                'S GSI1PK "made as ORDERS#{id}"',
                'S a_type "always Order, called _type"',
            ],
            "Line": ["S sku", "N quantity"],
        }

    def test_relates_what_holds_what(self) -> None:
        relations = [line.strip() for line in SERVICE.diagram().splitlines() if "--" in line]

        assert relations == [
            '"table shop" ||--|| "index GSI1 of shop" : "global index, some attributes"',
            '"table shop" ||--|| "index by-x of shop" : "local index, all attributes"',
            '"table shop" ||--o{ "Customer" : "holds"',
            '"Order" ||--o{ "Line" : "lines"',
            '"Order" ||--o| "Line" : "main"',
            '"table shop" ||--o{ "Order" : "holds"',
            '"index GSI1 of shop" ||--o{ "Order" : "shows"',
        ]

    def test_is_the_same_for_the_same_mappings(self) -> None:
        again = SchemaService(MemoryStore(), [CustomerMapping, OrderMapping])

        assert again.diagram() == SERVICE.diagram()

    def test_shows_what_is_named_only(self) -> None:
        boxes = boxes_of(SERVICE.diagram(CustomerMapping))

        assert "Customer" in boxes
        assert "Order" not in boxes

    def test_shows_a_table_without_mapping(self) -> None:
        table = Table("plain", "id", types={"id": "N"}, time_to_live="ttl")

        assert boxes_of(SERVICE.diagram(table)) == {
            "table plain": ['N id PK "partition key"', 'N ttl "time to live"']
        }

    def test_shows_the_example(self) -> None:
        boxes = boxes_of(SchemaService(MemoryStore(), MAPPINGS).diagram())

        assert {
            "table shop-orders",
            "index by-status of shop-orders",
            "Order",
            "OrderLines",
            "Line",
        } <= boxes.keys()

    @pytest.mark.parametrize(
        "name",
        [
            'a"b',
            "a\\b",
            "a\nb",
            "%%{init}%%",
            "a;b",
            "#quot;",
            "<b>",
            "`x`",
            "PK",
            "fk",
            "größe",
            "日本",
            " ",
            "1",
            "-",
            "}",
        ],
    )
    def test_escapes_names_that_would_be_read_as_something_else(self, name: str) -> None:
        declared = Table(
            "odd", name, indexes=(GlobalIndex("idx", Key(f"{name}2"), Projection.include(f"{name}3")),)
        )

        class OddMapping(MappingSchema[Odd]):
            class Meta:
                table = declared
                key = Key("x")

            x = fields.String(data_key=name)
            y = fields.String(data_key=f"{name}3")

        boxes = boxes_of(SchemaService(MemoryStore(), [OddMapping]).diagram())

        assert boxes.keys() == {"table odd", "index idx of odd", "Odd"}
