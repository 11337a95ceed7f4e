"""What a careful person would write by hand for each shape: the limit for any codec.

`encode_...` checks all types in one chain before it builds the item, as the library does; `bare_...` checks
nothing: what can't be stored is found by the service, or by nobody.
"""

from __future__ import annotations

from benchmarks.contenders.handwritten.complex import bare_complex, decode_complex, encode_complex
from benchmarks.contenders.handwritten.simple import bare_simple, decode_simple, encode_simple
from benchmarks.contenders.handwritten.wide import bare_wide, decode_wide, encode_wide
from benchmarks.contenders.wire import WireCodec

__all__ = ["BARE_CODECS", "CODECS"]


CODECS = {
    "simple": WireCodec(encode_simple, decode_simple),
    "complex": WireCodec(encode_complex, decode_complex),
    "wide": WireCodec(encode_wide, decode_wide),
}
BARE_CODECS = {
    "simple": WireCodec(bare_simple, decode_simple),
    "complex": WireCodec(bare_complex, decode_complex),
    "wide": WireCodec(bare_wide, decode_wide),
}
