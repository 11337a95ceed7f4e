"""What all codecs have in common, so that they can be checked and measured in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from persistence.attributes import Item


def _as_it_is(entity: Any) -> Any:
    return entity


@dataclass(frozen=True, slots=True)
class WireCodec:
    """How one contender converts the entities of one shape.

    Attributes:
        encode: object -> item, as it is measured.
        decode: item -> object, as it is measured.
        native: dataclass -> the object that the contender works with; not measured.
        plain: the way back; not measured.
    """

    encode: Callable[[Any], Item]
    decode: Callable[[Item], Any]
    native: Callable[[Any], Any] = _as_it_is
    plain: Callable[[Any], Any] = _as_it_is
