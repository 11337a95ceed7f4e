"""Accounts between which many workers move money; every transfer is written down in the same unit."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from persistence import Key, MappingSchema, Repository, Store, UnitOfWork, fields

ACCOUNTS = 10
OPENING_BALANCE = 1000


@dataclass
class Account:
    number: int
    balance: int = OPENING_BALANCE
    version: int = 0


class AccountMapping(MappingSchema[Account]):
    class Meta:
        table = "bank-accounts"
        key = Key("number")

    version = fields.Version()


@dataclass
class Transfer:
    id: str
    source: int
    target: int
    amount: int


class TransferMapping(MappingSchema[Transfer]):
    class Meta:
        table = "bank-transfers"
        key = Key("id")


class Bank:
    """The bank over a store."""

    def __init__(self, store: Store) -> None:
        self.uow = UnitOfWork(store, scan_policy="allow")
        self.accounts = Repository(AccountMapping, self.uow)
        self.transfers = Repository(TransferMapping, self.uow)

    def open(self) -> None:
        with self.uow:
            for number in range(ACCOUNTS):
                self.accounts.add(Account(number))

    def transfer(self, transfer: Transfer) -> None:
        """Move money and write it down, as one unit, until no other worker interferes."""

        def work() -> None:
            source, target = self.accounts.get_many([transfer.source, transfer.target])
            source.balance -= transfer.amount
            target.balance += transfer.amount
            self.transfers.add(transfer)

        self.uow.run(work, attempts=1000)

    def work(self, worker: str, count: int) -> list[str]:
        """Make transfers between accounts by chance; give their ids."""
        chance = Random(worker)
        ids = [f"{worker}-{number}" for number in range(count)]
        for id_ in ids:
            source, target = chance.sample(range(ACCOUNTS), 2)
            self.transfer(Transfer(id_, source, target, chance.randint(1, 20)))
        return ids

    def balances(self) -> dict[int, int]:
        """Give the balances as they are stored."""
        return {account.number: account.balance for account in self.accounts.scan().consistent()}

    def written_down(self) -> list[Transfer]:
        """Give all transfers that were written down."""
        return self.transfers.scan().consistent().all()

    def expected_balances(self) -> dict[int, int]:
        """Work the balances out from the transfers."""
        balances = dict.fromkeys(range(ACCOUNTS), OPENING_BALANCE)
        for transfer in self.written_down():
            balances[transfer.source] -= transfer.amount
            balances[transfer.target] += transfer.amount
        return balances
