"""Queries and updates, sentence by sentence: conditions, access paths, rows, pages, patches, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

import persistence
from persistence import (
    ConditionFailed,
    EntityGone,
    EntityNotFound,
    GlobalIndex,
    InvalidCursor,
    Key,
    LocalIndex,
    MappingSchema,
    MemoryStore,
    Projection,
    Query,
    QueryError,
    Repository,
    Specification,
    StaleEntity,
    UnitOfWork,
    UnitOfWorkStateError,
    ValidationFailed,
    errors,
    fields,
)
from persistence.errors import ItemTooLarge, MultipleResultsFound, NotRead, ScanForbidden, ScanWarning
from persistence.operations import BatchGetItems, QueryPage, ScanPage, UpdateItem
from persistence.query import (
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    size,
    value,
)
from tests.semantics.world import Recording, World

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
TOKEN = UUID("12345678-1234-5678-1234-567812345678")
SECRET = "a secret of thirty-two characters"


class S(Enum):
    OPEN = "open"
    SHIPPED = "shipped"


@dataclass
class OrderLine:
    sku: str
    quantity: int = 1


@dataclass
class Address:
    city: str


@dataclass
class Order:
    """The order of the page, with one attribute of each kind."""

    customer_id: str
    id: str
    placed_at: datetime
    status: S = S.OPEN
    total: Decimal = Decimal(0)
    views: int = 0
    paid: bool = False
    token: UUID | None = None
    address: Address | None = None
    lines: list[OrderLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    extra: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    shipped_at: datetime | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "section-orders"
        key = Key("customer_id", "id")
        indexes = (
            LocalIndex("by-date", sort="placed_at"),
            LocalIndex("by-views", sort="views", projection=Projection.keys_only()),
            GlobalIndex("by-status", Key("status", "placed_at")),
            GlobalIndex("totals", Key("token", "total"), Projection.include("note")),
            GlobalIndex("keys", Key("note"), Projection.keys_only()),
        )

    customer_id = fields.String(data_key="customerId")
    version = fields.Version()


def order(number: int, **more: Any) -> Order:
    """Make one of the orders: all have a date and a total of their own, every second one is shipped."""
    shipped = number % 2 == 1
    return Order(
        "c1" if number < 4 else "c2",
        f"o{number}",
        MONDAY + timedelta(days=number),
        S.SHIPPED if shipped else S.OPEN,
        Decimal(number * 50),
        number,
        paid=shipped,
        token=TOKEN,
        address=Address("Graz" if shipped else "Wien"),
        lines=[OrderLine(f"sku-{number}", number + 1)],
        notes=["first"],
        tags={"all", f"t{number}"},
        extra={"weight": number, "a key": "x"},
        note="gift" if number == 2 else None,
        shipped_at=MONDAY if shipped else None,
        **more,
    )


@pytest.fixture
def orders(world: World) -> Repository[Order]:
    """Six orders of two customers."""
    world.uow = world.unit_of_work(cursor_keys=SECRET)
    repository = world.repository(OrderMapping)
    others = world.elsewhere(OrderMapping)
    for number in range(6):
        others.add(order(number))
    world.forget()
    return repository


@pytest.fixture
def memory() -> Recording:
    return Recording(MemoryStore())


@pytest.fixture
def asked(memory: Recording) -> Repository[Order]:
    """The same in memory, for what no store has a part in."""
    asked = Repository(OrderMapping, UnitOfWork(memory, cursor_keys=SECRET))
    for number in range(6):
        asked.add(order(number))
    memory.operations.clear()
    return asked


def ids(found: Any) -> list[str]:
    return [each.id for each in found]


class TestThePage:
    def test_has_the_query_by_lambda(self, orders: Repository[Order]) -> None:
        """`orders.query(lambda o: ...).order_by(...).limit(20)`, iterated, and asked in all ways."""
        recent = (
            orders.query(lambda o: (o.customer_id == "c1") & (o.placed_at >= MONDAY + timedelta(days=1)))
            .order_by("placed_at", descending=True)
            .limit(20)
        )

        page = recent.page(size=2, after=None)
        rest = recent.page(size=20, after=page.cursor)
        first = recent.first()

        assert ids(recent) == ids(recent.all()) == ["o3", "o2", "o1"]
        assert first is not None
        assert (first.id, recent.count(), recent.exists()) == ("o3", 3, True)
        assert (ids(page.items), page.count, page.scanned_count) == (["o3", "o2"], 2, 2)
        assert (ids(rest.items), rest.cursor) == (["o1"], None)
        with pytest.raises(MultipleResultsFound):
            recent.one()
        with pytest.raises(EntityNotFound):
            orders.query(lambda o: o.customer_id == "c9").one()

    def test_has_the_query_by_name(self, orders: Repository[Order]) -> None:
        """`orders.where("customer_id", "=", "c1").where("total", ">", 100).all()`."""
        assert ids(orders.where("customer_id", "=", "c1").where("total", ">", 100).all()) == ["o3"]

    def test_has_the_scan(self, orders: Repository[Order]) -> None:
        """`orders.scan(lambda o: o.total > 100).parallel(segments=8)`: a scan is spelled out."""
        found = orders.scan(lambda o: o.total > 100).parallel(segments=8)

        assert sorted(ids(found)) == ["o3", "o4", "o5"]

    def test_has_rows(self, orders: Repository[Order]) -> None:
        """`.index(...).consistent().select("id", "status")`: read-only, never tracked."""
        query = orders.query(lambda o: o.customer_id == "c2").index("by-date").consistent()

        rows = query.select("id", "status").all()

        assert [(row.id, row["status"]) for row in rows] == [("o4", S.OPEN), ("o5", S.SHIPPED)]
        assert query.select(lambda o: (o.id, o.total)).all() == [("o4", Decimal(200)), ("o5", Decimal(250))]
        with pytest.raises(NotRead, match=r"'total' was not read .* id, status; add it"):
            _ = rows[0].total
        with pytest.raises(QueryError, match="can't be changed"):
            rows[0].id = "other"

    def test_has_the_patch(self, orders: Repository[Order]) -> None:
        """`orders.patch(...).increment(...).append(...).set(...).if_version(3).execute(returning="new")`."""
        patch = orders.patch("c1", "o0").increment("views").append("notes", "x").set("status", S.SHIPPED)

        new = patch.if_version(0).execute(returning="new")

        assert new is not None
        assert (new.views, new.notes, new.status, new.version) == (1, ["first", "x"], S.SHIPPED, 1)
        with pytest.raises(StaleEntity):
            patch.if_version(0).execute(returning="new")


CONDITIONS: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...] | None, str]] = {
    "=": (lambda o: o.total == 100, ("total", "=", 100), "2"),
    "!=": (lambda o: o.status != S.OPEN, ("status", "!=", S.OPEN), "135"),
    "<": (lambda o: o.total < 100, ("total", "<", Decimal(100)), "01"),
    "<=": (lambda o: o.total <= 100, ("total", "<=", 100), "012"),
    ">": (lambda o: o.placed_at > MONDAY, ("placed_at", ">", MONDAY), "12345"),
    ">=": (lambda o: o.total >= 200, ("total", ">=", 200), "45"),
    "between": (lambda o: between(o.total, 50, 150), ("total", "between", 50, 150), "123"),
    "in": (lambda o: is_in(o.status, [S.OPEN]), ("status", "in", [S.OPEN]), "024"),
    "begins_with": (lambda o: begins_with(o.note, "gi"), ("note", "begins_with", "gi"), "2"),
    "startswith": (lambda o: o.note.startswith("gi"), None, "2"),
    "contains": (lambda o: contains(o.tags, "t3"), ("tags", "contains", "t3"), "3"),
    "exists": (lambda o: exists(o.note), ("note", "exists"), "2"),
    "not_exists": (lambda o: not_exists(o.note), ("note", "not_exists"), "01345"),
    "attribute_type": (lambda o: attribute_type(o.note, "S"), ("note", "attribute_type", "S"), "2"),
    "size": (lambda o: size(o.tags) == 2, ("tags", "size", 2), "012345"),
    "size of": (lambda o: size(o.notes) > 1, ("notes", "size", ">", 1), ""),
    "nested": (lambda o: o.address.city == "Graz", ("address.city", "=", "Graz"), "135"),
    "element": (lambda o: o.lines[0].quantity > 4, ("lines[0].quantity", ">", 4), "45"),
    "entry": (lambda o: o.extra["weight"] == 3, ("extra.weight", "=", 3), "3"),
    "bare": (lambda o: o.paid, ("paid", "=", True), "135"),
    "not": (lambda o: not_(o.paid), None, "024"),
    "and": (lambda o: o.paid & (o.total > 100), None, "35"),
    "or": (lambda o: o.paid | (o.total > 100), None, "1345"),
    "~": (lambda o: ~(o.total > 100), None, "012"),
    "optional": (lambda o: value(o.shipped_at) >= MONDAY, ("shipped_at", ">=", MONDAY), "135"),
    "uuid": (lambda o: o.token == TOKEN, ("token", "=", TOKEN), "012345"),
    "absent": (lambda o: o.note == "x", ("note", "=", "x"), ""),
    "not absent": (lambda o: o.note != "gift", ("note", "!=", "gift"), "01345"),
}


class TestConditions:
    def test_are_answered_alike_in_all_forms(self, orders: Repository[Order]) -> None:
        """By lambda, by name, as a Specification; and `is_satisfied_by` with the store's semantics."""
        found: dict[str, list[str]] = {}
        for name, (predicate, by_name, _) in CONDITIONS.items():
            spec = Specification[Order](predicate)
            answers = {
                "".join(sorted(each.id[1:] for each in orders.scan(predicate))),
                "".join(sorted(each.id[1:] for each in orders.scan(spec))),
                "".join(str(n) for n in range(6) if spec.is_satisfied_by(order(n), OrderMapping)),
            }
            if by_name is not None:
                answers.add("".join(sorted(each.id[1:] for each in orders.scan().where(*by_name))))
            found[name] = sorted(answers)

        assert found == {name: [wanted] for name, (_, _, wanted) in CONDITIONS.items()}

    def test_may_be_written_in_the_service_s_language(self, orders: Repository[Order]) -> None:
        """`.filter` speaks attribute names; its values go through the mapping's fields."""
        of_c1 = orders.query(lambda o: o.customer_id == "c1")

        found = of_c1.filter(
            "size(tags) = :n AND (#s = :open OR total > :t)", n=2, s="status", open=S.OPEN, t=60
        )

        assert ids(found) == ["o0", "o2", "o3"]

    def test_have_names_of_their_own(self, orders: Repository[Order]) -> None:
        """A Specification is named, combined, reused: in queries, in lambdas, in conditions of patches."""
        paid = Specification[Order](lambda o: o.paid, name="paid")
        large = Specification[Order](lambda o: o.total > 100)

        assert sorted(ids(orders.scan(large & ~paid))) == ["o4"]
        assert ids(orders.query(lambda o: (o.customer_id == "c1") & (paid(o) | large(o)))) == ["o1", "o3"]
        assert ids(orders.where("customer_id", "=", "c2").matching(large)) == ["o4", "o5"]
        orders.patch("c2", "o4").set("note", "kept").if_(large & ~paid).execute()
        with pytest.raises(ConditionFailed):
            orders.patch("c2", "o4").set("note", "lost").if_(paid).execute()
        assert orders.get("c2", "o4").note == "kept"


