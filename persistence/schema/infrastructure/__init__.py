"""Tables as infrastructure as code: written for other tools, and compared with what stands in a repository.

Everything here is pure, but for reading the files that are compared. It is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.schema.infrastructure.exports import exported as exported
    from persistence.schema.infrastructure.verification import verify_template as verify_template

_HOME_OF = {
    "exported": "persistence.schema.infrastructure.exports",
    "verify_template": "persistence.schema.infrastructure.verification",
}

__all__ = ["exported", "verify_template"]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
