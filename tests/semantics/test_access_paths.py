"""What each access path gives: keys, indexes that hold little, segments, what is hidden or removed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from persistence import InvalidCursor, Query, Repository
from persistence.errors import BulkFailed, StoreError
from persistence.operations import (
    BatchGetItems,
    GetItem,
    Operation,
    QueryPage,
    ScanPage,
)
from persistence.query import collection, exists, is_in, value
from persistence.testing.faults import Rule, Throttling, Unreachable
from tests.semantics.awaited import AwaitedRepository, AwaitedUnitOfWork
from tests.semantics.model import (
    Buyer,
    BuyerMapping,
    Order,
    OrderMapping,
    OrderStatus,
    Purchase,
    PurchaseMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.removable import FUTURE, Page, PageMapping, Session, SessionMapping, ShownSessionMapping
from tests.semantics.world import BEGINNING, World
from tests.unit.query.deliveries import MONDAY, Delivery, DeliveryMapping

SECRET = "a secret of thirty-two characters"
END = FUTURE.replace(microsecond=0) + timedelta(hours=1)


class Interrupted(list[Operation[Any]]):
    """The operations of a store; does something once, just before the first one of a kind is performed."""

    def __init__(self, kind: type[Operation[Any]], act: Callable[[], object]) -> None:
        self._kind = kind
        self._act: Callable[[], object] | None = act
        self._lock = threading.Lock()

    def append(self, operation: Operation[Any]) -> None:
        # Operations of other threads wait until it is done.
        with self._lock:
            act = self._act
            if act is not None and isinstance(operation, self._kind):
                self._act = None
                act()
        super().append(operation)


def numbers(query: Query[Any]) -> list[int]:
    return [each.number for each in query]


def pages_of(query: Query[Any], size: int) -> list[list[Any]]:
    page = query.page(size)
    pages = [page.items]
    while page.has_more:
        page = query.page(size, after=page.cursor)
        pages.append(page.items)
    return pages


@pytest.fixture
def orders(world: World) -> Repository[Order]:
    """Nine orders of one customer, by three couriers."""
    world.uow = world.unit_of_work(cursor_keys=SECRET)
    repository = world.repository(OrderMapping)
    others = world.elsewhere(OrderMapping)
    for number in range(9):
        courier = ("ann", "bea", "cid")[number % 3]
        others.add(
            Order(
                "c1", number, BEGINNING + timedelta(days=number), OrderStatus.OPEN, Decimal(number), courier
            )
        )
    world.forget()
    return repository


class TestWholeKeys:
    def test_are_one_get_or_one_batch(self, world: World, orders: Repository[Order]) -> None:
        """Results come in the order of the keys, without those that are absent or don't fulfil the rest."""
        query = orders.query(lambda o: (o.customer_id == "c1") & is_in(o.number, [7, 3, 77, 0, 6]))

        found = (
            numbers(query),
            numbers(query.where("courier", "=", "ann")),
            query.count(),
            query.limit(2).count(),
        )
        one = (
            orders.query(lambda o: (o.customer_id == "c1") & (o.number == 3)).select("courier", "total").one()
        )

        assert found == ([7, 3, 0, 6], [3, 0, 6], 4, 2)
        assert one.as_dict() == {"courier": "ann", "total": Decimal(3)}
        assert [type(each) for each in world.sent] == [*[BatchGetItems] * 4, GetItem]

    def test_go_by_what_is_stored_in_a_unit(self, world: World, orders: Repository[Order]) -> None:
        """As with every query: the tracked object comes, changed or not; what was removed does not."""
        query = orders.query(
            lambda o: (o.customer_id == "c1") & is_in(o.number, [0, 3]) & (o.courier == "ann")
        )

        with world.uow:
            first, second = orders.get("c1", 0), orders.get("c1", 3)
            first.courier = "zoe"
            orders.remove(second)
            by_number = [query.matching(lambda o, n=n: o.number == n).all() for n in (0, 3)]  # type: ignore[misc]
            together = query.all()
            by_new_value = orders.query(
                lambda o: (o.customer_id == "c1") & (o.number == 0) & (o.courier == "zoe")
            ).all()

        assert together == [first]
        assert together[0] is first
        assert by_number == [[first], []]
        assert by_new_value == []


