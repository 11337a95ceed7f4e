"""The short ways of a patch give what the long ones give, or leave it to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import ValidationError, missing, validate, validates

import persistence.query.patching as patching
from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.errors import PersistenceError
from persistence.mapping.patching import place_of
from persistence.mapping.refusal import Refused


class Colour(Enum):
    RED = "red"


@dataclass
class Thing:
    id: str
    count: int = 0
    price: Decimal = Decimal(0)
    share: float = 0.0
    on: bool = False
    raw: bytes = b""
    day: date | None = None
    at: datetime | None = None
    colour: Colour = Colour.RED
    short: str = ""
    checked: str = ""
    hidden: str = ""
    note: str | None = None
    tags: frozenset[str] = frozenset()
    lines: list[int] | None = None


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")

    short = fields.String(validate=validate.Length(max=2))
    hidden = fields.String(omit_empty=True)


class CheckedMapping(MappingSchema[Thing]):
    class Meta:
        table = "checked"
        key = Key("id")

    @validates("checked")
    def _check(self, value: str, **_: Any) -> None:
        if value == "no":
            raise ValidationError("not that")


NAMES = [name for name in Thing.__dataclass_fields__ if name != "id"]

values = st.one_of(
    st.none(),
    st.just(missing),
    st.text(max_size=4),
    st.sampled_from(["no", "red", Colour.RED, float("nan"), Decimal("NaN"), Decimal("1e200"), 10**50]),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False),
    st.booleans(),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.frozensets(st.text(max_size=2), max_size=2),
    st.lists(st.integers(), max_size=2),
    st.builds(object),
)


@given(st.sampled_from([ThingMapping, CheckedMapping]), st.sampled_from(NAMES), values)
@example(ThingMapping, "count", "five")
@example(ThingMapping, "hidden", "")
@example(CheckedMapping, "checked", "no")
def test_a_value_is_encoded_the_same(mapping: type[MappingSchema[Any]], name: str, value: object) -> None:
    place = place_of(Repository(mapping, UnitOfWork(MemoryStore())).patch("t1")._wish.mapping.plan, (name,))

    def came(plainly: bool) -> object:
        try:
            return (place if plainly else replace(place, plain=None)).encode(value)
        except Refused as refused:
            return refused.messages

    assert repr(came(plainly=True)) == repr(came(plainly=False))


def test_most_fields_have_a_short_way() -> None:
    """Without validators, and where no value is left out."""
    plan = Repository(ThingMapping, UnitOfWork(MemoryStore())).patch("t1")._wish.mapping.plan
    short = {name for name in NAMES if place_of(plan, (name,)).plain is not None}

    assert {"count", "price", "share", "on", "raw"} <= short
    assert short.isdisjoint({"short", "hidden", "tags", "lines"})


edits = st.lists(
    st.tuples(
        st.sampled_from(["set", "set_if_missing", "increment", "remove"]),
        st.sampled_from(["count", "price", "note", "short", "lines"]),
        st.one_of(values, st.just("x" * 250_000)),
    ),
    min_size=1,
    max_size=3,
)


@given(edits, st.booleans())
@example([("set", "note", "x" * 250_000), ("set", "short", "x" * 250_000)], False)
@example([("set", "note", "x" * 409_600)], False)
@example([("set", "count", 1), ("increment", "count", 1)], False)
def test_edits_come_to_the_same(asked: list[tuple[str, str, object]], upsert: bool) -> None:
    def came(plainly: bool) -> object:
        patch: Any = Repository(ThingMapping, UnitOfWork(MemoryStore())).patch("t1")
        try:
            for verb, name, value in asked:
                patch = getattr(patch, verb)(name, *(() if verb == "remove" else (value,)))
            patch = patch.if_missing() if upsert else patch
            with pytest.MonkeyPatch.context() as monkeypatch:
                if not plainly:
                    monkeypatch.setattr(patching, "_plain_actions", lambda _: None)
                found = patch.explain()
        except PersistenceError as error:
            return type(error), str(error)
        return found.actions, found.fill_ins

    assert repr(came(plainly=True)) == repr(came(plainly=False))
