"""Cursors: what is sealed comes back, for the query that it was sealed for, and for nothing else."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import Item
from persistence.cursors import Binding, Cursors
from persistence.cursors.sealing import Form, KeyRing
from persistence.errors import ConfigurationError, InvalidCursor, QueryError
from persistence.table import GlobalIndex, Key, Table
from tests.unit.cursors.samples import (
    DIGEST,
    FILES,
    FOLDER,
    NOTES,
    OTHER_SECRET,
    POSITIONS,
    SECRET,
    Clock,
    cursors_of,
)

ENCRYPTED = pytest.mark.parametrize("encrypt", [True, False], ids=["encrypted", "signed"])

WIDE = Table("wide", "pk", "sk", indexes=(GlobalIndex("by-other", Key("gpk", "gsk")),))
WIDE_BINDING = Binding(WIDE, "by-other", DIGEST)


def refusal(cursors: Cursors, text: object, binding: Binding) -> str:
    """Give the reason for which a cursor is refused."""
    with pytest.raises(InvalidCursor) as refused:
        cursors.open(text, binding)
    return refused.value.reason


def sealed_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def cursor_text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


@ENCRYPTED
class TestRoundTrip:
    @pytest.mark.parametrize("kind", POSITIONS)
    def test_gives_the_position_back(self, kind: str, encrypt: bool) -> None:
        """Keys of every type, of tables and indexes of every kind, come back as they were."""
        binding, position = POSITIONS[kind]
        cursors = cursors_of(encrypt=encrypt)

        text = cursors.seal(position, binding)

        assert cursors.open(text, binding) == position

    @pytest.mark.parametrize("character", ["x", "é", "\U0001f600", '"', "\\", "\x00", "\u2028"])
    def test_holds_the_longest_keys(self, character: str, encrypt: bool) -> None:
        """Keys of the table and an index may all have their greatest size, whatever is in them."""
        long, short = (character * (size // len(character.encode())) for size in (2048, 1024))
        position = {"pk": {"S": long}, "sk": {"S": short}, "gpk": {"S": long}, "gsk": {"S": short}}
        cursors = cursors_of(encrypt=encrypt)

        text = cursors.seal(position, WIDE_BINDING)

        assert cursors.open(text, WIDE_BINDING) == position

    def test_holds_the_longest_binary_keys(self, encrypt: bool) -> None:
        """Binary keys of the greatest size fit too."""
        names = ("pk", "sk", "gpk", "gsk")
        binding = replace(WIDE_BINDING, table=replace(WIDE, types=dict.fromkeys(names, "B")))
        position: Item = {name: {"B": b"\xff" * (1024 if "sk" in name else 2048)} for name in names}
        cursors = cursors_of(encrypt=encrypt)

        text = cursors.seal(position, binding)

        assert cursors.open(text, binding) == position

    @given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256))
    def test_holds_any_text(self, text: str, encrypt: bool) -> None:
        """Any text that can be a key comes back as it was."""
        binding, position = Binding(NOTES, None, DIGEST), {"id": {"S": text}}
        cursors = cursors_of(encrypt=encrypt)

        assert cursors.open(cursors.seal(position, binding), binding) == position

    @pytest.mark.parametrize("kind", POSITIONS)
    def test_is_safe_in_urls(self, kind: str, encrypt: bool) -> None:
        """A cursor has letters, digits, minus and underscore only."""
        binding, position = POSITIONS[kind]

        text = cursors_of(encrypt=encrypt).seal(position, binding)

        assert re.fullmatch(r"[A-Za-z0-9_-]+", text)

    def test_works_in_another_process(self, encrypt: bool) -> None:
        """Whoever has the key can open it."""
        binding, position = POSITIONS["global index of both"]

        text = cursors_of(encrypt=encrypt).seal(position, binding)

        assert cursors_of(encrypt=encrypt).open(text, binding) == position


@ENCRYPTED
class TestBinding:
    @pytest.mark.parametrize(
        "other",
        [
            Binding(replace(FILES, name="other-files"), None, DIGEST),
            Binding(FILES, "by-number", DIGEST),
            Binding(FILES, None, bytes(32)),
            Binding(FILES, None, DIGEST, descending=True),
        ],
        ids=["table", "index", "conditions or tenant", "order"],
    )
    def test_refuses_it_for_another_query(self, other: Binding, encrypt: bool) -> None:
        """Another table, index, digest or direction refuses the cursor."""
        cursors = cursors_of(encrypt=encrypt)
        text = cursors.seal(FOLDER, Binding(FILES, None, DIGEST))

        assert refusal(cursors, text, other) == "foreign"

    def test_refuses_it_when_the_types_of_the_keys_have_changed(self, encrypt: bool) -> None:
        """A position that the table can't have any more is not used, even if it is authentic."""
        cursors = cursors_of(encrypt=encrypt)
        text = cursors.seal({"id": {"S": "1"}}, Binding(NOTES, None, DIGEST))

        redeclared = Binding(replace(NOTES, types={"id": "N"}), None, DIGEST)

        assert refusal(cursors, text, redeclared) == "foreign"

    def test_takes_a_table_with_further_indexes(self, encrypt: bool) -> None:
        """An index that is added to the table does not disturb the cursors that are in use."""
        cursors = cursors_of(encrypt=encrypt)
        text = cursors.seal({"id": {"S": "1"}}, Binding(NOTES, None, DIGEST))

        grown = replace(NOTES, indexes=(GlobalIndex("by-title", Key("title")),))

        assert cursors.open(text, Binding(grown, None, DIGEST)) == {"id": {"S": "1"}}


