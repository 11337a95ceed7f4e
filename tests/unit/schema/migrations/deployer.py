"""A deployer: a process that runs the migrations of a folder, and waits while another one does.

python -m tests.unit.schema.migrations.deployer ENDPOINT TABLE FOLDER LEASE
"""

from __future__ import annotations

import sys
import time

from persistence.errors import MigrationLocked
from persistence.schema.migrations import Migrations
from persistence.stores.dynamodb import DynamoStore
from persistence.testing.servers import client_for


def deploy(endpoint: str, table: str, folder: str, lease: float) -> None:
    """Run the migrations as soon as nobody else does."""
    client = client_for(endpoint)
    ledger = Migrations(DynamoStore(client), folder, application="shop", table=table, lease=lease)
    while True:
        try:
            ledger.run()
        except MigrationLocked:
            time.sleep(0.05)
        else:
            break
    client.close()


if __name__ == "__main__":
    deploy(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
