"""Relays that are killed by the operating system, on Amazon's local server: nothing is lost, order is kept.

Run as a program, this module is a relay that hands events on to a file until it is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

import pytest

from persistence import DynamoStore, Key, MappingSchema, Repository, SchemaService, Store, UnitOfWork, fields
from persistence.outbox import Delivery, OutboxMapping, OutboxRelay
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PATIENCE = 60.0
COUNTERS = ("a", "b", "c")
MOMENTS = ("before", "after", "whenever")
STEPS = 8
DELIVERIES = 5
"""After so many of them a relay is killed."""


@dataclass(frozen=True)
class Counted:
    name: str
    number: int


@dataclass
class Counter:
    name: str
    number: int = 0
    version: int = 0


class CounterMapping(MappingSchema[Counter]):
    class Meta:
        table = "counters"
        key = Key("name")

    version = fields.Version()


class CounterOutbox(OutboxMapping):
    class Meta:
        table = "counter-outbox"

    events = (Counted,)
    shards = 2


def store_over(client: DynamoDBClient) -> Store:
    return DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS)


def hand_on_until_killed(endpoint: str, access_key_id: str, log: str, after: str, moment: str) -> None:
    """Be a relay that writes each event down, in one write, and is to be killed at some moment."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    numbers = count(1)

    def write_down(delivery: Delivery) -> None:
        last = next(numbers) == DELIVERIES
        if last and moment == "before":
            wait_to_be_killed(log)
        event = delivery.event
        os.write(file, f"{delivery.id} {event.name} {event.number}\n".encode())
        if last and moment == "after":
            wait_to_be_killed(log)

    store = store_over(client_for(endpoint, access_key_id=access_key_id))
    relay = OutboxRelay(store, CounterOutbox, write_down, after="mark" if after == "mark" else "delete")
    while True:
        if not relay.poll(limit=7).delivered:
            time.sleep(0.01)


def wait_to_be_killed(log: str) -> NoReturn:
    Path(f"{log}.{os.getpid()}").touch()
    while True:
        signal.pause()


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.semantics.test_outbox_kills", *arguments]
    with subprocess.Popen(command, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(condition: Callable[[], bool], processes: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert all(process.poll() is None for process in processes), "a relay ended by itself"
        assert time.monotonic() < end, f"nothing happened within {PATIENCE} seconds"
        time.sleep(0.001)


@pytest.mark.slow
class TestKilledRelay:
    @pytest.fixture
    def access_key_id(self) -> str:
        """An access key of the test's own: DynamoDB Local keeps its tables apart."""
        return f"outbox{uuid4().hex}"

    @pytest.fixture
    def store(self, dynamodb_local: str, access_key_id: str) -> Iterator[Store]:
        client = client_for(dynamodb_local, access_key_id=access_key_id)
        store = store_over(client)
        SchemaService(store, [CounterMapping, CounterOutbox]).ensure_tables()
        yield store
        client.close()

    @pytest.mark.parametrize(("relays", "after"), [(1, "delete"), (2, "delete"), (2, "mark")])
    def test_loses_nothing_and_keeps_the_order(
        self, dynamodb_local: str, access_key_id: str, store: Store, tmp_path: Path, relays: int, after: str
    ) -> None:
        """Killed before it hands an event on, after it did, and at any moment, while more is recorded."""
        log = tmp_path / "handed-on"
        log.touch()
        counters = Counters(store)

        for moment in MOMENTS:
            counters.count(STEPS)
            run_until_killed(relays, log, dynamodb_local, access_key_id, after, moment)
        drain(store, log)

        everything = list(range(1, len(MOMENTS) * STEPS + 1))
        assert numbers_of(log) == dict.fromkeys(COUNTERS, everything)
        assert len(lines_of(log)) > len(everything) * len(COUNTERS), "nothing was handed on twice"


def run_until_killed(
    relays: int, log: Path, endpoint: str, access_key_id: str, after: str, moment: str
) -> None:
    begun = len(lines_of(log))
    with ExitStack() as stack:
        relay = (endpoint, access_key_id, str(log), after, moment)
        processes = [stack.enter_context(running(*relay)) for _ in range(relays)]
        marks = [log.with_name(f"{log.name}.{process.pid}") for process in processes]

        def is_time() -> bool:
            if moment == "whenever":
                return len(lines_of(log)) >= begun + DELIVERIES
            return all(mark.exists() for mark in marks)

        wait_until(is_time, processes)
        for process in processes:
            process.send_signal(signal.SIGKILL)


class Counters:
    """Three counters, all raised in one unit."""

    def __init__(self, store: Store) -> None:
        self._uow = UnitOfWork(store, outbox=CounterOutbox)
        self._counters = Repository(CounterMapping, self._uow)
        with self._uow:
            for name in COUNTERS:
                self._counters.add(Counter(name))

    def count(self, steps: int) -> None:
        for _ in range(steps):
            with self._uow:
                for name in COUNTERS:
                    counter = self._counters.get(name)
                    counter.number += 1
                    self._uow.record(Counted(name, counter.number), counter)


def lines_of(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()


def numbers_of(log: Path) -> dict[str, list[int]]:
    """Give the numbers of each counter in the order in which they came, without what came again."""
    handed_on = {event_id: rest for event_id, *rest in map(str.split, lines_of(log))}
    return {
        wanted: [int(number) for name, number in handed_on.values() if name == wanted] for wanted in COUNTERS
    }


def drain(store: Store, log: Path) -> None:
    """Hand on, in this process, what the killed relays left."""
    with log.open("a", encoding="utf-8") as file:

        def write_down(delivery: Delivery) -> None:
            print(delivery.id, delivery.event.name, delivery.event.number, file=file)

        relay = OutboxRelay(store, CounterOutbox, write_down)
        while relay.poll().more:
            pass


if __name__ == "__main__":
    hand_on_until_killed(*sys.argv[1:])
