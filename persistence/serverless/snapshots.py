"""What a snapshot of a process must not keep: connections, credentials, and the state of chance.

Lambda SnapStart runs a function's start once, and begins any number of processes from its memory. Functions
are told by the library `snapshot_restore_py`, which the runtime has; elsewhere nothing is done.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib import import_module
from typing import Any

HOOKS = "snapshot_restore_py"
"""The module of Lambda's runtime hooks (Lambda developer guide, "Runtime hooks for Python")."""


def watch_snapshots(before: Callable[[], object], after: Callable[[], object]) -> bool:
    """Have functions called around a snapshot, where there are any.

    Args:
        before: before it is taken.
        after: in each process that is begun from it. Python's own random numbers, the same in all of them,
            are seeded anew before.

    Returns:
        Whether this runtime tells of snapshots.
    """
    try:
        hooks: Any = import_module(HOOKS)
    except ImportError:
        return False

    def restored() -> None:
        random.seed()
        after()

    hooks.register_before_snapshot(before)
    hooks.register_after_restore(restored)
    return True
