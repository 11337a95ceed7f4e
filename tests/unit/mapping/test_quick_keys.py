"""Keys that are made without detours: the same as the sure way makes, and refused where that refuses."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, make_dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import fields
from persistence.attributes import PARTITION_KEY_SIZE_LIMIT, SORT_KEY_SIZE_LIMIT, normalised_key
from persistence.errors import QueryError, ValidationFailed
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.compiling import compile_mapping
from persistence.table import Key, Table

NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
SHARED = Table("shared", partition="PK", sort="SK")


def mapping_for(kind: Any, key: Key, table: Any = "table") -> type[MappingSchema[Any]]:
    entity = make_dataclass("Thing", [("id", kind), ("at", kind)])
    meta = type("Meta", (), {"table": table, "key": key})
    return type("ThingMapping", (MappingSchema,), {"Meta": meta, "_entity": entity, "__module__": __name__})


def both_ways(schema: type[MappingSchema[Any]]) -> tuple[EntityMapping[Any], EntityMapping[Any]]:
    mapping = compile_mapping(schema)
    return mapping, replace(mapping, _quick=None)


KINDS: tuple[type, ...] = (str, int, Decimal, bytes, uuid.UUID, dt.datetime)
PLAIN, BOTH = Key("id"), Key("id", "at")
TEMPLATES = Key("A#{id}", "B#{at}#END")
WAYS = {
    (kind, key): both_ways(mapping_for(kind, key, SHARED if key is TEMPLATES else "table"))
    for kind in KINDS
    for key in (PLAIN, BOTH, TEMPLATES)
    if not (kind is bytes and key is TEMPLATES)
}

VALUES = st.one_of(
    st.sampled_from(
        [
            None,
            "",
            "a",
            "é",
            "\ud800",
            "a#b",
            "#END",
            "A#",
            "x" * SORT_KEY_SIZE_LIMIT,
            "x" * (PARTITION_KEY_SIZE_LIMIT + 1),
            "é" * (SORT_KEY_SIZE_LIMIT // 2 + 1),
            0,
            -7,
            10**38,
            10**38 - 1,
            True,
            1.0,
            1.5,
            Decimal("1E0"),
            Decimal("NaN"),
            b"",
            b"\x00",
            uuid.UUID(int=5),
            NOON,
            NOON.replace(tzinfo=None),
            ["a"],
        ]
    ),
    st.text(alphabet="ab#", max_size=6),
    st.integers(),
)


def outcome(work: Any) -> Any:
    try:
        return work()
    except (ValidationFailed, QueryError) as refused:
        return type(refused), str(refused)


class TestAreThoseOfTheSureWay:
    @pytest.mark.parametrize("case", WAYS, ids=lambda case: f"{case[0].__name__}-{case[1].names}")
    @settings(max_examples=40)
    @given(VALUES, VALUES)
    def test_for_entities(self, case: tuple[type, Key], one: Any, two: Any) -> None:
        """Whatever the values are, usual or not: the key is the same, or the refusal."""
        quick, sure = WAYS[case]
        thing = quick.entity_type(one, two)

        assert outcome(lambda: quick.key_of(thing)) == outcome(lambda: sure.key_of(thing))

    @pytest.mark.parametrize("case", WAYS, ids=lambda case: f"{case[0].__name__}-{case[1].names}")
    @settings(max_examples=40)
    @given(VALUES, VALUES)
    def test_for_arguments(self, case: tuple[type, Key], one: Any, two: Any) -> None:
        """So it is for the arguments of `get`, also where there is one too many."""
        quick, sure = WAYS[case]

        for args in ((one,), (one, two)):
            assert outcome(partial(quick.key_from, args, {})) == outcome(partial(sure.key_from, args, {}))

    @pytest.mark.parametrize("case", WAYS, ids=lambda case: f"{case[0].__name__}-{case[1].names}")
    @pytest.mark.parametrize("stored", [{"S": "a"}, {"N": "1.0"}, {"B": b"a"}])
    def test_in_the_identity_of_items(self, case: tuple[type, Key], stored: dict[str, Any]) -> None:
        """Whatever is stored there, also what is of another type than the declaration says."""
        mapping, _sure = WAYS[case]
        item = {**dict.fromkeys(mapping.key_names, stored), "more": {"S": "x"}}

        assert mapping.identity(item) == (mapping.table.name, normalised_key(item, mapping.key_names))

    def test_in_the_identity_of_numbers(self) -> None:
        """Numbers that are equal are one key, however they are written."""
        mapping, _sure = WAYS[int, PLAIN]

        assert mapping.identity({"id": {"N": "1"}}) == mapping.identity({"id": {"N": "1.0"}})


@dataclass
class Stranger:
    id: str


class TestOfOthers:
    def test_an_entity_of_another_class_has_no_key_here(self) -> None:
        """Attributes of the same names make no entity of the mapping."""
        quick, sure = WAYS[str, PLAIN]
        stranger: Any = Stranger("a")

        with pytest.raises(Exception, match="maps Thing, not Stranger") as quickly:
            quick.key_of(stranger)
        with pytest.raises(type(quickly.value)):
            sure.key_of(stranger)

    def test_an_attribute_that_was_deleted_is_refused_by_name(self) -> None:
        """An entity without its key is told as the sure way tells it."""
        quick, _sure = WAYS[str, PLAIN]
        thing = quick.entity_type("a", "b")
        del thing.id

        with pytest.raises(ValidationFailed) as refused:
            quick.key_of(thing)

        assert refused.value.messages == {"id": ["Can't be None: it is part of a key."]}


class Shouting(fields.String):
    """A field of a user, of which nobody knows how it converts."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.upper()


@dataclass
class Shout:
    id: str


class ShoutMapping(MappingSchema[Shout]):
    class Meta:
        table = "shouts"
        key = Key("id")

    id = Shouting()


def test_a_field_of_a_user_converts_its_own_key() -> None:
    """What is not known to be plain text is not taken for it."""
    assert compile_mapping(ShoutMapping).key_of(Shout("a")) == {"id": {"S": "A"}}
