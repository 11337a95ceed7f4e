"""How much a store is asked again, and when it is left alone: declarations only; `retrying` acts on them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from persistence.errors import UnitOfWorkStateError


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How many repetitions a store is sent at most, beside its first requests.

    A fleet that repeats whatever failed multiplies the load of a service in trouble. Repetitions are earned:
    by requests that were answered, and by time, so that repeating never ends altogether.

    Attributes:
        share: repetitions that each answered request earns: 0.2 lets load grow by a fifth.
        per_second: repetitions that each second earns.
        most: how many can be saved up, and how many there are in the beginning.
    """

    share: float = 0.2
    per_second: float = 5.0
    most: float = 20.0

    def __post_init__(self) -> None:
        _check("RetryBudget.share", self.share, 0 <= self.share < math.inf, "0 or more")
        _check("RetryBudget.per_second", self.per_second, 0 < self.per_second < math.inf, "over 0")
        _check("RetryBudget.most", self.most, 1 <= self.most < math.inf, "at least 1")


@dataclass(frozen=True, slots=True)
class CircuitBreaking:
    """When a table is left alone because it throttles, or does not answer.

    A circuit is closed as long as a table answers, and opens when most requests of a while failed. While it
    is open, one request after the other is let through to look, and the others are refused at once. The first
    one that is answered closes it.

    Attributes:
        window: seconds that are looked back on.
        failures: how many requests of a window failed at least when it opens.
        share: which share of the requests since the first of them they are at least, over 0 and at most 1.
        probe_every: seconds between two requests that are let through while it is open.
    """

    window: float = 5.0
    failures: int = 10
    share: float = 0.8
    probe_every: float = 0.5

    def __post_init__(self) -> None:
        _check("CircuitBreaking.window", self.window, 0 < self.window < math.inf, "over 0")
        _check("CircuitBreaking.failures", self.failures, self.failures >= 1, "at least 1")
        _check("CircuitBreaking.share", self.share, 0 < self.share <= 1, "over 0 and at most 1")
        _check("CircuitBreaking.probe_every", self.probe_every, 0 < self.probe_every < math.inf, "over 0")


@dataclass(frozen=True, slots=True)
class AdaptiveRate:
    """How fast a table is sent requests, once it has throttled some.

    Each throttling cuts the rate that was reached to a part of it. Then the rate grows, slowly near the one
    that was too much, and faster beyond it (the cubic function of RFC 9438, which AWS's SDKs use in their
    adaptive mode). Once it is twice the one that was too much, and nothing was throttled for a while, it
    bounds no more, until the next throttling.

    Attributes:
        part: what is left of the rate after a throttling, over 0 and below 1.
        slowest: requests per second that are sent at least.
        longest_wait: seconds that a request waits for its turn at most; what would wait longer is refused.
        calm: seconds without a throttling after which the rate may bound no more.
    """

    part: float = 0.7
    slowest: float = 0.5
    longest_wait: float = 0.5
    calm: float = 30.0

    def __post_init__(self) -> None:
        _check("AdaptiveRate.part", self.part, 0 < self.part < 1, "over 0 and below 1")
        _check("AdaptiveRate.slowest", self.slowest, 0 < self.slowest < math.inf, "over 0")
        _check("AdaptiveRate.longest_wait", self.longest_wait, self.longest_wait >= 0, "0 or more")
        _check("AdaptiveRate.calm", self.calm, 0 <= self.calm < math.inf, "0 or more")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What `Retries` does when a store is in trouble.

    Attributes:
        attempts: how often a plain read is sent at most, the first time included.
        deadline: seconds in which attempts of a plain read may begin.
        budget: of the repetitions of the whole store; None for no bound.
        circuit: when a table is left alone; None for never.
        rate: how fast a table that throttles is sent requests; None for as fast as they come.

    Raises:
        UnitOfWorkStateError: a number out of range.
    """

    attempts: int = 5
    deadline: float = 8.0
    budget: RetryBudget | None = field(default_factory=RetryBudget)
    circuit: CircuitBreaking | None = field(default_factory=CircuitBreaking)
    rate: AdaptiveRate | None = None

    def __post_init__(self) -> None:
        _check("RetryPolicy.attempts", self.attempts, self.attempts >= 1, "at least 1")
        _check("RetryPolicy.deadline", self.deadline, 0 < self.deadline < math.inf, "over 0")


def _check(what: str, found: float, holds: bool, expected: str) -> None:
    if not holds:
        raise UnitOfWorkStateError(f"{what} must be {expected}, not {found!r}")
