"""Patches in stored terms: what each method of a builder becomes, what moves along, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError, post_dump, validates

from persistence import GlobalIndex, Key, MappingSchema, MemoryStore, Repository, Table, UnitOfWork, fields
from persistence.attributes import AttributeValue
from persistence.errors import QueryError, ValidationFailed
from persistence.expressions import Remove, Set, Value
from persistence.query import PatchBuilder, Specification, raw
from persistence.render import Renderer
from tests.semantics.model import (
    Author,
    BuyerMapping,
    Line,
    Note,
    NoteMapping,
    OrderMapping,
    OrderStatus,
    PurchaseMapping,
    SettingMapping,
)

UOW = UnitOfWork(MemoryStore())
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class Part:
    """Everything that notes lack."""

    id: str
    serial: str
    mood: str | None = "calm"
    label: str = ""
    size: tuple[int, int] = (1, 1)
    lasting: timedelta = timedelta(0)
    expires_at: datetime | None = None
    stock: dict[str, Line] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    status: OrderStatus = OrderStatus.OPEN
    anything: Any = None
    shout: str = ""


class Shouting(fields.String):
    """A field that converts its values in a way of its own."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.upper()


class PartMapping(MappingSchema[Part]):
    class Meta:
        table = "parts"
        key = Key("id")
        indexes = (GlobalIndex("by-serial", Key("serial")),)

    label = fields.String(data_key="lbl", metadata={"omit_empty": True})
    expires_at = fields.TimeToLive()
    marks = fields.List(fields.String(validate=fields.validate.Length(max=3)))
    shout = Shouting()

    @validates("mood")
    def refuse_sulking(self, value: str, **_: Any) -> None:
        if value == "sulky":
            raise ValidationError("Must not sulk.")


notes = Repository(NoteMapping, UOW)
parts = Repository(PartMapping, UOW)
orders = Repository(OrderMapping, UOW)
settings = Repository(SettingMapping, UOW)

WARM = Specification[Note](lambda n: n.score > 1)

Building = Callable[[PatchBuilder[Any]], PatchBuilder[Any]]


def rendered(patch: PatchBuilder[Any]) -> tuple[str, dict[str, AttributeValue]]:
    """Give the update expression with its names in place, and the values by their placeholders."""
    renderer = Renderer()
    explained = patch.explain()
    expression = renderer.update((*explained.actions, *explained.fill_ins))
    placeholders = renderer.placeholders()
    names = placeholders["ExpressionAttributeNames"]
    for alias in sorted(names, key=len, reverse=True):
        expression = expression.replace(alias, names[alias])
    return expression, placeholders.get("ExpressionAttributeValues", {})