class TestHydration:
    @pytest.fixture
    def of_ann(self, orders: Repository[Order]) -> Query[Order]:
        return orders.query(lambda o: o.courier == "ann").index("keys-of-couriers").hydrate()

    def test_gives_whole_entities(self, of_ann: Query[Order]) -> None:
        """An index of keys finds them, the table has the rest."""
        assert sorted(numbers(of_ann)) == [0, 3, 6]
        assert sorted(of_ann.select(lambda o: (o.number, o.total))) == [
            (number, Decimal(number)) for number in (0, 3, 6)
        ]
        assert of_ann.where("total", ">", 1).count() == 2

    @pytest.mark.parametrize(
        "ask",
        [
            pytest.param(numbers, id="all"),
            pytest.param(
                lambda query: [order.number for page in pages_of(query, 1) for order in page], id="pages"
            ),
        ],
    )
    def test_is_not_deceived_by_an_old_index(
        self, world: World, of_ann: Query[Order], ask: Callable[[Query[Order]], list[int]]
    ) -> None:
        """What was changed or deleted after the index was read does not match any more, and is left out."""
        others = world.elsewhere(OrderMapping)

        def meanwhile() -> None:
            world.amend(OrderMapping, "c1", 0, courier={"S": "bea"})
            others.remove(others.get("c1", 3))

        world.store.operations = Interrupted(BatchGetItems, meanwhile)

        assert ask(of_ann) == [6]


class TestLocalIndexesThatHoldLittle:
    @pytest.fixture
    def deliveries(self, world: World) -> Repository[Delivery]:
        """Six deliveries of one courier: due in the opposite order of their numbers, every second noted."""
        world.uow = world.unit_of_work(cursor_keys=SECRET)
        repository = world.repository(DeliveryMapping)
        others = world.elsewhere(DeliveryMapping)
        for number in range(6):
            note = "fragile" if number % 2 else None
            others.add(
                Delivery("a", number, MONDAY - timedelta(days=number), "Graz", number + 1, note, f"r{number}")
            )
        world.forget()
        return repository

    def test_give_whole_entities(self, world: World, deliveries: Repository[Delivery]) -> None:
        """The service fetches what they lack: in one request, whatever is filtered by, on every path."""
        query = deliveries.query(lambda d: d.courier == "a").order_by("due")
        noted = query.matching(lambda d: exists(d.note) & (d.weight > 2) & (d.number < 5))

        found = query.all()
        filtered = numbers(noted), noted.count(), noted.exists(), [d.number for d in noted.limit(1)]

        assert [(d.number, d.remark, d.weight) for d in found] == [
            (n, f"r{n}", n + 1) for n in range(5, -1, -1)
        ]
        assert filtered == ([3], 1, True, [3])
        assert {each.index for each in world.sent if isinstance(each, QueryPage)} == {"by-due"}
        assert len(world.sent) == 5

    def test_have_pages(self, deliveries: Repository[Delivery]) -> None:
        """Their cursors hold the keys of both, in both directions and inside of a range."""
        query = deliveries.query(
            lambda d: (d.courier == "a") & (d.due >= MONDAY - timedelta(days=4)) & (d.weight != 3)
        )

        for descending in (False, True):
            ordered = query.order_by("due", descending=descending)
            whole = numbers(ordered)

            assert sorted(whole) == [0, 1, 3, 4]
            assert [d.number for page in pages_of(ordered, 1) for d in page] == whole
            assert [d.number for page in pages_of(ordered, 3) for d in page] == whole

    def test_give_rows_of_what_they_hold(self, world: World, deliveries: Repository[Delivery]) -> None:
        """Then nothing is fetched."""
        rows = (
            deliveries.query(lambda d: d.courier == "a").order_by("due").select(lambda d: (d.number, d.due))
        )

        assert rows.limit(2).all() == [(5, date(2025, 12, 31)), (4, date(2026, 1, 1))]
        (page,) = world.sent
        assert isinstance(page, QueryPage)
        assert page.whole is False

    def test_can_be_scanned(self, deliveries: Repository[Delivery]) -> None:
        """A scan of one gives whole entities, too."""
        found = deliveries.scan(lambda d: d.remark > "r3").index("by-due").all()

        assert sorted((d.number, d.weight) for d in found) == [(4, 5), (5, 6)]