BAD_LAMBDAS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "and": (lambda o: o.paid and o.total > 1, "write `&` and `|`"),
    "or": (lambda o: (o.total > 1) or o.paid, "write `&` and `|`"),
    "not": (lambda o: not o.paid, r"not_\(...\) instead"),
    "chained": (lambda o: 1 < o.total < 3, r"between\(...\) instead of a chained"),
    "in": (lambda o: "t1" in o.tags, r"write contains\(o.tags"),
    "in list": (lambda o: o.status in [S.OPEN], r"is_in\(...\)"),
    "is None": (lambda o: o.note is None, "not_exists"),
    "== None": (lambda o: o.note == None, "not_exists"),  # noqa: E711  # that is the subject
    "len": (lambda o: len(o.tags) > 1, r"write size\(o.tags\)"),
    "iteration": (lambda o: any(line.sku == "x" for line in o.lines), r"write contains\(o.lines"),
    "f-string": (lambda o: f"{o.id}" == "x", "outside the lambda"),
    "method": (lambda o: o.id.lower() == "x", "can't be recorded"),
    "arithmetic": (lambda o: o.total + 1 > 2, "other side"),
    "~ of a field": (lambda o: ~o.paid, "write not_"),
    "unknown": (lambda o: o.statsu == S.OPEN, "did you mean 'status'"),
    "unknown inside": (lambda o: o.address.town == "Graz", "it has city"),
    "other type": (lambda o: o.total > "much", "stored as a number"),
    "no member": (lambda o: o.status == "zzz", "OPEN, SHIPPED"),
    "naive": (lambda o: o.placed_at > datetime(2026, 1, 5), "time zone"),  # noqa: DTZ001  # that is the subject
    "negative index": (lambda o: o.lines[-1].sku == "x", "from 0"),
    "great index": (lambda o: o.notes[2**31] == "x", "from 0 to 2147483647"),
    "empty name": (lambda o: o.extra[""] == 1, "at least one character"),
    "no options": (lambda o: is_in(o.note, []), "1 to 100"),
    "many options": (lambda o: is_in(o.note, map(str, range(101))), "1 to 100"),
    "bounds": (lambda o: between(o.total, 9, 1), "Swap the bounds"),
    "constant": (lambda o: True, "instead of a condition"),
    "specification beside a field": (
        lambda o: Specification[Order](lambda p: p.total > 1) & o.paid,
        r"call the specification: spec\(o\)",
    ),
}


