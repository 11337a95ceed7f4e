"""Answer conditions over items, apply updates to them and project paths out of them, as the service does.

Everything here is pure and knows no store: items go in, answers or new items come out, and nothing that went
in is changed. New items may share values with what went in. Interpreters refuse nodes that they don't know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.evaluate.conditions import holds
    from persistence.evaluate.paths import project, value_at
    from persistence.evaluate.updates import UpdateRefused, apply_update

__all__ = ["UpdateRefused", "apply_update", "holds", "project", "value_at"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.evaluate.conditions": ("holds",),
        "persistence.evaluate.paths": ("project", "value_at"),
        "persistence.evaluate.updates": ("UpdateRefused", "apply_update"),
    },
)
