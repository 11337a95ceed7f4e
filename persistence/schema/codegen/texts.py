"""What texts are: datetimes, dates, UUIDs, or just text; only what is written back exactly as it was read."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Collection

from persistence.fields import utc_text
from persistence.schema.codegen.kinds import DAY, INSTANT, TEXT, UUID, Scalar, Written

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_ENDS = ("Z", "+00:00")
_WHOLE = len("2026-01-02T03:04:05.000006")


def text_kind(texts: Collection[str]) -> Scalar | Written:
    """Find the kind of some texts: all of them are read by its field and written back as they are."""
    if not texts:
        return TEXT
    if _all(texts, _is_uuid):
        return UUID
    if _all(texts, _is_date):
        return DAY
    if all(_ISO.fullmatch(text) for text in texts):
        return _instants(texts) or TEXT
    return TEXT


def member_kind(texts: Collection[str]) -> Scalar:
    """Do the same for the members of sets, and for parts of keys: the library's own forms only."""
    kind = text_kind(texts)
    return kind if isinstance(kind, Scalar) else TEXT


def _instants(texts: Collection[str]) -> Scalar | Written | None:
    # The library's own form is the one that needs no declaration.
    if _all(texts, lambda text: _cut(text, _WHOLE, "Z") == text):
        return INSTANT
    first = next(iter(texts))
    end = next((each for each in _ENDS if first.endswith(each)), None)
    if end is not None:
        digits = len(first) - len(end)
        if _all(texts, lambda text: _cut(text, digits, end) == text):
            return Written(f'lambda value: f"{{fields.utc_text(value)[:{digits}]}}{end}"')
    if not _all(texts, lambda text: dt.datetime.fromisoformat(text).isoformat() == text):
        return None
    aware = {dt.datetime.fromisoformat(text).tzinfo is not None for text in texts}
    return Written("datetime.isoformat") if len(aware) == 1 else None


def _cut(text: str, digits: int, end: str) -> str:
    read = dt.datetime.fromisoformat(text)
    return f"{utc_text(read)[:digits]}{end}" if read.utcoffset() == dt.timedelta(0) else ""


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and str(uuid.UUID(text)) == text


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and dt.date.fromisoformat(text).isoformat() == text


def _all(texts: Collection[str], holds: Callable[[str], bool]) -> bool:
    try:
        return all(map(holds, texts))
    except (ValueError, OverflowError):
        return False
