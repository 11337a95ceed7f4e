"""What `doctor` finds of tables on a store that is not in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from persistence import MemoryStore
from persistence.cli.diagnosis import Finding
from persistence.cli.session import Opened, Session
from persistence.cli.settings import Settings
from persistence.cli.tablehealth import table_findings
from persistence.errors import AccessDenied, InvalidRequest, StoreUnavailable
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeRecovery,
    DescribeTable,
    GetItem,
    Operation,
    UpdateTable,
)
from persistence.schema import SchemaService
from persistence.store import Limits
from persistence.table import Table
from tests.unit.cli.world import MAPPINGS

R = TypeVar("R")


@dataclass
class Remote:
    """A store that says of itself that it is somewhere else, and fails where it is told to."""

    below: MemoryStore
    failing: tuple[type[Operation[Any]], ...] = ()
    failure: Callable[[], Exception] = lambda: AccessDenied("no")

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, self.failing):
            raise self.failure()
        return self.below.perform(operation)


@pytest.fixture
def remote() -> Remote:
    store = MemoryStore(auto_create=False)
    SchemaService(store, MAPPINGS).ensure_tables()
    return Remote(store)


def found(remote: Remote, app: str = "tests.unit.cli.world:MAPPINGS") -> dict[str, list[Finding]]:
    session = Session(Settings(app=app), Path.cwd())
    session.opened = Opened(remote, "elsewhere")
    return by_check(table_findings(session))


def by_check(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.check, []).append(finding)
    return found


class TestTables:
    def test_that_are_as_declared_get_advice(self, remote: Remote) -> None:
        """A mistake could not be undone, and nothing keeps the table from being deleted."""
        ok, recovery, protection = found(remote)["table things"]

        assert (ok.state, ok.found) == ("ok", "as declared")
        assert (recovery.state, "point-in-time recovery is off" in recovery.found) == ("warn", True)
        assert (protection.state, protection.found) == ("warn", "deletion protection is off")

    def test_whose_recovery_may_not_be_looked_at_get_none_about_it(self, remote: Remote) -> None:
        remote.failing = (DescribeRecovery,)

        assert [finding.found for finding in found(remote)["table counters"]] == [
            "as declared",
            "deletion protection is off",
        ]

    def test_that_may_not_be_looked_at_are_told_with_what_is_missing(self, remote: Remote) -> None:
        remote.failing = (DescribeTable, GetItem)

        (finding,) = found(remote)["table things"]

        assert (finding.state, finding.found) == ("fail", "not permitted: DescribeTable, GetItem")

    def test_are_not_asked_for_one_by_one_where_nobody_answers(self, remote: Remote) -> None:
        remote.failing, remote.failure = (DescribeTable,), lambda: StoreUnavailable("nobody there")

        ((finding,),) = found(remote).values()

        assert (finding.state, finding.remedy) == ("fail", "the others are not asked for")

    def test_that_can_not_be_compared_do_not_keep_from_the_others(self, remote: Remote) -> None:
        remote.failing, remote.failure = (DescribeTable,), lambda: InvalidRequest("what is that?")

        assert {check: each[0].state for check, each in found(remote).items()} == {
            "table things": "fail",
            "table counters": "fail",
        }

    def test_that_differ_are_told_with_the_difference(self, remote: Remote) -> None:
        remote.perform(UpdateTable("things", delete_index="by-colour"))

        (finding,) = found(remote)["table things"][:1]

        assert (finding.state, "by-colour" in finding.found) == ("fail", True)

    def test_of_another_key_are_told_with_the_remedy(self, remote: Remote) -> None:
        remote.perform(DeleteTable("things"))
        remote.perform(CreateTable(Table("things", "id")))

        finding = found(remote)["table things"][0]

        assert finding.state == "fail"
        assert finding.remedy

    def test_are_none_without_an_application(self, remote: Remote) -> None:
        session = Session(Settings(), Path.cwd())
        session.opened = Opened(remote, "elsewhere")

        assert list(table_findings(session)) == []
