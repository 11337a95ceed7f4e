"""Cursors of pages: opaque texts that say where the next page begins, made by this application alone.

A cursor holds the key of the item that a page ended with, and is bound to the query that the page belongs to.
It is signed, or encrypted where `cryptography` is installed; see `CursorKeys` for what can be configured.
"""

from persistence.cursors.binding import Binding
from persistence.cursors.cursors import Cursors
from persistence.cursors.keys import CursorKeys, KeySource

__all__ = ["Binding", "CursorKeys", "Cursors", "KeySource"]
