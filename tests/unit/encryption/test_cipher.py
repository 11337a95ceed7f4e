"""AES-256-GCM with long nonces: the published vectors, and what does not open."""

from __future__ import annotations

import pytest

from persistence.encryption.cipher import Cipher, NotOpened

NONCE = b"ABCDEFGHIJKLMNOPQRSTUVWX"


@pytest.mark.parametrize(
    ("key", "associated", "sealed"),
    [
        (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
    ids=["no carry", "carry and associated data"],
)
def test_gives_the_published_vectors(key: bytes, associated: bytes, sealed: str) -> None:
    """C2SP, XAES-256-GCM, "Test vectors": one for each value of the subkey's highest bit."""
    cipher = Cipher(key)

    assert cipher.seal(NONCE, b"XAES-256-GCM", associated).hex() == sealed
    assert cipher.open(NONCE, bytes.fromhex(sealed), associated) == b"XAES-256-GCM"


def test_opens_with_the_same_key_nonce_and_data_only() -> None:
    cipher = Cipher(b"k" * 32)
    sealed = cipher.seal(NONCE, b"content", b"place")
    altered = bytes([sealed[0] ^ 1]) + sealed[1:]

    for key, nonce, content, place in (
        (b"K" * 32, NONCE, sealed, b"place"),
        (b"k" * 32, NONCE[::-1], sealed, b"place"),
        (b"k" * 32, NONCE, sealed, b"plaice"),
        (b"k" * 32, NONCE, altered, b"place"),
        (b"k" * 32, NONCE, sealed[:15], b"place"),
    ):
        with pytest.raises(NotOpened):
            Cipher(key).open(nonce, content, place)
