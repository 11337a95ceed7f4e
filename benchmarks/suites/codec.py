"""Encoding and decoding, without any store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec

from benchmarks.agreement import check_codec
from benchmarks.contenders import handwritten, kinds, ours, with_marshmallow
from benchmarks.contenders.wire import WireCodec
from benchmarks.harness import Comparison, Contender, Target, calling
from benchmarks.shapes import ENTITIES

HANDWRITTEN = "hand-written"
BARE = "hand-written, unchecked"
OURS = "persistence"
PYNAMODB = "PynamoDB"
MARSHMALLOW = "marshmallow + boto3"

MOST_TO_ENCODE = 1.25
MOST_TO_DECODE = 1.15
MOST_OF_PLAIN = 1.5

_TITLES = {"simple": "simple, 6 fields", "complex": "complex, 11 fields, nested", "wide": "wide, 40 fields"}


def codecs() -> Mapping[str, Mapping[str, WireCodec]]:
    """Give the codecs of all contenders that are installed: contender -> shape -> codec."""
    found = {
        HANDWRITTEN: handwritten.CODECS,
        BARE: handwritten.BARE_CODECS,
        OURS: ours.CODECS,
        MARSHMALLOW: with_marshmallow.CODECS,
    }
    if find_spec("pynamodb") is not None:
        found[PYNAMODB] = import_module("benchmarks.contenders.with_pynamodb").CODECS
    return found


def compare_codecs() -> Iterator[Comparison]:
    """Compare encode and decode on each shape.

    Raises:
        Disagreement: a contender gives another result than the hand-written pair.
    """
    for shape, title in _TITLES.items():
        check(shape)
        yield Comparison(f"encode {title}", _encoders(shape), _targets(MOST_TO_ENCODE))
        yield Comparison(f"decode {title}", _decoders(shape), _targets(MOST_TO_DECODE))
    yield from _kinds()


def check(shape: str) -> None:
    """Check that all contenders agree on a shape.

    Raises:
        Disagreement: one does not.
    """
    entity = ENTITIES[shape]
    expected = handwritten.CODECS[shape].encode(entity)
    for name, by_shape in codecs().items():
        check_codec(name, shape, by_shape[shape], entity, expected, exact=name == OURS)


def _encoders(shape: str) -> tuple[Contender, ...]:
    entity = ENTITIES[shape]
    return tuple(
        calling(name, by_shape[shape].encode, by_shape[shape].native(entity))
        for name, by_shape in codecs().items()
    )


def _decoders(shape: str) -> tuple[Contender, ...]:
    entity = ENTITIES[shape]
    return tuple(
        calling(name, each.decode, each.encode(each.native(entity)))
        for name, each in ((name, by_shape[shape]) for name, by_shape in codecs().items() if name != BARE)
    )


def _kinds() -> Iterator[Comparison]:
    """Compare kinds of dataclasses, all of the simple shape."""
    item = handwritten.CODECS["simple"].encode(ENTITIES["simple"])
    found = {name: mapping.codec for name, mapping in kinds.KINDS.items()}
    targets = tuple(
        Target(name, kinds.PLAIN, "at most", MOST_OF_PLAIN) for name in found if name != kinds.PLAIN
    )
    yield Comparison(
        "encode simple, by kind of dataclass",
        tuple(calling(name, codec.encode, codec.decode(item)) for name, codec in found.items()),
        targets,
    )
    yield Comparison(
        "decode simple, by kind of dataclass",
        tuple(calling(name, codec.decode, item) for name, codec in found.items()),
        targets,
    )


def _targets(most: float) -> tuple[Target, ...]:
    demanded = (
        Target(OURS, HANDWRITTEN, "at most", most),
        Target(PYNAMODB, OURS, "at least", 5),
        Target(MARSHMALLOW, OURS, "at least", 6),
    )
    present = codecs()
    return tuple(target for target in demanded if {target.slower, target.faster} <= present.keys())