def deep(levels: int) -> str:
    return "extra" + ".k" * (levels - 1)


def of_c1(r: Repository[Order]) -> Query[Order]:
    return r.query(lambda o: o.customer_id == "c1")


BAD_QUERIES: dict[str, tuple[Callable[[Repository[Order]], object], str]] = {
    "limit 0": (lambda r: r.scan().limit(0), "at least 1"),
    "limit -1": (lambda r: r.scan().limit(-1), "at least 1"),
    "size 0": (lambda r: r.scan().page(size=0), "at least 1"),
    "size -1": (lambda r: r.scan().page(size=-1), "at least 1"),
    "max_reads 0": (lambda r: r.scan().page(max_reads=0), "at least 1"),
    "segments 0": (lambda r: r.scan().parallel(segments=0), "at least 1"),
    "segments 1,000,001": (lambda r: r.scan().parallel(segments=1_000_001), "at most 1,000,000"),
    "segments of a query": (lambda r: of_c1(r).parallel(8).all(), "scan"),
    "two ranges": (
        lambda r: r.query(lambda o: (o.customer_id == "c1") & (o.id > "a") & (o.id < "z")).all(),
        r"2 conditions on the sort key id; DynamoDB takes one. Write between",
    ),
    "two ranges of an index": (
        lambda r: r.query(
            lambda o: (o.status == S.OPEN) & (o.placed_at > MONDAY) & (o.placed_at < MONDAY)
        ).all(),
        r"2 conditions on the sort key placed_at; DynamoDB takes one. Write between",
    ),
    "a range and what no key says": (
        lambda r: r.query(lambda o: (o.customer_id == "c1") & (o.id > "a") & (o.id != "z")).all(),
        "this condition on the key field id can't be asked of the key",
    ),
    "order of keys": (
        lambda r: of_c1(r).where("id", "in", ["o1", "o2"]).order_by("id").all(),
        r"write \.sorted_in_memory\(\)",
    ),
    "two keys": (
        lambda r: r.query(lambda o: (o.customer_id == "c1") & (o.customer_id == "c2")).all(),
        "a partition key takes `==`",
    ),
    "key condition on a non-key": (
        lambda r: r.query(lambda o: o.status == S.OPEN).index("by-views").all(),
        "by-views: its partition key needs an equality on customer_id",
    ),
    "consistent read of a global index": (
        lambda r: r.query(lambda o: o.status == S.OPEN).index("by-status").consistent().all(),
        r"by-status: a global index can't be read consistently; leave consistent\(\) out",
    ),
    "order by what is no sort key": (
        lambda r: of_c1(r).order_by("total").all(),
        r"the table: it is not sorted by total; .*write .sorted_in_memory\(\) to read everything",
    ),
    "order of a scan": (lambda r: r.scan().order_by("id").all(), r"\.sorted_in_memory\(\)"),
    "order by an unknown name": (lambda r: of_c1(r).order_by("totl").all(), "did you mean 'total'"),
    "order by a lambda": (lambda r: of_c1(r).order_by(lambda o: o.views), "the name of a field"),  # type: ignore[arg-type]
    "count in an unknown order": (
        lambda r: of_c1(r).order_by("totl").sorted_in_memory().count(),
        "did you mean 'total'",
    ),
    "sorted by nothing": (lambda r: of_c1(r).sorted_in_memory().all(), "order_by"),
    "index of another name": (lambda r: of_c1(r).index("by-dat").all(), "its indexes are: 'by-date'"),
    "KEYS_ONLY": (
        lambda r: r.query(lambda o: o.note == "gift").index("keys").all(),
        r"only some attributes \(KEYS_ONLY\), and whole entities are wanted; hydrate\(\) reads the rest",
    ),
    "KEYS_ONLY for rows": (
        lambda r: r.query(lambda o: o.note == "gift").index("keys").select("id", "views").all(),
        r"it lacks views; hydrate\(\) reads the rest",
    ),
    "KEYS_ONLY for sums": (
        lambda r: r.query(lambda o: o.note == "gift").index("keys").sum("views"),
        r"it lacks views; hydrate\(\) reads the rest",
    ),
    "INCLUDE for filters": (
        lambda r: r.query(lambda o: (o.token == TOKEN) & (o.views > 1)).index("totals").select("id").all(),
        r"\(INCLUDE\), and it lacks views; hydrate\(\) reads the rest",
    ),
    "scan of KEYS_ONLY": (lambda r: r.scan().index("keys").all(), r"hydrate\(\) reads the rest"),
    "nothing selected": (lambda r: r.scan().select(), "at least one name"),  # type: ignore[call-overload]
    "unknown name selected": (lambda r: r.scan().select("totl"), "did you mean 'total'"),
    "no operator": (lambda r: r.where("status", "open"), "the operators are"),
    "operands": (lambda r: r.where("total", "between", 1), "takes 2 value"),
    "text for a lambda": (lambda r: r.query("total > 1"), "takes a lambda"),  # type: ignore[arg-type]
    "value not given": (lambda r: r.scan().filter("total > :t"), "pass t=..."),
    "value not used": (lambda r: r.scan().filter("total > :t", t=1, u=2), "does not use"),
    "Python name in a filter": (
        lambda r: r.scan().filter("customer_id = :c", c="c1").all(),
        "write 'customerId' here",
    ),
    "deep path": (lambda r: r.scan().where(deep(33), "=", 1).all(), "32 levels deep"),
    "long key": (lambda r: r.query(lambda o: o.customer_id == "x" * 2049).all(), "2049 bytes"),
    "empty key": (lambda r: r.query(lambda o: o.customer_id == "").all(), "Can't be empty"),
    "key of too many parts": (lambda r: r.patch("c1", "o1", "x"), r"\(customer_id, id\)"),
}


