"""Recording what a store is asked and answers, and answering from that.

    with cassette("tests/cassettes/orders.jsonl", lambda: DynamoStore()) as store:
        ...

| module      | what is in it                                                             |
|-------------|---------------------------------------------------------------------------|
| `cassettes` | `cassette`: recorded once, replayed from then on                          |
| `recorder`  | `Recorder`, a layer                                                       |
| `replay`    | `ReplayStore` and `AsyncReplayStore`                                      |
| `recording` | `Recording`: the file, and its lines                                      |
| `values`    | operations and answers as JSON, `errors` likewise                         |
| `comparing` | whether two operations are the same to a replay                           |
| `redaction` | what is kept out of a recording, and `walking`, which finds where it is   |
"""

from __future__ import annotations

from persistence.testing.recordings.cassettes import CassetteMode, cassette
from persistence.testing.recordings.failures import RecordingError, RecordingMismatch
from persistence.testing.recordings.recorder import Recorder
from persistence.testing.recordings.recording import Call, Recording
from persistence.testing.recordings.redaction import Redaction
from persistence.testing.recordings.replay import AsyncReplayStore, ReplayOrder, ReplayStore

__all__ = [
    "AsyncReplayStore",
    "Call",
    "CassetteMode",
    "Recorder",
    "Recording",
    "RecordingError",
    "RecordingMismatch",
    "Redaction",
    "ReplayOrder",
    "ReplayStore",
    "cassette",
]