class TestBindingItself:
    def test_refuses_an_index_that_is_not_declared(self) -> None:
        """The error names table and index."""
        with pytest.raises(QueryError, match="'notes' declares no index 'by-title'"):
            Binding(NOTES, "by-title", DIGEST)

    @pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33), "x" * 32])
    def test_refuses_a_digest_of_another_size(self, digest: bytes) -> None:
        """32 bytes, as of SHA-256."""
        with pytest.raises(QueryError, match="32 bytes"):
            Binding(NOTES, None, digest)


@ENCRYPTED
class TestForgery:
    def test_refuses_a_cursor_of_another_key(self, encrypt: bool) -> None:
        """What somebody else has sealed is not opened."""
        binding, position = POSITIONS["partition and sort key"]
        theirs = cursors_of(OTHER_SECRET, encrypt=encrypt).seal(position, binding)

        assert refusal(cursors_of(encrypt=encrypt), theirs, binding) == "unknown_key"

    def test_refuses_a_cursor_that_claims_another_key(self, encrypt: bool) -> None:
        """The name of a key does not prove that it was used."""
        binding, position = POSITIONS["partition and sort key"]
        cursors = cursors_of(encrypt=encrypt)
        ours = sealed_bytes(cursors.seal(position, binding))
        theirs = sealed_bytes(cursors_of(OTHER_SECRET, encrypt=encrypt).seal(position, binding))

        forged = cursor_text(ours[:7] + theirs[7:])

        assert refusal(cursors, forged, binding) == "foreign"

    def test_refuses_the_other_form(self, encrypt: bool) -> None:
        """A signed cursor can't pass for an encrypted one, nor the other way round."""
        binding, position = POSITIONS["partition key"]
        cursors = cursors_of(encrypt=encrypt)
        form, *rest = sealed_bytes(cursors.seal(position, binding))

        other_form = cursor_text(bytes([3 - form, *rest]))

        assert refusal(cursors, other_form, binding) == "foreign"

    @pytest.mark.parametrize("position", range(24))
    def test_refuses_every_changed_bit_at_its_ends(self, position: int, encrypt: bool) -> None:
        """Header and signature count as well as the content."""
        binding, item = POSITIONS["partition key"]
        cursors = cursors_of(encrypt=encrypt)
        sealed = sealed_bytes(cursors.seal(item, binding))

        for place, bit in product((position, -1 - position), range(8)):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            assert refusal(cursors, cursor_text(bytes(changed)), binding) in {
                "malformed",
                "unknown_key",
                "foreign",
            }


@ENCRYPTED
class TestContent:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff",
            b"[]",
            b"{}",
            b'{"key":[]}',
            b'{"key":{"id":{"S":"n1"}},"more":1}',
            b'{"key":{"id":{"S":"n1"},"id":{"S":"n2"}}}',
            b'{"key":{"id":{"s":"Pz8"}}}',
            b'{"key":{"id":{"s":"/w=="}}}',
        ],
    )
    def test_is_read_strictly_even_if_it_is_authentic(self, content: bytes, encrypt: bool) -> None:
        """What another version of the library has sealed is not guessed at."""
        binding, _ = POSITIONS["partition key"]
        ring = KeyRing([SECRET], Form.ENCRYPTED if encrypt else Form.SIGNED)

        text = cursor_text(ring.seal(content, binding.fingerprint))

        assert refusal(cursors_of(encrypt=encrypt), text, binding) == "malformed"


