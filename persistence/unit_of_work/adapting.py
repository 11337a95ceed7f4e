"""What is done about items of other schema versions that a commit met without having read them.

A patch changes parts of an item, and needs one of the current schema version: an older one is brought there
first, by a write of its own that changes nothing for readers. A write of a whole entity over an item of a
later, compatible version leaves that version as it is. Then the commit is planned and sent once more.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from persistence.commit_plan import CommitPlan, Kind, PlannedAction, upgrade
from persistence.errors import CommitConflict, ConditionFailed, StaleEntity, TransactionBusy
from persistence.flows import Flow, perform
from persistence.operations import GetItem

ADAPTATIONS = 5
"""How often one commit is adapted to what it met, before its conflict is told."""


def adapted(commit: CommitPlan, refused: CommitConflict) -> Flow[bool]:
    """Do something about items whose schema versions are why a commit was refused.

    Args:
        commit: the plan that was sent.
        refused: why nothing of it was written.

    Returns:
        Whether it is worth planning and sending the commit once more.

    Raises:
        DecodeError: an older item can't be upcast.
    """
    places = {
        (reason.entity_type, reason.key)
        for reason in refused.reasons
        if isinstance(reason, StaleEntity) and reason.other_schema
    }
    if not places:
        return False
    for planned in commit.actions:
        if (planned.mapping.entity_type, planned.key_values) in places:
            yield from _adapted(planned)
    return True


def _adapted(planned: PlannedAction[Any]) -> Flow[None]:
    if planned.kind is not Kind.PATCH:
        assert planned.tracked is not None
        planned.tracked.meets_newer = not planned.tracked.meets_newer
        return
    get = GetItem(planned.mapping.table, planned.key, consistent=True)
    item = (yield from perform(get)).item
    write = None if item is None else upgrade(planned.mapping, item)
    if write is not None:
        with suppress(ConditionFailed, TransactionBusy):  # somebody else was faster, maybe with the very same
            yield from perform(write)
