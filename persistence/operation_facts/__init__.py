"""What is true of each type of operation, whatever store performs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face
from persistence.operation_facts.kinds import OperationType, api_name, can_write, table_of

if TYPE_CHECKING:
    from persistence.operation_facts.items import ON_ITEMS
    from persistence.operation_facts.tables import API_NAMES, WRITES

__all__ = ["API_NAMES", "ON_ITEMS", "WRITES", "OperationType", "api_name", "can_write", "table_of"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.operation_facts.items": ("ON_ITEMS",),
        "persistence.operation_facts.tables": ("API_NAMES", "WRITES"),
    },
)
