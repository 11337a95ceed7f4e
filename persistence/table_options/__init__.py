"""What a table has beside keys and indexes: billing, stream, encryption, backups, tags, replicas.

Everything is optional. What a declaration does not say is left as the live table has it, and what it says is
compared with the live table by `SchemaService.plan`, changed by `apply` and written by `export`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face
from persistence.table_options.checks import (
    MOST_UNITS,
    RECOVERY_DAYS,
    SCALING_TARGETS,
    TAGS_PER_TABLE,
    EncryptionKind,
    Stream,
    StreamView,
    TableClass,
)
from persistence.table_options.options import (
    NO_OPTIONS,
    OPTION_NAMES,
    OptionArguments,
    TableOptions,
    check_index_billing,
)

if TYPE_CHECKING:
    from persistence.table_options.parts import (
        Billing,
        Encryption,
        OnDemand,
        PointInTimeRecovery,
        Provisioned,
        Replica,
        Scaling,
    )

__all__ = [
    "MOST_UNITS",
    "NO_OPTIONS",
    "OPTION_NAMES",
    "RECOVERY_DAYS",
    "SCALING_TARGETS",
    "TAGS_PER_TABLE",
    "Billing",
    "Encryption",
    "EncryptionKind",
    "OnDemand",
    "OptionArguments",
    "PointInTimeRecovery",
    "Provisioned",
    "Replica",
    "Scaling",
    "Stream",
    "StreamView",
    "TableClass",
    "TableOptions",
    "check_index_billing",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.table_options.parts": (
            "Billing",
            "Encryption",
            "OnDemand",
            "PointInTimeRecovery",
            "Provisioned",
            "Replica",
            "Scaling",
        )
    },
)
