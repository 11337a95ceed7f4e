"""Retries by one policy per store: what is repeated, what is held back, and how trouble ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar, cast

import pytest

from persistence import Table, UnitOfWorkStateError
from persistence.errors import (
    AccessDenied,
    CancellationReason,
    CircuitOpen,
    ConditionFailed,
    HeldBack,
    PersistenceError,
    StoreUnavailable,
    Throttled,
    TransactionCancelled,
)
from persistence.expressions import KeyCondition
from persistence.operations import (
    GetItem,
    ItemResult,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactWrite,
)
from persistence.store import AWS_LIMITS
from persistence.stores.layers import (
    AdaptiveRate,
    AsyncLayeredStore,
    CircuitBreaking,
    LayeredStore,
    Retries,
    RetryBudget,
    RetryPolicy,
)
from persistence.timing import Timing

R = TypeVar("R")

NOTES = Table("notes", "id")
OTHERS = Table("others", "id")
GET = GetItem(NOTES, {"id": {"S": "n1"}})
PUT = PutItem(NOTES, {"id": {"S": "n1"}})
THROTTLED = Throttled("too much", code="ThrottlingException")
LOST = StoreUnavailable("no answer", ambiguous=True)


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.now, self.sleep, chance=lambda: 0.5)


class Answering:
    """A store that answers as a function says, and counts what it is asked."""

    limits = AWS_LIMITS

    def __init__(self, answer: Callable[[Operation[Any]], object]) -> None:
        self.asked: list[Operation[Any]] = []
        self._answer = answer

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        answer = self._answer(operation)
        if isinstance(answer, BaseException):
            raise answer
        return cast(R, answer)


class Scene:
    """A store with retries around it."""

    def __init__(self, answer: Callable[[Operation[Any]], object], **policy: Any) -> None:
        self.clock = Clock()
        self.below = Answering(answer)
        self.retries = Retries(RetryPolicy(**policy), timing=self.clock.timing)
        self.store = LayeredStore(self.below, self.retries, sleep=self.clock.sleep)

    def fail(self, times: int, operation: Operation[Any] = PUT) -> None:
        for _time in range(times):
            with pytest.raises(PersistenceError):
                self.store.perform(operation)


def in_turn(*answers: object) -> Callable[[Operation[Any]], object]:
    """Answer one after the other, the last one for ever."""
    calls = count()
    return lambda _operation: answers[min(next(calls), len(answers) - 1)]


FOUND = ItemResult({"id": {"S": "n1"}})


def transaction(token: str | None) -> TransactWrite:
    return TransactWrite((PUT,), token)


class TestPlainReads:
    @pytest.mark.parametrize(
        "read",
        [GET, QueryPage(NOTES, KeyCondition(("id", {"S": "n1"}))), ScanPage(NOTES)],
        ids=lambda read: type(read).__name__,
    )
    @pytest.mark.parametrize("failure", [THROTTLED, LOST], ids=["throttled", "lost"])
    def test_are_repeated(self, read: Operation[Any], failure: PersistenceError) -> None:
        """They do no harm, and nobody else repeats them."""
        scene = Scene(in_turn(failure, failure, FOUND))

        assert scene.store.perform(read) == FOUND
        assert scene.clock.slept == [0.025, 0.05]

    def test_end_with_the_last_failure_after_so_many_attempts(self) -> None:
        """The number of attempts holds, the first one included."""
        scene = Scene(in_turn(THROTTLED), attempts=3)

        with pytest.raises(Throttled) as raised:
            scene.store.perform(GET)

        assert raised.value is THROTTLED
        assert len(scene.below.asked) == 3

    def test_begin_no_attempt_after_the_deadline(self) -> None:
        """Pauses count: what could only begin too late is not waited for."""
        scene = Scene(in_turn(THROTTLED), attempts=1000, deadline=3.0, circuit=None)

        with pytest.raises(Throttled):
            scene.store.perform(GET)

        assert 2.0 < sum(scene.clock.slept) < 3.0

    def test_are_not_repeated_after_other_errors(self) -> None:
        """What the service refuses it would refuse again."""
        scene = Scene(in_turn(ConditionFailed("no")))

        scene.fail(1, GET)

        assert len(scene.below.asked) == 1

    def test_of_tasks_are_repeated_too(self) -> None:
        """The same, awaited."""
        answers = in_turn(THROTTLED, FOUND)
        clock = Clock()

        class Awaited:
            limits = AWS_LIMITS

            async def perform(self, operation: Operation[R]) -> R:
                return Answering(answers).perform(operation)

        async def sleep(seconds: float) -> None:
            clock.sleep(seconds)

        store = AsyncLayeredStore(Awaited(), Retries(timing=clock.timing), sleep=sleep)

        assert asyncio.run(store.perform(GET)) == FOUND
        assert clock.slept == [0.025]


class TestAllElse:
    @pytest.mark.parametrize(
        "operation", [PUT, transaction("t"), transaction(None)], ids=["write", "token", "no token"]
    )
    def test_is_sent_once(self, operation: Operation[Any]) -> None:
        """Whoever asked repeats it: with the same token, until a deadline of its own."""
        scene = Scene(in_turn(THROTTLED))

        scene.fail(1, operation)

        assert scene.below.asked == [operation]
        assert scene.clock.slept == []


class TestBudget:
    def test_bounds_the_repetitions_of_the_whole_store(self) -> None:
        """Reads stop being repeated when it is spent, and fail as they did."""
        budget = RetryBudget(share=0, per_second=0.001, most=5)
        scene = Scene(in_turn(THROTTLED), attempts=4, budget=budget, circuit=None)

        scene.fail(10, GET)

        assert len(scene.below.asked) == 10 + 5

    def test_is_earned_by_answers(self) -> None:
        """So many answers let one more be repeated."""
        budget = RetryBudget(share=0.5, per_second=0.001, most=1)
        scene = Scene(
            in_turn(THROTTLED, THROTTLED, FOUND, FOUND, THROTTLED, FOUND), attempts=2, budget=budget
        )
        scene.fail(1, GET)
        scene.store.perform(GET)
        scene.store.perform(GET)

        assert scene.store.perform(GET) == FOUND
        assert len(scene.below.asked) == 6

    def test_is_earned_by_time(self) -> None:
        """Unlike botocore's quota, it never stays at nothing."""
        scene = Scene(
            in_turn(THROTTLED), attempts=2, budget=RetryBudget(share=0, per_second=2, most=1), circuit=None
        )
        scene.fail(2, GET)
        asked = len(scene.below.asked)
        scene.clock.now += 0.5

        scene.fail(1, GET)

        assert len(scene.below.asked) == asked + 2

    def test_holds_back_a_commit_that_comes_again(self) -> None:
        """Its token shows that it is a repetition; it is told when it may be let through."""
        budget = RetryBudget(share=0, per_second=2, most=1)
        scene = Scene(in_turn(THROTTLED), budget=budget, circuit=None)
        scene.fail(2, transaction("t"))

        with pytest.raises(HeldBack, match="budget") as held:
            scene.store.perform(transaction("t"))
        scene.clock.now += held.value.retry_after
        scene.fail(1, transaction("t"))

        assert held.value.retry_after == 0.5
        assert held.value.retryable
        assert not held.value.ambiguous
        assert len(scene.below.asked) == 3

    def test_does_not_mind_first_requests(self) -> None:
        """New work is no repetition."""
        scene = Scene(in_turn(THROTTLED), budget=RetryBudget(share=0, per_second=0.001, most=1), circuit=None)

        for number in range(5):
            scene.fail(1, transaction(f"t{number}"))

        assert len(scene.below.asked) == 5

    def test_takes_a_busy_transaction_that_comes_again_for_a_repetition(self) -> None:
        """Whatever a unit of work repeats counts, and an answer ends it."""
        busy = TransactionCancelled([CancellationReason("TransactionConflict")])
        refused = TransactionCancelled([CancellationReason("ConditionalCheckFailed")])
        scene = Scene(in_turn(busy, refused, busy), budget=RetryBudget(share=0, per_second=0.001, most=1))
        scene.fail(2, transaction("t"))

        scene.fail(1, transaction("t"))
        with pytest.raises(HeldBack):
            scene.store.perform(transaction("t"))

        assert len(scene.below.asked) == 3


