"""Mappings with common bases: what is inherited, and which entity each is bound to."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest

from persistence import fields
from persistence.errors import MappingError
from persistence.mapping import MappingSchema, mapping_of
from persistence.table import Key

E = TypeVar("E")


@dataclass
class Order:
    id: str
    total: int = 0


@dataclass
class Parcel:
    id: str
    weight: int = 0


class Unbound(MappingSchema):  # type: ignore[type-arg]  # bound by its subclasses
    class Meta:
        table = "things"
        key = Key("id")

    version = fields.Version()


class Generically(MappingSchema[E], Generic[E]):
    class Meta:
        table = "things"
        key = Key("id")

    version = fields.Version()


class Orders(Generically[Order]):
    pass


def facts(schema: type[MappingSchema[Any]]) -> tuple[type, tuple[str, ...]]:
    mapping = mapping_of(schema)
    return mapping.entity_type, mapping.attributes


PARCEL = (Parcel, ("id", "weight", "version"))


class TestBindings:
    def test_are_made_beside_a_base_without_one(self) -> None:
        class Parcels(Unbound, MappingSchema[Parcel]):
            pass

        assert facts(Parcels) == PARCEL

    def test_are_made_beside_a_generic_base(self) -> None:
        class Parcels(Generically, MappingSchema[Parcel]):  # type: ignore[type-arg]  # the point
            pass

        assert facts(Parcels) == PARCEL

    def test_are_made_by_the_argument_of_a_generic_base(self) -> None:
        class Parcels(Generically[Parcel]):
            pass

        assert facts(Parcels) == PARCEL

    def test_of_a_class_itself_win_over_inherited_ones(self) -> None:
        """Fields that were inferred for the other entity stay behind."""
        mapping_of(Orders)

        class Parcels(Orders, MappingSchema[Parcel]):
            pass

        assert facts(Parcels) == PARCEL

    def test_are_inherited_from_the_nearest_base(self) -> None:
        class Parcels(Orders, MappingSchema[Parcel]):
            pass

        class Nearest(Parcels):
            pass

        assert facts(Nearest) == PARCEL

    def test_are_demanded(self) -> None:
        class Nothing(Unbound):
            pass

        with pytest.raises(MappingError, match="Nothing is bound to no entity type"):
            mapping_of(Nothing)
