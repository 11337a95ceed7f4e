"""Which fault happens to which operation: a plan, a seed, and what came of them so far."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from random import Random
from typing import Generic, NamedTuple, TypeVar

from persistence.operation_facts import OperationType
from persistence.testing.faults.rules import Cancellation, Fault, Rule, reaches_the_store
from persistence.testing.faults.subjects import Subject

T = TypeVar("T")


class Injected(NamedTuple):
    """A fault that happened.

    Attributes:
        operation: name of the operation's type, such as "TransactWrite".
        fault: what happened to it.
        token: the client token of a transaction, if it had one.
    """

    operation: str
    fault: Fault
    token: str | None


class Landed(NamedTuple):
    """An operation that arrived late.

    Attributes:
        operation: name of the operation's type.
        token: the client token of a transaction, if it had one.
        refused: why it was refused in the end: the name of our error, or the service's code; None if it was
            done (or had been done already, under the same token).
    """

    operation: str
    token: str | None
    refused: str | None


class Decisions:
    """Applies a plan to one operation after the other; safe to share between threads.

    The same plan and seed decide alike about the same sequence of operations. Each rule has dice of its own,
    so that changing one rule leaves the chances of the others as they were.

    Args:
        plan: the rules; the first one that strikes decides.
        seed: of chance.
    """

    def __init__(self, plan: Iterable[Rule], seed: int) -> None:
        self._lock = threading.Lock()
        self._rules = [_RuleInUse(rule, Random(f"{seed}/{number}")) for number, rule in enumerate(plan)]
        self._rules_by_operation: dict[OperationType, list[_RuleInUse]] = {}
        self._choices = Random(f"{seed}/choices")
        self._sent_tokens: set[str] = set()
        self._injected: list[Injected] = []

    @property
    def injected(self) -> tuple[Injected, ...]:
        """The faults so far, in the order in which they were decided."""
        with self._lock:
            return tuple(self._injected)

    def decide(self, subject: Subject) -> Fault | None:
        """Decide what happens to an operation; None if nothing does."""
        with self._lock:
            fault = self._struck_by(subject)
            if fault is not None:
                self._injected.append(Injected(subject.name, fault, subject.token))
            if subject.token is not None and reaches_the_store(fault):
                self._sent_tokens.add(subject.token)
            return fault

    def choose(self, size: int, left: int) -> frozenset[int]:
        """Choose the parts of a batch that are left undone.

        Args:
            size: how many parts it has.
            left: how many to leave, at most all but one.

        Returns:
            Their positions.
        """
        with self._lock:
            return frozenset(self._choices.sample(range(size), min(left, size - 1)))

    def _struck_by(self, subject: Subject) -> Fault | None:
        rules = self._rules_by_operation.get(subject.operation)
        if rules is None:
            rules = [rule for rule in self._rules if rule.can_strike(subject.operation)]
            self._rules_by_operation[subject.operation] = rules
        for rule in rules:
            if not (rule.decides and subject.token in self._sent_tokens) and rule.strikes(subject):
                return rule.fault
        return None


class _RuleInUse:
    """A rule with its dice, and how often it was asked and struck."""

    def __init__(self, rule: Rule, dice: Random) -> None:
        self.fault = rule.fault
        self.decides = isinstance(rule.fault, Cancellation) and rule.fault.decides
        self._rule = rule
        self._dice = dice
        self._seen = 0
        self._struck = 0

    def can_strike(self, operation: OperationType) -> bool:
        return operation in self._rule.covered

    def strikes(self, subject: Subject) -> bool:
        rule = self._rule
        if not rule.fits(subject) or self._struck == rule.count:
            return False
        self._seen += 1
        if self._seen <= rule.after or self._dice.random() >= rule.probability:
            return False
        self._struck += 1
        return True


class Latecomers(Generic[T]):
    """What arrives late: held until enough else was performed; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, T]] = []

    def hold(self, late: T, after: int) -> None:
        """Hold something until so many operations were performed."""
        with self._lock:
            self._waiting.append((after, late))

    def arriving(self) -> list[T]:
        """Note that an operation was performed, and release what arrives now, in the order held."""
        with self._lock:
            counted = [(left - 1, late) for left, late in self._waiting]
            self._waiting = [(left, late) for left, late in counted if left > 0]
            return [late for left, late in counted if left <= 0]

    def all(self) -> list[T]:
        """Release everything, in the order held."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            return [late for _, late in waiting]
