"""Envelopes: what is stored, and that it opens in its own place only."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import same
from persistence.encryption import DataKey, Envelope, KeyName, LocalKeyRing, NoSuchKey, Place, opened, sealed
from persistence.encryption.cipher import NotOpened
from persistence.encryption.content import from_bytes, to_bytes
from persistence.encryption.envelope import is_envelope
from persistence.errors import ConfigurationError

KEY = DataKey(KeyName("2026-11"), bytes(range(32)))
NONCE = bytes(range(24))
PLACE = Place("customers", {"id": {"S": "c1"}}, ("id",), "card")


def numbers() -> st.SearchStrategy[str]:
    return st.integers(-(10**37), 10**37).map(str)


def values() -> st.SearchStrategy[dict[str, Any]]:
    text = st.text(string.printable + "äß€😀\x00", max_size=20)
    scalars = st.one_of(
        text.map(lambda each: {"S": each}),
        numbers().map(lambda each: {"N": each}),
        st.binary(max_size=20).map(lambda each: {"B": each}),
        st.booleans().map(lambda each: {"BOOL": each}),
        st.just({"NULL": True}),
        st.sets(text, min_size=1, max_size=4).map(lambda each: {"SS": sorted(each)}),
        st.sets(numbers(), min_size=1, max_size=4).map(lambda each: {"NS": sorted(each)}),
        st.sets(st.binary(max_size=5), min_size=1, max_size=4).map(lambda each: {"BS": sorted(each)}),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda each: {"L": each}),
            st.dictionaries(text, inner, max_size=4).map(lambda each: {"M": each}),
        ),
        max_leaves=8,
    )


class TestContent:
    @given(values())
    def test_gives_every_value_back(self, value: dict[str, Any]) -> None:
        assert from_bytes(to_bytes(value)) == value

    @pytest.mark.parametrize(
        ("value", "content"),
        [
            ({"S": "ä"}, b"S\xc3\xa4"),
            ({"N": "12"}, b"N12"),
            ({"B": b"\xff"}, b"B\xff"),
            ({"M": {"a": {"B": b"\xff"}}}, b'J{"M":{"a":{"B":"/w=="}}}'),
        ],
        ids=["text", "number", "binary", "document"],
    )
    def test_is_pinned(self, value: dict[str, Any], content: bytes) -> None:
        """What was stored years ago has to be read."""
        assert to_bytes(value) == content


class TestEnvelope:
    def test_is_pinned(self) -> None:
        """What was stored years ago has to be read: the same key, nonce and place give the same bytes."""
        stored = sealed(to_bytes({"S": "4111"}), PLACE, KEY, NONCE)

        assert stored["B"].hex() == (
            "e57065010007323032362d31310000000102030405060708090a0b0c0d0e0f1011121314151617"
            "a3adef66ea3604a9d49d2cf50eb33918d6092898b7"
        )

    @given(values())
    def test_opens_in_its_place(self, value: dict[str, Any]) -> None:
        stored = sealed(to_bytes(value), PLACE, KEY, NONCE)

        assert is_envelope(stored)
        assert opened(Envelope.of(stored["B"]), PLACE, KEY) == value

    @pytest.mark.parametrize(
        "elsewhere",
        [
            replace(PLACE, table="customerS"),
            replace(PLACE, attribute="kard"),
            replace(PLACE, key={"id": {"S": "c2"}}),
            replace(PLACE, key={"id": {"B": b"c1"}}),
            replace(PLACE, table="customer", attribute="scard"),
            replace(PLACE, key={"id": {"S": "c1"}, "sort": {"S": ""}}, key_names=("id", "sort")),
        ],
        ids=["table", "attribute", "key", "type of key", "moved border", "sort key"],
    )
    def test_opens_nowhere_else(self, elsewhere: Place) -> None:
        stored = sealed(b"Sx", PLACE, KEY, NONCE)

        with pytest.raises(NotOpened):
            opened(Envelope.of(stored["B"]), elsewhere, KEY)

    @given(st.data())
    def test_opens_unaltered_only(self, data: st.DataObject) -> None:
        """Every bit counts: those of the key's name and of the wrapped key, too."""
        key = DataKey(KeyName("k", b"wrapped"), bytes(32))
        stored = sealed(b"Sx", PLACE, key, NONCE)["B"]
        bit = data.draw(st.integers(0, 8 * len(stored) - 1))
        altered = bytearray(stored)
        altered[bit // 8] ^= 1 << bit % 8

        with pytest.raises(NotOpened):
            opened(Envelope.of(bytes(altered)), PLACE, key)

    @given(st.integers(0, 70))
    def test_is_whole_or_none(self, size: int) -> None:
        stored = sealed(b"Sx", PLACE, KEY, NONCE)["B"]

        if size < len(stored):
            with pytest.raises(NotOpened):
                opened(Envelope.of(stored[:size]), PLACE, KEY)

    @pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("1E0", "1.00"), ("-0", "0")])
    def test_takes_numbers_of_keys_as_the_service_does(self, one: str, other: str) -> None:
        assert same({"N": one}, {"N": other})
        places = [replace(PLACE, key={"id": {"N": number}}) for number in (one, other)]

        assert places[0].associated == places[1].associated

    @given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4)), unique=True))
    def test_no_two_places_look_alike(self, places: list[tuple[str, str, str]]) -> None:
        made = [Place(table, {"id": {"S": key}}, ("id",), name) for table, key, name in places]

        assert len({place.associated for place in made}) == len(places)


class TestLocalKeyRing:
    def test_seals_with_the_current_key_and_opens_with_all(self) -> None:
        ring = LocalKeyRing({"new": bytes(32), "old": b"o" * 32}, current="new")

        assert ring.at_hand("t").name == KeyName("new")
        assert ring.at_hand("t", KeyName("old")).name == KeyName("old")
        assert ring.obtain("t") is ring.at_hand("t")

    @pytest.mark.parametrize("name", [KeyName("other"), KeyName("new", b"wrapped")], ids=["name", "wrapped"])
    def test_has_no_other(self, name: KeyName) -> None:
        with pytest.raises(NoSuchKey):
            LocalKeyRing({"new": bytes(32)}, current="new").at_hand("t", name)

    @pytest.mark.parametrize(
        ("keys", "current", "said"),
        [
            ({"a": bytes(16)}, "a", "16 bytes"),
            ({"a": "x" * 32}, "a", "is str"),
            ({"a": bytes(32)}, "b", "current key is 'b'"),
            ({"": bytes(32)}, "", "name of a key"),
        ],
        ids=["short", "text", "unknown", "nameless"],
    )
    def test_refuses_what_is_no_ring(self, keys: Any, current: str, said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            LocalKeyRing(keys, current)

    def test_shows_no_key(self) -> None:
        ring = LocalKeyRing({"a": b"canary-canary-canary-canary-1234"}, "a")

        assert "canary" not in repr(ring) + repr(ring.at_hand("t")) + str(vars(ring))
        with pytest.raises(TypeError):
            ring.at_hand("t").__reduce__()
