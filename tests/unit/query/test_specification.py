"""Specifications: conditions as values, which answer of a plain object what the stores answer of its item."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from persistence import MappingSchema, Repository, UnitOfWork
from persistence.errors import MappingError, QueryError, ValidationFailed
from persistence.mapping import mapping_of
from persistence.query import (
    Specification,
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    raw,
    size,
    value,
)
from persistence.query.recorder import record
from persistence.query.terms import AllOf, AnyOf, Comparison, Negated
from persistence.stores.memory import MemoryStore
from tests.unit.query.conditions import Address, Status, TerseThingMapping, Thing, ThingMapping

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

large = Specification[Thing](lambda o: o.price > 100, name="large")
flagged = Specification[Thing](lambda o: o.flag)
in_graz = Specification[Address](lambda o: o.city == "Graz")

LARGE = Comparison(("price",), ">", (100,))
FLAGGED = Comparison(("flag",), "=", (True,))


class TestCombines:
    @pytest.mark.parametrize(
        ("spec", "term"),
        [
            (large & flagged, AllOf((LARGE, FLAGGED))),
            (large | flagged, AnyOf((LARGE, FLAGGED))),
            (~large, Negated(LARGE)),
            (~~large, LARGE),
            (large & flagged & ~large, AllOf((LARGE, FLAGGED, Negated(LARGE)))),
            (large & (lambda o: o.flag), AllOf((LARGE, FLAGGED))),
            (large | Specification[Thing](lambda o: o.flag), AnyOf((LARGE, FLAGGED))),
            (Specification[Thing](lambda o: large(o) & o.flag), AllOf((LARGE, FLAGGED))),
            (Specification[Thing](lambda o: not_(large(o))), Negated(LARGE)),
            (
                Specification[Thing](lambda o: in_graz(value(o.address)) | in_graz(o.places[1])),
                AnyOf(
                    (
                        Comparison(("address", "city"), "=", ("Graz",)),
                        Comparison(("places", 1, "city"), "=", ("Graz",)),
                    )
                ),
            ),
        ],
    )
    def test_into_new_ones(self, spec: Specification[Thing], term: Any) -> None:
        """`&`, `|` and `~` give a further one; inside a lambda a specification is called."""
        assert spec.term == term

    def test_wherever_a_lambda_can_stand(self) -> None:
        """Queries, refinements of them, scans and the conditions of patches."""
        things = Repository(ThingMapping, UnitOfWork(MemoryStore()))
        things.add(Thing("1", price=Decimal(200)))
        things.add(Thing("2", price=Decimal(200), flag=True))

        scanned = things.scan(large & flagged).all()
        found = things.query(lambda o: o.id == "1").matching(~flagged).all()
        things.patch("2").if_(large).set("text", "patched").execute()

        assert [thing.id for thing in scanned] == ["2"]
        assert [thing.id for thing in found] == ["1"]
        assert things.get("2").text == "patched"

    @pytest.mark.parametrize("other", [True, None, "o.a", record(lambda o: o.a == 1)])
    def test_with_nothing_else(self, other: Any) -> None:
        """What is no condition on an entity is told from one."""
        with pytest.raises(QueryError, match="takes another specification or a lambda"):
            large & other
        with pytest.raises(QueryError, match="takes another specification or a lambda"):
            large | other

    def test_but_not_by_words(self) -> None:
        """`and`, `or` and `not` would lose one of two."""
        with pytest.raises(QueryError, match="no truth value"):
            _ = large and flagged


class TestIsAValue:
    def test_equal_to_its_like(self) -> None:
        """The name is left out of it, a type is not."""
        same = Specification[Thing](lambda entity: entity.price > 100)

        assert (large == same, hash(large) == hash(same)) == (True, True)
        assert large != flagged
        assert Specification[Thing](lambda o: o.flag) != Specification[Any](lambda o: o.flag == 1)
        assert {large: 1}[same] == 1

    def test_without_a_hash_where_an_operand_has_none(self) -> None:
        """As a tuple with a list in it."""
        spec = Specification[Thing](lambda o: o.words == ["a"])

        assert spec == Specification[Thing](lambda o: o.words == ["a"])
        with pytest.raises(TypeError, match="unhashable"):
            hash(spec)

    def test_frozen(self) -> None:
        """Nobody changes it for others; what it compares with is fixed when it is made."""
        limits = [100]
        spec = Specification[Thing](lambda o: o.price > limits[0])

        limits[0] = 0

        assert spec == large
        with pytest.raises(AttributeError):
            spec.name = "mine"  # type: ignore[misc]  # that is the subject

    def test_that_can_be_pickled(self) -> None:
        """What was recorded goes with it, the lambda does not."""
        assert pickle.loads(pickle.dumps(large)) == large

    def test_with_a_name(self) -> None:
        """Given at once or later, and shown."""
        named = flagged.named("flagged")

        assert (named.name, named.term, flagged.name) == ("flagged", flagged.term, None)
        assert repr(named) == "<specification 'flagged': o.flag>"
        assert repr(flagged) == "<specification: o.flag>"
        with pytest.raises(QueryError, match="is a text, not int"):
            Specification[Thing](lambda o: o.flag, name=5)  # type: ignore[arg-type]  # that is the subject


class TestReadsLikePython:
    @pytest.mark.parametrize(
        ("predicate", "text"),
        [
            (lambda o: o.flag, "o.flag"),
            (lambda o: o.flag == False, "o.flag == <bool>"),  # noqa: E712  # that is the subject
            (lambda o: o.count != 1, "o.count != <int>"),
            (lambda o: (o.price > Decimal(1)) & o.flag, "(o.price > <Decimal>) & o.flag"),
            (
                lambda o: ((o.count == 1) | (o.count == 2)) & not_(o.flag),
                "((o.count == <int>) | (o.count == <int>)) & not_(o.flag)",
            ),
            (lambda o: not_(o.flag & (o.count < o.least)), "not_(o.flag & (o.count < o.least))"),
            (lambda o: between(size(o.tags), 1, 2), "between(size(o.tags), <int>, <int>)"),
            (lambda o: is_in(o.text, ["a", "b"]), "is_in(o.text, [<str>, <str>])"),
            (lambda o: is_in(o.count, range(9)), "is_in(o.count, [<int>, <int>, <int>, <int>, ... 5 more])"),
            (lambda o: o.text.startswith("a"), "begins_with(o.text, <str>)"),
            (lambda o: contains(o.tags, "a") | exists(o.at), "contains(o.tags, <str>) | exists(o.at)"),
            (lambda o: attribute_type(o.at, "S"), 'attribute_type(o.at, "S")'),
            (lambda o: o.extra["a key"].b[0] == None, 'o.extra["a key"].b[0] == None'),  # noqa: E711
            (lambda _: raw("a = :x", x=1), "raw('a = :x', x=<int>)"),
        ],
    )
    def test_without_values(self, predicate: Callable[[Any], Any], text: str) -> None:
        """Texts end up in logs, so values are shown as their types."""
        spec = Specification[Any](predicate)

        assert str(spec) == spec.describe() == text

    def test_with_values_on_request(self) -> None:
        """For people who look at it."""
        spec = Specification[Thing](lambda o: (o.text == "a") & is_in(o.count, [1, 2]))

        assert spec.describe(values=True) == "(o.text == 'a') & is_in(o.count, [1, 2])"

    def test_what_is_asked_of_something_nested(self) -> None:
        """A raw condition can't be rewritten, so it says where it is asked."""
        spec = Specification[Any](raw("city = :c", c="Graz"))

        assert str(Specification[Any](lambda o: spec(o.address))) == "raw('city = :c', c=<str>) in o.address"


