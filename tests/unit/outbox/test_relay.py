"""The relay: at least once, in order per aggregate, whatever fails in between."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from persistence import Key, MemoryStore, Table, UnitOfWorkStateError
from persistence.attributes import Item
from persistence.errors import (
    AccessDenied,
    CancellationReason,
    ConfigurationError,
    DecodeError,
    MappingError,
    StoreUnavailable,
    Throttled,
    TransactionBusy,
    TransactionCancelled,
)
from persistence.expressions import KeyCondition
from persistence.operations import DeleteItem, PutItem, QueryPage, TransactWrite
from persistence.outbox import (
    AsyncOutboxRelay,
    Delivery,
    FailedDelivery,
    OutboxMapping,
    OutboxRelay,
    Polled,
    Recorded,
)
from persistence.outbox.removal import STORE_ATTEMPTS
from tests.unit.outbox.shop import (
    NOON,
    Awaited,
    OrderCancelled,
    OrderPlaced,
    ShardedOutbox,
    Shop,
    ShopOutbox,
    drained,
    failing,
    placed,
)

BROKEN = RuntimeError("no connection")
KINDS = ["sync", "async"]
TABLE = Table("outbox", "partition", "position")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each test holds for both relays."""
    return str(request.param)


@pytest.fixture
def shop(kind: str) -> Shop:
    return Shop(kind)


class SharedOutbox(ShopOutbox):
    class Meta:
        table = Table("shop", partition="PK", sort="SK")
        key = Key("OUTBOX#{partition}", "{position}")


class NewerOutbox(OutboxMapping):
    """The outbox of a newer version of the application, which knows a further event."""

    class Meta:
        table = "outbox"

    events = {"OrderPlaced": OrderPlaced, "OrderRefunded": OrderCancelled}  # noqa: RUF012  # as users write it


def throttled(times: int) -> list[Exception]:
    return [Throttled("slow down") for _ in range(times)]


class TestPoll:
    def test_hands_each_event_on_once(self, shop: Shop) -> None:
        shop.commit(placed("o-1", 0), placed("o-2", 0))
        relay = shop.relay()

        first, second = relay.poll(), relay.poll()

        assert shop.events == [OrderPlaced("o-1"), OrderPlaced("o-2")]
        assert (first, second) == (Polled(2, (), more=False), Polled(0, (), more=False))
        assert shop.left() == []

    def test_of_an_empty_outbox_does_nothing(self, shop: Shop) -> None:
        assert shop.relay().poll() == Polled(0, (), more=False)

    def test_tells_the_handler_what_is_stored(self, shop: Shop) -> None:
        shop.commit(placed("o-1", 7))
        (entry,) = shop.left()

        shop.relay().poll()

        assert shop.seen == [Delivery(OrderPlaced("o-1"), entry)]
        assert shop.seen[0].id == entry.id

    def test_keeps_the_order_of_commits_per_aggregate(self, shop: Shop) -> None:
        """By version, not by the clocks of those who committed; within a commit as recorded."""
        shop.commit(placed("a", 10, 3), placed("b", 2, 1), at=NOON)
        shop.commit(placed("a", 9, 1), placed("a", 9, 2), at=NOON + timedelta(hours=1))
        shop.commit(placed("b", 3, 2), placed("a", 11, 4), at=NOON - timedelta(hours=1))

        shop.relay().poll()

        assert of(shop, "a") == [1, 2, 3, 4]
        assert of(shop, "b") == [1, 2]

    def test_orders_events_without_an_aggregate_by_time(self, shop: Shop) -> None:
        for number in (2, 1, 3):
            shop.commit(Recorded(OrderPlaced("o", number)), at=NOON + timedelta(seconds=number))

        shop.relay().poll()

        assert of(shop, "o") == [1, 2, 3]

    def test_reads_consistently(self, shop: Shop) -> None:
        """What a commit has acknowledged is seen."""
        shop.commit(placed("o-1", 0))
        shop.store.asked.clear()

        shop.relay().poll()

        assert [each.consistent for each in shop.store.asked if isinstance(each, QueryPage)] == [True]

    def test_removes_an_entry_only_after_the_handler_has_returned(self, shop: Shop) -> None:
        shop.commit(placed("o-1", 0))
        pending: list[int] = []

        shop.relay(lambda delivery: pending.append(len(shop.left()))).poll()

        assert (pending, shop.left()) == ([1], [])

    def test_works_in_a_shared_table(self, kind: str) -> None:
        shop = Shop(kind, SharedOutbox)
        shop.commits(placed("o-1", version, version) for version in range(5))

        polled = [each.delivered for each in drained(shop.relay(), 2)]

        assert (polled, of(shop, "o-1")) == ([2, 2, 1], [0, 1, 2, 3, 4])


