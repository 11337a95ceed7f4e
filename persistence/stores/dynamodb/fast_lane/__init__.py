"""The fast lane: requests for items past most of botocore, where nobody can tell the difference.

| module        | what it does                                                        |
|---------------|---------------------------------------------------------------------|
| `lane`        | serves calls inside botocore's `before-call`, or in place of them   |
| `messages`    | what is sent, with its signature (pure)                             |
| `forms`       | what requests of one action share, as botocore says now and then    |
| `reading`     | answers of one meaning -> what botocore would read from them (pure) |
| `replies`     | reads an answer from a connection                                   |
| `connections` | the kept connections                                                |
| `refusals`    | what speaks against it (pure)                                       |
| `handlers`    | whose handlers a client's events have                               |
| `dispatch`    | which of them an event calls, in which order (pure)                 |
| `given`       | looks into clients that were made elsewhere                         |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.stores.dynamodb.fast_lane.given import (
        converts_values,
        is_botocores,
        is_recorded,
        path_of,
    )
    from persistence.stores.dynamodb.fast_lane.handlers import MindfulEmitter, mindful_emitter_of
    from persistence.stores.dynamodb.fast_lane.lane import FastLane, FastLaneState, fast_lane_of

__all__ = [
    "FastLane",
    "FastLaneState",
    "MindfulEmitter",
    "converts_values",
    "fast_lane_of",
    "is_botocores",
    "is_recorded",
    "mindful_emitter_of",
    "path_of",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.stores.dynamodb.fast_lane.given": (
            "converts_values",
            "is_botocores",
            "is_recorded",
            "path_of",
        ),
        "persistence.stores.dynamodb.fast_lane.handlers": ("MindfulEmitter", "mindful_emitter_of"),
        "persistence.stores.dynamodb.fast_lane.lane": ("FastLane", "FastLaneState", "fast_lane_of"),
    },
)