class TestWhatCanNotBeAsked:
    def test_in_lambdas_says_what_to_write(self, asked: Repository[Order], memory: Recording) -> None:
        """`and`, `or`, `not`, chains, `in`, `is None`, `len()`, iteration, f-strings, unknown names."""
        for predicate, remedy in BAD_LAMBDAS.values():
            with pytest.raises(QueryError, match=remedy):
                asked.scan(predicate).all()

        assert memory.operations == []

    @pytest.mark.parametrize("name", BAD_QUERIES)
    def test_is_a_query_error_before_anything_is_sent(
        self, asked: Repository[Order], memory: Recording, name: str
    ) -> None:
        """Typed, with the remedy, without values; importable from both places."""
        call, remedy = BAD_QUERIES[name]

        with pytest.raises(QueryError, match=remedy) as refused:
            call(asked)

        assert memory.operations == []
        assert isinstance(refused.value, ValueError)
        assert persistence.QueryError is errors.QueryError

    def test_shows_no_values(self, asked: Repository[Order]) -> None:
        """Names, types and counts only, in messages and in what is printed of plans."""
        query = asked.query(lambda o: (o.status == S.OPEN) & (o.note == "confidential"))
        path = query.explain()
        with pytest.raises(QueryError) as refused:
            asked.where("total", ">", "confidential").all()

        for text in (str(refused.value), str(path), repr(path), repr(query)):
            assert "confidential" not in text
            assert "'open'" not in text

    def test_of_a_cursor_from_elsewhere(self, asked: Repository[Order], memory: Recording) -> None:
        """Of another query, or none at all: `InvalidCursor` before anything is sent."""
        cursor = of_c1(asked).page(size=1).cursor
        memory.operations.clear()

        for query in (
            asked.query(lambda o: o.customer_id == "c2"),
            of_c1(asked).order_by("id", descending=True),
            of_c1(asked).where("total", ">", 1),
            asked.scan(),
        ):
            with pytest.raises(InvalidCursor):
                query.page(size=1, after=cursor)
        with pytest.raises(InvalidCursor):
            of_c1(asked).page(size=1, after="no cursor")

        assert memory.operations == []