CIRCUIT = CircuitBreaking(window=5, failures=4, share=0.8, probe_every=0.5)


class TestCircuit:
    def test_opens_when_most_requests_failed(self) -> None:
        """Then nothing is sent; the error says why, and what failed last."""
        scene = Scene(in_turn(THROTTLED), circuit=CIRCUIT)
        scene.fail(4)

        with pytest.raises(CircuitOpen) as opened:
            scene.store.perform(PUT)

        assert len(scene.below.asked) == 4
        assert opened.value.__cause__ is THROTTLED
        assert opened.value.retry_after == 0.5
        assert opened.value.table == "notes"
        assert scene.retries.state("notes", writes=True).circuit == "open"

    @pytest.mark.parametrize(
        "failure",
        [LOST, TransactionCancelled([CancellationReason("ThrottlingError")])],
        ids=["lost", "an action throttled"],
    )
    def test_opens_after_whatever_says_that_the_store_is_in_trouble(self, failure: PersistenceError) -> None:
        """No answer, and actions of transactions that were throttled."""
        scene = Scene(in_turn(failure), circuit=CIRCUIT)

        scene.fail(5)

        assert len(scene.below.asked) == 4

    def test_lets_one_request_through_after_the_other(self) -> None:
        """So that the end of the trouble is seen, and little is sent until then."""
        scene = Scene(in_turn(THROTTLED), circuit=CIRCUIT)
        scene.fail(4)

        for _step in range(80):
            scene.clock.now += 0.125
            scene.fail(1)

        assert len(scene.below.asked) == 4 + 20

    def test_closes_with_the_first_answer(self) -> None:
        """A refusal for a reason of its own is one, too."""
        scene = Scene(in_turn(*[THROTTLED] * 4, ConditionFailed("no"), None), circuit=CIRCUIT)
        scene.fail(5)
        scene.clock.now += 0.5
        scene.fail(1)

        scene.store.perform(PUT)
        scene.store.perform(PUT)
        assert scene.retries.state("notes", writes=True).circuit == "closed"

    def test_stays_closed_as_long_as_enough_is_answered(self) -> None:
        """One hot key throttles for hours; the rest of its table goes on."""
        scene = Scene(in_turn(*[THROTTLED, FOUND] * 50), circuit=CIRCUIT, attempts=1)

        for _time in range(25):
            scene.fail(1, GET)
            scene.store.perform(GET)

        assert len(scene.below.asked) == 50

    def test_opens_as_soon_however_much_was_answered_before(self) -> None:
        """A failure long ago does not make it count all the answers from then on."""
        scene = Scene(in_turn(THROTTLED, *[FOUND] * 2000, THROTTLED), circuit=CIRCUIT, attempts=1)
        scene.fail(1, GET)
        for _time in range(2000):
            scene.clock.now += 0.01
            scene.store.perform(GET)

        scene.fail(8, GET)

        assert len(scene.below.asked) == 2001 + 4

    def test_forgets_what_is_long_ago(self) -> None:
        """Only the window counts."""
        scene = Scene(in_turn(THROTTLED), circuit=CIRCUIT)

        for _time in range(10):
            scene.fail(1)
            scene.clock.now += 2

        assert len(scene.below.asked) == 10

    def test_is_that_of_reads_or_of_writes(self) -> None:
        """Their capacity is apart: what throttles writes leaves reads alone."""
        scene = Scene(lambda operation: THROTTLED if operation is PUT else FOUND, circuit=CIRCUIT)
        scene.fail(5)

        assert scene.store.perform(GET) == FOUND
        assert scene.retries.state("notes").circuit == "closed"

    def test_is_that_of_a_table(self) -> None:
        """Another table is not left alone for it."""
        scene = Scene(
            lambda operation: THROTTLED if operation.table is NOTES else None,  # type: ignore[attr-defined]
            circuit=CIRCUIT,
        )
        scene.fail(5)

        scene.store.perform(PutItem(OTHERS, {"id": {"S": "1"}}))

        assert scene.retries.state("others").circuit == "closed"

    def test_refuses_plain_reads_at_once(self) -> None:
        """Nobody waits in a thread for a table that is in trouble."""
        scene = Scene(in_turn(THROTTLED), circuit=CIRCUIT, attempts=1)
        scene.fail(4, GET)

        with pytest.raises(CircuitOpen):
            scene.store.perform(GET)

        assert scene.clock.slept == []


