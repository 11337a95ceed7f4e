"""What the schema service asks of a ledger of migrations, which is a tool of its own."""

from __future__ import annotations

from typing import Protocol

from persistence.errors import LedgerNeeded


class Ledger(Protocol):
    """Knows the migrations of an application, and which of them were applied."""

    def run(self) -> object:
        """Apply the migrations that were not applied yet.

        Returns:
            What was done.
        """
        ...


def ledger_needed() -> LedgerNeeded:
    """Make the error for migrations without a ledger, which says what to use instead."""
    return LedgerNeeded(
        "the schema service keeps no record of migrations: it compares declarations with the live tables. "
        'For production write infrastructure as code with export("cloudformation") or export("terraform"); '
        "for development and tests call ensure_table; for data that changes its shape call evolve. For "
        "ordered migrations with a history give migrate a ledger of persistence.schema.migrations, from a "
        "step of the deployment and never at start-up"
    )
