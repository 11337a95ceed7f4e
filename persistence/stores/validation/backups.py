"""Backups and restores: their names, and the times that can be gone back to.

Source: API reference, CreateBackup, RestoreTableFromBackup and RestoreTableToPointInTime.
"""

from __future__ import annotations

import re
from datetime import datetime

from persistence.stores.validation.refused import Refused, WrongTime

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}\Z")


def check_name(what: str, name: str) -> None:
    """Check the name of a backup, or of a table that is to be restored.

    Args:
        what: the service's word for it, such as "backupName".
        name: the name.

    Raises:
        Refused: it has other than 3 to 255 characters of `a-zA-Z0-9_.-`.
    """
    if not _NAME.match(name):
        raise Refused(
            f"1 validation error detected: Value at '{what}' failed to satisfy constraint: Member must have "
            "3 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.'"
        )


def check_time(at: datetime | None, earliest: datetime, latest: datetime) -> None:
    """Check a time to restore a table to.

    Args:
        at: an aware time; None for the latest.
        earliest: the first that there is.
        latest: the last that there is.

    Raises:
        WrongTime: it is before the first, or behind the last.
        Refused: it has no time zone.
    """
    if at is None:
        return
    if at.tzinfo is None:
        raise Refused("the time to restore to has no time zone; give one, such as datetime(..., tzinfo=UTC)")
    if not earliest <= at <= latest:
        raise WrongTime(
            f"The restore time must be from {earliest.isoformat()} to {latest.isoformat()}, "
            f"found {at.isoformat()}"
        )
