"""Makes inputs: from the corpus, by what is common to fuzzers. Inputs with a new outcome join the corpus."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.targets import Target

CORPUS = Path(__file__).parent / "corpus"
MOST = 400
"""Bytes of an input."""


@dataclass
class Run:
    """What came of many inputs.

    Attributes:
        outcomes: how often each was seen.
        found: inputs that broke a promise, with what was raised.
        novel: the first inputs with their outcomes.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    found: list[tuple[bytes, BaseException]] = field(default_factory=list)
    novel: list[bytes] = field(default_factory=list)


def corpus_of(name: str) -> list[bytes]:
    """Give the kept inputs of a target, in a fixed order."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*.bin"))]


def keep(name: str, content: bytes) -> Path:
    """Add an input to the corpus."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.bin"
    file.write_bytes(content)
    return file


def fuzzed(name: str, target: Target, count: int, seed: int) -> Run:
    """Feed a target with a number of inputs; the same seed gives the same ones."""
    run, pool = Run(), [*corpus_of(name), b""]
    source = random.Random(f"{name} {seed}")  # no secrets
    for content in inputs(source, pool, count):
        try:
            outcome = target(content)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
            run.found.append((content, error))
            continue
        run.outcomes[outcome] += 1
        if run.outcomes[outcome] == 1:
            run.novel.append(content)
            pool.append(content)
    return run


def inputs(source: random.Random, pool: list[bytes], count: int) -> Iterator[bytes]:
    """Give inputs: random ones, and altered ones of a pool that may grow meanwhile."""
    for _ in range(count):
        if source.random() < 0.4:
            yield source.randbytes(source.randrange(MOST))
        else:
            yield _altered(source, pool)[:MOST]


def _altered(source: random.Random, pool: list[bytes]) -> bytes:
    content = bytearray(source.choice(pool))
    for _ in range(source.randint(1, 8)):
        at = source.randrange(len(content) + 1)
        match source.randrange(6):
            case 0:
                content[at:at] = source.randbytes(source.randint(1, 8))
            case 1:
                del content[at : at + source.randint(1, 8)]
            case 2 if at < len(content):
                content[at] ^= 1 << source.randrange(8)
            case 3 if at < len(content):
                content[at] = source.choice((0, 1, 255, 128, 13))
            case 4:
                other = source.choice(pool)
                content[at:] = other[source.randrange(len(other) + 1) :]
            case _:
                content[at:at] = content[at : at + 16]
    return bytes(content)
