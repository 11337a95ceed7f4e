"""What is to be done about the options of a table: stream, encryption, replicas, tags and so on."""

from __future__ import annotations

from collections.abc import Iterator

from persistence.operations import (
    DisableTimeToLive,
    EnableTimeToLive,
    TagTable,
    UpdateInsights,
    UpdateRecovery,
    UpdateTable,
)
from persistence.schema.planning.live import wanted_insights
from persistence.schema.planning.pair import Pair
from persistence.schema.planning.plans import PlannedStep
from persistence.schema.planning.replicas import created_replica
from persistence.table import Table
from persistence.table_options import RECOVERY_DAYS, Encryption, PointInTimeRecovery

STREAM, TIME_TO_LIVE, RECOVERY = "stream", "time_to_live", "point_in_time_recovery"
"""The names that consent is given by to what is lost with these options."""


def steps_after_creation(declared: Table) -> Iterator[PlannedStep]:
    """Plan what `CreateTable` does not take, for a table that it has just made."""
    for replica in declared.options.replicas or ():
        yield created_replica(declared.name, replica)
    if declared.time_to_live is not None:
        yield _enabled_time_to_live(declared.name, declared.time_to_live)
    wanted = declared.options.point_in_time_recovery
    if wanted is not None and wanted.enabled:
        yield _recovery_step(declared.name, wanted, "")
    for index, enabled in wanted_insights(declared).items():
        if enabled:
            yield _insights_step(declared.name, index, enabled=True)


def protection(pair: Pair, *, on: bool) -> Iterator[PlannedStep]:
    """Plan to switch deletion protection on, or off."""
    wanted = pair.declared.options.deletion_protection
    if wanted is on and bool(pair.options.deletion_protection) is not on:
        word = "on" if on else "off"
        yield pair.step(
            "set_protection",
            pair.name,
            UpdateTable(pair.name, deletion_protection=on),
            f"switch deletion protection {word}",
            f"deletion protection is {'off' if on else 'on'}, declared is {word}",
        )


def stream(pair: Pair) -> Iterator[PlannedStep]:
    """Plan the stream; another view needs a new one, and readers lose what they have not read of the old."""
    wanted, there = pair.declared.options.stream, pair.options.stream or "DISABLED"
    if wanted is None or wanted == there:
        return
    difference = f"its stream is {there}, declared is {wanted}"
    if there != "DISABLED":
        off = pair.step(
            "disable_stream",
            pair.name,
            UpdateTable(pair.name, stream="DISABLED"),
            "switch the stream off; what its readers have not read is lost to them",
            difference,
        )
        yield pair.loss(off, STREAM)
    if wanted != "DISABLED":
        yield pair.step(
            "enable_stream",
            pair.name,
            UpdateTable(pair.name, stream=wanted),
            f"switch a stream of {wanted} on",
            difference if there == "DISABLED" else "",
        )


def encryption(pair: Pair) -> Iterator[PlannedStep]:
    """Plan the encryption at rest."""
    wanted, there = pair.declared.options.encryption, pair.options.encryption or Encryption.owned()
    if wanted is not None and not same_encryption(wanted, there):
        yield pair.step(
            "set_encryption",
            pair.name,
            UpdateTable(pair.name, encryption=wanted),
            f"encrypt with {_key_text(wanted)}",
            f"it is encrypted with {_key_text(there)}, declared is {_key_text(wanted)}",
        )


def table_class(pair: Pair) -> Iterator[PlannedStep]:
    """Plan the table class."""
    wanted, there = pair.declared.options.table_class, pair.options.table_class or "STANDARD"
    if wanted not in {None, there}:
        yield pair.step(
            "set_table_class",
            pair.name,
            UpdateTable(pair.name, table_class=wanted),
            f"make it of class {wanted}",
            f"its class is {there}, declared is {wanted}",
        )


def time_to_live(pair: Pair) -> Iterator[PlannedStep]:
    """Plan the time to live; another attribute needs it to be switched off first, so that nothing expires."""
    wanted, there = pair.declared.time_to_live, pair.live.time_to_live
    if wanted is None or wanted == there:
        return
    if there is not None:
        off = pair.step(
            "disable_time_to_live",
            there,
            DisableTimeToLive(pair.name, there),
            f"switch time to live off for {there!r}; its items expire no more. The service takes one such "
            "change per hour",
            f"its time to live is in {there!r}, declared is {wanted!r}",
        )
        yield pair.loss(off, TIME_TO_LIVE)
    yield _enabled_time_to_live(pair.name, wanted, there)


