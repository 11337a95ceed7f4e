"""What imports cost in a fresh process: figures without targets."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.harness import Comparison, Contender, Seconds
from benchmarks.suites.cold import said_by

_STATEMENTS = {
    "persistence": "import persistence",
    "names of the quickstart": (
        "from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields"
    ),
    "the same and DynamoStore": (
        "from persistence import DynamoStore, Key, MappingSchema, Repository, UnitOfWork, fields"
    ),
    "marshmallow": "import marshmallow",
    "boto3": "import boto3",
    "pynamodb.models": "import pynamodb.models",
}


def compare_imports() -> Iterator[Comparison]:
    """Compare our imports with those of what the library stands on, and of PynamoDB."""
    statements = {
        name: each for name, each in _STATEMENTS.items() if find_spec(each.split()[1].split(".")[0])
    }
    yield Comparison(
        "import in a fresh process",
        tuple(_importing(name, statement) for name, statement in statements.items()),
        most_rounds=5,
    )


def _importing(name: str, statement: str) -> Contender:
    return Contender(name, lambda number: sum(_processor_time(statement) for _ in range(number)), fixed=1)


def _processor_time(statement: str) -> Seconds:
    program = f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"
    return float(said_by(program))
