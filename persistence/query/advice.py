"""What a query tells its author unasked: that it reads a whole table, or that it is not protected."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from persistence.errors import ScanForbidden, ScanWarning
from persistence.events import event_log
from persistence.mapping import EntityMapping
from persistence.query.planner import AccessPath
from persistence.unit_of_work.policies import ScanPolicy
from persistence.unit_of_work.unit import Unit

_LIBRARY = f"{__name__.partition('.')[0]}."


def apply_scan_policy(policy: ScanPolicy, mapping: EntityMapping[Any], path: AccessPath) -> None:
    """Warn of a scan that nobody asked for, or refuse it.

    Raises:
        ScanForbidden: the policy is "forbid".
    """
    if policy == "allow":
        return
    text = (
        f"no key of {mapping.name} serves this query, so it reads the whole table; add an index for it, or "
        f"write .scan(...) if that is meant.\n{path}"
    )
    if policy == "forbid":
        raise ScanForbidden(text)
    _advise("scan", mapping)
    warnings.warn(text, ScanWarning, stacklevel=_frames_of_the_library())


def advise_on_isolation(unit: Unit[Any] | None, mapping: EntityMapping[Any]) -> None:
    """Say that a serializable unit can't notice entities that come to match a query after it was read."""
    if unit is not None and unit.isolation == "serializable":
        _advise("predicate_unprotected", mapping)


def _advise(code: str, mapping: EntityMapping[Any]) -> None:
    event_log().warning("advice.given", code=code, entity_type=mapping.name, table=mapping.table.name)


def _frames_of_the_library() -> int:
    """Count the frames between the caller of this function and the application, for warnings."""
    level, frame = 1, inspect.currentframe()
    frame = frame.f_back if frame else None
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_LIBRARY):
        level, frame = level + 1, frame.f_back
    return level
