"""The lock that lets one process at a time run migrations, as flows.

It is held for a lease, which is prolonged again and again. Each time somebody takes it, its token grows by
one; what is recorded in the history is recorded on the condition that the token is still one's own. Clocks of
two machines are never compared to take a lock over: who finds a lease that seems to be over watches for as
long as the lease is, by a clock of his own, whether it is prolonged after all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from persistence.attributes import Item
from persistence.errors import (
    ConditionFailed,
    MigrationLocked,
    MigrationLockLost,
    StoreUnavailable,
)
from persistence.expressions import (
    Add,
    AttributeNotExists,
    Condition,
    Path,
    Remove,
    Set,
    UpdateAction,
    Value,
    equals,
)
from persistence.flows import Flow, pause, perform
from persistence.operations import GetItem, UpdateItem
from persistence.schema.migrations.records import LOCK_KEY, text
from persistence.table import Table
from persistence.timing import Timing

_KEY: Item = {"id": {"S": LOCK_KEY}}


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the lock.

    Attributes:
        owner: the name that it was given.
        until: epoch seconds, by the owner's clock, when the lease ends unless it is prolonged.
        lease: its length in seconds.
        token: how often the lock was taken until now.
        beat: how often the lease was prolonged.
        run: identifies the holder's run.
    """

    owner: str
    until: float
    lease: float
    token: int
    beat: int
    run: str


class Lock:
    """The lock of a history table, for one run of one owner.

    Args:
        table: the history table.
        owner: a name for people.
        lease: seconds that it is held for.
        timing: time and waiting.
        clock: gives epoch seconds; only for people, and to tell a live lease from one to watch.

    Attributes:
        lease, timing: as given.
        claimed_at: when it was asked for last, by the monotonic clock; the lease began no earlier.
    """

    def __init__(
        self, table: Table, owner: str, lease: float, timing: Timing, clock: Callable[[], float]
    ) -> None:
        self.lease = lease
        self.timing = timing
        self._table = table
        self._owner = owner
        self._clock = clock
        self._run = uuid4().hex
        self._token = 0
        self.claimed_at = timing.monotonic()

    def acquire(self) -> Flow[None]:
        """Take the lock: a free one, or one whose holder is certainly gone.

        Raises:
            MigrationLocked: somebody holds it.
        """
        held = yield from self.holder()
        if held is not None:
            held = yield from self._outlasted(held)
        free: Condition = AttributeNotExists(Path.of("owner"))
        try:
            yield from self._update(
                free if held is None else _is(held), *self._claim(), Add(Path.of("token"), Value(_number(1)))
            )
        except (ConditionFailed, StoreUnavailable) as doubt:
            now = yield from self.holder()
            if now is None or now.run != self._run:
                if isinstance(doubt, StoreUnavailable):
                    raise
                if now is not None:
                    raise _locked(now) from doubt
                return (yield from self.acquire())  # somebody was quicker, and has given it back already
        taken = yield from self.holder()
        if taken is None or taken.run != self._run:
            raise _lost()
        self._token = taken.token

    def prolong(self) -> Flow[None]:
        """Begin the lease anew.

        Raises:
            MigrationLockLost: somebody else has taken the lock.
        """
        try:
            yield from self._update(self.mine, *self._claim())
        except ConditionFailed as taken:
            raise _lost() from taken

    def release(self) -> Flow[None]:
        """Give the lock back, if it is still one's own."""
        names = ("owner", "run", "until", "lease", "beat")
        try:
            yield from self._update(self.mine, *(Remove(Path.of(name)) for name in names))
        except ConditionFailed:
            return

    def holder(self) -> Flow[LockHolder | None]:
        """Tell who holds the lock."""
        found = yield from perform(GetItem(self._table, _KEY, consistent=True))
        item = found.item
        if item is None or "owner" not in item:
            return None
        return LockHolder(
            text(item, "owner") or "",
            float(item["until"]["N"]),
            float(item["lease"]["N"]),
            int(item["token"]["N"]),
            int(item["beat"]["N"]),
            text(item, "run") or "",
        )

    @property
    def mine(self) -> Condition:
        """Holds for as long as nobody else has taken the lock."""
        return equals(Path.of("token"), _number(self._token)) & equals(Path.of("run"), {"S": self._run})

    def _outlasted(self, held: LockHolder) -> Flow[LockHolder | None]:
        """Watch a lease that seems to be over for its whole length; give None if it is given back."""
        if 0 < held.until - self._clock() <= 2 * held.lease:
            raise _locked(held)
        # Over, or later than a lease can be: a clock was wrong, or is now, and only watching tells.
        end = self.timing.monotonic() + held.lease
        while (left := end - self.timing.monotonic()) > 0:
            yield from pause(min(left, held.lease / 4))
            now = yield from self.holder()
            if now is None:
                return None
            if (now.token, now.beat) != (held.token, held.beat):
                raise _locked(now)
        return held

    def _claim(self) -> tuple[UpdateAction, ...]:
        self.claimed_at = self.timing.monotonic()
        values: Item = {
            "owner": {"S": self._owner},
            "run": {"S": self._run},
            "until": {"N": f"{self._clock() + self.lease:.3f}"},
            "lease": {"N": f"{self.lease:g}"},
        }
        claims = [Set(Path.of(name), Value(value)) for name, value in values.items()]
        return (*claims, Add(Path.of("beat"), Value(_number(1))))

    def _update(self, condition: Condition, *actions: UpdateAction) -> Flow[None]:
        yield from perform(UpdateItem(self._table, _KEY, actions, condition=condition))


def _is(held: LockHolder) -> Condition:
    same = equals(Path.of("token"), _number(held.token)) & equals(Path.of("beat"), _number(held.beat))
    return same & equals(Path.of("run"), {"S": held.run})


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _locked(held: LockHolder) -> MigrationLocked:
    end = datetime.fromtimestamp(held.until, UTC).isoformat(timespec="seconds")
    return MigrationLocked(
        held.owner,
        held.until,
        f"{held.owner} is running migrations, until {end} at least. Try again when that is over: where it "
        f"was killed, the lock is taken over {held.lease:g} seconds after that time",
    )


def _lost() -> MigrationLockLost:
    return MigrationLockLost(
        "the lock of the migrations was taken over by somebody else, since it was not prolonged in time. "
        "Nothing more was done; see status(), and give a longer lease"
    )
