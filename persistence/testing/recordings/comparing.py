"""Operations by what they ask: whether two are the same to a replay, and what differs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from persistence.attributes import AttributeValue, NumberRefused, canonical_number
from persistence.commit_plan.planned import COMMIT_ID
from persistence.mapping import EntityMapping
from persistence.operations import Operation, PutItem, TransactWrite
from persistence.outbox import OutboxEntry
from persistence.stores.layers.facts import actions_in
from persistence.table import Table
from persistence.testing.expecting.declared import mappings_of_table
from persistence.testing.expecting.recognising import mapping_of_item
from persistence.testing.recordings.redaction import Redaction, redacting
from persistence.testing.recordings.values import TYPE, Json, as_json
from persistence.testing.recordings.walking import Replacing, replaced
from persistence.unit_of_work import CommitRecord

_SETS = frozenset({"SS", "NS", "BS"})
_TAGS = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M"}) | _SETS
_ANYTHING: AttributeValue = {"S": "*"}
_ENTRY = frozenset({"partition", "position", "id", "recorded_at", "delivered_at", "expires_at"})
"""Fields of the entries of an outbox that differ each time."""


@dataclasses.dataclass(frozen=True)
class Sameness:
    """What makes two operations the same.

    Client tokens never matter, nor does the order of sets, how numbers are spelled, or what changes with each
    run: the times and incarnations that units of work set, times to live, the ids of commits and events.

    Attributes:
        ignoring: names of further attributes whose values don't matter, at any depth.
        redact: how values were kept out of the recording.
    """

    ignoring: Iterable[str] = ()
    redact: Redaction = ()

    def form(self, operation: Operation[Any]) -> Json:
        """Give a form of an operation that is equal where another is the same."""
        hiding = redacting(self.redact)
        shown = operation if hiding is None else replaced(operation, hiding)
        if isinstance(shown, TransactWrite):
            shown = dataclasses.replace(
                shown, token=None, actions=tuple(map(self._without_ids, shown.actions))
            )
        elif isinstance(shown, PutItem):
            shown = self._without_ids(shown)
        return _canonical(as_json(replaced(shown, self._ignoring(shown)), _name))

    def _ignoring(self, operation: Operation[Any]) -> Replacing:
        tables = {action.table.name: action.table for action in actions_in(operation)}
        table = getattr(operation, "table", None)
        if isinstance(table, Table):
            tables[table.name] = table
        further = [self.ignoring] if isinstance(self.ignoring, str) else self.ignoring
        return _hiding({COMMIT_ID, *further, *(name for each in tables.values() for name in _passing(each))})

    def _without_ids(self, action: Any) -> Any:
        """Hide what is new each time in a commit record or the entry of an outbox."""
        if not isinstance(action, PutItem):
            return action
        mapping = mapping_of_item(action.table.name, action.item, ())
        if mapping is not None and issubclass(mapping.entity_type, CommitRecord | OutboxEntry):
            return replaced(action, _hiding(_new_each_time(mapping)))
        return action


def _new_each_time(mapping: EntityMapping[Any]) -> frozenset[str]:
    every = mapping.entity_type is CommitRecord
    named = {field.attribute for field in mapping.plan.fields if every or field.name in _ENTRY}
    return frozenset({*named, *mapping.key_names})


def _passing(table: Table) -> Iterator[str]:
    """Give the attributes of a table that tell when something was done."""
    if table.time_to_live is not None:
        yield table.time_to_live
    for mapping in mappings_of_table(table.name):
        roles = mapping.roles
        for role in (*roles.managed, roles.time_to_live):
            if role is not None and role is not roles.version:
                yield role.attribute


def _hiding(names: Iterable[str]) -> Replacing:
    hidden = frozenset(names)

    def replacing(name: str, value: AttributeValue) -> AttributeValue:
        return _ANYTHING if name in hidden else value

    return replacing


def _name(table: Table) -> str:
    return table.name


def _canonical(read: Json) -> Json:
    """Bring what has no order into one, and numbers into one form."""
    if isinstance(read, list):
        return [_canonical(part) for part in read]
    if not isinstance(read, dict):
        return read
    made = {name: _canonical(part) for name, part in read.items()}
    if len(made) == 1:
        ((tag, content),) = made.items()
        if tag == "N" and isinstance(content, str):
            return {tag: _number(content)}
        if tag in _SETS and isinstance(content, list):
            return {tag: sorted(map(_number, content) if tag == "NS" else content, key=_text)}
    if made.get(TYPE) in ("And", "Or"):
        made["conditions"] = sorted(made["conditions"], key=_text)
    return made


def _number(text: Any) -> Any:
    try:
        return canonical_number(text)
    except NumberRefused:
        return text


def _text(part: Json) -> str:
    return json.dumps(part, sort_keys=True)


def differing(recorded: Json, came: Json, at: str = "") -> Iterator[str]:
    """Give a line for each place where two forms differ."""
    if recorded == came:
        return
    if _is_node(recorded) and _is_node(came) and recorded.get(TYPE) == came.get(TYPE):
        for name in dict.fromkeys((*recorded, *came)):
            yield from differing(recorded.get(name), came.get(name), f"{at}.{name}" if at else name)
        return
    if isinstance(recorded, list) and isinstance(came, list) and len(recorded) == len(came):
        for place, pair in enumerate(zip(recorded, came, strict=True)):
            yield from differing(*pair, f"{at}[{place}]")
        return
    if isinstance(recorded, list) and isinstance(came, list):
        yield f"{at}: recorded {len(recorded)}, came {len(came)} of them"
        return
    yield f"{at or 'the operation'}: recorded {_shown(recorded)}, came {_shown(came)}"


def _is_node(part: Json) -> bool:
    return isinstance(part, Mapping) and not _is_value(part)


def _is_value(part: Mapping[str, Json]) -> bool:
    (tag, *more) = part or ("",)
    return not more and tag in _TAGS and not (tag != "M" and isinstance(part[tag], dict))


def _shown(part: Json) -> str:
    if part is None:
        return "nothing"
    text = json.dumps(part, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}... ({len(text)} characters)"
