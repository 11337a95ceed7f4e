"""What the functions for all shapes need."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn


def refuse(entity: object) -> NoReturn:
    raise TypeError(f"a field of {type(entity).__name__} holds a value of a wrong type")


def moment_text(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Half the time of `moment.isoformat(...)`, which asks the time zone for its offset.
    return f"{moment.date().isoformat()}T{moment.time().isoformat('microseconds')}Z"
