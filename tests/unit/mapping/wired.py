"""Items as the text of an answer."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from persistence.attributes import Item
from persistence.wire_items import WireItems


def wire(items: Sequence[Item]) -> WireItems:
    """Give items as the text of an answer."""
    text = json.dumps(list(items), default=lambda value: b64encode(value).decode()).encode()
    return WireItems(
        text, len(items), _read, lambda text: [json.dumps(i).encode() for i in json.loads(bytes(text))]
    )


def _read(text: bytes) -> list[Item]:
    items: list[Item] = json.loads(text, object_hook=_binary)
    return items


def _binary(found: dict[str, Any]) -> dict[str, Any]:
    match found:
        case {"B": str(text)}:
            return {**found, "B": b64decode(text)}
        case {"BS": [str(), *_] as texts}:
            return {**found, "BS": [b64decode(text) for text in texts]}
        case _:
            return found