class TestRate:
    def test_is_none_until_something_was_throttled(self) -> None:
        """A store without trouble is sent whatever comes."""
        scene = Scene(in_turn(FOUND), rate=AdaptiveRate())

        for _time in range(1000):
            scene.store.perform(GET)

        assert scene.clock.slept == []
        assert scene.retries.state("notes").rate is None

    def test_follows_what_a_table_takes(self) -> None:
        """A table that takes 20 requests per second is sent about as many, for a minute."""
        scene = Scene(lambda _: None, rate=AdaptiveRate(), circuit=None, budget=None, attempts=1)
        taken, refused, second = 0, 0, [0, 0]

        def answer(_operation: Operation[Any]) -> object:
            nonlocal taken, refused
            now = int(scene.clock.now)
            second[:] = [now, second[1] + 1 if second[0] == now else 1]
            if second[1] > 20:
                refused += 1
                return THROTTLED
            taken += 1
            return FOUND

        scene.below._answer = answer
        end = scene.clock.now + 60
        while scene.clock.now < end:
            scene.clock.now += 0.005
            with suppress(Throttled):
                scene.store.perform(GET)

        assert taken > 60 * 20 * 0.6
        assert refused < taken * 0.2

    def test_refuses_what_would_wait_too_long(self) -> None:
        """It is told for how long."""
        scene = Scene(in_turn(FOUND, THROTTLED, FOUND), rate=AdaptiveRate(longest_wait=0.1))
        scene.store.perform(PUT)
        scene.fail(1)

        with pytest.raises(HeldBack, match="turn") as held:
            scene.store.perform(PUT)

        assert held.value.retry_after > 0.1
        assert len(scene.below.asked) == 2

    def test_bounds_no_more_when_nothing_was_throttled_for_a_while(self) -> None:
        """A throttling long ago slows nothing down, whether or not anything was sent since then."""
        scene = Scene(in_turn(FOUND, THROTTLED, FOUND), rate=AdaptiveRate(calm=30))
        scene.store.perform(PUT)
        scene.fail(1)
        scene.clock.now += 29.9
        before = scene.retries.state("notes", writes=True).rate
        scene.clock.now += 0.2

        for _time in range(1000):
            scene.store.perform(PUT)

        assert before is not None
        assert scene.retries.state("notes", writes=True).rate is None
        assert scene.clock.slept == []

    def test_is_as_good_as_none_for_who_keeps_sending(self) -> None:
        """It grows until it no longer bounds: a table that takes everything again is sent everything."""
        scene = Scene(lambda _: None, rate=AdaptiveRate(calm=5), circuit=None, budget=None, attempts=1)
        for _time in range(50):
            scene.clock.now += 0.01
            scene.store.perform(PUT)
        scene.below._answer = lambda _: THROTTLED
        scene.fail(1)
        scene.below._answer = lambda _: None

        end = scene.clock.now + 20
        while scene.clock.now < end:
            scene.clock.now += 0.01
            with suppress(HeldBack):
                scene.store.perform(PUT)
        scene.below.asked.clear()
        for _time in range(500):
            scene.clock.now += 0.001
            scene.store.perform(PUT)

        assert scene.retries.state("notes", writes=True).rate is None

    def test_of_a_large_table_bounds_until_it_has_grown_far_beyond_what_was_too_much(self) -> None:
        """Being calm is not enough: a rate that has just come back to where it was may be too much again."""
        scene = Scene(lambda _: None, rate=AdaptiveRate(calm=1), circuit=None)
        for _time in range(500):
            scene.clock.now += 0.001
            scene.store.perform(PUT)
        scene.below._answer = lambda _: THROTTLED
        scene.fail(1)

        scene.clock.now += 15
        near = scene.retries.state("notes", writes=True).rate
        scene.clock.now += 15
        beyond = scene.retries.state("notes", writes=True).rate

        assert near is not None
        assert beyond is None

    def test_does_not_fall_because_little_is_sent(self) -> None:
        """What was safe right after a throttling stays so: a burst after a quiet time is not held back."""
        scene = Scene(lambda _: None, rate=AdaptiveRate(), circuit=None, budget=None)
        for _time in range(100):
            scene.clock.now += 0.01
            scene.store.perform(PUT)
        scene.below._answer = lambda _: THROTTLED
        scene.fail(1)
        scene.below._answer = lambda _: None
        cut = scene.retries.state("notes", writes=True).rate
        scene.clock.now += 5

        scene.store.perform(PUT)

        after = scene.retries.state("notes", writes=True).rate
        assert cut is not None
        assert after is not None
        assert after >= cut > 50