class TestSmallIndexes:
    def test_never_give_defaults_for_what_they_lack(self, world: World, orders: Repository[Order]) -> None:
        """Global ones refuse or `hydrate()`: a missing attribute never becomes a default."""
        gift = orders.query(lambda o: o.note == "gift")
        with_totals = orders.query(lambda o: (o.token == TOKEN) & (o.total < 100))

        assert gift.hydrate().all() == [order(2)]
        assert gift.index("keys").select("id", "note").one().as_dict() == {"id": "o2", "note": "gift"}
        assert with_totals.index("totals").hydrate().all() == [order(0), order(1)]
        assert with_totals.select("note", "total").all() == [
            *(row for row in orders.scan(lambda o: o.total == 0).select("note", "total")),
            *(row for row in orders.scan(lambda o: o.total == 50).select("note", "total")),
        ]

    def test_serve_counts(self, world: World, orders: Repository[Order]) -> None:
        """Nothing of an item is needed to count it."""
        gift = orders.query(lambda o: o.note == "gift")

        assert (gift.count(), gift.exists(), gift.index("keys").count()) == (1, True, 1)
        assert [(type(each), getattr(each, "index", "")) for each in world.sent] == [(QueryPage, "keys")] * 3

    def test_that_are_local_fetch_the_rest(self, world: World, orders: Repository[Order]) -> None:
        """And say so in `explain`, with the price."""
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.views > 1)).limit(2)

        found, path = query.all(), query.explain()

        assert found == [order(2), order(3)]
        assert (path.index, path.fetch, path.expected.fetch_units) == ("by-views", "by the service", 0.5)
        assert path.expected.read_units == 0.5 + 2 * 0.5
        assert [type(each) for each in world.sent] == [QueryPage]


class TestAccessPaths:
    def test_are_chosen_by_conditions(self, asked: Repository[Order]) -> None:
        """A get, a batch, a query of the table or an index, else a scan."""
        chosen = {
            asked.query(predicate).explain().kind: asked.query(predicate).explain().index
            for predicate in (
                lambda o: (o.customer_id == "c1") & (o.id == "o1"),
                lambda o: (o.customer_id == "c1") & is_in(o.id, ["o1", "o2"]),
                lambda o: (o.customer_id == "c1") & (o.placed_at > MONDAY),
                lambda o: o.total > 1,
            )
        }

        assert chosen == {"get": None, "batch get": None, "query": "by-date", "scan": None}

    def test_explain_themselves_as_data(self, asked: Repository[Order]) -> None:
        """Access path, index, why others lost, key condition, filter, projection, requests, read units."""
        query = asked.query(lambda o: (o.customer_id == "c1") & (o.placed_at > MONDAY) & (o.total > 1))

        path = query.select("id").explain()

        assert (path.kind, path.index, path.consistent, path.descending) == ("query", "by-date", False, False)
        assert repr(path.key_condition) == (
            "KeyCondition(customerId = <S>, "
            "sort=Compare(operator='>', left=Path(segments=('placed_at',)), right=Value(<S>)))"
        )
        assert repr(path.filter) == (
            "Compare(operator='>', left=Path(segments=('total',)), right=Value(<N>))"
        )
        assert [str(each) for each in path.projection or ()] == ["customerId", "id", "placed_at"]
        assert dict(path.refused) == {
            None: "it could serve, but its key takes over fewer conditions",
            "by-views": "it could serve, but its key takes over fewer conditions",
            "by-status": "its partition key needs an equality on status",
            "totals": "its partition key needs an equality on token",
            "keys": "its partition key needs an equality on note",
        }
        assert (path.expected.requests, path.expected.read_units, path.expected.page_units) == (
            None,
            None,
            128,
        )

    def test_print_well(self, asked: Repository[Order]) -> None:
        """A line for each thing, names only."""
        unknown = "as many requests as there are pages of 1 MB, each 128 read units; item sizes unknown"
        path = of_c1(asked).where("total", ">", 1).order_by("placed_at").limit(5).explain()

        assert str(path).splitlines() == [
            "query of index 'by-date'",
            "  partition key: customerId =",
            "  sort key: any",
            "  filter: total (after reading: what it drops is paid for all the same)",
            "  reads: all attributes",
            "  consistency: eventual",
            f"  expected: {unknown}, taken for at most 4 KB",
            "  not the table: it is not sorted by placed_at",
            "  not by-views: it is not sorted by placed_at",
            "  not by-status: its partition key needs an equality on status",
            "  not totals: its partition key needs an equality on token",
            "  not keys: its partition key needs an equality on note",
            "  pending changes of the unit are not seen; tracked entities come as they are in memory",
        ]

    def test_give_advice(self, asked: Repository[Order]) -> None:
        """The index to add, under a name that is free; or to do without consistency."""
        by_views = asked.query(lambda o: (o.paid == True) & (o.total == 1) & (o.placed_at > MONDAY)).explain()  # noqa: E712  # a boolean is no key
        consistent = asked.query(lambda o: o.status == S.OPEN).consistent().explain()

        assert [each.remedy for each in by_views.advice] == [
            'add GlobalIndex("by-total", Key("total", "placed_at"))'
        ]
        assert [each.remedy for each in consistent.advice] == ["leave consistent() out"]

    def test_sort_in_memory_on_request_only(self, orders: Repository[Order]) -> None:
        """What no key sorts by is refused, or read as a whole."""
        found = of_c1(orders).order_by("status", descending=True).sorted_in_memory().limit(2)

        assert sorted(ids(found)) == ["o1", "o3"]
        assert found.count() == 2
        assert found.explain().sorted_by == "status"