class TestOfNotes:
    @pytest.mark.parametrize(
        ("building", "expression", "values"),
        [
            (lambda p: p.set("title", "new"), "SET title = :v0", [{"S": "new"}]),
            (lambda p: p.set("body", None), "REMOVE body", []),
            (lambda p: p.set("tags", set()), "REMOVE tags", []),
            (lambda p: p.set("author.city", "Graz"), "SET author.city = :v0", [{"S": "Graz"}]),
            (lambda p: p.set("author.city", None), "REMOVE author.city", []),
            (lambda p: p.set("lines[1].quantity", 3), "SET lines[1].quantity = :v0", [{"N": "3"}]),
            (
                lambda p: p.set("author", Author("ann")),
                "SET author = :v0",
                [{"M": {"name": {"S": "ann"}}}],
            ),
            (
                lambda p: p.set_if_missing("body", "x"),
                "SET body = if_not_exists(body, :v0)",
                [{"S": "x"}],
            ),
            (lambda p: p.remove("body"), "REMOVE body", []),
            (lambda p: p.remove("author.city"), "REMOVE author.city", []),
            (
                lambda p: p.increment("score"),
                "SET score = if_not_exists(score, :v0) + :v1",
                [{"N": "0"}, {"N": "1"}],
            ),
            (
                lambda p: p.decrement("score", Decimal("2.50")),
                "SET score = if_not_exists(score, :v0) - :v1",
                [{"N": "0"}, {"N": "2.5"}],
            ),
            (lambda p: p.add("score", -3), "ADD score :v0", [{"N": "-3"}]),
            (lambda p: p.add("tags", {"b", "a"}), "ADD tags :v0", [{"SS": ["a", "b"]}]),
            (lambda p: p.add_to_set("tags", "b", "a"), "ADD tags :v0", [{"SS": ["a", "b"]}]),
            (lambda p: p.discard_from_set("tags", "a"), "DELETE tags :v0", [{"SS": ["a"]}]),
            (
                lambda p: p.append("lines", Line("a"), Line("b", 2)),
                "SET lines = list_append(if_not_exists(lines, :v0), :v1)",
                [
                    {"L": []},
                    {
                        "L": [
                            {"M": {"sku": {"S": "a"}, "quantity": {"N": "1"}}},
                            {"M": {"sku": {"S": "b"}, "quantity": {"N": "2"}}},
                        ]
                    },
                ],
            ),
            (
                lambda p: p.prepend("lines", Line("a")),
                "SET lines = list_append(:v0, if_not_exists(lines, :v1))",
                [{"L": [{"M": {"sku": {"S": "a"}, "quantity": {"N": "1"}}}]}, {"L": []}],
            ),
            (
                lambda p: p.set_item("lines", 2, Line("a")),
                "SET lines[2] = :v0",
                [{"M": {"sku": {"S": "a"}, "quantity": {"N": "1"}}}],
            ),
            (lambda p: p.remove_item("lines", 0), "REMOVE lines[0]", []),
            (lambda p: p.set_item("extra", "a.b", [1]), "SET extra.a.b = :v0", [{"L": [{"N": "1"}]}]),
            (lambda p: p.set_item("extra", "k", None), "SET extra.k = :v0", [{"NULL": True}]),
            (lambda p: p.remove_item("extra", "k"), "REMOVE extra.k", []),
            (
                lambda p: p.increment("extra.hits"),
                "SET extra.hits = if_not_exists(extra.hits, :v0) + :v1",
                [{"N": "0"}, {"N": "1"}],
            ),
            (lambda p: p.add_to_set("extra.seen", 2, 1), "ADD extra.seen :v0", [{"NS": ["1", "2"]}]),
            (
                lambda p: p.append("extra.log", "x"),
                "SET extra.log = list_append(if_not_exists(extra.log, :v0), :v1)",
                [{"L": []}, {"L": [{"S": "x"}]}],
            ),
            (
                lambda p: p.set("title", "new").increment("score").remove("body").add_to_set("tags", "a"),
                "SET title = :v0, score = if_not_exists(score, :v1) + :v2 REMOVE body ADD tags :v3",
                [{"S": "new"}, {"N": "0"}, {"N": "1"}, {"SS": ["a"]}],
            ),
        ],
    )
    def test_become_update_actions(
        self, building: Building, expression: str, values: list[AttributeValue]
    ) -> None:
        """Names become those of the table, values go through the mapping's own fields."""
        assert rendered(building(notes.patch("n1"))) == (
            expression,
            {f":v{place}": value for place, value in enumerate(values)},
        )


class TestOfParts:
    @pytest.mark.parametrize(
        ("building", "expression", "values"),
        [
            (lambda p: p.set("mood", None), "SET mood = :v0", [{"NULL": True}]),
            (lambda p: p.remove("mood"), "REMOVE mood", []),
            (lambda p: p.set("label", "x"), "SET lbl = :v0", [{"S": "x"}]),
            (lambda p: p.set("label", ""), "REMOVE lbl", []),
            (lambda p: p.set("shout", "hey"), "SET shout = :v0", [{"S": "HEY"}]),
            (lambda p: p.set("size[1]", 2), "SET size[1] = :v0", [{"N": "2"}]),
            (
                lambda p: p.increment("lasting", timedelta(seconds=90)),
                "SET lasting = if_not_exists(lasting, :v0) + :v1",
                [{"N": "0"}, {"N": "90"}],
            ),
            (lambda p: p.set("expires_at", NOON), "SET expires_at = :v0", [{"N": "1767355200"}]),
            (lambda p: p.set("stock.x.quantity", 2), "SET stock.x.quantity = :v0", [{"N": "2"}]),
            (lambda p: p.set_item("counts", "a.b", 2), "SET counts.a.b = :v0", [{"N": "2"}]),
            (
                lambda p: p.increment("counts.a"),
                "SET counts.a = if_not_exists(counts.a, :v0) + :v1",
                [{"N": "0"}, {"N": "1"}],
            ),
            (lambda p: p.add("numbers", {10, 9}), "ADD numbers :v0", [{"NS": ["9", "10"]}]),
            (lambda p: p.set("status", OrderStatus.SHIPPED), "SET status = :v0", [{"S": "shipped"}]),
            (lambda p: p.add("anything", 1), "ADD anything :v0", [{"N": "1"}]),
            (lambda p: p.set("serial", "s"), "SET serial = :v0", [{"S": "s"}]),
        ],
    )
    def test_become_update_actions(
        self, building: Building, expression: str, values: list[AttributeValue]
    ) -> None:
        """None is stored as NULL, and what is empty left out, where the mapping does so for entities."""
        assert rendered(building(parts.patch("p1"))) == (
            expression,
            {f":v{place}": value for place, value in enumerate(values)},
        )


