"""Cursors of pages: opaque texts that say where the next page begins, made by this application alone.

A cursor holds the key of the item that a page ended with, and is bound to the query that the page belongs to.
It is signed, or encrypted where `cryptography` is installed; see `CursorKeys` for what can be configured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.cursors.binding import Binding
    from persistence.cursors.cursors import Cursors
    from persistence.cursors.keys import CursorKeys, KeySource

__all__ = ["Binding", "CursorKeys", "Cursors", "KeySource"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.cursors.binding": ("Binding",),
        "persistence.cursors.cursors": ("Cursors",),
        "persistence.cursors.keys": ("CursorKeys", "KeySource"),
    },
)
