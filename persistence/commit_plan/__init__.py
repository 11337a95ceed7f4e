"""What a commit will do, worked out without asking any store.

`plan` turns what a unit tracks into one action per item: the entities in the order in which they came under
the unit, then patches, then what the unit stores beside them, then checks. That order holds up to the
cancellation reasons, so that each reason finds its entity. Nothing changes in memory until
`CommitPlan.absorb`, which is called after the store said yes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.commit_plan.alone import Alone, Creation, PatchAlone, PlannedAlone
    from persistence.commit_plan.planned import COMMIT_ID, CommitPlan, Kind, PlannedAction
    from persistence.commit_plan.planner import Additions, Creations, plan, plan_mark, plan_patch
    from persistence.commit_plan.schema_versions import depends_on_version, rewrite, unfit_version, upgrade

__all__ = [
    "COMMIT_ID",
    "Additions",
    "Alone",
    "CommitPlan",
    "Creation",
    "Creations",
    "Kind",
    "PatchAlone",
    "PlannedAction",
    "PlannedAlone",
    "depends_on_version",
    "plan",
    "plan_mark",
    "plan_patch",
    "rewrite",
    "unfit_version",
    "upgrade",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.commit_plan.alone": ("Alone", "Creation", "PatchAlone", "PlannedAlone"),
        "persistence.commit_plan.planned": ("COMMIT_ID", "CommitPlan", "Kind", "PlannedAction"),
        "persistence.commit_plan.planner": ("Additions", "Creations", "plan", "plan_mark", "plan_patch"),
        "persistence.commit_plan.schema_versions": (
            "depends_on_version",
            "rewrite",
            "unfit_version",
            "upgrade",
        ),
    },
)