def of(shop: Shop, order_id: str) -> list[int]:
    """Give the numbers of an order's events, as they were handed on."""
    found = (event for event in shop.events if isinstance(event, OrderPlaced))
    return [event.number for event in found if event.order_id == order_id]


class TestAwaiting:
    def test_waits_for_asynchronous_handlers(self) -> None:
        shop = Shop("async")
        shop.commit(placed("o-1", 0), placed("o-2", 0))

        async def handler(delivery: Delivery) -> None:
            await asyncio.sleep(0)
            assert delivery.entry in shop.left()
            shop.seen.append(delivery)

        polled = shop.relay(handler).poll()

        assert (polled, shop.events) == (Polled(2, (), more=False), [OrderPlaced("o-1"), OrderPlaced("o-2")])

    def test_reports_what_they_raise(self) -> None:
        shop = Shop("async")
        shop.commit(placed("o-1", 0))

        async def handler(delivery: Delivery) -> None:
            raise BROKEN

        (failed,) = shop.relay(handler).poll().failed

        assert (failed.error, len(shop.left())) == (BROKEN, 1)

    def test_is_refused_by_the_synchronous_relay(self) -> None:
        """It could only begin the work, and would remove the entry all the same."""
        shop = Shop("sync")
        shop.commit(placed("o-1", 0))

        async def handler(delivery: Delivery) -> None:
            raise AssertionError("never begun")

        with pytest.raises(UnitOfWorkStateError, match="AsyncOutboxRelay"):
            shop.relay(handler).poll()

        assert len(shop.left()) == 1

    def test_is_refused_whatever_is_to_be_awaited(self) -> None:
        shop = Shop("sync")
        shop.commit(placed("o-1", 0))

        class Promise:
            def __await__(self) -> Generator[None, None, None]:
                raise AssertionError("never begun")

        with pytest.raises(UnitOfWorkStateError, match="AsyncOutboxRelay"):
            shop.relay(lambda delivery: Promise()).poll()

        assert len(shop.left()) == 1

    def test_may_be_cancelled(self) -> None:
        """The entry whose handler was under way stays."""
        shop = Shop("async")
        shop.commit(placed("o-1", 0))

        async def cancelled() -> None:
            begun = asyncio.Event()

            async def handler(delivery: Delivery) -> None:
                begun.set()
                await asyncio.Event().wait()

            relay = AsyncOutboxRelay(Awaited(shop.store), ShopOutbox, handler)
            task = asyncio.create_task(relay.poll())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(cancelled())

        assert len(shop.left()) == 1


