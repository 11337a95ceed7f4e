"""What commits and snapshots need, loaded with the first of them: a unit that only reads does without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.unit_of_work.outcomes import Committed
    from persistence.unit_of_work.pipeline import Pipeline, Resumption
    from persistence.unit_of_work.sending import only_reason
    from persistence.unit_of_work.snapshots import snapshot

__all__ = ["Committed", "Pipeline", "Resumption", "only_reason", "snapshot"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.unit_of_work.outcomes": ("Committed",),
        "persistence.unit_of_work.pipeline": ("Pipeline", "Resumption"),
        "persistence.unit_of_work.sending": ("only_reason",),
        "persistence.unit_of_work.snapshots": ("snapshot",),
    },
)
