"""What can go wrong with recordings."""

from __future__ import annotations

from persistence.errors import PersistenceError
from persistence.testing.expecting.failures import ExpectationFailed


class RecordingError(PersistenceError, ValueError):
    """A recording that can't be made, read or found; the message says what to do."""


class RecordingMismatch(ExpectationFailed):
    """What is asked now is not what was recorded; the message shows both and what differs."""