SATISFIED: list[tuple[Callable[[Any], Any], Thing, bool]] = [
    (lambda o: o.price == 1, Thing(price=Decimal("1.00")), True),
    (lambda o: o.price < Decimal("1e2"), Thing(price=Decimal(99)), True),
    (lambda o: o.price > o.count, Thing(price=Decimal("1.5"), count=1), True),
    (lambda o: o.other == "a", Thing(other="a"), True),
    (lambda o: o.other == "a", Thing(), False),
    (lambda o: o.other != "a", Thing(), True),
    (lambda o: not_(o.other == "a"), Thing(), True),
    (lambda o: o.other > "", Thing(), False),
    (lambda o: o.other < "a", Thing(), False),
    (lambda o: exists(o.other), Thing(), False),
    (lambda o: not_exists(o.other), Thing(), True),
    (lambda o: exists(o.named), Thing(named=None), True),
    (lambda o: attribute_type(o.named, "NULL"), Thing(named=None), True),
    (lambda o: o.named == None, Thing(named=None), True),  # noqa: E711  # that is the subject
    (lambda o: o.named == None, Thing(), False),  # noqa: E711  # that is the subject
    (lambda o: o.at == NOON, Thing(at=NOON.astimezone(timezone(timedelta(hours=5)))), True),
    (lambda o: between(value(o.at), NOON, NOON + timedelta(1)), Thing(at=NOON), True),
    (lambda o: begins_with(o.at, "2026-01-02T12"), Thing(at=NOON), True),
    (lambda o: o.status == Status.PAID, Thing(status=Status.PAID), True),
    (lambda o: contains(o.tags, "a"), Thing(tags={"a", "b"}), True),
    (lambda o: o.tags == {"b", "a"}, Thing(tags={"a", "b"}), True),
    (lambda o: exists(o.tags), Thing(), False),
    (lambda o: size(o.tags) == 0, Thing(), False),
    (lambda o: size(o.words) == 0, Thing(), True),
    (lambda o: o.words[0] == None, Thing(words=[None]), True),  # noqa: E711  # that is the subject
    (lambda o: o.words[1] != "a", Thing(words=[None]), True),
    (lambda o: o.address.city == "Graz", Thing(address=Address("Graz")), True),
    (lambda o: o.address.city == "Graz", Thing(), False),
    (lambda o: o.places[0].zip > 1, Thing(places=[Address("Graz", 2)]), True),
    (lambda o: o.sums["a"] == 1, Thing(sums={"a": 1}), True),
    (lambda o: o.extra["a"]["b"][0] > 1, Thing(extra={"a": {"b": [2.5]}}), True),
    (lambda o: o.extra["a"] > "1", Thing(extra={"a": 2}), False),
    (lambda o: begins_with(o.data, b"\x00"), Thing(), True),
    (lambda _: raw("address.city = :c AND NOT x = :n", c="Graz", n="x"), Thing(), False),
    (lambda _: raw("address.city = :c AND NOT x = :n", c="A", n="x"), Thing(address=Address("A")), True),
]


