"""Cold start: fresh processes, from their first instruction to their first answer from a stub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.harness import Comparison, Contender, Limit, Seconds, Target
from benchmarks.peers.registry import environment
from benchmarks.service.server import service

BOTO3 = "boto3"
OURS = "persistence"
BOTOCORE = "import botocore.session"
IMPORT = "import persistence"
QUICKSTART = "from persistence import DynamoStore, Key, MappingSchema, Repository, UnitOfWork, fields"

_MOST_OF_BOTO3 = 1.1
_MOST_OVER_BOTOCORE: Seconds = 0.030
_ROUNDS = 7

_OURS = """
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from persistence import DynamoStore, Key, MappingSchema, Repository, UnitOfWork

@dataclass
class Simple:
    id: str
    name: str
    age: int
    active: bool
    balance: Decimal
    created_at: datetime

class SimpleMapping(MappingSchema[Simple]):
    class Meta:
        table = "simple"
        key = Key("name", "id")

store = DynamoStore(endpoint_url=URL{settings})
assert Repository(SimpleMapping, UnitOfWork(store)).get("1", "c-000000").age == 36
"""
_PROGRAMS = {
    BOTO3: """
import boto3
client = boto3.client("dynamodb", endpoint_url=URL)
key = {"name": {"S": "1"}, "id": {"S": "c-000000"}}
assert client.get_item(TableName="simple", Key=key)["Item"]["age"] == {"N": "36"}
""",
    OURS: _OURS.replace("{settings}", ""),
    "PynamoDB": """
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.models import Model

class Simple(Model):
    class Meta:
        table_name = "simple_pynamodb"
        host = URL
        region = "us-east-1"
    name = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    age = NumberAttribute()
    active = BooleanAttribute()
    balance = NumberAttribute()
    created_at = UTCDateTimeAttribute()

assert Simple.get("1", "c-000000").age == 36
""",
    "pydynox": """
from pydynox import DynamoDBClient, Model, ModelConfig
from pydynox.attributes import BooleanAttribute, DatetimeAttribute, DecimalAttribute, NumberAttribute
from pydynox.attributes import StringAttribute

class Simple(Model):
    model_config = ModelConfig(table="simple", client=DynamoDBClient(
        region="us-east-1", access_key="testing", secret_key="testing", endpoint_url=URL))
    name = StringAttribute(partition_key=True)
    id = StringAttribute(sort_key=True)
    age = NumberAttribute()
    active = BooleanAttribute()
    balance = DecimalAttribute()
    created_at = DatetimeAttribute()

assert Simple.sync_get(name="1", id="c-000000").age == 36
""",
}
_NEEDED = {BOTO3: "boto3", OURS: "persistence", "PynamoDB": "pynamodb", "pydynox": "pydynox"}


def measure_cold_starts() -> Iterator[Comparison]:
    """Measure processes as a whole, then imports."""
    with environment(), service() as stub:
        programs = {name: each for name, each in _PROGRAMS.items() if find_spec(_NEEDED[name])}
        yield Comparison(
            "a fresh process, to the first answer",
            tuple(_running(name, f"URL = {stub.url!r}\n{each}") for name, each in programs.items()),
            (Target(OURS, BOTO3, "at most", _MOST_OF_BOTO3),),
            most_rounds=_ROUNDS,
        )
    yield Comparison(
        "a fresh process that imports",
        tuple(_running(each, each) for each in (BOTOCORE, "import boto3", IMPORT, QUICKSTART)),
        most_rounds=_ROUNDS,
        limits=tuple(Limit(each, _MOST_OVER_BOTOCORE, over=BOTOCORE) for each in (IMPORT, QUICKSTART)),
    )


def _running(name: str, program: str) -> Contender:
    return Contender(name, lambda number: sum(processor_time(program) for _ in range(number)), fixed=1)


def processor_time(program: str) -> Seconds:
    """Run a program in a process of its own, and tell what it took of the processor, its start included.

    Raises:
        subprocess.CalledProcessError: the program failed.
    """
    text = f"{program}\nimport time; print(time.process_time())"
    return float(said_by(text))


def said_by(program: str) -> str:
    """Run a program in a process of its own that finds modules as this one does, and give what it prints.

    Modules are compiled once, as where a program is installed, even if this process was told to keep none.

    Raises:
        subprocess.CalledProcessError: the program failed.
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True, env=environ
    )
    return done.stdout
