"""What would be cheaper than an access path, as data."""

from __future__ import annotations

from collections.abc import Iterator

from persistence.advice import Advice
from persistence.expressions import attributes_of
from persistence.mapping import EntityMapping
from persistence.query.access import AccessPath
from persistence.query.fitness import is_plain
from persistence.query.keying import RANGE_OPERATORS, equalities
from persistence.query.question import Question
from persistence.query.terms import Comparison
from persistence.table import GlobalIndex


def advise_on_path(question: Question, path: AccessPath, keyed: AccessPath | None) -> tuple[Advice, ...]:
    """Say what would be cheaper than an access path.

    Args:
        question: what is asked.
        path: how it is answered.
        keyed: how it would be answered without being told to scan; None where that is a scan too.
    """
    return tuple(_advice(question, path, keyed))


def _advice(question: Question, path: AccessPath, keyed: AccessPath | None) -> Iterator[Advice]:
    if path.kind == "scan" and question.terms and path.index is None:
        yield from _on_scan(question, keyed)
    if path.kind == "scan" and question.mapping.table.tenant_scoped:
        yield Advice(
            "scan_of_all_tenants",
            "a scan reads the items of all tenants, is paid for all of them, and gives those of one",
            "query an index whose partition key is the same for all that one tenant wants to list",
        )
    yield from _on_sparse_index(question, path)
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
    if path.consistent and path.kind in ("query", "scan") and question.wish.selection is not None:
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


def _on_scan(question: Question, keyed: AccessPath | None) -> Iterator[Advice]:
    if keyed is not None:
        source = "a key" if keyed.index is None else f"index {keyed.index!r}"
        yield Advice(
            "scan",
            f"{source} serves these conditions, but scan() reads the whole table",
            "write query(...)",
        )
        return
    helpful = _index_for(question)
    if question.wish.consistent and _has_global_index(question):
        yield Advice(
            "consistent_not_needed",
            "a global index would serve, but none can be read consistently, so that only a scan answers",
            "leave consistent() out",
        )
    elif helpful is not None:
        remedy = f"add {helpful}"
        yield Advice(
            "index_would_help",
            "only a scan answers these conditions",
            f"{remedy} and leave consistent() out" if question.wish.consistent else remedy,
        )


def _has_global_index(question: Question) -> bool:
    """Tell whether the partition key of a global index is fixed."""
    mapping, equal = question.mapping, equalities(question.terms).keys()
    declared = (index.name for index in mapping.table.indexes if isinstance(index, GlobalIndex))
    keys = (mapping.key_split(name)[0] for name in declared)
    return any(parts and all(equal >= set(part.fields) for part in parts) for parts in keys)


def _index_for(question: Question) -> str | None:
    """Write the index that would serve; None where no equality on a field could be its partition key.

    An index that is there already was refused for a reason that another one like it would not mend.
    """
    mapping, taken = question.mapping, _partitions(question.mapping)
    free = (name for name in equalities(question.terms) if name not in mapping.key_fields)
    partition = next((name for name in free if name not in taken and _can_be_key(mapping, name)), None)
    if partition is None:
        return None
    sort = question.wish.order_by or next(_ranged(question, partition), None)
    name = _free_name(mapping, f"by-{_dashed(partition)}")
    if sort is not None and _can_be_key(mapping, sort):
        return f'GlobalIndex("{name}", Key("{partition}", "{sort}"))'
    return f'GlobalIndex("{name}", Key("{partition}"))'


def _free_name(mapping: EntityMapping[object], name: str) -> str:
    """Give a name that no index of the table has."""
    taken = {each.name for each in mapping.table.indexes}
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)


def _partitions(mapping: EntityMapping[object]) -> set[str]:
    """Give the fields that are the partition key of an index by themselves."""
    firsts = [mapping.key_parts(index.name)[:1] for index in mapping.table.indexes]
    return {part.fields[0] for parts in firsts for part in parts if len(part.fields) == 1}


def _ranged(question: Question, partition: str) -> Iterator[str]:
    plain = (term for term in question.terms if isinstance(term, Comparison) and is_plain(term))
    ranges = (term for term in plain if term.operator in RANGE_OPERATORS)
    return (str(term.names[0]) for term in ranges if term.names[0] != partition)


def _on_sparse_index(question: Question, path: AccessPath) -> Iterator[Advice]:
    """Advise an index that holds only what has a field, where a filter demands no more than its presence."""
    mapping = question.mapping
    filtered = () if path.filter is None else tuple(attributes_of(path.filter))
    for term in question.terms:
        if not (isinstance(term, Comparison) and term.operator == "exists" and is_plain(term)):
            continue
        name = str(term.names[0])
        if mapping.resolve((name,)).path.attribute not in filtered:
            continue
        if mapping.may_be_absent(name) and _can_be_key(mapping, name):
            yield Advice(
                "sparse_index",
                f"a filter drops what has no {name}, which is read and paid for",
                _sparse_remedy(mapping, path, name),
            )


def _sparse_remedy(mapping: EntityMapping[object], path: AccessPath, name: str) -> str:
    holding = (
        index.name
        for index in mapping.table.indexes
        if any(name in part.fields for part in mapping.key_parts(index.name))
    )
    index = next(holding, None)
    if path.kind == "scan" and index is not None:
        return f"index {index!r} holds only what has it: write .index({index!r})"
    return f"an index with {name!r} in its key holds only what has it"


def _can_be_key(mapping: EntityMapping[object], name: str) -> bool:
    return mapping.resolve((name,)).node.key_type is not None


def _dashed(name: str) -> str:
    return name.replace("_", "-")
