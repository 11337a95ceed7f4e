"""Blocks of the documentation that are programs of their own (`.script`): run as such, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from domain_example.domain import Order
from domain_example.mappings import OrderMapping
from persistence import DynamoStore, Repository, SchemaService, UnitOfWork
from persistence.testing.servers import client_for

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = re.compile(r"^```\{ \.python \.script \}\n(.*?)^```$", re.DOTALL | re.MULTILINE)

SCRIPTS = {
    f"{page.name}-{number}": text
    for page in sorted(DOCS.rglob("*.md"))
    for number, text in enumerate(SCRIPT.findall(page.read_text()), start=1)
}


@pytest.mark.slow
@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_runs(text: str, dynamodb_local: str, tmp_path: Path) -> None:
    store = DynamoStore(client_for(dynamodb_local, access_key_id=tmp_path.name.replace("_", "")))
    SchemaService(store, [OrderMapping]).ensure_tables()
    orders = Repository(OrderMapping, UnitOfWork(store))
    for number, total in enumerate((50, 150, 250)):
        orders.add(
            Order(
                id=f"o-{number}",
                customer_id=None,
                country="France",
                placed_at=datetime(2011, 1, 1, tzinfo=UTC),
                line_count=1,
                total=Decimal(total),
            )
        )
    script = tmp_path / "script.py"
    script.write_text(text)

    said = subprocess.run(
        [sys.executable, script],
        env=os.environ | _pointing_to(dynamodb_local, tmp_path.name.replace("_", "")),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, said.stderr) == (0, "")
    first, *others = said.stdout.splitlines()
    assert (first, sorted(others)) == ("400", ["o-1", "o-2"])


def _pointing_to(endpoint_url: str, access_key_id: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint_url,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(DOCS.parent),
    }
