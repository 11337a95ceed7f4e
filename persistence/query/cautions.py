"""What a query tells its author unasked: that it reads a whole table, wastes reads, or is not protected."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from persistence.advice import Advice, advise
from persistence.errors import ScanForbidden, ScanWarning
from persistence.query.access import AccessPath
from persistence.query.costs import PAGE_BYTES
from persistence.query.subject import Subject
from persistence.unit_of_work.policies import ScanPolicy
from persistence.unit_of_work.unit import Unit

WASTEFUL_READS = 100
"""Items that were read before it is worth a word that a filter dropped most of them."""

WASTEFUL_SHARE = 0.9

MANY_REQUESTS = 10
"""Requests for one page that are not worth a word yet."""

_LIBRARY = f"{__name__.partition('.')[0]}."


def apply_scan_policy(policy: ScanPolicy, subject: Subject[Any], path: AccessPath) -> None:
    """Warn of a scan that nobody asked for, or refuse it.

    Raises:
        ScanForbidden: the policy is "forbid".
    """
    if policy == "allow":
        return
    text = (
        f"no key of {subject.name} serves this query, so it reads the whole table; add an index for it, or "
        f"write .scan(...) if that is meant.\n{path}"
    )
    if policy == "forbid":
        raise ScanForbidden(text)
    _advise("scan", text, subject)
    warnings.warn(text, ScanWarning, stacklevel=_frames_of_the_library())


def advise_on_isolation(unit: Unit[Any] | None, subject: Subject[Any]) -> None:
    """Say that a serializable unit can't notice entities that come to match a query after it was read."""
    if unit is not None and unit.isolation == "serializable":
        _advise("predicate_unprotected", "nobody notices what comes to match this query", subject)


def advise_on_waste(subject: Subject[Any], path: AccessPath, scanned: int, given: int) -> None:
    """Say that a filter dropped most of what was read."""
    if scanned >= WASTEFUL_READS and path.discards and given <= scanned * (1 - WASTEFUL_SHARE):
        _advise(
            "filter_discards",
            f"{scanned} items were read for {given} results",
            subject,
            index=path.index,
            scanned=scanned,
            returned=given,
        )


def advise_on_size(subject: Subject[Any], path: AccessPath, size: int | None) -> None:
    """Say that a page is larger than what one request reads, going by the items that were read before."""
    mean = subject.sizes.mean
    if size is None or mean is None or path.keys or (path.index is not None and path.projection is not None):
        return  # by keys there are no pages, and what an index holds of an item may be small
    if size * mean > PAGE_BYTES:
        text = f"{size} items of about {mean} bytes are more than the 1 MB that a request reads"
        _advise("page_size", text, subject, index=path.index, size=size, item_bytes=mean)


def advise_on_effort(subject: Subject[Any], path: AccessPath, requests: int) -> None:
    """Say that a page took many requests."""
    if requests > MANY_REQUESTS:
        text = f"one page took {requests} requests"
        _advise("page_size", text, subject, index=path.index, requests=requests)


def _advise(code: str, text: str, subject: Subject[Any], **facts: object) -> None:
    advise(Advice(code, text), entity_type=subject.name, table=subject.table.name, **facts)


def _frames_of_the_library() -> int:
    """Count the frames between the caller of this function and the application, for warnings."""
    level, frame = 1, inspect.currentframe()
    frame = frame.f_back if frame else None
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_LIBRARY):
        level, frame = level + 1, frame.f_back
    return level
