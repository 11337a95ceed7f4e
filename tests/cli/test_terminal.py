"""The command line on a terminal: questions, colours, widths, bars, and Ctrl-C."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.processes import Terminal

pytestmark = pytest.mark.slow

SLOW_STORE = """
import time
from tests.unit.cli.world import *
from persistence.operations import ScanPage

class Slow(MemoryStore):
    def perform(self, operation):
        if isinstance(operation, ScanPage):
            time.sleep(0.05)
            operation = replace(operation, limit=1)
        return super().perform(operation)

from dataclasses import replace

def made():
    built, slow = container(), Slow()
    for thing in things():
        Repository(ThingMapping, (built.store.override(providers.Object(slow)), built.uow())[1]).save(thing)
    return built
"""


def terminal(folder: Path, *arguments: str, columns: int = 100, **more: str) -> Terminal:
    return Terminal(arguments, folder, columns, more)


class TestConsent:
    def test_asks_after_it_has_shown_where_and_what(self, folder: Path) -> None:
        shown = terminal(folder, "delete-table", "Thing")

        shown.wait_for("Go on? [y/N]")
        shown.type("y\n")

        assert shown.end() == 0
        assert "In the application's store in memory:" in shown.shown
        assert "delete table 'things' and its items, about 25" in shown.shown
        assert "table 'things' is deleted" in shown.shown

    @pytest.mark.parametrize("answer", ["n\n", "\n"])
    def test_does_nothing_without_a_yes(self, folder: Path, answer: str) -> None:
        shown = terminal(folder, "delete-table", "Thing")

        shown.wait_for("[y/N]")
        shown.type(answer)

        assert shown.end() == 4
        assert "nothing was done" in shown.shown

    def test_an_end_of_file_is_no_yes(self, folder: Path) -> None:
        shown = terminal(folder, "delete-table", "Thing")

        shown.wait_for("[y/N]")
        shown.type("\x04")

        assert shown.end() == 4
        assert "nothing was done" in shown.shown

    def test_control_c_is_no_yes(self, folder: Path) -> None:
        shown = terminal(folder, "delete-table", "Thing")

        shown.wait_for("[y/N]")

        assert shown.interrupt() == 130
        assert "is deleted" not in shown.shown


class TestInterruption:
    def test_says_how_to_go_on(self, folder: Path) -> None:
        (folder / "slow.py").write_text(SLOW_STORE)
        shown = terminal(folder, "backup", "export", "Thing", "out", "--app", "slow:made")

        shown.wait_for("export table")
        shown.type("\x03")

        assert shown.end() == 130
        assert "Interrupted. Run the same command again: it goes on in out." in shown.shown
        assert "Traceback" not in shown.shown


class TestLooks:
    def test_a_table_has_colours_only_where_they_are_wanted(self, folder: Path) -> None:
        coloured, plain = terminal(folder, "doctor"), terminal(folder, "doctor", NO_COLOR="1")

        codes = coloured.end(), plain.end()

        assert codes == (1, 1)
        assert "\x1b[32mok" in coloured.shown
        assert not re.search(r"\x1b\[3\d", plain.shown)

    def test_a_narrow_terminal_wraps_and_loses_nothing(self, folder: Path) -> None:
        shown = terminal(folder, "get", "Thing", "box", "t03", columns=40)

        assert shown.end() == 0
        lines = shown.shown.splitlines()
        assert all(len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 40 for line in lines)
        assert "2026-01-02T00:00:00.000000Z" in shown.shown

    def test_a_long_job_shows_a_bar(self, folder: Path) -> None:
        shown = terminal(folder, "backup", "export", "Thing", "out")

        assert shown.end() == 0
        assert "━" in shown.shown
        assert "25/25 items" in shown.shown


class TestShell:
    def test_is_pythons_own_with_the_applications_names(self, folder: Path) -> None:
        shown = terminal(folder, "shell", "--plain")

        shown.wait_for(">>> ")
        shown.type("things.get('box', 't04').weight * 2\n")
        shown.wait_for("Decimal('12')\n>>> ")
        shown.type("exit()\n")

        assert shown.end() == 0
        assert "repositories: things, counters" in shown.shown
