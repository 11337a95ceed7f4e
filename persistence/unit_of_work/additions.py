"""What a commit stores beside its entities: entries of an outbox, and its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from persistence.commit_plan import PlannedAction
from persistence.mapping import mapping_of
from persistence.outbox import entries
from persistence.tracking import IdentityMap, Tracked
from persistence.unit_of_work.domain_events import CollectedEvents
from persistence.unit_of_work.policies import Policies
from persistence.unit_of_work.records import KEPT, CommitRecord


class Additions:
    """Makes the additions of one commit.

    Args:
        policies: say what is stored.
        entities: what the unit tracks.
        events: what is to be put into the outbox.
        commit_id: what the commit's record is found by.
        ids: gives random ids.
    """

    def __init__(
        self,
        policies: Policies,
        entities: IdentityMap,
        events: CollectedEvents,
        commit_id: str,
        ids: Callable[[], str],
    ) -> None:
        self._policies = policies
        self._entities = entities
        self._events = events
        self._commit_id = commit_id
        self._ids = ids

    def __call__(
        self, writes: Sequence[PlannedAction[Any]], now: Callable[[], datetime]
    ) -> list[Tracked[Any]]:
        """Give the additions to writes; `now` gives the time of the commit."""
        added = IdentityMap()
        self._add_events(added, writes, now)
        self._add_record(added, bool(writes), now)
        return list(added)

    def _add_events(
        self, added: IdentityMap, writes: Sequence[PlannedAction[Any]], now: Callable[[], datetime]
    ) -> None:
        outbox = self._policies.outbox
        if outbox is not None and self._events:
            recorded = self._events.for_outbox(self._entities, writes)
            for entry in entries(outbox, recorded, now(), self._ids):
                added.add(mapping_of(outbox), entry)

    def _add_record(self, added: IdentityMap, writes: bool, now: Callable[[], datetime]) -> None:
        records = self._policies.records
        if records is not None and (writes or len(added)):
            time = now()
            added.add(records, CommitRecord(self._commit_id, self._ids(), time, time + KEPT))
