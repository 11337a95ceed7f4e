"""The face of the package: few names, pinned, and loaded when they are first used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

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


def test_importing_everything_loads_no_tools() -> None:
    """Neither a terminal's tools, nor boto3, nor what logs or injects for others."""
    loaded = imported_by(
        "import persistence; "
        "[getattr(persistence, n) for n in persistence.__all__ if n != 'PersistenceContainer']"
    )

    assert not loaded & {"boto3", "click", "dependency_injector", "msgspec", "pytest", "rich", "structlog"}


def test_a_store_needs_no_boto3() -> None:
    """botocore suffices: boto3 only wraps it."""
    loaded = imported_by("from persistence import DynamoStore; DynamoStore(region='eu-central-1').client")

    assert "botocore" in loaded
    assert "boto3" not in loaded


NOT_FOR_NAMES = [
    "asyncio",
    "boto3",
    "persistence.bulk.base",
    "persistence.commit_plan.planner",
    "persistence.operation_facts.items",
    "persistence.operations.batches",
    "persistence.operations.pages",
    "persistence.operations.tables",
    "persistence.operations.writes",
    "persistence.query.base",
    "persistence.stores.dynamodb.faults",
    "persistence.unit_of_work.pipeline",
]


def test_the_names_of_the_quickstart_load_only_what_stands_behind_them() -> None:
    """Nothing that is done with them is loaded before it is done."""
    loaded = imported_by(
        "from persistence import DynamoStore, Key, MappingSchema, Repository, UnitOfWork, fields"
    )

    assert "persistence.mapping.schema" in loaded
    assert not loaded & set(NOT_FOR_NAMES)


def test_naming_a_key_loads_no_marshmallow() -> None:
    """marshmallow takes longer than all else, its validators most of it."""
    loaded = imported_by("from persistence import Key, Table, EntityNotFound, MemoryStore")

    assert "persistence.table" in loaded
    assert not loaded & {"marshmallow", "marshmallow.validate"}


READS = """
import botocore.awsrequest, io, sys
from dataclasses import dataclass
from persistence import DynamoStore, Key, MappingSchema, Repository, UnitOfWork

@dataclass
class Note:
    id: str
    text: str

class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

class Answer(io.BytesIO):
    def stream(self, **_):
        yield self.getvalue()

def answer(**_):
    body = Answer(b'{"Item": {"id": {"S": "1"}, "text": {"S": "hello"}}}')
    return botocore.awsrequest.AWSResponse("http://localhost", 200, {}, body)

store = DynamoStore(region="eu-central-1", endpoint_url="http://localhost")
store.client.meta.events.register("before-send", answer)
assert Repository(NoteMapping, UnitOfWork(store)).get("1") == Note("1", "hello")
"""
NOT_FOR_A_READ = [
    "asyncio",
    "boto3",
    "persistence.bulk.base",
    "persistence.commit_plan.planner",
    "persistence.expressions.conditions",
    "persistence.flows.awaiting",
    "persistence.operation_facts.items",
    "persistence.operations.batches",
    "persistence.operations.pages",
    "persistence.operations.tables",
    "persistence.operations.writes",
    "persistence.outbox.declaration",
    "persistence.query.base",
    "persistence.render.renderer",
    "persistence.repository.asynchronous",
    "persistence.stores.dynamodb.asynchronous",
    "persistence.stores.dynamodb.echoes",
    "persistence.stores.dynamodb.fast_lane.lane",
    "persistence.stores.dynamodb.faults",
    "persistence.stores.dynamodb.item_calls",
    "persistence.stores.dynamodb.native.way",
    "persistence.stores.dynamodb.table_calls",
    "persistence.stores.dynamodb.tables",
    "persistence.stores.validation",
    "persistence.unit_of_work.asynchronous",
    "persistence.unit_of_work.pipeline",
]


def test_a_read_loads_only_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the import to the first entity: no commits, queries, tables, fast lane, nothing asynchronous."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    program = tmp_path / "reads.py"
    program.write_text(READS)

    loaded = imported_by(f"exec(open({str(program)!r}).read())")

    assert "persistence.mapping.codegen" in loaded
    assert not loaded & set(NOT_FOR_A_READ)


LAZY = [
    "persistence.bulk",
    "persistence.commit_plan",
    "persistence.cursors",
    "persistence.entity_flows",
    "persistence.errors",
    "persistence.evaluate",
    "persistence.expressions",
    "persistence.flows",
    "persistence.mapping",
    "persistence.operation_facts",
    "persistence.operations",
    "persistence.outbox",
    "persistence.query",
    "persistence.render",
    "persistence.repository",
    "persistence.stores.dynamodb",
    "persistence.stores.dynamodb.fast_lane",
    "persistence.stores.memory",
    "persistence.testing",
    "persistence.tracking",
    "persistence.unit_of_work",
    "persistence.unit_of_work.committing",
]


@pytest.mark.parametrize("package", LAZY)
def test_every_name_of_a_package_is_there(package: str) -> None:
    """Whatever is loaded already, the names that a package shows are things, and not modules of it."""
    module = import_module(package)

    assert set(module.__all__) <= set(dir(module))
    assert not [name for name in module.__all__ if inspect.ismodule(getattr(module, name))]


@pytest.mark.parametrize("package", LAZY)
def test_unknown_names_of_a_package_are_attribute_errors(package: str) -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute 'Nonsense'"):
        _ = import_module(package).Nonsense
