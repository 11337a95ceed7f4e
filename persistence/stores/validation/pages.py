"""Queries and scans: key conditions, filters, start keys, segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from persistence.attributes import AttributeValue, Item, type_of
from persistence.evaluate import holds
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    KeyCondition,
    Not,
    Or,
    Path,
    Size,
    Value,
)
from persistence.operations import QueryPage, ScanPage
from persistence.stores.validation.conditions import check_bounds, check_condition, check_projection
from persistence.stores.validation.keys import KeyPart, check_key, key_parts
from persistence.stores.validation.refused import NoSuchIndex, Refused
from persistence.stores.validation.values import check_value
from persistence.table import GlobalIndex, Index, Table

SEGMENT_LIMIT = 1_000_000
START_INVALID = "The provided starting key is invalid"
START_OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"
START_UNMATCHED = "The provided starting key does not match the range key predicate"

_INVALID = "One or more parameter values were invalid"
_SORT_COMPARATORS = frozenset({"=", "<", "<=", ">", ">="})


def check_query(query: QueryPage, table: Table) -> None:
    """Check a query against the keys of its table or index.

    Args:
        query: what is asked.
        table: the live table's declaration.

    Raises:
        Refused: the service would not answer it.
    """
    index = _check_page(query, table)
    if index is not None:
        _check_filtered(index, table, query.filter)
    parts = key_parts(table, query.index)
    check_key_condition(query.key_condition, parts)
    _check_filter_spares_keys(query.filter, [part.name for part in parts])
    if query.start is not None:
        check_start(query.start, table, query.index)
        _check_start_within(query.start, query.key_condition, parts)


def check_scan(scan: ScanPage, table: Table) -> None:
    """Check a scan of a table or index; see `check_query`."""
    _check_page(scan, table)
    if (scan.segment is None) != (scan.segments is None):
        raise Refused(
            "The TotalSegments parameter is required but was not present in the request when Segment "
            "parameter is present, and the other way round"
        )
    if scan.segment is not None and scan.segments is not None:
        _check_segment(scan.segment, scan.segments)
    if scan.start is not None:
        check_start(scan.start, table, scan.index)


def _check_segment(segment: int, segments: int) -> None:
    if not 1 <= segments <= SEGMENT_LIMIT:
        raise Refused(f"TotalSegments must be between 1 and {SEGMENT_LIMIT}, found {segments}")
    if not 0 <= segment < segments:
        raise Refused(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {segments}"
        )


def _check_page(page: QueryPage | ScanPage, table: Table) -> Index | None:
    index = _index(page.index, table)
    if page.consistent and isinstance(index, GlobalIndex):
        raise Refused("Consistent reads are not supported on global secondary indexes")
    if page.limit is not None and page.limit < 1:
        raise Refused(
            f"Value {page.limit} at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1"
        )
    check_condition(page.filter, "FilterExpression")
    check_projection(page.projection)
    _check_selection(page)
    if isinstance(index, GlobalIndex):
        _check_held(index, table, page)
    return index


def _check_selection(page: QueryPage | ScanPage) -> None:
    if page.whole and page.projection is not None:
        raise Refused("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES")
    if page.whole and page.count_only:
        raise Refused("Cannot specify a count when choosing to get ALL_ATTRIBUTES; ask for whole=True alone")


def _index(name: str | None, table: Table) -> Index | None:
    if name is None:
        return None
    try:
        return table.index(name)
    except KeyError:
        raise NoSuchIndex(f"The table does not have the specified index: {name}") from None


def _check_filtered(index: Index, table: Table, condition: Condition | None) -> None:
    """Check that an index holds what a query filters by; a scan of it takes the rest for absent."""
    missing = _not_held(index, table, _paths(condition))
    if missing:
        raise Refused(
            f"{_INVALID}: Secondary index {index.name} does not project one or more filter attributes: "
            f"[{', '.join(missing)}]"
        )


def _check_held(index: GlobalIndex, table: Table, page: QueryPage | ScanPage) -> None:
    """Check that a global index holds what is asked for, since it fetches nothing."""
    if page.whole and index.projection.kind != "ALL":
        raise Refused(
            f"{_INVALID}: Select type ALL_ATTRIBUTES is not supported for global secondary index "
            f"{index.name} because its projection type is not ALL"
        )
    missing = _not_held(index, table, page.projection or ())
    if missing:
        raise Refused(
            f"{_INVALID}: Global secondary index {index.name} does not project [{', '.join(missing)}]"
        )


def _not_held(index: Index, table: Table, paths: Iterable[Path]) -> list[str]:
    if index.projection.kind == "ALL":
        return []
    held = {*table.key_names(), *table.key_names(index.name), *index.projection.attributes}
    return sorted({path.attribute for path in paths} - held)


def demanded(condition: KeyCondition) -> tuple[Item, Compare | Between | BeginsWith | None]:
    """Tell apart what a query fixes from what it narrows down.

    Returns:
        Attribute -> the value that it must have; and the condition on one attribute more, if there is one.
    """
    equal = dict((condition.partition, *condition.also))
    match condition.sort:
        case Compare("=", Path((str(name),)), Value(value)):
            return {**equal, name: value}, None
        case sort:
            return equal, sort


def check_key_condition(condition: KeyCondition, parts: tuple[KeyPart, ...]) -> None:
    """Check what a query demands of the keys.

    Args:
        condition: on the partition key and, perhaps, the sort key.
        parts: the key of the table or index.

    Raises:
        Refused: it names other attributes, leaves one out that another one needs, or has values of other
            types.
    """
    by_name = {part.name: part for part in parts}
    named: list[str | None] = [condition.partition[0], *(name for name, _ in condition.also)]
    for part in parts:
        if part.partition and part.name not in named:
            raise Refused(f"Query condition missed key schema element: {part.name}")
    for name, value in (condition.partition, *condition.also):
        if name not in by_name:
            raise Refused(f"Query key condition not supported: {name} is no attribute of the key")
        _check_key_operand(by_name[name], value)
    if condition.sort is not None:
        _check_sort(condition.sort, parts)
    if condition.sort is not None:
        named.append(_sort_attribute(condition.sort))
    if len(set(named)) < len(named):
        raise Refused(
            "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"
        )
    _check_no_gap(demanded(condition), [part.name for part in parts if not part.partition])


def _check_sort(condition: Compare | Between | BeginsWith, parts: tuple[KeyPart, ...]) -> None:
    sorts = {part.name: part for part in parts if not part.partition}
    name = _sort_attribute(condition)
    if name not in sorts:
        wanted = f"may be on {', '.join(sorts)}" if sorts else "is not possible, there is no sort key"
        raise Refused(f"Query key condition not supported: a condition on the sort key {wanted}")
    _check_sort_condition(condition, sorts[name])


def _check_no_gap(wanted: tuple[Item, Compare | Between | BeginsWith | None], sorts: Sequence[str]) -> None:
    """Check that all attributes before the last one asked for have an equality."""
    equal, further = wanted
    last = None if further is None else _sort_attribute(further)
    asked = [name for name in sorts if name in equal or name == last]
    for name in asked:
        before = sorts[: sorts.index(name)]
        lacking = [each for each in before if each not in equal]
        if lacking:
            raise Refused(
                f"RANGE key attributes {', '.join(lacking)} must have equality conditions specified in the "
                f"query because a condition is present on key attribute {name}"
            )


def _sort_attribute(condition: Compare | Between | BeginsWith) -> str | None:
    match condition:
        case Compare(_, left, _):
            path: object = left
        case Between(operand, _, _):
            path = operand
        case BeginsWith(prefixed, _):
            path = prefixed
        case _:
            raise Refused(f"Query key condition not supported: {type(condition).__name__} on the sort key")
    return path.attribute if isinstance(path, Path) and len(path.segments) == 1 else None


def _check_sort_condition(condition: Compare | Between | BeginsWith, part: KeyPart) -> None:
    match condition:
        case Compare(comparator, _, right):
            if comparator not in _SORT_COMPARATORS:
                raise Refused(
                    f"Invalid KeyConditionExpression: Unsupported operator on KeyCondition: {comparator}"
                )
            _sort_operand(part, right)
        case Between(_, low, high):
            check_bounds(_sort_operand(part, low), _sort_operand(part, high))
        case BeginsWith(_, prefix):
            if part.type == "N":
                raise Refused(
                    f"{_INVALID}: begins_with is not valid for the key attribute {part.name} of type N"
                )
            _sort_operand(part, prefix)


def _sort_operand(part: KeyPart, operand: object) -> AttributeValue:
    if not isinstance(operand, Value):
        raise Refused("Query key condition not supported: the operands of a key condition are constants")
    _check_key_operand(part, operand.value)
    return operand.value


def _check_key_operand(part: KeyPart, value: AttributeValue) -> None:
    check_value(value)
    if part.type not in value:
        raise Refused(
            f"{_INVALID}: Condition parameter type does not match schema type: key attribute {part.name} "
            f"expected: {part.type} actual: {type_of(value)}"
        )
    if not value[part.type]:
        raise Refused(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
            f"contain an empty {'string' if part.type == 'S' else 'binary'} value. Key: {part.name}"
        )


def _check_filter_spares_keys(condition: Condition | None, keys: Collection[str]) -> None:
    if condition is None:
        return
    for name in sorted({path.attribute for path in _paths(condition)} & set(keys)):
        raise Refused(
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
        )


def _paths(condition: Condition | None) -> list[Path]:
    match condition:
        case None:
            return []
        case And(parts) | Or(parts):
            return [path for part in parts for path in _paths(part)]
        case Not(negated):
            return _paths(negated)
        case AttributeExists(path) | AttributeNotExists(path) | AttributeType(path, _):
            return [path]
        case BeginsWith(path, operand) | Contains(path, operand):
            return _operand_paths(path, operand)
        case Compare(_, left, right):
            return _operand_paths(left, right)
        case Between(operand, low, high):
            return _operand_paths(operand, low, high)
        case In(operand, options):
            return _operand_paths(operand, *options)


def _operand_paths(*operands: Path | Value | Size) -> list[Path]:
    paths = (operand.path if isinstance(operand, Size) else operand for operand in operands)
    return [path for path in paths if isinstance(path, Path)]


def check_start(start: Item, table: Table, index: str | None) -> None:
    """Check that a start key has the attributes of the table's and the index's key, and no others.

    Raises:
        Refused: it has not.
    """
    parts = {part.name: part for part in (*key_parts(table, index), *key_parts(table))}
    try:
        check_key(tuple(parts.values()), start)
    except Refused as refused:
        raise Refused(f"{START_INVALID}: {refused}") from refused


def _check_start_within(start: Item, condition: KeyCondition, parts: tuple[KeyPart, ...]) -> None:
    equal, further = demanded(condition)
    for part in parts:
        if part.name in equal and not holds(Compare("=", Path.of(part.name), Value(equal[part.name])), start):
            raise Refused(START_OUTSIDE if part.partition else START_UNMATCHED)
    if further is not None and not holds(further, start):
        raise Refused(START_UNMATCHED)
