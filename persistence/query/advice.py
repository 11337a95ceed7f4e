"""What would be cheaper than an access path, as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persistence.advice import Advice
from persistence.mapping import EntityMapping
from persistence.query.access import AccessPath
from persistence.query.fitness import is_plain
from persistence.query.keying import RANGE_OPERATORS, equalities
from persistence.query.terms import Comparison, Term
from persistence.query.wish import Wish


def advise_on_path(
    mapping: EntityMapping[Any], wish: Wish, terms: tuple[Term, ...], path: AccessPath
) -> tuple[Advice, ...]:
    """Say what would be cheaper than an access path."""
    return tuple(_advice(mapping, wish, terms, path))


def _advice(
    mapping: EntityMapping[Any], wish: Wish, terms: tuple[Term, ...], path: AccessPath
) -> Iterator[Advice]:
    if path.kind == "scan" and terms and wish.index is None:
        yield from _on_scan(mapping, wish, terms)
    if path.fetch == "by batch get":
        yield Advice(
            "projection_would_help",
            f"index {path.index!r} lacks attributes, so each item is read a second time",
            "project what is needed, or select(...) what the index holds",
        )
    if path.fetch == "by the service":
        yield Advice(
            "projection_would_help",
            f"the local index {path.index!r} lacks attributes, so the service reads each item twice",
            "project what is needed, or select(...) what the index holds",
        )
    if path.consistent and path.kind in ("query", "scan") and wish.selection is not None:
        yield Advice(
            "consistent_not_needed",
            "rows can't be written back, so that a consistent read at twice the price is seldom needed",
            "leave consistent() out unless the very last write must be seen",
        )
    if path.sorted_by is not None:
        yield Advice(
            "sorted_in_memory",
            f"everything is read and kept in memory to sort it by {path.sorted_by}",
            f"add an index with {path.sorted_by!r} as its sort key",
        )


def _on_scan(mapping: EntityMapping[Any], wish: Wish, terms: tuple[Term, ...]) -> Iterator[Advice]:
    equal = equalities(terms)
    helpful = _index_for(mapping, wish, terms, tuple(equal))
    if wish.scan and set(mapping.key_parts()[0].fields) <= equal.keys():
        yield Advice(
            "scan", "a key serves these conditions, but scan() reads the whole table", "write query(...)"
        )
    elif helpful is not None:
        yield Advice("index_would_help", "only a scan answers these conditions", f"add {helpful}")


def _index_for(
    mapping: EntityMapping[Any], wish: Wish, terms: tuple[Term, ...], equal: tuple[str, ...]
) -> str | None:
    """Write the index that would serve; None where no equality on a field could be its partition key."""
    key = mapping.key_fields
    partition = next((name for name in equal if name not in key and _can_be_key(mapping, name)), None)
    if partition is None:
        return None
    sort = wish.order_by or next(iter(_ranged(terms, partition)), None)
    if sort is not None and _can_be_key(mapping, sort):
        return f'GlobalIndex("by-{_dashed(partition)}", Key("{partition}", "{sort}"))'
    return f'GlobalIndex("by-{_dashed(partition)}", Key("{partition}"))'


def _ranged(terms: tuple[Term, ...], partition: str) -> Iterator[str]:
    ranges = (term for term in terms if isinstance(term, Comparison) and term.operator in RANGE_OPERATORS)
    return (str(term.names[0]) for term in ranges if is_plain(term) and term.names[0] != partition)


def _can_be_key(mapping: EntityMapping[Any], name: str) -> bool:
    return mapping.resolve((name,)).node.key_type is not None


def _dashed(name: str) -> str:
    return name.replace("_", "-")