@ENCRYPTED
class TestNonCanonicalText:
    @pytest.mark.parametrize(
        "rewritten",
        [
            lambda text: text + "=" * (-len(text) % 4 or 4),
            lambda text: text + "=",
            lambda text: text + "\n",
            lambda text: " " + text,
            lambda text: text[:8] + "\n" + text[8:],
            lambda text: text[:8] + "." + text[8:],
            lambda text: text + "\x00",
            lambda text: "\ufeff" + text,
            lambda text: text.replace(text[9], chr(ord(text[9]) + 0xFEE0)),
            lambda text: base64.b64encode(sealed_bytes(text)).decode(),
            lambda text: sealed_bytes(text).hex(),
            lambda text: base64.b32encode(sealed_bytes(text)).decode(),
            lambda text: text.swapcase(),
            lambda text: text.encode(),
            lambda text: "",
            lambda text: "A",
        ],
        ids=[
            "padding",
            "one equals sign",
            "line feed",
            "blank",
            "line feed within",
            "dot within",
            "zero byte",
            "byte order mark",
            "full width",
            "other alphabet",
            "hexadecimal",
            "base32",
            "other case",
            "bytes",
            "empty",
            "one character",
        ],
    )
    def test_is_refused(self, rewritten: Callable[[str], object], encrypt: bool) -> None:
        """There is one way to write a cursor, whatever a lenient decoder would read."""
        binding, position = POSITIONS["global index of a partition key"]
        cursors = cursors_of(encrypt=encrypt)
        text = _with_other_alphabet(cursors, position, binding)

        assert refusal(cursors, rewritten(text), binding) == "malformed"

    def test_has_no_stray_bits(self, encrypt: bool) -> None:
        """The bits of the last character that belong to no byte are zero."""
        binding, position = Binding(NOTES, None, DIGEST), {"id": {"S": "n"}}
        cursors = cursors_of(encrypt=encrypt)
        text = cursors.seal(position, binding)
        while len(text) % 4 == 0:
            position["id"]["S"] += "n"
            text = cursors.seal(position, binding)

        changed = text[:-1] + chr(ord(text[-1]) + 1)

        assert sealed_bytes(changed) == sealed_bytes(text)
        assert refusal(cursors, changed, binding) == "malformed"

    @pytest.mark.parametrize("given", [None, b"", 1, 1.5, True, [], {}, object(), ["A"]])
    def test_is_no_text(self, given: object, encrypt: bool) -> None:
        """What came in the place of a cursor is refused like a bad cursor."""
        assert refusal(cursors_of(encrypt=encrypt), given, Binding(NOTES, None, DIGEST)) == "malformed"


def _with_other_alphabet(cursors: Cursors, position: Item, binding: Binding) -> str:
    """Give a cursor in which both alphabets differ."""
    for number in range(100):
        changed = {**position, "hash": {"B": b"\xff\xfb\xef" * (number + 1)}}
        text = cursors.seal(changed, binding)
        if "-" in text or "_" in text:
            return text
    raise AssertionError("no such cursor")


@ENCRYPTED
class TestRotation:
    def test_opens_what_older_keys_have_sealed(self, encrypt: bool) -> None:
        """The first key seals, all keys open."""
        binding, position = POSITIONS["partition and sort key"]
        old = cursors_of(SECRET, encrypt=encrypt).seal(position, binding)

        rotated = cursors_of(OTHER_SECRET, SECRET, encrypt=encrypt)
        new = rotated.seal(position, binding)

        assert rotated.open(old, binding) == position
        assert rotated.open(new, binding) == position
        assert cursors_of(OTHER_SECRET, encrypt=encrypt).open(new, binding) == position
        assert refusal(cursors_of(SECRET, encrypt=encrypt), new, binding) == "unknown_key"

    def test_ends_with_the_old_key(self, encrypt: bool) -> None:
        """What a dropped key has sealed is refused."""
        binding, position = POSITIONS["partition and sort key"]
        old = cursors_of(SECRET, encrypt=encrypt).seal(position, binding)

        assert refusal(cursors_of(OTHER_SECRET, encrypt=encrypt), old, binding) == "unknown_key"