class TestIsAValue:
    def test_that_is_not_changed_by_its_methods(self) -> None:
        """Every call gives a new patch."""
        first = notes.patch("n1").set("title", "new")

        second = first.increment("score")

        assert rendered(first)[0] == "SET title = :v0"
        assert rendered(second)[0].startswith("SET title = :v0, score")

    def test_that_names_its_entity(self) -> None:
        """The key is named, values are not shown."""
        assert repr(notes.patch("n1").set("title", "secret")) == "<patch of Note 'n1'>"

    def test_that_takes_keys_as_get_does(self) -> None:
        """In order or by name."""
        assert orders.patch("c1", 2).set("total", 1).explain().key == {
            "customerId": {"S": "c1"},
            "number": {"N": "2"},
        }
        assert orders.patch("c1", number=2).set("total", 1).explain().key["number"] == {"N": "2"}


class TestConditions:
    @pytest.mark.parametrize(
        ("building", "condition"),
        [
            (lambda p: p.if_(lambda n: n.title == "x"), "title = :v0"),
            (lambda p: p.if_(lambda n: (n.title == "x") | (n.score > 1)), "title = :v0 OR score > :v1"),
            (lambda p: p.if_where("score", "between", 1, 2), "score BETWEEN :v0 AND :v1"),
            (lambda p: p.if_(WARM), "score > :v0"),
            (lambda p: p.if_(~WARM | WARM), "NOT score > :v0 OR score > :v1"),
            (lambda p: p.if_(raw("size(title) > :n", n=3)), "size(title) > :v0"),
            (lambda p: p.if_filter("size(title) > :n", n=3), "size(title) > :v0"),
            (
                lambda p: p.if_filter("title = :t OR score = :s", t="x", s=1).if_(WARM),
                "(title = :v0 OR score = :v1) AND score > :v2",
            ),
            (lambda p: p.if_exists("body"), "attribute_exists(body)"),
            (lambda p: p.if_missing("body"), "attribute_not_exists(body)"),
            (
                lambda p: p.if_exists("author.city").if_(lambda n: n.score > 1),
                "attribute_exists(author.city) AND score > :v0",
            ),
        ],
    )
    def test_are_lowered_as_those_of_queries(self, building: Building, condition: str) -> None:
        """Recorded lambdas, comparisons by name, and the presence of attributes, joined by AND."""
        patch = building(notes.patch("n1").increment("score")).explain()
        assert patch.condition is not None
        renderer = Renderer()

        expression = renderer.condition(patch.condition)

        for alias, name in renderer.placeholders()["ExpressionAttributeNames"].items():
            expression = expression.replace(alias, name)
        assert expression == condition

    def test_demand_a_version(self) -> None:
        """`if_version` is no part of the condition, since it fails as another error."""
        patch = notes.patch("n1").increment("score").if_version(3).explain()

        assert (patch.condition, patch.expected_version, patch.upsert) == (None, 3, False)

    @pytest.mark.parametrize("version", [-1, True, "1", 1.0])
    def test_demand_only_what_is_a_version(self, version: Any) -> None:
        """Whole numbers from 0 on."""
        with pytest.raises(QueryError, match="whole number"):
            notes.patch("n1").if_version(version)

    def test_demand_no_version_where_there_is_none(self) -> None:
        """A mapping without Version field."""
        with pytest.raises(QueryError, match="no Version field"):
            settings.patch("s1").if_version(1)

    def test_of_existence_are_the_default(self) -> None:
        """`if_exists()` takes `if_missing()` back."""
        patch = notes.patch("n1").increment("score")

        assert (patch.explain().upsert, patch.if_missing().explain().upsert) == (False, True)
        assert patch.if_missing().if_exists().explain().upsert is False


