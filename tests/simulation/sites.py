"""Where a bank is: in memory, or in DynamoDB Local behind a proxy; with bad weather on the way there."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from random import Random
from types import TracebackType
from typing import Any, Protocol
from uuid import uuid4

from boto3.session import Session
from botocore.config import Config

from persistence import AsyncDynamoStore, AsyncMemoryStore, DynamoStore, MemoryStore, SchemaService, Store
from persistence.operations import ConditionCheck, TransactWrite
from persistence.store import AsyncStore
from persistence.testing.faults import AsyncFaultyStore, FaultProxy, FaultyStore, Injected
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS
from persistence.unit_of_work import Timing
from persistence.unit_of_work.policies import utc_now
from tests.simulation.bank.mappings import RECORDS, SCHEMAS
from tests.simulation.kills import Schedule, after_seconds, after_turns
from tests.simulation.settings import Settings
from tests.simulation.storm import STORM
from tests.simulation.turns import LoopTurns, TakingTurns, TasksTakingTurns, Turns

PATIENCE = 120.0
"""Seconds for which patient workers repeat a commit: so long that those who live find out about it."""

Policies = dict[str, Any]


class Site(Protocol):
    """Where a bank is, while it is open.

    Attributes:
        calm: the store without any weather.
        prefix: how the names of workers begin there.
    """

    calm: Store
    prefix: str

    def settle(self) -> None:
        """Let everything arrive that is still under way; nothing does afterwards."""
        ...

    @property
    def injected(self) -> tuple[Injected, ...]:
        """The faults so far."""
        ...

    @property
    def changed_requests(self) -> int:
        """How many commits were repeated with another request than the first one.

        A request that only checks is no commit: it uses up a token, so that nothing takes effect under it.
        """
        ...

    def policies(self) -> list[Policies]:
        """Give the policies of the units of work of patient and impatient workers."""
        ...


class AsyncSite(Site, Protocol):
    """A site that can be awaited.

    Attributes:
        stormy_async: the store as workers have it.
    """

    stormy_async: AsyncStore

    def schedule(self, chance: Random) -> Schedule:
        """Give a way to have a task cancelled while it waits for the store."""
        ...


class MemorySite:
    """A bank in memory, whose threads take turns.

    Args:
        settings: of the run.
    """

    prefix = "w"

    def __init__(self, settings: Settings) -> None:
        self.turns = Turns(settings.chance("turns"))
        self.calm: Store = MemoryStore(limits=DYNAMODB_LOCAL_2020_LIMITS)
        self._faulty = FaultyStore(self.calm, STORM, seed=settings.seed, sleep=self.turns.sleep)
        self.stormy: Store = TakingTurns(self._faulty, self.turns)
        self._settings = settings

    def settle(self) -> None:
        self._faulty.settle()

    @property
    def injected(self) -> tuple[Injected, ...]:
        return self._faulty.injected

    @property
    def changed_requests(self) -> int:
        return _changed((asked.token, asked) for asked in self._faulty.transactions if _writes(asked))

    def policies(self) -> list[Policies]:
        return _policies(
            self._settings,
            Timing(self.turns.now, self.turns.sleep, first_pause=0.04, longest_pause=0.3),
            impatience=0.01,
        )


class LoopSite:
    """A bank in memory, whose tasks take turns.

    Args:
        settings: of the run.
    """

    prefix = "w"

    def __init__(self, settings: Settings) -> None:
        self._turns = LoopTurns(settings.chance("turns"))
        memory = MemoryStore(limits=DYNAMODB_LOCAL_2020_LIMITS)
        self.calm: Store = memory
        self._faulty = AsyncFaultyStore(
            AsyncMemoryStore(memory), STORM, seed=settings.seed, sleep=self._turns.sleep
        )
        self.stormy_async: AsyncStore = TasksTakingTurns(self._faulty, self._turns)
        self._settings = settings

    def settle(self) -> None:
        asyncio.run(self._faulty.settle())

    @property
    def injected(self) -> tuple[Injected, ...]:
        return self._faulty.injected

    @property
    def changed_requests(self) -> int:
        return _changed((asked.token, asked) for asked in self._faulty.transactions if _writes(asked))

    def policies(self) -> list[Policies]:
        timing = Timing(self._turns.now, sleep_async=self._turns.sleep, first_pause=0.04, longest_pause=0.3)
        return _policies(self._settings, timing, impatience=0.01)

    def schedule(self, chance: Random) -> Schedule:
        return after_turns(chance, 12)


class LocalSite:
    """A bank in DynamoDB Local, open within a `with` block.

    Args:
        settings: of the run.
        endpoint_url: of the server.
    """

    def __init__(self, settings: Settings, endpoint_url: str) -> None:
        # The server keeps the tables of each access key apart, but not the client tokens.
        self.access_key_id = f"simulation{uuid4().hex[:10]}"
        self.prefix = f"{self.access_key_id[-10:]}w"
        self.proxy = FaultProxy(endpoint_url, STORM, seed=settings.seed)
        self.calm: Store = local_store(endpoint_url, self.access_key_id)
        self.settings = settings

    def __enter__(self) -> LocalSite:
        SchemaService(self.calm, SCHEMAS).ensure_tables()
        self.proxy.start()
        stormy = local_store(self.proxy.endpoint_url, self.access_key_id)
        self.stormy: Store = stormy
        self.stormy_async: AsyncStore = AsyncDynamoStore(stormy)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.proxy.close()

    def settle(self) -> None:
        self.proxy.settle()
        # Whoever was killed may have left a request here, which must not get through any more.
        self.proxy.close()

    @property
    def injected(self) -> tuple[Injected, ...]:
        return self.proxy.injected

    @property
    def changed_requests(self) -> int:
        requests = (each for each in self.proxy.requests if each.operation is TransactWrite)
        return _changed((each.token, each.body) for each in requests if _body_writes(each.body))

    def policies(self) -> list[Policies]:
        return local_policies(self.settings, of=self.prefix)

    def schedule(self, chance: Random) -> Schedule:
        return after_seconds(chance, 0.05)


def local_policies(settings: Settings, *, of: str) -> list[Policies]:
    """Give the policies of units of work at a local server.

    Args:
        settings: of the run.
        of: whose they are.
    """
    return _policies(settings, Timing(first_pause=0.01, longest_pause=0.2), impatience=0.1, of=of)


def local_store(endpoint_url: str, access_key_id: str) -> DynamoStore:
    """Make a store on a local server, or on a proxy before it.

    Its client sends each request once: botocore's own repetitions wait for half a second, on average, where
    the unit of work waits for much less.
    """
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=32,
        proxies={"http": ""},  # an empty mapping would let botocore take the environment's
    )
    session = Session(aws_access_key_id=access_key_id, aws_secret_access_key="local", region_name="us-east-1")
    client = session.client("dynamodb", endpoint_url=endpoint_url, config=config)
    return DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS)


def faults_by_kind(injected: Iterable[Injected]) -> Counter[str]:
    """Count faults by what they are."""
    return Counter(type(each.fault).__name__ for each in injected)


def _policies(settings: Settings, timing: Timing, *, impatience: float, of: str = "u") -> list[Policies]:
    dice, ids = settings.chance(f"backoff of {of}").random, count()
    skew = settings.chance(f"clock of {of}")
    common: Policies = {
        "clock": lambda: utc_now() + timedelta(seconds=settings.clock_skew * skew.uniform(-1, 1)),
        "timing": replace(timing, chance=dice),
        "ids": lambda: f"{of}-{next(ids)}",
        "commit_record": RECORDS if settings.records else None,
    }
    return [{**common, "deadline": deadline} for deadline in (PATIENCE, impatience)]


def _changed(requests: Iterable[tuple[str | None, object]]) -> int:
    first: dict[str | None, object] = {}
    return len({token for token, request in requests if first.setdefault(token, request) != request})


def _writes(request: TransactWrite) -> bool:
    return not all(isinstance(action, ConditionCheck) for action in request.actions)


def _body_writes(body: bytes) -> bool:
    return any("ConditionCheck" not in action for action in json.loads(body)["TransactItems"])