class TestSortingInMemory:
    def test_is_the_same_on_every_path(self, orders: Repository[Order]) -> None:
        """Queries, scans, segments, indexes and keys; rows need not show what sorts them."""
        queries = [
            orders.query(lambda o: o.customer_id == "c1"),
            orders.scan(),
            orders.scan().parallel(4),
            orders.scan().index("by-courier"),
            orders.query(lambda o: (o.customer_id == "c1") & is_in(o.number, list(range(9)))),
        ]

        for query in queries:
            ordered = query.order_by("total", descending=True).sorted_in_memory()
            first = ordered.first()

            assert numbers(ordered.limit(3)) == [8, 7, 6]
            assert ordered.select(lambda o: o.number).limit(3).all() == [8, 7, 6]
            assert first is not None
            assert (first.number, ordered.limit(4).count(), ordered.count()) == (8, 4, 9)

    def test_is_spared_who_only_counts(self, world: World, orders: Repository[Order]) -> None:
        """Whether there is anything is known after one item."""
        orders.query(lambda o: o.customer_id == "c1").order_by("total").sorted_in_memory().exists()

        (page,) = world.sent
        assert isinstance(page, QueryPage)
        assert (page.limit, page.count_only) == (1, True)

    def test_takes_no_cursor(self, world: World, orders: Repository[Order]) -> None:
        """Nor do segments side by side: a cursor that can't be heeded is refused, not ignored."""
        query = orders.query(lambda o: o.customer_id == "c1").order_by("number")
        cursors = query.page(2).cursor, orders.scan().page(2).cursor
        world.forget()

        assert cursors[0] is not None
        assert cursors[1] is not None
        with pytest.raises(ValueError, match=r"after\(...\) of this query: what is sorted in memory"):
            query.sorted_in_memory().after(cursors[0]).all()
        with pytest.raises(ValueError, match=r"after\(...\) of this query: its results come in no fixed"):
            orders.scan().parallel().after(cursors[1]).count()
        assert world.sent == []


class TestCase58:
    """A parallel scan of eight segments, of which one fails."""

    def test_its_union_is_the_table(self, world: World, orders: Repository[Order]) -> None:
        """Each item once, however many segments there are and however many are read at once."""
        scans = [
            orders.scan().parallel(8),
            orders.scan().parallel(8, workers=8),
            orders.scan().parallel(3, 2),
        ]

        assert [sorted(numbers(scan)) for scan in scans] == [list(range(9))] * 3
        assert [scan.count() for scan in scans] == [9] * 3
        assert sorted(numbers(orders.scan(lambda o: o.courier == "bea").parallel(8))) == [1, 4, 7]

    @pytest.mark.parametrize("fault", [Unreachable(), Throttling()])
    @pytest.mark.parametrize(
        "ask",
        [
            pytest.param(lambda query: query.all(), id="all"),
            pytest.param(lambda query: query.count(), id="count"),
            pytest.param(lambda query: query.sum("total"), id="sum"),
        ],
    )
    def test_its_failure_is_raised(
        self, world: World, orders: Repository[Order], fault: Any, ask: Callable[[Query[Order]], object]
    ) -> None:
        """The others are not read any further, and nothing is given as if it were everything."""
        uow, layer = world.faulty(Rule(fault, (ScanPage,), count=1, after=3))
        query = world.repository(OrderMapping, uow, create=False).scan().parallel(8, workers=2)

        with pytest.raises(StoreError):
            ask(query)

        assert len(layer.injected) == 1
        assert len([each for each in world.sent if isinstance(each, ScanPage)]) <= 3
        assert query.count() == 9

    def test_it_ends_with_its_limit(self, world: World, orders: Repository[Order]) -> None:
        """What is not wanted is not read: no more segments, and no more items of a segment."""
        found = orders.scan().parallel(8, workers=2).limit(1).all()

        scans = [each for each in world.sent if isinstance(each, ScanPage)]
        assert len(found) == 1
        assert {each.limit for each in scans} == {1}
        assert len(scans) <= 8


class TestSegments:
    def test_are_parts_of_a_scan(self, world: World, orders: Repository[Order]) -> None:
        """Together they are the table, and none has what another one has; an index has segments, too."""
        for scan in (orders.scan(), orders.scan().index("by-courier")):
            parts = [numbers(scan.segment(number, of=3)) for number in range(3)]

            assert sorted(chain.from_iterable(parts)) == list(range(9))

    def test_have_pages(self, orders: Repository[Order]) -> None:
        """Each worker goes on in its own."""
        parts = [
            [order.number for page in pages_of(orders.scan().segment(number, of=3), 2) for order in page]
            for number in range(3)
        ]

        assert sorted(chain.from_iterable(parts)) == list(range(9))


