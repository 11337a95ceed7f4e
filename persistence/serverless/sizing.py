"""How many connections, and which timeouts, the memory of a function is worth.

AWS gives processor time by memory, one full processor at 1,769 MB (Lambda developer guide, "Configure Lambda
function memory"). A function serves one event at a time: connections beyond those that its threads can keep
busy are only opened, and with little of a processor the handshake of each takes longer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

MEMORY_VARIABLE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a client is given.

    Attributes:
        connections: how many are kept.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for an answer.
    """

    connections: int
    connect_timeout: float
    read_timeout: float


_SIZES = (
    (512, Sizing(5, connect_timeout=3.0, read_timeout=5.0)),
    (1769, Sizing(10, connect_timeout=2.0, read_timeout=4.0)),
)
"""Memory in MB up to which a sizing holds."""

_LARGEST = Sizing(20, connect_timeout=1.0, read_timeout=3.0)


def function_memory(environment: Mapping[str, str] = os.environ) -> int | None:
    """Give the memory of the function in MB; None where this is none."""
    text = environment.get(MEMORY_VARIABLE, "")
    return int(text) if text.isdigit() else None


def sizing_for(memory_mb: int | None = None) -> Sizing:
    """Give connections and timeouts by the memory of a function.

    Args:
        memory_mb: in MB; None for that of this function. Where there is none either, it is taken for large.

    Returns:
        5 connections up to 512 MB, 10 up to 1,769 MB, else 20.
    """
    memory = function_memory() if memory_mb is None else memory_mb
    if memory is None:
        return _LARGEST
    return next((sizing for most, sizing in _SIZES if memory <= most), _LARGEST)
