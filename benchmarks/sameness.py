"""Whether contenders ask the service for the same, told from what they sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.service.answers import shape_of
from benchmarks.service.sent import Sent

Content = Mapping[str, Any]

NO_CONDITION = "no condition"

_KEPT_BY_UNITS = frozenset({"_commit_id", "version"})
"""Attributes that a unit of work keeps for itself, and others don't have to."""

_SHOWN = 2000
"""Characters of a request in a message."""

_NEW_IN_EACH = re.compile(r'("_commit_id": \{"S": "|"version": \{"N": "(?=\d{16}"))\w+')
"""Ids of commits, and the versions that writes in batches make of the time."""

_ASSIGNED = re.compile(r"([#\w]+) ?=(?!=)")


class DifferentWork(Exception):
    """A contender does other work than the baseline, so that comparing their times would mean nothing.

    Args:
        way: its name.
        job: what it was to do.
        difference: what differs.
    """

    def __init__(self, way: str, job: str, difference: str) -> None:
        super().__init__(f"{way} does other work than the baseline: {job}: {difference}")


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """One thing that is asked for: a read, or a change of one item.

    Attributes:
        table: of which shape.
        key: of the item, or the partition that is read.
        attributes: the names of those that are written.
        operation: which operation it belongs to.
        kind: of an action of a transaction or batch; else that of the operation.
        conditional: whether it is made only if the item is as expected.
    """

    table: str
    key: tuple[tuple[str, str], ...]
    attributes: tuple[str, ...]
    operation: str
    kind: str
    conditional: bool


def actions_of(requests: Sequence[Sent]) -> tuple[Action, ...]:
    """Give all that was asked for, in an order that does not depend on that of the requests."""
    return tuple(sorted(action for each in requests for action in _actions(each.operation, each.content)))


def _actions(operation: str, content: Content) -> Iterator[Action]:
    match operation:
        case "TransactWriteItems":
            for each in content["TransactItems"]:
                ((kind, action),) = each.items()
                yield _action(operation, kind, action["TableName"], action)
        case "BatchWriteItem" | "BatchGetItem":
            for table, asked in content["RequestItems"].items():
                yield from _of_batch(operation, table, asked)
        case _:
            yield _action(operation, operation.removesuffix("Item"), content["TableName"], content)


def _of_batch(operation: str, table: str, asked: Any) -> Iterator[Action]:
    if operation == "BatchGetItem":
        yield from (_action(operation, "Get", table, {"Key": key}) for key in asked["Keys"])
        return
    for each in asked:
        ((kind, action),) = each.items()
        yield _action(operation, kind.removesuffix("Request"), table, action)


def _action(operation: str, kind: str, table: str, asked: Content) -> Action:
    shape = shape_of(table)
    item = {name: value for name, value in asked.get("Item", {}).items() if "NULL" not in value}
    key = asked.get("Key") or {name: item[name] for name in (shape.partition, shape.sort) if name in item}
    if kind == "Query":
        key = {shape.partition: asked["ExpressionAttributeValues"][_value_of_key(asked)]}
    return Action(
        shape.name,
        tuple(sorted((name, value["S"]) for name, value in key.items())),
        tuple(sorted({*item, *_assigned(asked)} - set(key) - _KEPT_BY_UNITS)),
        operation,
        kind,
        "ConditionExpression" in asked,
    )


def _value_of_key(asked: Content) -> str:
    return str(asked["KeyConditionExpression"]).rpartition("=")[2].strip(" )")


def _assigned(asked: Content) -> Iterator[str]:
    names = asked.get("ExpressionAttributeNames", {})
    for found in _ASSIGNED.findall(asked.get("UpdateExpression", "")):
        yield names.get(found, found)


def differences(way: str, job: str, requests: Sequence[Sent], baseline: Sequence[Sent]) -> tuple[str, ...]:
    """Tell in what a contender's requests differ from the baseline's without being other work.

    Args:
        way: the contender.
        job: what both did.
        requests: what it sent.
        baseline: what the baseline sent.

    Raises:
        DifferentWork: other items are read or written, or other attributes.
    """
    found, expected = actions_of(requests), actions_of(baseline)
    if len(found) != len(expected):
        raise DifferentWork(way, job, f"{len(found)} actions, not {len(expected)}")
    told: dict[str, None] = {}
    for one, other in zip(found, expected, strict=True):
        for what in ("table", "key", "attributes"):
            if getattr(one, what) != getattr(other, what):
                difference = f"{what} {getattr(one, what)}, not {getattr(other, what)}"
                raise DifferentWork(way, job, difference)
        told |= dict.fromkeys(_told(one, other))
    return tuple(told)


def _told(one: Action, other: Action) -> Iterator[str]:
    if one.operation != other.operation:
        yield one.operation
    elif one.kind != other.kind:
        yield f"{one.kind} instead of {other.kind}"
    if other.conditional and not one.conditional:
        yield NO_CONDITION
    if one.conditional and not other.conditional:
        yield "with a condition"


def check_equal(way: str, job: str, requests: Sequence[Sent], baseline: Sequence[Sent]) -> None:
    """Check that a contender sends what the baseline sends, but for what is new in each request.

    Raises:
        DifferentWork: the requests are not equal as JSON.
    """
    found, expected = (sorted(map(_plain, each)) for each in (requests, baseline))
    if found != expected:
        one, other = next(_unequal(found, expected), (str(len(found)), str(len(expected))))
        raise DifferentWork(way, job, f"{one[:_SHOWN]}, not {other[:_SHOWN]}")


def _unequal(found: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, str]]:
    return (pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1])


def _plain(request: Sent) -> str:
    content = {name: value for name, value in request.content.items() if name != "ClientRequestToken"}
    text = json.dumps([request.operation, content], sort_keys=True)
    return _NEW_IN_EACH.sub(r"\1", text)