class TestScanPolicies:
    def test_warn_forbid_or_allow(self, memory: Recording, asked: Repository[Order]) -> None:
        """Only a scan remains: `"warn"` is the default; `scan()` is always allowed."""
        with pytest.warns(ScanWarning, match=r'add GlobalIndex\("by-views-2", Key\("views"\)\)'):
            assert asked.query(lambda o: o.views == 9).all() == []
        memory.operations.clear()
        forbidding = Repository(OrderMapping, UnitOfWork(memory, scan_policy="forbid"))
        for call in ("all", "count", "exists", "first", "one", "page"):
            with pytest.raises(ScanForbidden):
                getattr(forbidding.query(lambda o: o.views == 9), call)()
        assert memory.operations == []
        assert forbidding.scan(lambda o: o.views == 9).count() == 0

        allowing = Repository(OrderMapping, UnitOfWork(memory, scan_policy="allow"))
        assert allowing.query(lambda o: o.views == 9).all() == []


class TestInUnits:
    def test_results_are_the_unit_s_own(self, world: World, orders: Repository[Order]) -> None:
        """One object for one key on every access path; rows and untracked entities are apart."""
        with world.uow:
            known = orders.get("c1", "o2")
            known.status = S.SHIPPED
            found = [
                next(each for each in query if each.id == "o2")
                for query in (
                    of_c1(orders),
                    of_c1(orders).index("by-date"),
                    of_c1(orders).where("id", "=", "o2"),
                    of_c1(orders).where("id", "in", ["o2", "o3"]),
                    of_c1(orders).where("total", ">", 60),
                    orders.query(lambda o: o.status == S.OPEN).index("by-status"),
                    orders.query(lambda o: o.note == "gift").hydrate(),
                    orders.scan(),
                )
            ]
            apart = of_c1(orders).untracked().where("id", "=", "o2").one()
            row = of_c1(orders).where("id", "=", "o2").select("status").one()

        assert [each is known for each in found] == [True] * len(found)
        assert (apart.status, row.status) == (S.OPEN, S.OPEN)
        assert orders.get("c1", "o2").status == S.SHIPPED

    def test_queries_end_with_their_unit(self, world: World, orders: Repository[Order]) -> None:
        """One that was made in a unit and is asked after it raises, in whatever way it is asked."""
        with world.uow:
            query = of_c1(orders)
            begun = iter(query)
            next(begun)
            patch = orders.patch("c1", "o1").set("note", "x")
        world.forget()

        for ask in (
            query.all,
            query.first,
            query.one,
            query.count,
            query.exists,
            query.page,
            query.untracked().all,
            query.select("id").all,
            lambda: next(begun),
            patch.execute,
        ):
            with pytest.raises(UnitOfWorkStateError):
                ask()

        assert world.sent == []

    def test_pending_changes_are_not_seen(self, world: World, orders: Repository[Order]) -> None:
        """Added entities are absent, removed ones dropped, changed ones come though they match no longer."""
        with world.uow:
            orders.add(order(6, version=0))
            orders.remove(orders.get("c2", "o4"))
            orders.get("c2", "o5").total = Decimal(1)
            found = orders.query(lambda o: (o.customer_id == "c2") & (o.total > 100)).all()
            world.uow.rollback()

        assert [(each.id, each.total) for each in found] == [("o5", Decimal(1))]