@ENCRYPTED
class TestExpiry:
    def test_ends_after_its_lifetime(self, encrypt: bool) -> None:
        """A cursor can be used until its lifetime is over."""
        binding, position = POSITIONS["partition key"]
        clock = Clock()
        cursors = cursors_of(encrypt=encrypt, lifetime=timedelta(minutes=10), clock=clock)
        text = cursors.seal(position, binding)

        clock.advance(timedelta(minutes=10) - timedelta(milliseconds=1))
        opened = cursors.open(text, binding)
        clock.advance(timedelta(milliseconds=1))

        assert opened == position
        assert refusal(cursors, text, binding) == "expired"

    def test_is_decided_when_it_is_made(self, encrypt: bool) -> None:
        """A changed lifetime is that of the cursors that are made from then on."""
        binding, position = POSITIONS["partition key"]
        clock = Clock()
        unlimited = cursors_of(encrypt=encrypt, clock=clock)
        limited = cursors_of(encrypt=encrypt, lifetime=timedelta(seconds=1), clock=clock)
        texts = unlimited.seal(position, binding), limited.seal(position, binding)

        clock.advance(timedelta(days=1))

        assert limited.open(texts[0], binding) == position
        assert refusal(unlimited, texts[1], binding) == "expired"


def test_the_end_of_a_signed_cursor_cannot_be_moved() -> None:
    """It is in sight, and part of what is signed."""
    binding, position = POSITIONS["partition key"]
    cursors = cursors_of(encrypt=False, lifetime=timedelta(seconds=1))
    sealed = sealed_bytes(cursors.seal(position, binding))

    moved = sealed.replace(b"1767355201000", b"9767355201000")

    assert moved != sealed
    assert refusal(cursors, cursor_text(moved), binding) == "foreign"


@ENCRYPTED
class TestLength:
    def test_is_bounded_when_it_is_read(self, encrypt: bool) -> None:
        """A longer text is refused before anything else is done with it."""
        binding, position = POSITIONS["partition key"]
        text = cursors_of(encrypt=encrypt).seal(position, binding)

        exact, less = (cursors_of(encrypt=encrypt, max_length=len(text) - short) for short in (0, 1))

        assert exact.open(text, binding) == position
        assert refusal(less, text, binding) == "too_long"
        assert refusal(cursors_of(encrypt=encrypt), "A" * 10_000_000, binding) == "too_long"

    def test_is_bounded_when_it_is_made(self, encrypt: bool) -> None:
        """A cursor that could not be read again is a fault of the configuration."""
        binding, position = POSITIONS["partition key"]

        with pytest.raises(ConfigurationError, match=r"of table 'notes' has .* max_length .* is 20"):
            cursors_of(encrypt=encrypt, max_length=20).seal(position, binding)


class TestPositions:
    @pytest.mark.parametrize(
        ("position", "fault"),
        [
            ({}, "it needs the attributes owner, size, folder, number, and has none"),
            (FOLDER, "it needs the attributes owner, size, folder, number, and has folder, number"),
            ({**FOLDER, "owner": {"S": "o"}, "size": {"N": "1"}, "more": {"S": ""}}, "it needs"),
            ({**FOLDER, "owner": {"S": "o"}, "size": {"S": "1"}}, "'size' is of type S, not N"),
            ({**FOLDER, "owner": {"SS": ["o"]}, "size": {"N": "1"}}, "'owner' is of type SS, not S"),
            ({**FOLDER, "owner": {}, "size": {"N": "1"}}, "'owner' is of type , not S"),
            ({**FOLDER, "owner": {"S": "o", "N": "1"}, "size": {"N": "1"}}, "'owner' is of type S/N"),
            ({**FOLDER, "owner": {"S": ""}, "size": {"N": "1"}}, "'owner' holds no S"),
            ({**FOLDER, "owner": {"S": "o" * 2049}, "size": {"N": "1"}}, "key of up to 2048 bytes"),
            ({**FOLDER, "owner": {"S": "\ud800"}, "size": {"N": "1"}}, "'owner' holds no S"),
            ({**FOLDER, "owner": {"S": b"o"}, "size": {"N": "1"}}, "'owner' holds no S"),
            ({**FOLDER, "owner": {"S": "o"}, "size": {"N": 1}}, "'size' holds no N"),
            ({**FOLDER, "owner": {"S": "o"}, "size": {"N": "NaN"}}, "'size' holds no N"),
            ({**FOLDER, "owner": {"S": "o"}, "size": {"N": "1E126"}}, "'size' holds no N"),
            ({**FOLDER, "owner": {"S": "o"}, "size": {"N": "\u0661"}}, "'size' holds no N"),
        ],
    )
    def test_that_do_not_fit_are_not_sealed(self, position: Item, fault: str) -> None:
        """A position has exactly the keys of table and index, with their types; values are never shown."""
        with pytest.raises(QueryError, match="index 'by-owner' of table 'files'") as refused:
            cursors_of().seal(position, Binding(FILES, "by-owner", DIGEST))

        assert fault in str(refused.value)

    def test_are_as_small_as_the_smallest_role_of_an_attribute(self) -> None:
        """An attribute that is a partition key here and a sort key there has the smaller limit."""
        binding = Binding(replace(FILES, types={}), "by-number", DIGEST)
        position: Item = {"folder": {"S": "f" * 1024}, "number": {"S": "n" * 1025}}

        with pytest.raises(QueryError, match="'number' holds no S that a key of up to 1024 bytes"):
            cursors_of().seal(position, binding)


