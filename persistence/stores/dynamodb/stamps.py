"""What requests bear beside what they ask: the time, and the id of their call."""

from __future__ import annotations

import os
import time
from functools import lru_cache


def timestamp() -> str:
    """Give the time in UTC as signatures have it, such as "20261126T195500Z"."""
    return _stamp(int(time.time()))


def invocation_id() -> str:
    """Give a call an id, which all its attempts have."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=4)
def _stamp(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