class TestWhatIsHeldBack:
    """It takes nothing from those that come after it."""

    def test_by_the_budget_leaves_the_probe_of_the_circuit_to_the_next(self) -> None:
        budget = RetryBudget(share=0, per_second=0.001, most=1)
        scene = Scene(in_turn(THROTTLED), budget=budget, circuit=CircuitBreaking(failures=2))
        scene.fail(2, transaction("t"))
        scene.clock.now += 0.5

        with pytest.raises(HeldBack, match="budget"):
            scene.store.perform(transaction("t"))
        scene.fail(1, transaction("new"))

        assert scene.below.asked == [transaction("t"), transaction("t"), transaction("new")]

    def test_by_the_rate_leaves_the_probe_and_the_budget_to_the_next(self) -> None:
        budget = RetryBudget(share=0, per_second=0.001, most=1)
        rate = AdaptiveRate(slowest=0.1, longest_wait=0)
        scene = Scene(in_turn(THROTTLED), budget=budget, circuit=CircuitBreaking(failures=1), rate=rate)
        scene.fail(1, transaction("t"))
        scene.clock.now += 0.5

        for _time in range(3):
            with pytest.raises(HeldBack, match="turn"):
                scene.store.perform(transaction("t"))

        left = scene.retries.state("notes").budget
        assert left is not None
        assert left >= 1

    def test_of_a_read_that_is_repeated_gives_its_repetition_back(self) -> None:
        """It was paid for before the pause, and then not sent."""
        budget = RetryBudget(share=0, per_second=0.001, most=5)
        scene = Scene(in_turn(THROTTLED), budget=budget, circuit=CircuitBreaking(failures=1))

        scene.fail(1, GET)

        assert scene.below.asked == [GET]
        left = scene.retries.state("notes").budget
        assert left is not None
        assert left >= 5

    def test_in_a_pause_that_is_broken_off_is_given_back(self) -> None:
        """A task that is cancelled while it waits for its turn has sent nothing."""
        budget = RetryBudget(share=0, per_second=0.001, most=2)
        scene = Scene(in_turn(THROTTLED), budget=budget, circuit=None, rate=AdaptiveRate(slowest=4))
        scene.fail(1, transaction("t"))

        def broken_off(_seconds: float) -> None:
            raise KeyboardInterrupt

        store = LayeredStore(scene.below, scene.retries, sleep=broken_off)
        with pytest.raises(KeyboardInterrupt):
            store.perform(transaction("t"))

        left = scene.retries.state(None, writes=True).budget
        assert left is not None
        assert left >= 2


