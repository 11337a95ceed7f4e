"""Rules and plans of faults: which operation is struck, how often, and by what chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from persistence.operation_facts import API_NAMES, WRITES
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateTable,
    GetItem,
    PutItem,
    TransactGet,
    TransactWrite,
)
from persistence.stores.dynamodb.table_calls import CALLS
from persistence.testing.faults import (
    Cancellation,
    Delay,
    Fault,
    Injected,
    InProgress,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    Stall,
    Throttling,
    Trickle,
    Unprocessed,
)
from persistence.testing.faults.decisions import Decisions, Latecomers
from persistence.testing.faults.subjects import Subject

GET = Subject(GetItem)
PUT = Subject(PutItem)
BUSY = Cancellation(("TransactionConflict", None))
STALE = Cancellation((None, "ConditionalCheckFailed"))


def commit(token: str = "t", size: int = 2) -> Subject:
    return Subject(TransactWrite, token, size)


def decided(plan: Sequence[Rule], *subjects: Subject, seed: int = 0) -> list[Fault | None]:
    decisions = Decisions(plan, seed)
    return [decisions.decide(subject) for subject in subjects]


class TestRule:
    def test_strikes_every_operation_on_items_unless_it_names_some(self) -> None:
        """Operations on tables must be named: a storm does not keep a test from making its tables."""
        rule = Rule(LostAnswer())

        assert decided([rule], GET, PUT, commit(), Subject(CreateTable)) == [LostAnswer()] * 3 + [None]
        assert decided([Rule(LostAnswer(), (CreateTable,))], Subject(CreateTable)) == [LostAnswer()]

    def test_strikes_only_the_operations_that_it_names(self) -> None:
        rule = Rule(LostAnswer(), (PutItem, TransactWrite))

        assert decided([rule], GET, PUT, commit()) == [None, LostAnswer(), LostAnswer()]

    def test_strikes_as_often_as_it_may(self) -> None:
        """`count` is how often at most; what it does not cover does not count."""
        rule = Rule(LostAnswer(), (PutItem,), count=2)

        assert decided([rule], PUT, GET, PUT, PUT) == [LostAnswer(), None, LostAnswer(), None]

    def test_lets_the_first_ones_pass(self) -> None:
        rule = Rule(LostAnswer(), (PutItem,), after=2, count=1)

        assert decided([rule], PUT, GET, PUT, PUT, PUT) == [None, None, None, LostAnswer(), None]

    @pytest.mark.parametrize(
        ("fault", "operation"),
        [
            (Cancellation(), PutItem),
            (InProgress(), TransactGet),
            (Unprocessed(), TransactWrite),
            (LateArrival(), GetItem),
        ],
    )
    def test_refuses_what_can_not_happen(self, fault: Fault, operation: type[Any]) -> None:
        """The message names both, and says what is possible."""
        expected = f"{type(fault).__name__} can't happen to {operation.__name__}; possible are "

        with pytest.raises(ValueError, match=expected):
            Rule(fault, (operation,))

    @pytest.mark.parametrize(
        ("numbers", "message"),
        [
            ({"probability": 0.0}, "Rule.probability must be over 0 and at most 1, not 0.0"),
            ({"probability": 1.5}, "Rule.probability must be over 0 and at most 1, not 1.5"),
            ({"count": 0}, "Rule.count must be None or at least 1, not 0"),
            ({"after": -1}, "Rule.after must be not negative, not -1"),
        ],
    )
    def test_refuses_numbers_out_of_range(self, numbers: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match="Rule") as refused:
            Rule(LostAnswer(), **numbers)

        assert str(refused.value) == message

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Delay(-1),
            lambda: Stall(-0.1),
            lambda: Trickle(-1),
            lambda: Trickle(1, pieces=0),
            lambda: LateArrival(0),
            lambda: Unprocessed(0),
            lambda: Cancellation((None, "None")),
            lambda: Throttling("ValidationException"),  # type: ignore[arg-type]  # what is refused
        ],
    )
    def test_refuses_faults_that_make_no_sense(self, make: Any) -> None:
        with pytest.raises(
            ValueError, match=r"(Delay|Stall|Trickle|LateArrival|Unprocessed|Cancellation|Throttling)\."
        ):
            make()


class TestPlan:
    def test_reads_from_top_to_bottom(self) -> None:
        """The first rule that strikes decides, and a rule sees only what those before it let pass."""
        plan = [
            Rule(LostAnswer(), (TransactWrite,), count=2),
            Rule(BUSY, count=1),
            Rule(InProgress(), after=1, count=1),
        ]

        assert decided(plan, *[commit()] * 6) == [LostAnswer(), LostAnswer(), BUSY, None, InProgress(), None]

    def test_decides_alike_for_the_same_seed(self) -> None:
        plan = [Rule(LostAnswer(), probability=0.3), Rule(Throttling(), probability=0.3)]
        subjects = [PUT] * 200

        assert decided(plan, *subjects, seed=7) == decided(plan, *subjects, seed=7)
        assert decided(plan, *subjects, seed=7) != decided(plan, *subjects, seed=8)

    def test_strikes_about_as_often_as_is_probable(self) -> None:
        struck = decided([Rule(LostAnswer(), probability=0.3)], *[PUT] * 1000, seed=1)

        assert 250 < struck.count(LostAnswer()) < 350

    def test_gives_each_rule_dice_of_its_own(self) -> None:
        """A rule about something else leaves the chances of the others as they were."""
        storm = Rule(LostAnswer(), (PutItem,), probability=0.5)
        alone = decided([storm], *[PUT] * 50, seed=3)

        beside = decided([storm, Rule(Throttling(), (GetItem,))], *[PUT, GET] * 50, seed=3)

        assert beside[::2] == alone

    def test_records_what_it_did(self) -> None:
        decisions = Decisions([Rule(LostAnswer(), (PutItem,), count=1), Rule(BUSY, count=1)], 0)

        for subject in (PUT, GET, commit("t1"), commit("t2")):
            decisions.decide(subject)

        assert decisions.injected == (
            Injected("PutItem", LostAnswer(), None),
            Injected("TransactWrite", BUSY, "t1"),
        )


class TestCancellation:
    def test_spares_transactions_that_are_too_short_for_it(self) -> None:
        """Its first failing code must be about an action that is there."""
        rule = Rule(STALE, count=1)

        assert decided([rule], commit("t1", 1), commit("t2", 2)) == [None, STALE]

    def test_fills_up_with_actions_that_did_not_fail(self) -> None:
        assert BUSY.codes_for(1) == ("TransactionConflict",)
        assert BUSY.codes_for(3) == ("TransactionConflict", "None", "None")

    @pytest.mark.parametrize("before", [LostAnswer(), LateArrival(), Delay(0)])
    def test_never_decides_against_what_may_have_taken_effect(self, before: Fault) -> None:
        """The service confirms an earlier attempt under its token; it does not check the conditions again."""
        plan = [Rule(before, (TransactWrite,), count=1), Rule(STALE)]

        struck = decided(plan, commit("t1"), commit("t1"), commit("t2"))

        assert struck == [before, None, STALE]

    def test_never_decides_against_what_passed(self) -> None:
        assert decided([Rule(STALE)], commit("t1", 1), commit("t1", 2)) == [None, None]

    def test_may_decide_against_what_never_arrived(self) -> None:
        plan = [Rule(LostRequest(), count=1), Rule(STALE)]

        assert decided(plan, commit(), commit()) == [LostRequest(), STALE]

    def test_may_make_wait_what_has_taken_effect(self) -> None:
        """Other traffic can be in the way of any attempt."""
        plan = [Rule(LostAnswer(), count=1), Rule(BUSY)]

        assert decided(plan, commit(), commit()) == [LostAnswer(), BUSY]


class TestUnprocessed:
    @pytest.mark.parametrize("batch", [BatchGetItems, BatchWriteItems])
    def test_spares_batches_of_one(self, batch: type[Any]) -> None:
        """Where nothing can be done the service throttles instead."""
        one, two = Subject(batch, size=1), Subject(batch, size=2)

        assert decided([Rule(Unprocessed())], one, two) == [None, Unprocessed()]

    def test_leaves_all_but_one_at_most(self) -> None:
        decisions = Decisions([], 0)

        assert len(decisions.choose(5, 2)) == 2
        assert len(decisions.choose(5, 25)) == 4
        assert decisions.choose(5, 25) <= set(range(5))

    def test_chooses_alike_for_the_same_seed(self) -> None:
        first, second = Decisions([], 5), Decisions([], 5)

        assert [first.choose(25, 3) for _ in range(9)] == [second.choose(25, 3) for _ in range(9)]


class TestLatecomers:
    def test_arrive_when_enough_was_performed(self) -> None:
        late = Latecomers[str]()
        late.hold("second", 2)
        late.hold("first", 1)

        assert [late.arriving(), late.arriving(), late.arriving()] == [["first"], ["second"], []]

    def test_arrive_together_on_request(self) -> None:
        late = Latecomers[str]()
        late.hold("a", 9)
        late.hold("b", 1)

        assert [late.all(), late.all()] == [["a", "b"], []]


class TestOperations:
    def test_have_the_names_that_the_store_sends(self) -> None:
        """The rules speak of operations, a request of the service's actions."""
        assert CALLS.keys() == API_NAMES.keys()

    def test_that_may_not_be_repeated_are_writes(self) -> None:
        """What reads may always be asked again."""
        assert {operation for operation, call in CALLS.items() if call.repeats != "always"} <= WRITES