class TestRefuses:
    @pytest.mark.parametrize(
        ("building", "why"),
        [
            (lambda p: p.set("nothing", 1), "has no attribute 'nothing'"),
            (lambda p: p.set("author.town", "x"), "has no attribute 'town'"),
            (lambda p: p.set("title.length", 1), "no such part"),
            (lambda p: p.set("lines[", 1), "is no path"),
            (lambda p: p.set_item("lines", -1, Line("a")), "no negative indexes"),
            (lambda p: p.set_item("lines", True, Line("a")), "index of a list or the key of a map"),
            (lambda p: p.remove_item("extra", None), "index of a list or the key of a map"),
            (lambda p: p.set("id", "x"), "keys are immutable"),
            (lambda p: p.remove("id"), "keys are immutable"),
            (lambda p: p.increment("version"), "moves along with every write"),
            (lambda p: p.set("created_at", NOON), "the unit of work keeps it"),
            (lambda p: p.set("updated_at", NOON), "the unit of work keeps it"),
            (lambda p: p.remove("author.name"), "can't be absent"),
            (lambda p: p.append("tags", "x"), "write add_to_set"),
            (lambda p: p.append("extra", "x"), "takes a list; write set"),
            (lambda p: p.prepend("title", "x"), "takes a list; write set"),
            (lambda p: p.add_to_set("lines", "x"), "takes a set; write append"),
            (lambda p: p.increment("title"), "takes a number; write set"),
            (lambda p: p.add("title", 1), "takes a number; write set"),
            (lambda p: p.add("score", {"x"}), "takes a set; write increment"),
            (lambda p: p.add("score", "1"), "takes a number or a set"),
            (lambda p: p.append("lines"), "at least one value"),
            (lambda p: p.add_to_set("tags"), "at least one value"),
            (lambda p: p.add_to_set("tags", ["a", "b"]), r"write add_to_set\('tags', \*members\)"),
            (lambda p: p.set_if_missing("body", None).explain(), "nothing to set"),
            (lambda p: p.set_if_missing("tags", set()).explain(), "nothing to set"),
            (lambda p: p.explain(), "changes nothing"),
            (lambda p: p.if_version(1).explain(), "changes nothing"),
            (lambda p: p.increment("score").increment("score").explain(), "overlap"),
            (lambda p: p.set("lines", []).set("lines[0].sku", "x").explain(), "overlap"),
            (lambda p: p.set("extra.x.k", 1).set("extra.x[0]", 1).explain(), "both a list and a map"),
            (lambda p: p.set_item("extra", "", 1), "never empty"),
            (lambda p: p.increment("score").if_filter("score > :n"), "score > :n"),
            (lambda p: p.increment("score").if_(True), "not bool"),
            (lambda p: p.increment("score").if_(lambda n: n.titel == "x").explain(), "did you mean 'title'"),
            (lambda p: p.set("title", "x").if_missing().if_version(1).explain(), "leave one of them out"),
            (lambda p: p.set("author.city", "x").if_missing().explain(), "set the whole"),
        ],
    )
    def test_what_can_t_be(self, building: Building, why: str) -> None:
        """Programming errors name the place, and say what to write."""
        with pytest.raises(QueryError, match=why):
            building(notes.patch("n1"))

    @pytest.mark.parametrize(
        ("building", "why"),
        [
            (lambda p: p.remove_item("size", 0), "can't be absent"),
            (lambda p: p.remove("serial"), "can't be absent"),
            (lambda p: p.increment("status"), "takes a number"),
            (lambda p: p.increment("expires_at"), "takes a number; write set"),
            (lambda p: p.add_to_set("shout", "x"), "what Shouting reads"),
            (lambda p: p.set("shout.part", "x"), "a part of what Shouting converts as a whole"),
        ],
    )
    def test_what_fields_do_not_take(self, building: Building, why: str) -> None:
        """So do those of fields with a form of their own."""
        with pytest.raises(QueryError, match=why):
            building(parts.patch("p1"))