EXPIRED = AccessDenied("expired", code="ExpiredTokenException")


class TestCredentials:
    @pytest.mark.parametrize("operation", [GET, PUT, transaction("t")], ids=lambda each: type(each).__name__)
    def test_that_expired_are_renewed_once_and_it_is_repeated(self, operation: Operation[Any]) -> None:
        """Whatever it was: a request with expired credentials had no effect."""
        scene = Scene(in_turn(EXPIRED, FOUND))
        renewed: list[str] = []
        retries = Retries(timing=scene.clock.timing, renew=lambda: renewed.append("now"))

        assert LayeredStore(scene.below, retries).perform(operation) == FOUND
        assert renewed == ["now"]
        assert scene.below.asked == [operation, operation]

    def test_that_expired_for_good_are_an_error(self) -> None:
        """They are not renewed for each request."""
        scene = Scene(in_turn(EXPIRED))
        renewed: list[float] = []
        retries = Retries(timing=scene.clock.timing, renew=lambda: renewed.append(scene.clock.now))
        store = LayeredStore(scene.below, retries)

        for _time in range(4):
            with pytest.raises(AccessDenied):
                store.perform(GET)
            scene.clock.now += 10

        assert renewed == [100.0, 130.0]

    @pytest.mark.parametrize("denied", [AccessDenied("no", code="AccessDeniedException"), EXPIRED])
    def test_are_left_alone_where_nothing_renews_them_or_they_are_not_it(self, denied: AccessDenied) -> None:
        scene = Scene(in_turn(denied))
        renew = None if denied is EXPIRED else lambda: pytest.fail("they have not expired")
        store = LayeredStore(scene.below, Retries(timing=scene.clock.timing, renew=renew))

        with pytest.raises(AccessDenied):
            store.perform(GET)

        assert len(scene.below.asked) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: RetryPolicy(attempts=0),
        lambda: RetryPolicy(deadline=0),
        lambda: RetryBudget(share=-1),
        lambda: RetryBudget(per_second=0),
        lambda: RetryBudget(most=0),
        lambda: CircuitBreaking(window=0),
        lambda: CircuitBreaking(failures=0),
        lambda: CircuitBreaking(share=1.1),
        lambda: CircuitBreaking(probe_every=0),
        lambda: AdaptiveRate(part=1),
        lambda: AdaptiveRate(slowest=0),
        lambda: AdaptiveRate(longest_wait=-1),
        lambda: AdaptiveRate(calm=-1),
    ],
)
def test_numbers_out_of_range_are_refused(make: Callable[[], object]) -> None:
    """With what they must be."""
    with pytest.raises(UnitOfWorkStateError, match="must be"):
        make()
