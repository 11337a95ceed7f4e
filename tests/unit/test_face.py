"""The face of the package: few names, pinned, and loaded when they are first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import persistence

NAMES = [
    "AsyncDynamoStore",
    "AsyncMemoryStore",
    "AsyncRepository",
    "AsyncUnitOfWork",
    "CommitConflict",
    "CommitOutcomeUnknown",
    "ConditionFailed",
    "ConflictError",
    "DeadlineExceeded",
    "DecodeError",
    "DynamoStore",
    "EntityExists",
    "EntityGone",
    "EntityNotFound",
    "GlobalIndex",
    "InvalidCursor",
    "Key",
    "LocalIndex",
    "MappingError",
    "MappingSchema",
    "MemoryStore",
    "PersistenceContainer",
    "PersistenceError",
    "Projection",
    "Query",
    "QueryError",
    "Repository",
    "SchemaService",
    "Specification",
    "StaleEntity",
    "Store",
    "StoreUnavailable",
    "Table",
    "TableNotFound",
    "Throttled",
    "TransactionBusy",
    "TransactionTooLarge",
    "UnitOfWork",
    "UnitOfWorkStateError",
    "ValidationFailed",
]
HEAVY = ["boto3", "botocore", "marshmallow", "dependency_injector", "structlog", "persistence.errors"]


def imported_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and tell which modules it loaded."""
    program = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_shows_these_names() -> None:
    """A name that comes or goes is a decision."""
    assert list(persistence.__all__) == NAMES


def test_shows_at_most_forty_names() -> None:
    """A face that nobody can remember is none."""
    assert len(persistence.__all__) <= 40


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_imported(name: str) -> None:
    """What is shown is there, under the name that it has at home."""
    assert getattr(persistence, name).__name__ == name


def test_names_are_listed() -> None:
    """`dir()` and completion show the names before they are loaded."""
    assert set(NAMES) <= set(dir(persistence))


def test_unknown_names_are_attribute_errors() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = persistence.Nonsense


def test_importing_the_package_loads_nothing_else() -> None:
    """Importing this package costs next to nothing."""
    loaded = imported_by("import persistence")

    assert not loaded & set(HEAVY)


def test_the_memory_store_needs_no_boto3() -> None:
    """Tests of services don't pay for a client that they don't use."""
    loaded = imported_by("from persistence import MemoryStore, Repository, UnitOfWork, Key, MappingSchema")

    assert not loaded & {"boto3", "botocore", "dependency_injector"}
