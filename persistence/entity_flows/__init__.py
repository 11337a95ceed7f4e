"""What repositories do, as flows: once for synchronous and asynchronous ones.

Every flow looks at the unit's state and identity map again after each answer, since other tasks of the same
event loop may have used the unit meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.entity_flows.batches import BATCH_ATTEMPTS
    from persistence.entity_flows.flows import EntityFlows, Put, refuse_other_type
    from persistence.entity_flows.reading import EntityReading

__all__ = ["BATCH_ATTEMPTS", "EntityFlows", "EntityReading", "Put", "refuse_other_type"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.entity_flows.batches": ("BATCH_ATTEMPTS",),
        "persistence.entity_flows.flows": ("EntityFlows", "Put", "refuse_other_type"),
        "persistence.entity_flows.reading": ("EntityReading",),
    },
)