class TestValidation:
    def test_reports_all_fields_at_once(self) -> None:
        """Values are validated when the patch is sent, in marshmallow's shape; they are not shown."""
        patch = (
            notes.patch("n1")
            .set("title", "a title of over twenty characters")
            .set("author.name", 1)
            .set("author.city", 2)
            .append("lines", Line("a"), Line("b", "many"))  # type: ignore[arg-type]  # that is the subject
            .increment("score", "one")  # type: ignore[arg-type]  # that is the subject
            .add_to_set("tags", 1)
            .set("body", "fits")
        )

        with pytest.raises(ValidationFailed) as failed:
            patch.explain()

        assert failed.value.messages == {
            "title": ["Longer than maximum length 20."],
            "author": {"name": ["Not a valid string."], "city": ["Not a valid string."]},
            "lines": {1: {"quantity": ["Not a valid integer."]}},
            "score": ["Not a valid decimal number; expected Decimal or int."],
            "tags": ["Not a valid string."],
        }
        assert (failed.value.entity_type, failed.value.key) == (Note, ("n1",))
        assert "many" not in str(failed.value)

    @pytest.mark.parametrize(
        ("building", "messages"),
        [
            (lambda p: p.set("mood", "sulky"), {"mood": ["Must not sulk."]}),
            (lambda p: p.append("marks", "long"), {"marks": {0: ["Longer than maximum length 3."]}}),
            (lambda p: p.set_item("marks", 4, "long"), {"marks": {4: ["Longer than maximum length 3."]}}),
            (lambda p: p.set_item("marks", 4, None), {"marks": {4: ["Field may not be null."]}}),
            (lambda p: p.set("status", None), {"status": ["Field may not be null."]}),
            (lambda p: p.increment("anything", "x"), {"anything": ["Not a valid number."]}),
            (
                lambda p: p.set_item("counts", "k", "x"),
                {"counts": {"k": {"value": ["Not a valid integer."]}}},
            ),
            (
                lambda p: p.set("stock.x.quantity", "x"),
                {"stock": {"x": {"value": {"quantity": ["Not a valid integer."]}}}},
            ),
            (lambda p: p.set("serial", ""), {"serial": ["Can't be empty: it is part of a key."]}),
            (lambda p: p.add_to_set("numbers", 1, "x"), None),
        ],
    )
    def test_is_that_of_the_fields(self, building: Building, messages: dict[str, Any] | None) -> None:
        """Validators of fields, elements and methods run, and keys of indexes are looked at."""
        with pytest.raises(ValidationFailed) as failed:
            building(parts.patch("p1")).explain()

        assert messages is None or failed.value.messages == messages

    def test_refuses_what_contains_itself(self) -> None:
        """Nesting has a limit."""
        ring: list[Any] = []
        ring.append(ring)

        with pytest.raises(ValidationFailed, match=r"extra.*Nested deeper"):
            notes.patch("n1").set_item("extra", "k", ring).explain()


def actions_by_attribute(patch: PatchBuilder[Any]) -> dict[str, Any]:
    """Give what is set by attribute name; None stands for a removal."""
    found: dict[str, Any] = {}
    explained = patch.explain()
    for action in (*explained.actions, *explained.fill_ins):
        value = action.value if isinstance(action, Set) else None
        found[str(action.path)] = value.value if isinstance(value, Value) else value
    return found


@dataclass
class Ticket:
    """Has index keys of several fields."""

    id: str
    team: str
    day: str | None = None
    rank: int = 5
    views: int = 0


