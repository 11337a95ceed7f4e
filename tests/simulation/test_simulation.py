"""Each kind of worker on each store, for a moment: faults, races, kills, cancellation break no promise.

The same runs for minutes from a shell: `python -m tests.simulation --help`.
"""

from __future__ import annotations

import pytest

from tests.simulation.checker.findings import Kind
from tests.simulation.checker.history import Outcome
from tests.simulation.settings import Settings, Workers
from tests.simulation.simulation import Run, run

SEED = 20260102


def explained(done: Run) -> str:
    """Show the counter-examples of a run, and how to repeat it."""
    return "\n".join([str(done.settings), *map(str, done.violations)])


def assert_exact(done: Run) -> None:
    """Demand that no promise was broken, and that the weather was bad enough to break one."""
    assert done.violations == (), explained(done)
    assert done.changed_requests == 0
    assert done.uncertain <= done.kills
    assert done.faults.total() > len(done.history.ledger) / 10


class TestInMemory:
    @pytest.mark.parametrize("records", [False, True], ids=["without-records", "with-records"])
    @pytest.mark.parametrize("kind", ["threads", "tasks"])
    def test_serializable_units_are_exact(self, kind: Workers, records: bool) -> None:
        """Not one lost update, double application, fractured read or cycle, whatever happens on the way."""
        done = run(Settings(kind, "memory", SEED, units=60, records=records))

        assert_exact(done)
        assert done.kills > 0

    @pytest.mark.parametrize("kind", ["threads", "tasks"])
    def test_units_of_default_isolation_are_exact_but_for_write_skew(self, kind: Workers) -> None:
        """The same promises but one: cycles do occur, which shows that the checker would see them."""
        seeds = range(SEED, SEED + 12)
        runs = (run(Settings(kind, "memory", seed, units=60, serializable=False)) for seed in seeds)

        skewed = next(done for done in runs if Kind.CYCLE in {found.kind for found in done.findings})

        assert_exact(skewed)

    @pytest.mark.parametrize("kind", ["threads", "tasks"])
    def test_a_seed_repeats_a_run(self, kind: Workers) -> None:
        """Whatever is found in memory can be found again."""
        first, second = (run(Settings(kind, "memory", SEED, workers=4, units=15)) for _time in range(2))

        assert first.history == second.history
        assert first.faults == second.faults


@pytest.mark.slow
class TestOnDynamoDBLocal:
    @pytest.mark.parametrize("kind", ["threads", "tasks", "processes"])
    def test_serializable_units_are_exact(self, dynamodb_local: str, kind: Workers) -> None:
        """The same behind a proxy, on Amazon's own transactions; processes are killed by the system."""
        done = run(Settings(kind, "dynamodb-local", SEED, workers=4, units=20), dynamodb_local)

        assert_exact(done)

    def test_commit_records_outlive_processes(self, dynamodb_local: str) -> None:
        """What a killed process had committed is told by its record, and by nothing else."""
        done = run(
            Settings("processes", "dynamodb-local", SEED, workers=4, units=20, records=True), dynamodb_local
        )

        assert_exact(done)
        assert done.told(Outcome.COMMITTED) > 0