class TestIsSatisfiedBy:
    @pytest.mark.parametrize(("predicate", "thing", "answer"), SATISFIED)
    def test_what_a_store_would_say(
        self, predicate: Callable[[Any], Any], thing: Thing, answer: bool
    ) -> None:
        """Without a mapping, with one, and in a store: one answer."""
        spec = Specification[Thing](predicate)
        things = Repository(ThingMapping, UnitOfWork(MemoryStore()))
        things.add(thing)

        found = [stored.id for stored in things.scan(spec)]

        assert spec.is_satisfied_by(thing) is answer
        assert spec.is_satisfied_by(thing, ThingMapping) is answer
        assert spec(thing) is answer
        assert found == (["1"] if answer else [])

    def test_with_the_mapping_that_stores_otherwise(self) -> None:
        """Own fields and data keys count where the mapping is named."""
        thing = Thing(price=Decimal(10), text="")
        less = Specification[Thing](lambda o: o.price < Decimal(9))
        empty = Specification[Thing](lambda o: not_exists(o.text))

        answers = [
            (spec.is_satisfied_by(thing), spec.is_satisfied_by(thing, TerseThingMapping))
            for spec in (less, empty)
        ]

        assert answers == [(False, True), (False, True)]

    def test_of_each_of_several(self) -> None:
        """Called with an object it answers, so that it filters."""
        things = [Thing("1", price=Decimal(101)), Thing("2")]

        assert list(filter(large, things)) == things[:1]

    def test_never_calls_the_lambda_again(self) -> None:
        """Whatever it does, it did when the specification was made."""
        calls: list[object] = []
        spec = Specification[Thing](lambda o: calls.append(o) or o.flag)  # type: ignore[func-returns-value]

        spec.is_satisfied_by(Thing())

        assert len(calls) == 1

    def test_runs_no_validators_and_changes_nothing(self) -> None:
        """What an entity is like is asked, not whether it may be stored."""

        class Checked(MappingSchema[Thing]):
            class Meta:
                table = "checked"
                key = ThingMapping.opts.key

        thing = Thing("", tags={"a"})

        assert Specification[Thing](lambda o: contains(o.tags, "a")).is_satisfied_by(thing)
        assert thing == Thing("", tags={"a"})

    @pytest.mark.parametrize("mapping", [None, ThingMapping])
    def test_of_what_can_t_be_stored(self, mapping: type[MappingSchema[Thing]] | None) -> None:
        """No store would have such an item, so there is no answer."""
        with pytest.raises(ValidationFailed, match=r"Thing.* can't be stored: price: .*NaN"):
            large.is_satisfied_by(Thing(price=Decimal("NaN")), mapping)

    def test_of_another_type(self) -> None:
        """Names are those of the entity that is asked about."""
        with pytest.raises(QueryError, match="Address has no attribute 'price'"):
            large.is_satisfied_by(Address("Graz"))  # type: ignore[arg-type]  # that is the subject
        with pytest.raises(MappingError, match="ThingMapping maps Thing, not Address"):
            large.is_satisfied_by(Address("Graz"), ThingMapping)  # type: ignore[arg-type]  # that is the subject
        with pytest.raises(MappingError, match="str is no dataclass"):
            large.is_satisfied_by("Graz")  # type: ignore[arg-type]  # that is the subject

    def test_of_what_can_t_be_inferred(self) -> None:
        """The mapping has to be named then."""

        @dataclass
        class Odd:
            id: str
            price: int | str = 0

        with pytest.raises(MappingError, match=r"Odd\.price.*is_satisfied_by\(entity, mapping=OddMapping\)"):
            Specification[Odd](lambda o: o.id == "1").is_satisfied_by(Odd("1"))

    def test_refuses_what_a_store_refuses(self) -> None:
        """No answer is made up where a query would be an error."""
        spec = Specification[Thing](lambda o: between(o.count, 5, 1))

        with pytest.raises(QueryError, match="lower bound first"):
            spec.is_satisfied_by(Thing())

    def test_of_a_class_of_a_function(self) -> None:
        """Postponed type hints are found where the class is declared, and classes don't stay for ever."""

        @dataclass
        class Part:
            size: int = 1

        @dataclass
        class Whole:
            parts: list[Part] = field(default_factory=list)

        spec = Specification[Whole](lambda o: o.parts[0].size == 1)

        assert spec.is_satisfied_by(Whole([Part()]))


def test_classes_are_let_go() -> None:
    """Of the classes that were asked about the latest few are kept."""

    def asked() -> weakref.ref[type]:
        kind = type("Passing", (), {"__annotations__": {"id": str}})
        made: Any = dataclass(kind)
        Specification[Any](lambda o: o.id == "1").is_satisfied_by(made("1"))
        return weakref.ref(made)

    first = asked()
    for _ in range(300):
        asked()
    gc.collect()

    assert first() is None


def test_things_have_a_mapping() -> None:
    """The tests' entity is one whose mapping declares nothing."""
    assert mapping_of(ThingMapping).schema._declared_fields == {}
