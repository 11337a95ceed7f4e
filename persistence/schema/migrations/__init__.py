"""Ordered migrations with a history: a tool for a step of the deployment, which nothing else here needs.

    ledger = Migrations(DynamoStore(), "migrations", application="shop")
    ledger.run()

Only one process runs migrations at a time, each migration is applied once, and what was applied may not be
changed. Never run it at start-up: several instances would wait for one another, and a failure would take all
of them down.
"""

from persistence.schema.migrations.context import MigrationContext
from persistence.schema.migrations.files import load_migrations
from persistence.schema.migrations.ledger import Migrations
from persistence.schema.migrations.lock import LockHolder
from persistence.schema.migrations.migration import Migration
from persistence.schema.migrations.records import MigrationState, MigrationStatus

__all__ = [
    "LockHolder",
    "Migration",
    "MigrationContext",
    "MigrationState",
    "MigrationStatus",
    "Migrations",
    "load_migrations",
]
