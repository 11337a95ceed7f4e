"""What a worker writes down outside the bank, so that it outlives the worker: one line of JSON per event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.simulation.bank.domain import Touch
from tests.simulation.checker.history import Outcome, Post, Sight, Told

BEGINNING = '{"begin": '
"""How the line of a unit begins."""


class Journal:
    """The notes of one worker: each unit before it begins, and what the worker was told about it.

    Each note is handed to the operating system at once, so that it is there even if the worker is killed in
    the next moment.

    Args:
        folder: where the journals of a run are.
        worker: its name.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self._worker = worker
        self._file = (folder / f"{worker}.jsonl").open("a", encoding="utf-8")
        self._number = 0

    def begin(self, activity: str, *, bare: str | None = None) -> str:
        """Note that a unit begins; gives its id."""
        id_ = self._next_id()
        self._write(begin=id_, activity=activity, bare=bare)
        return id_

    def told(self, id_: str, outcome: Outcome) -> None:
        """Note the outcome of a unit, this worker's or that of one that was killed."""
        self._write(told=id_, outcome=outcome.value)

    def saw(self, touches: Iterable[Touch], money: int | None) -> None:
        """Note a snapshot."""
        self._write(sight=self._next_id(), touches=[astuple(touch) for touch in touches], money=money)

    def resolved(self) -> None:
        """Note that a commit whose outcome was unknown was resumed, and that it is known now."""
        self._write(resolved=1)

    def new_box(self) -> str:
        """Name a box for letters."""
        return self._next_id()

    def posted(self, box: str, letters: int) -> None:
        """Note letters that are stored, as the worker was told."""
        self._write(posted=box, letters=letters)

    def browsed(self, box: str, numbers: list[int]) -> None:
        """Note the urgent letters of a box that is stored, as they were seen page by page."""
        self._write(browsed=box, numbers=numbers)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _next_id(self) -> str:
        self._number += 1
        return f"{self._worker}-{self._number}"

    def _write(self, **event: Any) -> None:
        self._file.write(json.dumps(event) + "\n")
        self._file.flush()


class Notes(NamedTuple):
    """All that the workers of a run have noted.

    Attributes:
        resolved: how many unknown outcomes became known.
    """

    told: tuple[Told, ...]
    sights: tuple[Sight, ...]
    mail: tuple[Post, ...]
    resolved: int


def read_journals(folder: Path) -> Notes:
    """Read what all workers of a run noted."""
    events = [event for path in sorted(folder.glob("*.jsonl")) for event in _events(path)]
    told = {
        event["begin"]: Told(event["begin"], event["activity"], Outcome.SILENT, event["bare"])
        for event in events
        if "begin" in event
    }
    for event in events:
        # A worker that finds out about a unit of another one knows better than that one did.
        if "told" in event and not told[event["told"]].certain:
            told[event["told"]] = replace(told[event["told"]], outcome=Outcome(event["outcome"]))
    sights = (
        Sight(event["sight"], tuple(Touch(*touch) for touch in event["touches"]), event["money"])
        for event in events
        if "sight" in event
    )
    browsed = {event["browsed"]: tuple(event["numbers"]) for event in events if "browsed" in event}
    mail = (
        Post(event["posted"], event["letters"], browsed.get(event["posted"]))
        for event in events
        if "posted" in event
    )
    return Notes(tuple(told.values()), tuple(sights), tuple(mail), sum("resolved" in each for each in events))


def unsettled_in(path: Path) -> str | None:
    """Give the unit whose outcome the worker was never told, because it was killed before."""
    events = list(_events(path))
    begun = [event["begin"] for event in events if "begin" in event]
    settled = {event["told"] for event in events if "told" in event}
    return next((id_ for id_ in reversed(begun) if id_ not in settled), None)


def _events(path: Path) -> Iterator[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    # What follows the last line break was being written when its worker was killed.
    yield from (json.loads(line) for line in lines[:-1])
