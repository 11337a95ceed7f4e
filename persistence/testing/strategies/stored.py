"""What may be in a table: attribute values, and the items of a mapping."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from persistence.attributes import AttributeValue, Item, number_text
from persistence.errors import PersistenceError
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.constraints import Constraints
from persistence.mapping.schema import mapping_of
from persistence.testing.strategies import scalars
from persistence.testing.strategies.records import entities

_UNKNOWN = st.from_regex(r"x[-_.#: ][a-zA-Z0-9]{0,6}", fullmatch=True)


def attribute_values() -> st.SearchStrategy[AttributeValue]:
    """Give attribute values of all types, as tagged dicts, nested ones too."""
    nothing = Constraints()
    numbers = (scalars.integers(nothing) | scalars.decimals(nothing)).map(number_text)
    texts, binary = scalars.texts(nothing), scalars.byte_strings(nothing)
    leaves = st.one_of(
        _tagged("S", texts),
        _tagged("N", numbers),
        _tagged("B", binary),
        _tagged("BOOL", st.booleans()),
        _tagged("NULL", st.just(True)),
        _tagged("SS", _members(texts)),
        _tagged("NS", _members(numbers)),
        _tagged("BS", _members(binary)),
    )
    return st.recursive(leaves, _documents, max_leaves=6)


def _tagged(tag: str, contents: st.SearchStrategy[Any]) -> st.SearchStrategy[AttributeValue]:
    return contents.map(lambda content: {tag: content})


def _members(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=1, max_size=scalars.MOST_MEMBERS, unique=True)


def _documents(inner: st.SearchStrategy[AttributeValue]) -> st.SearchStrategy[AttributeValue]:
    names = scalars.entry_names()
    lists = _tagged("L", st.lists(inner, max_size=scalars.MOST_MEMBERS))
    return lists | _tagged("M", st.dictionaries(names, inner, max_size=scalars.MOST_MEMBERS))


def items(mapping: type[MappingSchema[Any]], **overrides: st.SearchStrategy[Any]) -> st.SearchStrategy[Item]:
    """Give items as a table may hold them, which the mapping reads.

    They are those of entities; beside them they may have attributes that the mapping does not know, as later
    versions of an application write them, and lack those that have defaults, as earlier ones left them out.

    Args:
        mapping: the mapping.
        overrides: field -> strategy, as of `entities`.

    Raises:
        QueryError: there is no such field, or what was passed is no strategy.
        MappingError: the mapping can't be used, or nothing says what the values of a field are.
    """
    compiled = mapping_of(mapping)
    encoded = entities(mapping, **overrides).map(compiled.codec.encode)
    droppable = _droppable(compiled, set(overrides))
    dropped = st.sets(st.sampled_from(droppable)) if droppable else st.just(set[str]())
    kept = st.fixed_dictionaries({}, optional=_kept(compiled))
    unknown = st.dictionaries(_UNKNOWN, attribute_values(), max_size=scalars.MOST_MEMBERS)
    made = st.builds(_item, encoded, dropped, kept, unknown.map(lambda found: _strange(compiled, found)))
    return made.filter(lambda item: _is_readable(compiled, item))


def _item(encoded: Item, dropped: set[str], kept: Item, unknown: Item) -> Item:
    stored = {name: value for name, value in encoded.items() if name not in dropped}
    return {**unknown, **kept, **stored}


def _droppable(mapping: EntityMapping[Any], overridden: set[str]) -> list[str]:
    """Give the attributes that items may lack: those that read as a default, and are part of no key."""
    keys = mapping.table.key_types.keys()
    return [
        field.attribute
        for field in mapping.plan.fields
        if (field.optional or field.default is not None)
        and field.attribute not in keys
        and field.name not in overridden
    ]


def _kept(mapping: EntityMapping[Any]) -> dict[str, st.SearchStrategy[AttributeValue]]:
    """Give what the unit of work keeps in the table only: versions and times."""
    roles = mapping.roles
    kept: dict[str, st.SearchStrategy[AttributeValue]] = {}
    if roles.version is not None:
        kept[roles.version.attribute] = st.integers(0, 10**9).map(roles.version.encode)
    for role in (roles.created_at, roles.updated_at):
        if role is not None:
            kept[role.attribute] = scalars.datetimes(Constraints()).map(role.encode)
    if roles.incarnation is not None:
        kept[roles.incarnation.attribute] = st.uuids().map(lambda made: {"S": made.hex})
    return kept


def _strange(mapping: EntityMapping[Any], found: Item) -> Item:
    known = {*mapping.attributes, *mapping.table.key_types}
    return {name: value for name, value in found.items() if name not in known}


def _is_readable(mapping: EntityMapping[Any], item: Item) -> bool:
    try:
        mapping.codec.decode(item)
    except PersistenceError:
        return False
    return True
