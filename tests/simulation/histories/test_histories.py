"""Histories of lists and registers: what each level of reading promises holds, and the checker can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.simulation.histories.checker import check_lists, check_registers
from tests.simulation.histories.model import AnomalyKind, Fate, Level, Txn, Values
from tests.simulation.histories.workload import history
from tests.simulation.mutants import MUTANTS

SEED = 20260102


def txn(
    number: int,
    reads: Mapping[str, Values] | None = None,
    writes: Sequence[tuple[str, int]] = (),
    *,
    level: Level = "unit",
    fate: Fate = "committed",
    during: tuple[int, int] | None = None,
) -> Txn:
    """Make a transaction; each begins when the one before has ended, unless it is said otherwise."""
    begun, ended = during or (10 * number, 10 * number + 9)
    return Txn(f"t{number}", number, level, begun, ended, fate, tuple((reads or {}).items()), tuple(writes))


def kinds(*txns: Txn, serializable: bool = True, **final: Values) -> list[AnomalyKind]:
    return [each.kind for each in check_lists(txns, final, serializable=serializable)]


ONE, TWO = txn(1, writes=[("x", 1)]), txn(2, {"x": (1,)}, [("x", 2)])


class TestLists:
    def test_accepts_a_sound_history(self) -> None:
        assert kinds(ONE, TWO, txn(3, {"x": (1, 2)}), x=(1, 2)) == []

    def test_finds_what_was_appended_twice(self) -> None:
        assert "duplicate" in kinds(ONE, x=(1, 1))

    def test_finds_what_was_lost(self) -> None:
        assert kinds(ONE, txn(2, writes=[("x", 2)]), x=(1,)) == ["lost write"]

    def test_finds_what_was_refused_and_is_there(self) -> None:
        assert kinds(txn(1, writes=[("x", 1)], fate="refused"), x=(1,)) == ["aborted write"]

    def test_lets_what_is_unknown_be_there_or_not(self) -> None:
        unknown = txn(1, writes=[("x", 1)], fate="unknown")

        assert kinds(unknown, x=(1,)) == kinds(unknown, x=()) == []

    def test_finds_what_nobody_wrote(self) -> None:
        assert kinds(x=(5,)) == ["value from nowhere"]

    def test_finds_a_read_that_fits_into_no_order(self) -> None:
        assert kinds(ONE, TWO, txn(3, {"x": (2,)}), x=(1, 2))[0] == "incompatible order"

    @pytest.mark.parametrize("level", ["unit", "query", "snapshot", "index"])
    def test_finds_half_of_a_unit_at_every_level(self, level: Level) -> None:
        both = txn(1, writes=[("x", 1), ("x", 2)], during=(0, 9))

        assert (
            kinds(both, txn(2, {"x": (1,)}, level=level, during=(5, 6)), x=(1, 2))[0] == "intermediate read"
        )

    def test_finds_a_read_without_what_was_acknowledged_before(self) -> None:
        """A query must show it."""
        assert kinds(ONE, TWO, txn(3, {"x": (1,)}, level="query"), x=(1, 2)) == ["stale read"]

    def test_lets_an_index_be_late(self) -> None:
        """It may show what was true before."""
        assert kinds(ONE, TWO, txn(3, {"x": (1,)}, level="index"), x=(1, 2)) == []

    def test_finds_write_skew_where_units_are_serializable(self) -> None:
        """Each read what the other then changed."""
        skewed = (
            txn(1, {"x": (), "y": ()}, [("x", 1)], during=(0, 9)),
            txn(2, {"x": (), "y": ()}, [("y", 2)], during=(1, 8)),
        )

        assert kinds(*skewed, x=(1,), y=(2,)) == ["cycle"]
        assert kinds(*skewed, x=(1,), y=(2,), serializable=False) == []

    def test_finds_a_snapshot_of_two_moments(self) -> None:
        """It saw one write of a unit, and not the other one, whatever the isolation of units."""
        unit = txn(1, writes=[("x", 1), ("y", 2)], during=(0, 9))
        snapshot = txn(2, {"x": (1,), "y": ()}, level="snapshot", during=(1, 8))

        assert kinds(unit, snapshot, x=(1,), y=(2,), serializable=False) == ["cycle"]

    def test_lets_a_query_see_two_moments(self) -> None:
        """Each item is as it was at some moment, and that is all."""
        unit = txn(1, writes=[("x", 1), ("y", 2)], during=(0, 9))

        assert kinds(unit, txn(2, {"x": (1,), "y": ()}, level="query", during=(1, 8)), x=(1,), y=(2,)) == []

    def test_shows_the_smallest_counter_example_first(self) -> None:
        history = (txn(1, {"x": (), "y": ()}, [("x", 1)], during=(0, 9)), txn(2, {"x": ()}, [("y", 2)]))

        found = check_lists([*history, txn(3, writes=[("x", 3)])], {"x": (1,), "y": (2,)}, serializable=True)

        assert [len(anomaly.txns) for anomaly in found] == sorted(len(anomaly.txns) for anomaly in found)
        assert found[0].kind == "lost write"


class TestRegisters:
    def test_infers_the_order_from_what_writers_had_read(self) -> None:
        one, two = txn(1, {"r": (0,)}, [("r", 7)]), txn(2, {"r": (7,)}, [("r", 3)])

        assert check_registers([two, one, txn(3, {"r": (3,)})], {"r": 3}, serializable=True) == ()

    def test_finds_an_update_that_was_lost(self) -> None:
        """Both had read the same value."""
        both = [
            txn(1, {"r": (0,)}, [("r", 7)], during=(0, 9)),
            txn(2, {"r": (0,)}, [("r", 3)], during=(1, 8)),
        ]

        found = {anomaly.kind for anomaly in check_registers(both, {"r": 3}, serializable=True)}

        assert found == {"lost update", "lost write"}

    def test_finds_a_read_of_an_old_value(self) -> None:
        one, two = txn(1, {"r": (0,)}, [("r", 7)]), txn(2, {"r": (7,)}, [("r", 3)])

        found = check_registers([one, two, txn(3, {"r": (7,)}, level="query")], {"r": 3}, serializable=True)

        assert [anomaly.kind for anomaly in found] == ["stale read"]


@pytest.mark.parametrize("serializable", [True, False], ids=["serializable", "default"])
def test_what_each_level_promises_holds(serializable: bool) -> None:
    """Through units, snapshots, queries and late indexes, in bad weather."""
    told = history(SEED, serializable=serializable)

    assert [str(anomaly) for anomaly in told.anomalies] == []
    assert told.late == ()
    assert told.stale() > 0
    assert told.faults > 30


@pytest.mark.parametrize(
    "name",
    [
        "new-token-per-retry",
        "no-version-condition",
        "no-read-checks",
        "snapshot-by-reference",
        "every-cancellation-a-conflict",
    ],
)
def test_a_library_that_is_broken_is_caught(name: str) -> None:
    """The harness can tell."""
    assert any(history(number, mutant=MUTANTS[name]).anomalies for number in range(4))


def test_a_seed_repeats_a_history() -> None:
    first, second = (history(SEED, workers=3, units=10) for _time in range(2))

    assert first == second
