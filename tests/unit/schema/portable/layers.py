"""Layers over stores, and callbacks, with which exports and imports are disturbed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from persistence.operations import BatchWriteItems, BatchWriteResult, Operation, PutItem, ScanPage
from persistence.schema.progress import Progress
from persistence.store import Limits, Store

R = TypeVar("R")


@dataclass
class Small:
    """A layer whose pages are small, and through which few requests go at once."""

    below: Store
    page: int = 3
    concurrent: int = 4
    asked: list[Operation[Any]] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        return replace(self.below.limits, concurrent_requests=self.concurrent)

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        if isinstance(operation, ScanPage):
            return cast(
                R, self.below.perform(replace(operation, limit=min(self.page, operation.limit or self.page)))
            )
        return self.below.perform(operation)

    @property
    def scanned(self) -> list[ScanPage]:
        return [each for each in self.asked if isinstance(each, ScanPage)]


@dataclass
class Meeting:
    """A layer that does something before an operation of some type, once."""

    below: Store
    kind: type[Operation[Any]]
    act: Callable[[], object]
    met: bool = False

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, self.kind) and not self.met:
            self.met = True
            self.act()
        return self.below.perform(operation)


class Stopped(Exception):
    """What a callback raises to end a job."""


@dataclass
class Stopping:
    """A callback that ends the job at a step; the first is 0, and None lets it go on."""

    step: int | None = None
    told: list[Progress] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.told.append(progress)
        if len(self.told) - 1 == self.step:
            raise Stopped


@dataclass
class Silent:
    """A layer for a server that does not give the item whose key is taken, as old ones don't."""

    below: Store

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, PutItem):
            return cast(R, self.below.perform(replace(operation, item_on_failure=False)))
        return self.below.perform(operation)


@dataclass
class Stubborn:
    """A layer that leaves every write of a batch undone."""

    below: Store

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, BatchWriteItems):
            return cast(R, BatchWriteResult(operation.writes))
        return self.below.perform(operation)
