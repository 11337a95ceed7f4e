"""How the bank is stored."""

from __future__ import annotations

from typing import Any

from persistence import Key, MappingSchema, fields
from persistence.unit_of_work.records import commit_record_mapping
from tests.simulation.bank.domain import Account, Counter, Doctor, LedgerEntry, Letter, Registration


class AccountMapping(MappingSchema[Account]):
    class Meta:
        table = "simulation-accounts"
        key = Key("id")

    # Accounts are closed and opened again, so that their versions repeat.
    version = fields.Version(incarnation=True)


class RegistrationMapping(MappingSchema[Registration]):
    class Meta:
        table = "simulation-registrations"
        key = Key("id")

    version = fields.Version()


class CounterMapping(MappingSchema[Counter]):
    class Meta:
        table = "simulation-counters"
        key = Key("id")

    version = fields.Version()


class DoctorMapping(MappingSchema[Doctor]):
    class Meta:
        table = "simulation-doctors"
        key = Key("id")

    version = fields.Version()


class LedgerMapping(MappingSchema[LedgerEntry]):
    class Meta:
        table = "simulation-ledger"
        key = Key("id")


class LetterMapping(MappingSchema[Letter]):
    class Meta:
        table = "simulation-letters"
        key = Key("box", "number")


MAPPINGS: dict[type, type[MappingSchema[Any]]] = {
    Account: AccountMapping,
    Registration: RegistrationMapping,
    Counter: CounterMapping,
    Doctor: DoctorMapping,
    LedgerEntry: LedgerMapping,
    Letter: LetterMapping,
}

RECORDS = "simulation-commits"
"""The table of commit records."""

RecordMapping = commit_record_mapping(RECORDS)

SCHEMAS: tuple[type[MappingSchema[Any]], ...] = (*MAPPINGS.values(), RecordMapping)
"""All tables."""