class TestWhatIsShown:
    def test_a_signed_cursor_shows_its_position_and_nothing_else(self) -> None:
        """Form, id of the key, position, end and signature: neither the key nor what it is bound to."""
        binding, position = POSITIONS["global index of a partition key"]

        text = cursors_of(encrypt=False, lifetime=timedelta(seconds=1)).seal(position, binding)

        content = sealed_bytes(text)[7:-32]
        assert json.loads(content) == {
            "key": {"folder": {"S": "a/b"}, "number": {"N": "7"}, "hash": {"B": "AP/+"}},
            "expires": 1767355201000,
        }

    def test_an_encrypted_cursor_shows_nothing(self) -> None:
        """Neither the position nor the names of its attributes can be found, and no two are alike."""
        binding, position = POSITIONS["global index of both"]
        cursors = cursors_of(encrypt=True)

        texts = {cursors.seal(position, binding) for _ in range(100)}

        assert len(texts) == 100
        for text in texts:
            sealed = sealed_bytes(text)
            # Nothing of three bytes or fewer: among so many random ones, such a thing turns up by chance.
            assert not any(shown in sealed for shown in (b"folder", b"owner", b"0.125"))

    def test_a_refusal_shows_nothing_of_the_cursor(self) -> None:
        """The error says why, what to do, and holds neither the text nor its content."""
        binding, position = POSITIONS["partition key"]
        text = cursors_of().seal(position, binding)

        with pytest.raises(InvalidCursor) as refused:
            cursors_of(OTHER_SECRET).open(text, binding)

        assert str(refused.value) == (
            "the cursor is refused: it was made with a key that is not among the cursor keys here. Use a "
            "cursor as a page gave it, with the same query; without one, reading begins at the first page"
        )
        assert (refused.value.__cause__, refused.value.__context__) == (None, None)


class TestWithoutCryptography:
    @pytest.fixture(autouse=True)
    def absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`cryptography` can't be imported."""
        monkeypatch.setitem(sys.modules, "cryptography", None)

    def test_signs(self) -> None:
        """Cursors are authenticated, and can be read by those who get them."""
        binding, position = POSITIONS["partition key"]
        cursors = cursors_of()

        text = cursors.seal(position, binding)

        assert not cursors.encrypts
        assert b'{"id":{"S":"n1"}}' in sealed_bytes(text)
        assert cursors.open(text, binding) == position

    def test_refuses_to_be_told_to_encrypt(self) -> None:
        """The error names the extra that has to be installed."""
        with pytest.raises(ConfigurationError, match=r"install persistence-dynamodb\[encryption\]"):
            cursors_of(encrypt=True)

    def test_refuses_encrypted_cursors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An encrypted cursor of another machine says what is missing here."""
        binding, position = POSITIONS["partition key"]
        with monkeypatch.context() as elsewhere:
            elsewhere.delitem(sys.modules, "cryptography")
            text = cursors_of().seal(position, binding)

        assert refusal(cursors_of(), text, binding) == "encrypted"


class TestWithCryptography:
    def test_encrypts(self) -> None:
        """It is used wherever it is installed, unless it is forbidden."""
        assert cursors_of().encrypts
        assert cursors_of(encrypt=True).encrypts
        assert not cursors_of(encrypt=False).encrypts

    def test_opens_both_forms(self) -> None:
        """A fleet may be moved to encryption, and back, while cursors are in use."""
        binding, position = POSITIONS["partition key"]
        signing, encrypting = cursors_of(encrypt=False), cursors_of(encrypt=True)

        assert signing.open(encrypting.seal(position, binding), binding) == position
        assert encrypting.open(signing.seal(position, binding), binding) == position

    def test_is_imported_for_the_first_cursor_only(self) -> None:
        """Who does not page does not pay for it."""
        program = (
            "import sys; from persistence import MemoryStore, UnitOfWork\n"
            "from persistence.cursors import CursorKeys\n"
            "uow = UnitOfWork(MemoryStore(), cursor_keys=CursorKeys((b'k' * 16,), encrypt=True))\n"
            "assert uow.cursors.encrypts\n"
            "print('cryptography' in sys.modules)"
        )

        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert ran.stdout == "False\n"
