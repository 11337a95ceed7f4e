"""Checks that contenders do the same work, before any of them is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.contenders.wire import WireCodec
from persistence.attributes import AttributeValue, Item


class Disagreement(Exception):
    """A contender gives another result than the baseline, so that comparing their times would mean nothing.

    Args:
        contender: its name.
        shape: the name of the shape.
        attributes: the attributes that differ.
    """

    def __init__(self, contender: str, shape: str, attributes: tuple[str, ...]) -> None:
        super().__init__(contender, shape, attributes)
        self.contender = contender
        self.shape = shape
        self.attributes = attributes

    def __str__(self) -> str:
        return f"{self.contender} does not agree on {self.shape}: {', '.join(self.attributes)} differ"


def check_codec(
    name: str, shape: str, codec: WireCodec, entity: Any, expected: Item, *, exact: bool = False
) -> None:
    """Check one contender.

    Args:
        name: the contender.
        shape: the shape's name.
        codec: the contender's functions.
        entity: an entity of the shape.
        expected: the item that the baseline makes of it.
        exact: demand the very same item, not only one that means the same.

    Raises:
        Disagreement: it makes another item, or does not get the entity back from its own one.
    """
    item = codec.encode(codec.native(entity))
    if exact:
        _compare(name, shape, item, expected)
    _compare(name, shape, canonical(item), canonical(expected))
    _compare(name, shape, vars(codec.plain(codec.decode(item))), vars(entity))


def _compare(name: str, shape: str, found: dict[str, Any], expected: dict[str, Any]) -> None:
    absent = object()
    names = {**expected, **found}
    differing = tuple(each for each in names if found.get(each, absent) != expected.get(each, absent))
    if differing:
        raise Disagreement(name, shape, differing)


def canonical(item: Item) -> dict[str, Any]:
    """Rewrite an item so that it is equal to another one that means the same.

    Sets have no order, and peers write moments in forms of their own: `Z`, `+00:00` and `+0000` are one.
    """
    return {name: _canonical(stored) for name, stored in item.items()}


def _canonical(stored: AttributeValue) -> tuple[str, Any]:
    ((tag, content),) = stored.items()
    match tag:
        case "S":
            return tag, _moment_or_text(content)
        case "SS" | "NS" | "BS":
            return tag, frozenset(content)
        case "L":
            return tag, [_canonical(each) for each in content]
        case "M":
            return tag, canonical(content)
        case _:
            return tag, content


def _moment_or_text(text: str) -> str | datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.astimezone(UTC) if moment.tzinfo is not None else text