TICKETS = Table("tickets", partition="PK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),))


class TicketMapping(MappingSchema[Ticket]):
    class Meta:
        table = TICKETS
        key = Key("TICKET#{id}")
        index_keys = {"GSI1": Key("TEAM#{team}", "{day}#{rank:03d}#{id}")}  # noqa: RUF012  # marshmallow's Meta is plain data


tickets = Repository(TicketMapping, UOW)
purchases = Repository(PurchaseMapping, UOW)
buyers = Repository(BuyerMapping, UOW)


class TestKeysOfIndexes:
    def test_move_along_with_their_fields(self) -> None:
        """A template whose fields are all set, or part of the key, is filled."""
        assert actions_by_attribute(purchases.patch("b1", 1).set("day", "monday")) == {
            "day": {"S": "monday"},
            "GSI1PK": {"S": "DAY#monday"},
        }
        assert actions_by_attribute(tickets.patch("t1").set("day", "monday").set("rank", 7)) == {
            "day": {"S": "monday"},
            "rank": {"N": "7"},
            "GSI1SK": {"S": "monday#007#t1"},
        }

    @pytest.mark.parametrize("building", [lambda p: p.set("day", None), lambda p: p.remove("day")])
    def test_vanish_with_their_fields(self, building: Building) -> None:
        """A field without value leaves the entity out of the index, whatever the other fields are."""
        assert [type(action) for action in building(tickets.patch("t1")).explain().actions] == [
            Remove,
            Remove,
        ]
        assert actions_by_attribute(building(tickets.patch("t1"))) == {"day": None, "GSI1SK": None}

    def test_count_with_defaults_of_removed_fields(self) -> None:
        """An absent attribute reads as its default, and so the key is made of that."""
        assert actions_by_attribute(tickets.patch("t1").remove("rank").set("day", "monday"))["GSI1SK"] == {
            "S": "monday#005#t1"
        }

    def test_stay_where_no_field_of_theirs_changes(self) -> None:
        """Other fields may be patched freely."""
        assert actions_by_attribute(tickets.patch("t1").set("views", 1)) == {"views": {"N": "1"}}

    @pytest.mark.parametrize(
        ("building", "unknown"),
        [
            (lambda p: p.set("day", "monday"), "rank"),
            (lambda p: p.set("day", "monday").increment("rank"), "rank"),
            (lambda p: p.set("rank", 1), "day"),
            (lambda p: p.set("rank", 1).set_if_missing("day", "monday"), "day"),
        ],
    )
    def test_are_never_left_behind(self, building: Building, unknown: str) -> None:
        """What can't be known without reading is refused, with the remedy."""
        with pytest.raises(QueryError, match=f"'GSI1SK' in step.*Set {unknown} in the same patch"):
            building(tickets.patch("t1")).explain()

    def test_report_what_does_not_fit(self) -> None:
        """Separators and formats are those of entities."""
        with pytest.raises(ValidationFailed) as failed:
            tickets.patch("t1").set("team", "").set("day", "a#b").set("rank", 1000).explain()

        assert list(failed.value.messages) == ["team", "rank"]


class TestUpserts:
    def test_need_every_required_field(self) -> None:
        """`if_missing()` may make an entity, which must be a whole one."""
        with pytest.raises(QueryError, match="lacks what every Ticket has: team"):
            tickets.patch("t1").set("views", 1).if_missing().explain()

    def test_store_what_add_would_store(self) -> None:
        """Fields of the key, defaults and the mark of the type, and keys of indexes."""
        patch = tickets.patch("t1").set("team", "red").increment("views").if_missing()

        expression, values = rendered(patch)

        assert expression == (
            "SET team = :v0, views = if_not_exists(views, :v1) + :v2, GSI1PK = :v3, "
            "id = if_not_exists(id, :v4), rank = if_not_exists(rank, :v5), _type = :v6"
        )
        assert list(values.values()) == [
            {"S": "red"},
            {"N": "0"},
            {"N": "1"},
            {"S": "TEAM#red"},
            {"S": "t1"},
            {"N": "5"},
            {"S": "Ticket"},
        ]

    def test_leave_the_unit_of_work_its_own(self) -> None:
        """Version and timestamps are no part of the actions; a key field that is the key is not set."""
        assert rendered(notes.patch("n1").set("title", "new").if_missing())[0] == (
            "SET title = :v0, lines = if_not_exists(lines, :v1), score = if_not_exists(score, :v2), "
            "extra = if_not_exists(extra, :v3)"
        )

    def test_make_constant_keys(self) -> None:
        """A part of an index key without fields is known."""

        @dataclass
        class Job:
            id: str
            note: str = ""

        class JobMapping(MappingSchema[Job]):
            class Meta:
                table = TICKETS
                key = Key("JOB#{id}")
                index_keys = {"GSI1": Key("JOBS", "{id}")}  # noqa: RUF012  # marshmallow's Meta is plain data

        jobs = Repository(JobMapping, UOW)

        assert actions_by_attribute(jobs.patch("j1").set("note", "x")) == {"note": {"S": "x"}}
        assert rendered(jobs.patch("j1").set("note", "x").if_missing())[0] == (
            "SET note = :v0, GSI1PK = :v1, GSI1SK = :v2, id = if_not_exists(id, :v3), _type = :v4"
        )

    def test_are_refused_where_a_default_would_stand_for_an_unknown_value(self) -> None:
        """An index key made of a default would be wrong for an item that is there with another value."""

        @dataclass
        class Job:
            id: str
            queue: str = "main"
            note: str = ""

        class JobMapping(MappingSchema[Job]):
            class Meta:
                table = TICKETS
                key = Key("JOB#{id}")
                index_keys = {"GSI1": Key("QUEUE#{queue}", "{id}")}  # noqa: RUF012  # as above

        jobs = Repository(JobMapping, UOW)

        with pytest.raises(QueryError, match=r"'GSI1PK' in step.*Set queue"):
            jobs.patch("j1").set("note", "x").if_missing().explain()
        assert actions_by_attribute(jobs.patch("j1").set("queue", "fast").if_missing())["GSI1PK"] == {
            "S": "QUEUE#fast"
        }


@dataclass
class Person:
    id: str
    name: str = ""
    home: Author | None = None

    @property
    def initial(self) -> str:
        return self.name[:1]


class TestComputedAttributes:
    def test_are_never_left_behind(self) -> None:
        """What is computed of the entity can't be computed without it."""

        class PersonMapping(MappingSchema[Person]):
            class Meta:
                table = "people"
                key = Key("id")

            initial = fields.String(dump_only=True)

        with pytest.raises(QueryError, match="stores 'initial', which is computed"):
            Repository(PersonMapping, UOW).patch("p1").set("name", "ann")

    def test_of_functions_neither(self) -> None:
        """Nor what a function makes."""

        class PersonMapping(MappingSchema[Person]):
            class Meta:
                table = "people"
                key = Key("id")

            shout = fields.Function(lambda person: person.name.upper())

        with pytest.raises(QueryError, match="stores 'shout', which is computed"):
            Repository(PersonMapping, UOW).patch("p1").set("name", "ann")

    def test_of_hooks_neither(self) -> None:
        """Nor what hooks make of the whole."""

        class PersonMapping(MappingSchema[Person]):
            class Meta:
                table = "people"
                key = Key("id")

            @post_dump
            def note(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return data

        with pytest.raises(QueryError, match="PersonMapping has hooks"):
            Repository(PersonMapping, UOW).patch("p1").set("name", "ann")

    def test_that_are_constant_may_be_beside(self) -> None:
        """A constant is the same whatever is patched, is never patched, and is stored by an upsert."""

        class PersonMapping(MappingSchema[Person]):
            class Meta:
                table = "people"
                key = Key("id")

            kind = fields.Constant("person")

        people = Repository(PersonMapping, UOW)

        assert actions_by_attribute(people.patch("p1").set("name", "ann")) == {"name": {"S": "ann"}}
        assert "kind" in actions_by_attribute(people.patch("p1").set("name", "ann").if_missing())
        with pytest.raises(QueryError, match="a constant"):
            people.patch("p1").set("kind", "x")

    def test_inside_of_a_hooked_entity_are_left_alone(self) -> None:
        """A nested entity with hooks is set as a whole."""

        class AuthorMapping(MappingSchema[Author]):
            @post_dump
            def note(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
                return data

        class PersonMapping(MappingSchema[Person]):
            class Meta:
                table = "people"
                key = Key("id")

            home = fields.Nested(AuthorMapping, allow_none=True)

        people = Repository(PersonMapping, UOW)

        assert actions_by_attribute(people.patch("p1").set("home", Author("a"))) == {
            "home": {"M": {"name": {"S": "a"}}}
        }
        with pytest.raises(QueryError, match="hooks of AuthorMapping converts as a whole"):
            people.patch("p1").set("home.city", "Graz")


class TestTheMarkOfTheType:
    def test_is_not_patched(self) -> None:
        """The discriminator belongs to the mapping."""
        with pytest.raises(QueryError, match="marks the type"):
            buyers.patch("b1").set("_type", "Other")
