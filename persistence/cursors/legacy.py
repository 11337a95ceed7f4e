"""The cursors of DynamORM, now TableTheory: unsigned JSON of the last key, index and sort direction.

They are read while an application moves from there, and never written.
"""

from __future__ import annotations

from persistence.attributes import Item, canonical_number
from persistence.cursors.base64url import url_bytes
from persistence.cursors.binding import Binding
from persistence.cursors.positions import TYPED_READERS, parsed_json, read_position
from persistence.errors import InvalidCursor

_MEMBERS = {"lastKey", "index", "sort"}


def looks_legacy(text: str) -> bool:
    """Tell whether a text may be such a cursor and none of ours, by its first character."""
    # Base64 of the brace that the JSON begins with; ours begin with the small number of their form.
    return text.startswith("e")


def opened_legacy(text: str, binding: Binding) -> Item:
    """Read the position from such a cursor.

    Args:
        text: base64url of the JSON, padded as it was made, or without its padding.
        binding: the query; the index and direction, where the cursor names them, must be the query's.

    Raises:
        InvalidCursor: it is none, or one of another table, index or direction.
    """
    members = parsed_json(_unpadded_bytes(text))
    if not isinstance(members, dict) or "lastKey" not in members or not members.keys() <= _MEMBERS:
        raise InvalidCursor("malformed")
    _check_member(members.get("index", ""), (binding.index or "",))
    _check_member(members.get("sort", ""), ("DESC", "desc") if binding.descending else ("ASC", "asc"))
    return _canonical(read_position(members["lastKey"], TYPED_READERS, binding))


def _unpadded_bytes(text: str) -> bytes:
    unpadded = text.rstrip("=")
    if len(text) not in (len(unpadded), len(unpadded) + -len(unpadded) % 4):
        raise InvalidCursor("malformed")
    try:
        return url_bytes(unpadded)
    except ValueError:
        raise InvalidCursor("malformed") from None


def _check_member(given: object, wanted: tuple[str, ...]) -> None:
    """Compare what a cursor names with what the query has; an empty text names nothing."""
    if not isinstance(given, str):
        raise InvalidCursor("malformed")
    if given and given not in wanted:
        raise InvalidCursor("foreign")


def _canonical(position: Item) -> Item:
    return {
        name: {"N": canonical_number(value["N"])} if "N" in value else value
        for name, value in position.items()
    }