def recovery(pair: Pair) -> Iterator[PlannedStep]:
    """Plan point-in-time recovery; consent is needed where times are lost that one could go back to."""
    wanted, there = pair.declared.options.point_in_time_recovery, pair.live.recovery
    there = there or PointInTimeRecovery(enabled=False)
    if wanted is None or (wanted.enabled, wanted.days or there.days) == (there.enabled, there.days):
        return
    difference = f"point-in-time recovery is {_recovery_text(there)}, declared is {_recovery_text(wanted)}"
    step = _recovery_step(pair.name, wanted, difference)
    shorter = there.enabled and (not wanted.enabled or (wanted.days or 0) < (there.days or RECOVERY_DAYS))
    yield pair.loss(step, RECOVERY) if shorter else step


def tags(pair: Pair) -> Iterator[PlannedStep]:
    """Plan the tags that are not set as declared; others stay."""
    there = pair.live.tags or {}
    wanted = {
        name: value for name, value in (pair.declared.options.tags or {}).items() if there.get(name) != value
    }
    if wanted:
        names = ", ".join(map(repr, wanted))
        yield pair.step(
            "set_tags",
            pair.name,
            # Tags are set by the resource name; until it is known, the table's name stands for it.
            TagTable(pair.name, wanted),
            f"set the tags {names}",
            f"its tags {names} are not as declared",
        )


def insights(pair: Pair) -> Iterator[PlannedStep]:
    """Plan contributor insights of a table and of its global indexes."""
    there = pair.live.insights or {}
    for index, wanted in wanted_insights(pair.declared).items():
        if there.get(index, False) is not wanted:
            yield _insights_step(pair.name, index, enabled=wanted)


def same_encryption(declared: Encryption, live: Encryption) -> bool:
    """Tell whether a live encryption is as declared.

    The service tells the ARN of a customer's key. One that is declared by its id is compared with the end of
    it; of one that is declared by its alias nothing more can be told than that it is a customer's. The key
    that AWS manages in the account has an ARN too, by which it can't be told from a customer's.
    """
    if declared.kind == "MANAGED" and live.key is not None:
        return not _is_alias(live.key)
    if declared.kind != live.kind or declared.key is None or live.key is None:
        return declared.kind == live.kind
    if declared.key == live.key or live.key.endswith(f"/{declared.key}"):
        return True
    return _is_alias(declared.key) and not _is_alias(live.key)


def _is_alias(key: str) -> bool:
    return "alias/" in key


def _key_text(encryption: Encryption) -> str:
    match encryption.kind:
        case "OWNED":
            return "a key that AWS owns"
        case "MANAGED":
            return "the account's key that AWS manages"
        case _:
            return f"the customer's key {encryption.key!r}"


def _enabled_time_to_live(table: str, attribute: str, before: str | None = None) -> PlannedStep:
    return PlannedStep(
        table,
        "enable_time_to_live",
        attribute,
        EnableTimeToLive(table, attribute),
        text=f"switch time to live on for {attribute!r}",
        difference="" if before else f"its time to live is off, declared is {attribute!r}",
    )


def _recovery_step(table: str, wanted: PointInTimeRecovery, difference: str) -> PlannedStep:
    return PlannedStep(
        table,
        "set_recovery",
        table,
        UpdateRecovery(table, wanted),
        text=f"switch point-in-time recovery {_recovery_text(wanted)}",
        difference=difference,
    )


def _recovery_text(recovery: PointInTimeRecovery) -> str:
    days = f" for {recovery.days} days" if recovery.days else ""
    return f"on{days}" if recovery.enabled else "off"


def _insights_step(table: str, index: str | None, *, enabled: bool) -> PlannedStep:
    what = "" if index is None else f" of index {index!r}"
    return PlannedStep(
        table,
        "set_insights",
        index or table,
        UpdateInsights(table, enabled, index),
        text=f"switch contributor insights{what} {'on' if enabled else 'off'}",
        difference=f"contributor insights{what} are {'off' if enabled else 'on'}, "
        f"declared is {'on' if enabled else 'off'}",
    )
