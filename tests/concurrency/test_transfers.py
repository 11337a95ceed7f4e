"""Workers race over the same accounts: no money is made or lost, and no transfer is done twice or half."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import chain
from uuid import uuid4

import pytest

from persistence import DynamoStore, MemoryStore, SchemaService
from persistence.store import Limits
from persistence.testing.servers import client_for
from tests.concurrency.bank import ACCOUNTS, OPENING_BALANCE, AccountMapping, Bank, TransferMapping

THREADS, TRANSFERS_OF_A_THREAD = 8, 200
PROCESSES, TRANSFERS_OF_A_PROCESS = 4, 25


def local_bank(endpoint_url: str, access_key_id: str) -> Bank:
    client = client_for(endpoint_url, access_key_id=access_key_id)
    return Bank(DynamoStore(client, limits=Limits(transaction_actions=10)))


def work_in_a_process(endpoint_url: str, access_key_id: str, worker: str) -> list[str]:
    return local_bank(endpoint_url, access_key_id).work(worker, TRANSFERS_OF_A_PROCESS)


def assert_consistent(bank: Bank, done: list[str]) -> None:
    assert sum(bank.balances().values()) == ACCOUNTS * OPENING_BALANCE
    assert sorted(transfer.id for transfer in bank.written_down()) == sorted(done)
    assert bank.balances() == bank.expected_balances()


@pytest.mark.slow
def test_threads_on_the_memory_store() -> None:
    """8 threads x 200 transfers between 10 accounts: the sum never changes, every transfer is there once."""
    bank = Bank(MemoryStore())
    bank.open()

    with ThreadPoolExecutor(THREADS) as threads:
        futures = [
            threads.submit(bank.work, f"thread{number}", TRANSFERS_OF_A_THREAD) for number in range(THREADS)
        ]
        done = list(chain.from_iterable(future.result() for future in futures))

    assert len(done) == THREADS * TRANSFERS_OF_A_THREAD
    assert_consistent(bank, done)


@pytest.mark.slow
def test_processes_on_a_real_server(dynamodb_local: str) -> None:
    """4 processes: the sum never changes, and every committed transfer is there exactly once."""
    access_key_id = f"bank{uuid4().hex[:12]}"
    bank = local_bank(dynamodb_local, access_key_id)
    SchemaService(bank.uow.store, [AccountMapping, TransferMapping]).ensure_tables()
    bank.open()

    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as processes:
        futures = [
            processes.submit(work_in_a_process, dynamodb_local, access_key_id, f"process{number}")
            for number in range(PROCESSES)
        ]
        done = list(chain.from_iterable(future.result() for future in futures))

    assert len(done) == PROCESSES * TRANSFERS_OF_A_PROCESS
    assert_consistent(bank, done)
