"""Postponed annotations: dataclasses and mappings that are declared inside functions find each other."""

from __future__ import annotations

import enum
import gc
import weakref
from dataclasses import dataclass, field
from typing import Any

import pytest

from persistence.errors import MappingError
from persistence.mapping import MappingSchema, mapping_of
from persistence.table import Key


@dataclass
class Line:
    """Not the one that the tests mean."""

    wrong: int


class Status(enum.Enum):
    OPEN = "open"


def mapping_for(entity: type) -> type[MappingSchema[Any]]:
    class Made(MappingSchema[entity]):  # type: ignore[valid-type]  # a parameter
        class Meta:
            table = "things"
            key = Key("id")

    return Made


class TestLocalDeclarations:
    def test_name_other_local_classes(self) -> None:
        """Those of the function come before those of the module, as everywhere in Python."""

        @dataclass
        class Part:
            name: str

        @dataclass
        class Line:
            sku: str
            parts: dict[str, list[Part]] = field(default_factory=dict)

        @dataclass
        class Order:
            id: str
            lines: list[Line]
            status: Status = Status.OPEN
            parent: Order | None = None

        class OrderMapping(MappingSchema[Order]):
            class Meta:
                table = "orders"
                key = Key("id")

        lines: list[Any] = [Line("a", {"x": [Part("p")]})]
        order = Order("1", lines, parent=Order("0", []))

        assert OrderMapping.codec.decode(OrderMapping.codec.encode(order)) == order

    def test_are_found_where_another_function_declares_the_mapping(self) -> None:
        @dataclass
        class Inner:
            name: str

        @dataclass
        class Outer:
            id: str
            inner: Inner

        codec = mapping_for(Outer).codec

        assert codec.encode(Outer("1", Inner("a"))) == {
            "id": {"S": "1"},
            "inner": {"M": {"name": {"S": "a"}}},
        }

    def test_are_found_from_functions_inside(self) -> None:
        @dataclass
        class Inner:
            name: str

        def declared() -> type[MappingSchema[Any]]:
            @dataclass
            class Outer:
                id: str
                inner: Inner

            return mapping_for(Outer)

        assert mapping_of(declared()).attributes == ("id", "inner")

    def test_are_bound_by_name(self) -> None:
        @dataclass
        class Order:
            id: str

        class OrderMapping(MappingSchema["Order"]):
            class Meta:
                table = "orders"
                key = Key("id")

        assert mapping_of(OrderMapping).entity_type is Order

    def test_are_not_disturbed_by_variables_of_the_same_name(self) -> None:
        @dataclass
        class Order:
            id: str
            status: Status

        Status = "not a type"  # noqa: F841  # the point

        class OrderMapping(MappingSchema[Order]):
            class Meta:
                table = "orders"
                key = Key("id")

        assert mapping_of(OrderMapping).attributes == ("id", "status")

    def test_still_refuse_names_that_nobody_knows(self) -> None:
        @dataclass
        class Order:
            id: str
            line: Missing  # type: ignore[name-defined]  # noqa: F821  # the point

        with pytest.raises(MappingError, match=r"Order\.line names 'Missing'"):
            mapping_of(mapping_for(Order))

    def test_keep_nothing_alive_once_they_are_compiled(self) -> None:
        def declared() -> tuple[type[MappingSchema[Any]], weakref.ref[type]]:
            class Unrelated:
                pass

            @dataclass
            class Order:
                id: str

            class OrderMapping(MappingSchema[Order]):
                class Meta:
                    table = "orders"
                    key = Key("id")

            return OrderMapping, weakref.ref(Unrelated)

        mapping, unrelated = declared()
        gc.collect()
        before = unrelated() is not None
        mapping_of(mapping)
        gc.collect()

        assert (before, unrelated()) == (True, None)