class OneAtATime:
    """A layer that reads one item a page."""

    def __init__(self, below: Recording) -> None:
        self.below = below
        self.limits = below.limits

    def perform(self, operation: Any) -> Any:
        if isinstance(operation, QueryPage | ScanPage):
            operation = replace(operation, limit=1)
        return self.below.perform(operation)


class TestFilters:
    def test_may_empty_pages_while_more_follow(self, memory: Recording, asked: Repository[Order]) -> None:
        """Iteration goes on, `limit(n)` counts results, `page()` fills up; `max_reads` may be short."""
        paged = Repository(OrderMapping, UnitOfWork(OneAtATime(memory), cursor_keys=SECRET))
        shipped = of_c1(paged).where("status", "=", S.SHIPPED)

        short = shipped.page(size=2, max_reads=1)
        rest = shipped.page(size=2, after=short.cursor)

        assert ids(shipped) == ids(shipped.limit(2)) == ids(shipped.page(size=2)) == ["o1", "o3"]
        assert (ids(shipped.limit(1)), shipped.limit(1).count(), shipped.exists()) == (["o1"], 1, True)
        assert (short.items, short.has_more, ids(rest)) == ([], True, ["o1", "o3"])
        assert shipped.first() == order(1)

    def test_take_limits_of_any_size(self, orders: Repository[Order]) -> None:
        """More than the service's own limit can be."""
        assert len(orders.scan().limit(2**40).all()) == 6


VERBS: tuple[tuple[Callable[[Any], Any], str, object], ...] = (
    (lambda p: p.set("note", "x"), "note", "x"),
    (lambda p: p.set("note", None), "note", None),
    (lambda p: p.set_if_missing("note", "y"), "note", "y"),
    (lambda p: p.set_if_missing("note", "z"), "note", "y"),
    (lambda p: p.remove("note"), "note", None),
    (lambda p: p.add("views", 5), "views", 5),
    (lambda p: p.add("tags", {"new"}), "tags", {"all", "t0", "new"}),
    (lambda p: p.increment("views").increment("total", Decimal("1.5")), "views", 6),
    (lambda p: p.decrement("total", by=1), "total", Decimal("0.5")),
    (lambda p: p.append("notes", "b", "c"), "notes", ["first", "b", "c"]),
    (lambda p: p.prepend("notes", "a"), "notes", ["a", "first", "b", "c"]),
    (lambda p: p.set_item("notes", 1, "1st"), "notes", ["a", "1st", "b", "c"]),
    (lambda p: p.set_item("notes", 99, "end"), "notes", ["a", "1st", "b", "c", "end"]),
    (lambda p: p.remove_item("notes", 0), "notes", ["1st", "b", "c", "end"]),
    (lambda p: p.remove_item("notes", 99), "notes", ["1st", "b", "c", "end"]),
    (lambda p: p.set_item("extra", "k", 1).remove_item("extra", "a key"), "extra", {"weight": 0, "k": 1}),
    (lambda p: p.add_to_set("tags", "m", "n"), "tags", {"all", "t0", "new", "m", "n"}),
    (lambda p: p.discard_from_set("tags", "m", "n", "none"), "tags", {"all", "t0", "new"}),
    (lambda p: p.set("address.city", "Linz"), "address", Address("Linz")),
    (lambda p: p.increment("lines[0].quantity", 2), "lines", [OrderLine("sku-0", 3)]),
    (lambda p: p.append("lines", OrderLine("more")), "lines", [OrderLine("sku-0", 3), OrderLine("more")]),
    (lambda p: p.set("status", S.SHIPPED).if_exists("tags").if_missing("note"), "status", S.SHIPPED),
)

BAD_PATCHES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda p: p, "changes nothing"),
    "conditions only": (lambda p: p.if_version(0), "changes nothing"),
    "key": (lambda p: p.set("id", "x"), "keys are immutable"),
    "version": (lambda p: p.increment("version"), "if_version"),
    "same path": (lambda p: p.set("note", "a").set("note", "b"), "overlap"),
    "path inside another": (lambda p: p.set("address.city", "a").set("address", Address("b")), "overlap"),
    "list and element": (lambda p: p.append("notes", "a").set_item("notes", 0, "b"), "overlap"),
    "negative index": (lambda p: p.set_item("notes", -1, "x"), "no negative indexes"),
    "great index": (lambda p: p.remove_item("notes", 2**31), "from 0 to 2147483647"),
    "index of another type": (lambda p: p.set_item("notes", 1.5, "x"), "the index of a list"),
    "add to a text": (lambda p: p.add("note", 1), r"stored as a string \(S\), and add takes a number"),
    "add a text": (lambda p: p.add("views", "1"), "takes a number or a set"),
    "increment of a text": (lambda p: p.increment("note"), "increment takes a number"),
    "append to a set": (lambda p: p.append("tags", "x"), "write add_to_set"),
    "add_to_set of a list": (lambda p: p.add_to_set("notes", "x"), "write append"),
    "no members": (lambda p: p.add_to_set("tags"), "at least one"),
    "required": (lambda p: p.remove("placed_at"), "can't be absent"),
    "unknown": (lambda p: p.set("statsu", S.OPEN), "did you mean 'status'"),
    "returning": (lambda p: p.set("note", "x").execute(returning="ALL_NEW"), "updated_new"),
    "a version that is none": (lambda p: p.set("note", "x").if_version(-1), "from 0 on"),
    "text as condition": (lambda p: p.set("note", "x").if_("views > 1"), "takes a lambda"),
}

