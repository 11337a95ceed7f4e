"""Thousands of damaged cursors: each is refused as `InvalidCursor`, whatever was done to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from random import Random

import pytest

from persistence.attributes import Item
from persistence.cursors import Binding, Cursors
from persistence.errors import InvalidCursor
from tests.unit.cursors.samples import POSITIONS, cursors_of

NUMBER = 2_000  # for each of the 6 kinds of keys
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
OTHERS = "+/=. \n\t\x00%~é\u0661\uff21\ud800"

SHORTEST = 8

Mutation = Callable[[Random, str, str], str]


def decoded(text: str) -> bytes:
    """Read as much of a text as the most lenient of decoders."""
    kept = "".join(character for character in text if character in ALPHABET)
    return base64.urlsafe_b64decode(kept[: len(kept) // 4 * 4])


def flip_bit(random: Random, text: str, other: str) -> str:
    sealed = bytearray(decoded(text) or b"A")
    sealed[random.randrange(len(sealed))] ^= 1 << random.randrange(8)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def replace_characters(random: Random, text: str, other: str) -> str:
    characters = list(text)
    for _ in range(random.randint(1, 4)):
        characters[random.randrange(len(text))] = random.choice(ALPHABET + OTHERS)
    return "".join(characters)


def truncate(random: Random, text: str, other: str) -> str:
    begin, end = sorted(random.sample(range(len(text) + 1), 2))
    return random.choice([text[:end], text[begin:], text[begin:end]])


def cut_out(random: Random, text: str, other: str) -> str:
    begin, end = sorted(random.sample(range(len(text) + 1), 2))
    return text[:begin] + text[end:]


def insert(random: Random, text: str, other: str) -> str:
    place = random.randint(0, len(text))
    return text[:place] + "".join(random.choices(ALPHABET + OTHERS, k=random.randint(1, 5))) + text[place:]


def swap(random: Random, text: str, other: str) -> str:
    one, two = sorted(random.sample(range(len(text)), 2))
    return text[:one] + text[two] + text[one + 1 : two] + text[one] + text[two + 1 :]


def splice(random: Random, text: str, other: str) -> str:
    place = random.randint(1, min(len(text), len(other)) - 1)
    return text[:place] + other[place:]


def join(random: Random, text: str, other: str) -> str:
    return random.choice(["", ".", "=", "&"]).join([text, random.choice([text, other])])


def recode(random: Random, text: str, other: str) -> str:
    again = random.choice([base64.b64encode, base64.b32encode, base64.b16encode, base64.urlsafe_b64encode])
    content: bytes = again(random.choice([decoded(text), text.encode("utf-8", "surrogatepass")]))
    return content.decode()


def recase(random: Random, text: str, other: str) -> str:
    return random.choice([text.swapcase(), text.upper(), text.lower(), text.title()])


def reverse(random: Random, text: str, other: str) -> str:
    return text[::-1]


def invent(random: Random, text: str, other: str) -> str:
    return "".join(random.choices(ALPHABET, k=random.randint(0, 300)))


def keep_header(random: Random, text: str, other: str) -> str:
    return text[: random.randint(1, 12)] + invent(random, text, other)


def grow(random: Random, text: str, other: str) -> str:
    return text * random.choice([2, 3, 10, 1000])


MUTATIONS: list[Mutation] = [
    flip_bit,
    replace_characters,
    truncate,
    cut_out,
    insert,
    swap,
    splice,
    join,
    recode,
    recase,
    reverse,
    invent,
    keep_header,
    grow,
]


def mutated(random: Random, originals: list[str]) -> Iterator[str]:
    """Give texts that are no original, with no end."""
    while True:
        text, other = random.choice(originals), random.choice(originals)
        for mutation in random.choices(MUTATIONS, k=random.choice([1, 1, 1, 2])):
            if len(text) >= SHORTEST:
                text = mutation(random, text, other)
        if text not in originals:
            yield text


@pytest.mark.parametrize("kind", POSITIONS)
@pytest.mark.parametrize("encrypt", [True, False], ids=["encrypted", "signed"])
def test_damaged_cursors_are_refused(kind: str, encrypt: bool) -> None:
    """Flipped, cut, swapped, spliced, recoded and huge ones: no damage gives a position or another error."""
    binding, position = POSITIONS[kind]
    cursors = cursors_of(encrypt=encrypt)
    originals = [cursors.seal(one, binding) for one in (position, _next(position))]
    originals += [cursors_of(b"another key that is not known", encrypt=encrypt).seal(position, binding)]

    accepted = [
        text
        for text in islice(mutated(Random(f"{kind} {encrypt}"), originals), NUMBER)
        if _opened(cursors, text, binding) is not None
    ]

    assert accepted == []


def _next(position: Item) -> Item:
    """Give another position of the same key."""
    changes: dict[str, Callable[[object], object]] = {
        "S": lambda text: f"{text}!",
        "N": lambda text: str(Decimal(str(text)) + 1),
        "B": lambda content: bytes(reversed(content)),  # type: ignore[call-overload]
    }
    return {name: {tag: changes[tag](value[tag]) for tag in value} for name, value in position.items()}


def _opened(cursors: Cursors, text: object, binding: Binding) -> Item | None:
    try:
        return cursors.open(text, binding)
    except InvalidCursor:
        return None


@pytest.mark.parametrize("kind", POSITIONS)
def test_damaged_legacy_cursors_are_refused_or_fit(kind: str) -> None:
    """Nothing protects them: what is read from a damaged one is at least a position of the key."""
    binding, position = POSITIONS[kind]
    cursors = cursors_of(legacy=True)
    originals = [_legacy(one, binding) for one in (position, _next(position))]

    opened = [
        found
        for text in islice(mutated(Random(kind), originals), NUMBER)
        if (found := _opened(cursors, text, binding)) is not None
    ]

    assert len(opened) < NUMBER
    for found in opened:
        assert cursors.open(cursors.seal(found, binding), binding) == found


def _legacy(position: Item, binding: Binding) -> str:
    written = {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in position.items()
    }
    document = {"lastKey": written, "index": binding.index or "", "sort": "ASC"}
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