class TestWhatIsHidden:
    @pytest.fixture
    def sessions(self, world: World) -> Repository[Session]:
        """Six sessions; those with an odd number expire in an hour."""
        world.clock.now = FUTURE
        world.uow = world.unit_of_work(cursor_keys=SECRET)
        repository = world.repository(ShownSessionMapping)
        others = world.elsewhere(ShownSessionMapping)
        for number in range(6):
            others.add(Session(f"s{number}", "Ann", END if number % 2 else None))
        world.forget()
        return repository

    def test_is_left_out_on_request(self, world: World, sessions: Repository[Session]) -> None:
        """By `live()`, or by `Meta.hide_expired`, in results, counts, rows and keys."""
        hiding = world.repository(SessionMapping, create=False)
        key = sessions.query(lambda s: s.id == "s1")
        world.clock.now = END

        everything, live = sessions.scan(), sessions.scan().live()

        assert (everything.count(), live.count(), hiding.scan().count()) == (6, 3, 3)
        assert sorted(session.id for session in live) == ["s0", "s2", "s4"]
        assert sorted(live.select(lambda s: s.id)) == ["s0", "s2", "s4"]
        assert (key.count(), key.live().count(), key.live().first()) == (1, 0, None)
        assert [s.id for s in sessions.query(lambda s: is_in(s.id, ["s1", "s2"])).live()] == ["s2"]

    def test_may_be_so_from_one_page_to_the_next(self, world: World, sessions: Repository[Session]) -> None:
        """A cursor is good though time has moved on; what has expired since is not shown any more."""
        page = sessions.scan().live().page(2)
        world.clock.now = END
        rest = []
        while page.has_more:
            page = sessions.scan().live().page(2, after=page.cursor)
            rest += page.items

        assert page.cursor is None
        assert [session.id for session in rest if session.expires_at] == []

    def test_is_what_a_cursor_is_bound_to(self, world: World, sessions: Repository[Session]) -> None:
        """Pages that show more are other pages."""
        cursor = sessions.scan().live().page(1).cursor

        with pytest.raises(InvalidCursor):
            sessions.scan().page(1, after=cursor)

    def test_shows_what_is_marked_on_request(self, world: World) -> None:
        """`including_deleted()` gives what was removed too, page by page."""
        world.uow = world.unit_of_work(cursor_keys=SECRET)
        pages = world.repository(PageMapping)
        for number in range(4):
            page = pages.add(Page(f"p{number}"))
            if number % 2:
                pages.remove(page)

        everything = pages.scan().including_deleted()

        assert sorted(page.id for page in pages.scan()) == ["p0", "p2"]
        assert sorted(page.id for each in pages_of(everything, 1) for page in each) == [
            "p0",
            "p1",
            "p2",
            "p3",
        ]
        assert (pages.scan().count(), everything.count()) == (2, 4)
        assert sorted(page.id for each in pages_of(pages.scan(), 1) for page in each) == ["p0", "p2"]


class TestDeletion:
    def test_removes_what_matches(self, world: World, orders: Repository[Order]) -> None:
        """And nothing else: by a key, an index, or a limit."""
        by_index = orders.query(lambda o: o.courier == "ann").delete()
        by_key = orders.query(lambda o: (o.customer_id == "c1") & (o.number > 6)).delete()
        limited = orders.query(lambda o: o.customer_id == "c1").limit(1).delete()

        assert [(each.removed, each.failed) for each in (by_index, by_key, limited)] == [
            (3, ()),
            (2, ()),
            (1, ()),
        ]
        assert numbers(orders.query(lambda o: o.customer_id == "c1")) == [2, 4, 5]

    def test_leaves_what_was_changed_meanwhile(self, world: World, orders: Repository[Order]) -> None:
        """A version that was read must still be stored."""
        others = world.elsewhere(OrderMapping)
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.number < 3))

        def meanwhile() -> None:
            order = others.get("c1", 1)
            order.total += 1
            others.update(order)

        world.store.operations = Interrupted(_Write, meanwhile)  # type: ignore[arg-type]

        with pytest.raises(BulkFailed) as failed:
            query.delete()

        assert (failed.value.report.removed, len(failed.value.report.failed)) == (2, 1)
        assert numbers(query) == [1]

    def test_removes_what_has_no_version(self, world: World) -> None:
        """Whatever is stored by then."""
        settings = world.repository(SettingMapping)
        for number in range(3):
            settings.add(Setting(f"s{number}", "on" if number else "off"))

        report = settings.scan(lambda s: s.value == "on").delete()

        assert report.removed == 2
        assert [setting.id for setting in settings.scan()] == ["s0"]

    def test_marks_what_is_marked(self, world: World) -> None:
        """What was marked before is no result, and keeps its mark."""
        pages = world.repository(PageMapping)
        for number in range(3):
            pages.add(Page(f"p{number}"))
        pages.remove(pages.get("p0"))
        marked = world.stored(PageMapping, "p0")
        world.clock.tick()

        report = pages.scan().delete()

        assert (report.removed, report.written) == (2, 0)
        assert pages.scan().count() == 0
        assert pages.scan().including_deleted().count() == 3
        assert world.stored(PageMapping, "p0") == marked