class TestFailingHandler:
    def test_stops_its_own_aggregate_only(self, shop: Shop) -> None:
        shop.commits([placed("a", 0, 0), placed("a", 1, 1), placed("a", 2, 2), placed("b", 0, 0)])

        polled = shop.relay(failing(shop, {OrderPlaced("a", 1): BROKEN})).poll()

        assert shop.events == [OrderPlaced("a", 0), OrderPlaced("b", 0)]
        assert [entry.payload["number"] for entry in shop.left()] == [1, 2]
        first = shop.left()[0]
        assert polled == Polled(2, (FailedDelivery(first.position, BROKEN, first),), more=False)

    def test_is_called_again_by_the_next_poll(self, shop: Shop) -> None:
        shop.commits([placed("a", 0, 0), placed("a", 1, 1)])
        errors: dict[object, BaseException] = {OrderPlaced("a", 0): BROKEN}
        relay = shop.relay(failing(shop, errors))

        failed = relay.poll()
        errors.clear()
        polled = relay.poll()

        assert (failed.delivered, len(failed.failed), polled) == (0, 1, Polled(2, (), more=False))
        assert of(shop, "a") == [0, 1]

    def test_stops_no_other_event_that_has_no_aggregate(self, shop: Shop) -> None:
        shop.commit(*(Recorded(OrderPlaced("o", number)) for number in range(3)))

        polled = shop.relay(failing(shop, {OrderPlaced("o", 1): BROKEN})).poll()

        assert (polled.delivered, len(polled.failed), of(shop, "o")) == (2, 1, [0, 2])

    def test_is_logged_without_what_the_event_holds(
        self, shop: Shop, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop.commit(placed("canary", 0), placed("b", 0))

        with caplog.at_level("INFO", logger="persistence"):
            shop.relay(failing(shop, {OrderPlaced("canary"): BROKEN})).poll()

        said = [record.message for record in caplog.records if record.message.startswith("outbox")]
        assert said == [
            "outbox.delivery_failed event_type='OrderPlaced' error='RuntimeError'",
            "outbox.polled delivered=1 failed=1",
        ]

    def test_is_skipped_with_all_its_aggregate_has(self, shop: Shop) -> None:
        """However long the backlog behind a failure is, it is not read through."""
        shop.commits(placed("a", version, version) for version in range(250))
        shop.commit(placed("b", 0))
        shop.store.asked.clear()

        polled = shop.relay(failing(shop, {OrderPlaced("a", 0): BROKEN})).poll()

        assert (polled.delivered, len(polled.failed), shop.events) == (1, 1, [OrderPlaced("b")])
        assert len([each for each in shop.store.asked if isinstance(each, QueryPage)]) == 2


class TestKill:
    """Whatever stops a relay, a relay that begins anew hands on what was not removed, with the same id."""

    def test_between_handing_on_and_removal_leads_to_a_second_delivery(self, shop: Shop) -> None:
        shop.commits(placed("a", version, version) for version in range(3))
        shop.store.failures.append(Killed())  # type: ignore[arg-type]  # no Exception: nothing survives it
        shop.store.failing = DeleteItem

        with pytest.raises(Killed):
            shop.relay().poll()
        polled = shop.relay().poll()

        assert polled == Polled(3, (), more=False)
        assert of(shop, "a") == [0, 0, 1, 2]
        assert shop.seen[0].id == shop.seen[1].id

    def test_in_the_handler_keeps_the_entry(self, shop: Shop) -> None:
        shop.commits(placed("a", version, version) for version in range(3))

        with pytest.raises(Killed):
            shop.relay(failing(shop, {OrderPlaced("a", 1): Killed()})).poll()
        polled = shop.relay().poll()

        assert (polled, of(shop, "a")) == (Polled(2, (), more=False), [0, 1, 2])

    def test_between_handing_on_and_marking_leads_to_a_second_delivery(self, shop: Shop) -> None:
        shop.commit(placed("a", 0))
        shop.store.failures.append(Killed())  # type: ignore[arg-type]  # no Exception: nothing survives it
        shop.store.failing = TransactWrite

        with pytest.raises(Killed):
            shop.relay(after="mark").poll()
        shop.relay(after="mark").poll()

        assert (of(shop, "a"), len(shop.left()), len(shop.left("delivered#0"))) == ([0, 0], 0, 1)


class Killed(BaseException):
    """Ends everything, as a kill does."""


class TestSeveralRelays:
    @pytest.mark.parametrize("after", ["delete", "mark"])
    def test_lose_nothing_and_keep_the_order(self, shop: Shop, after: str) -> None:
        """A second relay polls while the first one hands on: duplicates, in the same order."""
        shop.commits(placed("a", version, version) for version in range(4))
        second = shop.relay(kind="sync", after=after)

        def handler(delivery: Delivery) -> None:
            if delivery.event == OrderPlaced("a", 1):
                second.poll()
            shop.seen.append(delivery)

        polled = shop.relay(handler, after=after).poll()

        assert polled == Polled(4, (), more=False)
        assert of(shop, "a") == [0, 1, 2, 3, 1, 2, 3]
        assert without_duplicates(shop.seen) == [0, 1, 2, 3]
        assert shop.left() == []

    def test_mark_an_entry_once(self, shop: Shop) -> None:
        """What the first one noted stays."""
        shop.commit(placed("a", 0))

        def handler(delivery: Delivery) -> None:
            shop.relay(kind="sync", after="mark").poll()
            shop.now += timedelta(hours=1)

        shop.relay(handler, after="mark").poll()

        assert [entry.delivered_at for entry in shop.left("delivered#0")] == [NOON]


def without_duplicates(seen: list[Delivery]) -> list[int]:
    """Take each event's first delivery, as a consumer does that remembers ids."""
    return [event.number for event in {delivery.id: delivery.event for delivery in seen}.values()]


class TestMark:
    def test_keeps_the_entry_with_the_time_of_delivery(self, shop: Shop) -> None:
        shop.commit(placed("a", 3))
        (entry,) = shop.left()
        shop.now = datetime(2026, 1, 2, 13, tzinfo=UTC)

        polled = shop.relay(after="mark", keep=timedelta(days=2)).poll()

        assert polled == Polled(1, (), more=False)
        assert shop.left() == []
        assert shop.left("delivered#0") == [
            replace(
                entry,
                partition="delivered#0",
                delivered_at=shop.now,
                expires_at=shop.now + timedelta(days=2),
            )
        ]

    def test_hands_nothing_on_again(self, shop: Shop) -> None:
        shop.commit(placed("a", 3))
        relay = shop.relay(after="mark")

        assert [relay.poll().delivered for _ in range(2)] == [1, 0]

    def test_keeps_attributes_that_it_does_not_know(self, shop: Shop) -> None:
        shop.commit(placed("a", 3))
        (item,) = items_of(shop, "pending#0")
        shop.store.perform(PutItem(TABLE, {**item, "trace": {"S": "t-1"}}))

        shop.relay(after="mark").poll()

        (kept,) = items_of(shop, "delivered#0")
        assert kept["trace"] == {"S": "t-1"}

    def test_that_the_store_refuses_stops_the_aggregate_only(self, shop: Shop) -> None:
        """Such as an entry that is too large with the two further attributes."""
        shop.commit(placed("a", 0), placed("b", 0))
        too_large = TransactionCancelled(
            [CancellationReason("None"), CancellationReason("ValidationError", "Item size")]
        )
        shop.store.failures.append(too_large)
        shop.store.failing = TransactWrite

        polled = shop.relay(after="mark").poll()

        assert [failed.error for failed in polled.failed] == [too_large]
        assert (polled.delivered, [entry.aggregate_key for entry in shop.left()]) == (1, [("a",)])


def items_of(shop: Shop, partition: str) -> tuple[Item, ...]:
    """Read a partition past all mappings."""
    return tuple(shop.store.perform(QueryPage(TABLE, KeyCondition(("partition", {"S": partition})))).items)


class TestLimit:
    def test_bounds_what_one_poll_hands_on(self, shop: Shop) -> None:
        shop.commits(placed("a", version, version) for version in range(5))

        polled = list(drained(shop.relay(), 2))

        assert polled == [Polled(2, (), more=True), Polled(2, (), more=True), Polled(1, (), more=False)]
        assert of(shop, "a") == [0, 1, 2, 3, 4]

    def test_leaves_nothing_over_if_it_is_just_enough(self, shop: Shop) -> None:
        shop.commits(placed("a", version) for version in range(4))

        assert [each.more for each in drained(shop.relay(), 2)] == [True, False]

    def test_counts_failures(self, shop: Shop) -> None:
        shop.commit(*(placed(f"o-{number}", 0) for number in range(4)))

        polled = shop.relay(failing(shop, {OrderPlaced("o-0"): BROKEN, OrderPlaced("o-1"): BROKEN})).poll(3)

        assert (polled.delivered, len(polled.failed), polled.more) == (1, 2, True)

    def test_makes_nobody_wait_for_ever(self, shop: Shop) -> None:
        """The next poll begins where there was no more room, though aggregates before that fail."""
        shop.commit(*(placed(f"o-{number}", 0) for number in range(5)))
        relay = shop.relay(failing(shop, {OrderPlaced(f"o-{number}"): BROKEN for number in range(3)}))

        relay.poll(2)
        relay.poll(2)
        relay.poll(2)

        assert shop.events == [OrderPlaced("o-3"), OrderPlaced("o-4")]

    def test_comes_round_to_what_was_before(self, shop: Shop) -> None:
        shop.commit(placed("m", 0), placed("n", 0))
        relay = shop.relay()
        relay.poll(1)
        shop.commit(placed("a", 0))

        polled = relay.poll(10)

        assert (polled, shop.events) == (
            Polled(2, (), more=False),
            [OrderPlaced("m"), OrderPlaced("n"), OrderPlaced("a")],
        )

    def test_may_exceed_a_page(self, shop: Shop) -> None:
        shop.commits(placed(f"o-{number % 7}", number, number) for number in range(230))

        polled = shop.relay().poll(1000)

        assert polled == Polled(230, (), more=False)

    @pytest.mark.parametrize("limit", [0, -1, 2.0, None, True])
    def test_is_a_whole_number(self, shop: Shop, limit: Any) -> None:
        with pytest.raises(ConfigurationError, match="whole number of at least 1"):
            shop.relay().poll(limit)


class TestShards:
    def test_are_all_read(self, kind: str) -> None:
        shop = Shop(kind, ShardedOutbox)
        shop.commits(placed(f"o-{number % 10}", number // 10, number // 10) for number in range(60))

        polled = shop.relay().poll(100)

        assert polled == Polled(60, (), more=False)
        assert all(of(shop, f"o-{order}") == [0, 1, 2, 3, 4, 5] for order in range(10))

    def test_share_the_limit_in_turn(self, kind: str) -> None:
        shop = Shop(kind, ShardedOutbox)
        shop.commits(placed(f"o-{number % 10}", number // 10, number // 10) for number in range(60))

        polled = list(drained(shop.relay(), 7))

        assert [each.delivered for each in polled] == [7, 7, 7, 7, 7, 7, 7, 7, 4]
        assert all(of(shop, f"o-{order}") == [0, 1, 2, 3, 4, 5] for order in range(10))


class TestUnreadableEntries:
    def test_of_a_newer_application_block_their_aggregate(self, shop: Shop) -> None:
        """They are reported and kept; a relay of the newer application hands them on."""
        cancelled = Recorded(OrderCancelled("a"), "Order", ("a",), 1)
        shop.commit(placed("a", 0), cancelled, placed("a", 2), placed("b", 0), mapping=NewerOutbox)

        polled = shop.relay().poll()

        (failed,) = polled.failed
        assert (polled.delivered, shop.events) == (2, [OrderPlaced("a"), OrderPlaced("b")])
        assert isinstance(failed.error, DecodeError)
        assert (failed.error.attribute, failed.error.expected) == (
            "type",
            "an event type that ShopOutbox knows",
        )
        assert failed.entry == shop.left()[0]
        assert [entry.type for entry in shop.left()] == ["OrderRefunded", "OrderPlaced"]

    def test_with_another_payload_block_their_aggregate(self, shop: Shop) -> None:
        shop.commit(placed("a", 0), placed("a", 1), placed("b", 0))
        first, *_ = shop.left()
        shop.entries.save(replace(first, payload={"number": 1}))

        polled = shop.relay().poll()

        (failed,) = polled.failed
        assert isinstance(failed.error, DecodeError)
        assert failed.error.entity_type is OrderPlaced
        assert (shop.events, len(shop.left())) == ([OrderPlaced("b")], 2)

    def test_that_are_no_entries_at_all_block_their_aggregate(self, shop: Shop) -> None:
        shop.commit(placed("a", 0), placed("a", 1), placed("b", 0))
        first, *_ = shop.left()
        key = {"partition": {"S": first.partition}, "position": {"S": first.position}}
        shop.store.perform(PutItem(TABLE, key))

        polled = shop.relay().poll()

        (failed,) = polled.failed
        assert isinstance(failed.error, DecodeError)
        assert (failed.position, failed.entry) == (first.position, None)
        assert shop.events == [OrderPlaced("b")]


class TestStoreTrouble:
    def test_is_waited_out(self, shop: Shop) -> None:
        shop.commit(placed("a", 0))
        shop.store.failures.extend(
            [Throttled("slow down"), StoreUnavailable("no answer"), StoreUnavailable("no answer")]
        )

        assert shop.relay().poll() == Polled(1, (), more=False)

    def test_is_borne_for_a_bounded_number_of_attempts(self, shop: Shop) -> None:
        shop.commit(placed("a", 0))
        shop.store.failures.extend(throttled(100))
        shop.store.asked.clear()

        with pytest.raises(Throttled):
            shop.relay().poll()

        assert len(shop.store.asked) == STORE_ATTEMPTS

    def test_ends_the_poll_before_more_is_handed_on(self, shop: Shop) -> None:
        """What could not be removed is handed on again later; no more than one entry."""
        shop.commits(placed("a", version, version) for version in range(3))
        shop.store.failures.extend(throttled(STORE_ATTEMPTS))
        shop.store.failing = DeleteItem
        relay = shop.relay()

        with pytest.raises(Throttled):
            relay.poll()
        polled = relay.poll()

        assert (polled, of(shop, "a")) == (Polled(3, (), more=False), [0, 0, 1, 2])

    def test_that_no_patience_mends_is_raised_at_once(self, shop: Shop) -> None:
        shop.store.failures.append(AccessDenied("no permission"))
        shop.store.asked.clear()

        with pytest.raises(AccessDenied):
            shop.relay().poll()

        assert len(shop.store.asked) == 1

    def test_marks_once_though_the_answer_was_lost(self, shop: Shop) -> None:
        """The transaction that is repeated finds the entry gone: it took effect."""
        shop.commit(placed("a", 0))
        below, answers = shop.store.perform, iter([StoreUnavailable("answer lost")])

        def losing(operation: Any) -> Any:
            answer = below(operation)
            if isinstance(operation, TransactWrite) and (lost := next(answers, None)):
                raise lost
            return answer

        relay = shop.relay(after="mark")
        shop.store.perform = losing  # type: ignore[method-assign]  # a layer over this one store

        assert relay.poll() == Polled(1, (), more=False)
        assert len(shop.left("delivered#0")) == 1

    def test_of_a_busy_item_is_waited_out(self, shop: Shop) -> None:
        shop.commit(placed("a", 0))
        busy = [CancellationReason("TransactionConflict"), CancellationReason("None")]
        shop.store.failures.append(TransactionCancelled(busy))
        shop.store.failing = TransactWrite

        assert shop.relay(after="mark").poll() == Polled(1, (), more=False)

    def test_of_one_item_stops_its_aggregate_only(self, shop: Shop) -> None:
        """A transaction holds the entry longer than the relay is patient."""
        shop.commit(placed("a", 0), placed("b", 0))
        shop.store.failures.extend(TransactionBusy("held") for _ in range(STORE_ATTEMPTS))
        shop.store.failing = DeleteItem

        polled = shop.relay().poll()

        assert (polled.delivered, [type(failed.error) for failed in polled.failed]) == (1, [TransactionBusy])
        assert [entry.aggregate_key for entry in shop.left()] == [("a",)]

    def test_makes_it_wait_longer_each_time(self, shop: Shop) -> None:
        shop.store.failures.extend(throttled(3))

        shop.relay().poll()

        assert shop.pauses == [0.05, 0.1, 0.2]


class TestRelay:
    def test_takes_a_callable_that_gives_the_store(self) -> None:
        shop = Shop("sync")
        shop.commit(placed("a", 0))

        OutboxRelay(lambda: shop.store, ShopOutbox, shop.seen.append).poll()

        assert shop.events == [OrderPlaced("a")]

    def test_takes_the_time_from_the_clock_of_its_machine(self) -> None:
        shop = Shop("sync")
        shop.commit(placed("a", 0))
        begun = datetime.now(UTC)

        OutboxRelay(shop.store, ShopOutbox, shop.seen.append, after="mark").poll()

        (kept,) = shop.left("delivered#0")
        assert kept.delivered_at is not None
        assert begun <= kept.delivered_at <= datetime.now(UTC)

    @pytest.mark.parametrize(
        ("arguments", "settings", "message"),
        [
            ((MemoryStore(), ShopOutbox, "handler"), {}, "handler of a relay is a callable"),
            ((MemoryStore(), ShopOutbox, print), {"after": "keep"}, "after is one of"),
            ((MemoryStore(), ShopOutbox, print), {"keep": timedelta(0)}, "keep is a time"),
        ],
    )
    def test_refuses_settings_that_cant_be(
        self, arguments: tuple[Any, ...], settings: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=message):
            OutboxRelay(*arguments, **settings)

    def test_refuses_what_is_no_store_and_what_is_no_outbox(self) -> None:
        wrong: Any = OrderPlaced

        with pytest.raises(UnitOfWorkStateError, match="expected a store"):
            OutboxRelay(wrong, ShopOutbox, print)
        with pytest.raises(MappingError, match="subclass of OutboxMapping"):
            OutboxRelay(MemoryStore(), wrong, print)
