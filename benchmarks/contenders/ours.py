"""The library: a mapping per shape, everything inferred from the type hints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.contenders.wire import WireCodec
from benchmarks.shapes import Complex, Simple, Wide
from persistence import Key, MappingSchema, fields


class SimpleMapping(MappingSchema[Simple]):
    class Meta:
        table = "simple"
        key = Key("id")


class ComplexMapping(MappingSchema[Complex]):
    class Meta:
        table = "complex"
        key = Key("id")

    version = fields.Version()


class WideMapping(MappingSchema[Wide]):
    class Meta:
        table = "wide"
        key = Key("text_01")


MAPPINGS: Mapping[str, type[MappingSchema[Any]]] = {
    "simple": SimpleMapping,
    "complex": ComplexMapping,
    "wide": WideMapping,
}
CODECS = {shape: WireCodec(mapping.codec.encode, mapping.codec.decode) for shape, mapping in MAPPINGS.items()}
