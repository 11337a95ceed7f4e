"""What a key condition demands of the fields from which its attributes are made by templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from persistence.attributes import AttributeValue, same
from persistence.errors import PersistenceError
from persistence.expressions import BeginsWith, Between, Compare, Condition, KeyCondition, Path, Value
from persistence.mapping import EntityMapping, KeyPart
from persistence.mapping.keys import Template
from persistence.mapping.refusal import Unreadable
from persistence.query.keying import RANGE_OPERATORS, equalities
from persistence.query.template_ranges import range_of_template
from persistence.query.terms import Comparison, Term
from persistence.testing.expecting.meaning import meaning


def held_by_templates(
    mapping: EntityMapping[Any], index: str | None, condition: KeyCondition, terms: Sequence[Term]
) -> Iterator[Term]:
    """Give the terms that a key condition demands by what templates make of their fields.

    Args:
        mapping: the entity's mapping.
        index: name of an index, or None for the table.
        condition: what is demanded of the key.
        terms: what may be demanded of the entity.
    """
    stored = dict(_by_attribute(condition))
    equal = equalities(terms)
    for part in mapping.key_parts(index):
        if part.parsed is None or part.attribute not in stored:
            continue
        demanded = stored[part.attribute]
        known = _known_values(part.parsed, part, demanded)
        for name in part.fields:
            if name in equal and _holds(mapping, part, demanded, known, equal, name):
                yield equal[name]
        for term in terms:
            if _is_range(term, part) and _is_that_range(mapping, part, demanded, term, known):
                yield term


def _by_attribute(condition: KeyCondition) -> Iterator[tuple[str, Condition]]:
    for name, value in (condition.partition, *condition.also):
        yield name, Compare("=", Path.of(name), Value(value))
    match condition.sort:
        case Compare(_, Path() as path, _) | Between(Path() as path, _, _) | BeginsWith(path, _):
            yield path.attribute, condition.sort
        case _:
            return


def _holds(
    mapping: EntityMapping[Any],
    part: KeyPart,
    demanded: Condition,
    known: Mapping[str, object],
    equal: Mapping[str, Comparison],
    name: str,
) -> bool:
    wanted = equal[name].operands[0]
    try:
        if name in known:
            encode = mapping.resolve((name,)).encode
            return same(encode(known[name]), encode(wanted))
        # A slot's text may hold less than the value, such as the day of a datetime: compare the texts.
        leading = {each: equal[each].operands[0] for each in takewhile(equal.__contains__, part.fields)}
        return name in leading and _begins(part, demanded, leading)
    except PersistenceError:
        return False


def _begins(part: KeyPart, demanded: Condition, leading: Mapping[str, object]) -> bool:
    prefix = part.prefix(leading) or ""
    whole = len(leading) == len(part.fields)
    if whole:
        return isinstance(demanded, Compare) and _texts(demanded) == [prefix]
    return all(text.startswith(prefix) for text in _texts(demanded))


def _is_range(term: Term, part: KeyPart) -> bool:
    return (
        isinstance(term, Comparison)
        and term.operator in RANGE_OPERATORS
        and not term.size
        and len(term.names) == 1
        and term.names[0] in part.fields
    )


def _is_that_range(
    mapping: EntityMapping[Any], part: KeyPart, demanded: Condition, term: Term, known: Mapping[str, object]
) -> bool:
    assert isinstance(term, Comparison)
    before = takewhile(lambda name: name != term.names[0], part.fields)
    fixed = {name: known[name] for name in before if name in known}
    try:
        made = range_of_template(mapping, part, term, fixed)
    except PersistenceError:
        return False
    return made is not None and meaning(made) == meaning(demanded)


def _texts(condition: Condition) -> list[str]:
    match condition:
        case Compare(_, _, Value(value)) | BeginsWith(_, Value(value)):
            values: list[AttributeValue] = [value]
        case Between(_, Value(low), Value(high)):
            values = [low, high]
        case _:
            return []
    return [value["S"] for value in values if "S" in value]


def _known_values(template: Template, part: KeyPart, condition: Condition) -> dict[str, object]:
    """Read the fields that are fixed by a condition on their template."""
    texts = _texts(condition)
    if not texts:
        return {}
    if isinstance(condition, Compare) and condition.operator == "=":
        try:
            return dict(part.read({"S": texts[0]}))
        except Unreadable:
            return {}
    for count in range(len(template.slots) - 1, 0, -1):
        found = [_leading(template, count, text) for text in texts]
        if None not in found and len(set(found)) == 1:
            return _read(template, found[0] or ())
    return {}


def _leading(template: Template, count: int, text: str) -> tuple[str, ...] | None:
    literals = template.literals[: count + 1]
    pattern = "".join(f"{re.escape(literal)}(.+?)" for literal in literals[:-1]) + re.escape(literals[-1])
    found = re.match(pattern, text, re.DOTALL)
    return found.groups() if found else None


def _read(template: Template, texts: Sequence[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for slot, text in zip(template.slots, texts, strict=False):
        if slot.restores:
            try:
                values[slot.name] = slot.value(text)
            except Unreadable:
                return values
    return values