class _WriteKind(type):
    def __instancecheck__(cls, operation: object) -> bool:
        return not isinstance(operation, QueryPage | ScanPage | GetItem | BatchGetItems)


class _Write(metaclass=_WriteKind):
    """Any operation that changes something."""


class TestCollections:
    @pytest.fixture
    def shop(self, world: World) -> Any:
        """A buyer with three purchases, and something else between them."""
        world.uow = world.unit_of_work(cursor_keys=SECRET)
        world.repository(BuyerMapping)
        buyers, purchases = world.elsewhere(BuyerMapping), world.elsewhere(PurchaseMapping)
        buyers.add(Buyer("b1", "Ann"))
        for number in (1, 2, 3):
            purchases.add(Purchase("b1", number, "monday"))
        other = {"PK": {"S": "BUYER#b1"}, "SK": {"S": "PURCHASE#00002a"}, "_type": {"S": "Purse"}}
        world.put(BuyerMapping, other)
        both = collection(BuyerMapping, PurchaseMapping)
        if isinstance(world.uow, AwaitedUnitOfWork):
            assert world.task is not None
            view: Any = both.of(world.uow.asynchronous)
            return AwaitedRepository(view, world.task)
        return both.of(world.uow)

    def test_have_pages(self, shop: Any) -> None:
        """Of whatever types there are, in the order of the key."""
        query = shop.partition("b1")
        whole = query.all()

        assert [getattr(each, "number", 0) for each in whole] == [0, 1, 2, 3]
        for size in range(1, 6):
            assert [each for page in pages_of(query, size) for each in page] == whole

    def test_are_tracked_in_a_unit(self, world: World, shop: Any) -> None:
        """The same objects as elsewhere, saved if they change, absent if they are removed."""
        buyers, purchases = world.repository(BuyerMapping), world.repository(PurchaseMapping)

        with world.uow:
            known = purchases.get("b1", 2)
            purchases.remove(purchases.get("b1", 3))
            buyer, first, second = shop.partition("b1")
            buyer.name = "Bea"
            first.day = "friday"

        assert second is known
        assert buyers.get("b1").name == "Bea"
        assert purchases.get("b1", 1).day == "friday"
        assert len(shop.partition("b1").all()) == 3


class TestRowsInUnits:
    def test_show_what_is_stored(self, world: World, orders: Repository[Order]) -> None:
        """They are never tracked: pending changes and removals don't show, and nothing is saved."""
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.number < 3)).select("number", "total")

        with world.uow:
            orders.get("c1", 0).total = Decimal(99)
            orders.remove(orders.get("c1", 1))
            inside = [row.as_dict() for row in query]
            paged = [row.as_dict() for page in pages_of(query, 2) for row in page]

        assert inside == paged == [{"number": n, "total": Decimal(n)} for n in range(3)]
        assert [row.total for row in query] == [Decimal(99), Decimal(2)]


class TestRanges:
    def test_of_templates_read_their_type_only(self, world: World) -> None:
        """What lies beside them in the partition is not paid for."""
        world.repository(BuyerMapping)
        purchases = world.repository(PurchaseMapping)
        world.elsewhere(BuyerMapping).add(Buyer("b1"))
        for number in (1, 9, 10, 99):
            purchases.add(Purchase("b1", number, None))
        for sort in ("A", "PURCHASE", "PURCHASE#", "PURCHASE$", "Z"):
            world.put(BuyerMapping, {"PK": {"S": "BUYER#b1"}, "SK": {"S": sort}, "_type": {"S": "Other"}})
        ranges = {"<": (10, [1, 9]), "<=": (10, [1, 9, 10]), ">": (9, [10, 99]), ">=": (9, [9, 10, 99])}
        world.forget()

        for sign, (bound, expected) in ranges.items():
            query = purchases.where("buyer_id", "=", "b1").where("number", sign, bound)

            assert numbers(query.order_by("number")) == expected
            assert numbers(query.order_by("number", descending=True)) == expected[::-1]
            # The text that all of them begin with is within the range, and might be an item.
            assert query.page(100).scanned_count <= len(expected) + 1

    def test_of_indexes_take_values_of_optional_fields(self, orders: Repository[Order]) -> None:
        """In both directions, page by page."""
        since = BEGINNING + timedelta(days=4)
        query = orders.query(lambda o: (o.status == OrderStatus.OPEN) & (value(o.placed_at) > since))

        assert numbers(query.order_by("placed_at", descending=True)) == [8, 7, 6, 5]
        assert [len(page) for page in pages_of(query.order_by("placed_at"), 3)] == [3, 1]