BAD_VALUES: tuple[Callable[[Any], Any], ...] = (
    lambda p: p.set("views", "x"),
    lambda p: p.set("status", "confidential"),
    lambda p: p.set("placed_at", None),
    lambda p: p.add("tags", set()),
    lambda p: p.set("total", Decimal("1" * 39)),
    lambda p: p.increment("total", Decimal("1E126")),
    lambda p: p.set("total", Decimal("NaN")),
)


class TestPatches:
    def test_have_these_verbs(self, orders: Repository[Order]) -> None:
        """Each with what it leaves; the version moves along."""
        found = []
        for change, name, _ in VERBS:
            change(orders.patch("c1", "o0")).execute()
            found.append(getattr(orders.get("c1", "o0"), name))

        assert found == [wanted for _, _, wanted in VERBS]
        assert orders.get("c1", "o0").version == len(VERBS)

    def test_return_what_is_asked_for(self, orders: Repository[Order]) -> None:
        """`returning=` none, old, new, updated_old, updated_new."""
        patch = orders.patch("c1", "o0").increment("views")

        old, new = patch.execute(returning="old"), patch.execute(returning="new")

        assert (old and old.views, new and new.views) == (0, 2)
        assert patch.execute(returning="updated_old") == {"views": 2, "version": 2}
        assert patch.execute(returning="updated_new") == {"views": 4, "version": 4}
        assert patch.execute() is None

    def test_demand_what_they_say(self, world: World, orders: Repository[Order]) -> None:
        """`if_`, `if_exists`, `if_missing`, `if_version`; by default that the entity exists."""
        patch = orders.patch("c1", "o0").set("note", "x")
        absent = orders.patch("c9", "o9").set("note", "x")

        for refused in (patch.if_(lambda o: o.views > 9), patch.if_exists("note"), patch.if_missing("views")):
            with pytest.raises(ConditionFailed):
                refused.execute()
        with pytest.raises(StaleEntity):
            patch.if_version(7).execute()
        with pytest.raises(EntityGone):
            absent.execute()
        with pytest.raises(QueryError, match="lacks what every Order has: placed_at"):
            absent.if_missing().execute()
        made = absent.set("placed_at", MONDAY).if_missing().execute(returning="new")

        assert made == Order("c9", "o9", MONDAY, note="x")

    def test_that_can_not_be_are_refused_before_sending(
        self, memory: Recording, asked: Repository[Order]
    ) -> None:
        """A programming error is a `QueryError` that says what to do; a value is `ValidationFailed`."""
        for change, remedy in BAD_PATCHES.values():
            with pytest.raises(QueryError, match=remedy):
                change(asked.patch("c1", "o0")).execute()
        for change in BAD_VALUES:
            with pytest.raises(ValidationFailed) as refused:
                change(asked.patch("c1", "o0")).execute()
            assert "confidential" not in str(refused.value)
        with pytest.raises(ItemTooLarge):
            asked.patch("c1", "o0").set_item("extra", "k", "x" * 409_601).execute()

        assert memory.operations == []

    def test_join_the_unit_s_transaction(self, world: World, orders: Repository[Order]) -> None:
        """With a tracked change of the item they become one update, with one step of the version."""
        with world.uow:
            orders.get("c1", "o0").note = "mine"
            orders.patch("c1", "o0").increment("views").execute()
            with pytest.raises(UnitOfWorkStateError, match="returning"):
                orders.patch("c1", "o1").increment("views").execute(returning="new")

        assert [[type(action) for action in actions] for actions in world.writes] == [[UpdateItem]]
        found = orders.get("c1", "o0")
        assert (found.note, found.views, found.version) == ("mine", 1, 1)


class TestBulk:
    def test_writes_many_and_tells_how_far(self, orders: Repository[Order]) -> None:
        """`orders.bulk()` is a context manager with a progress callback; `get_many` reads as many."""
        told: list[object] = []
        with orders.bulk(progress=told.append) as bulk:
            for number in range(30):
                bulk.add(Order("c3", f"b{number:02}", MONDAY))

        found = orders.get_many([("c3", f"b{number:02}") for number in range(30)])

        assert ids(found) == [f"b{number:02}" for number in range(30)]
        assert (bulk.report.written, len(told) > 0) == (30, True)

    def test_reads_by_keys_in_batches(self, world: World, orders: Repository[Order]) -> None:
        """A query for several keys is one batch, in the order of the keys."""
        found = of_c1(orders).where("id", "in", ["o3", "o9", "o1"]).all()

        assert ids(found) == ["o3", "o1"]
        assert [type(each) for each in world.sent] == [BatchGetItems]
