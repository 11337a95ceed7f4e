"""Access paths of queries that give keys whole: one item is got, several are got in batches."""

from __future__ import annotations

from persistence.attributes import Item
from persistence.expressions import attributes_of
from persistence.query.access import AccessPath
from persistence.query.coverage import coverage_of
from persistence.query.keying import encoded, equalities, key_use
from persistence.query.question import Question
from persistence.query.terms import Comparison, PathOperand


def path_by_keys(question: Question) -> AccessPath | None:
    """Give the path of a query that fixes all fields of the table's key, of one perhaps by several options.

    Args:
        question: what is asked.

    Returns:
        The path; None where keys are not given so, or an index or order is asked for.

    Raises:
        QueryError: a value can't be part of a key.
    """
    if question.wish.index is not None:
        return None
    equal = equalities(question.terms)
    options = _options(question, equal)
    if not set(question.mapping.key_fields) <= {*equal, *(str(term.names[0]) for term in options)}:
        return None
    if not options:
        return _get(question, equal)
    if len(options) > 1 or question.order_by is not None:
        return None
    return _batch_get(question, equal, options[0])


def _options(question: Question, equal: dict[str, Comparison]) -> list[Comparison]:
    """Give the terms by which a field of the key is one of several values."""
    return [
        term
        for term in question.terms
        if isinstance(term, Comparison)
        and term.operator == "in"
        and not term.size
        and len(term.names) == 1
        and term.names[0] in question.mapping.key_fields
        and term.names[0] not in equal
        and not any(isinstance(option, PathOperand) for option in term.operands)
    ]


def _get(question: Question, equal: dict[str, Comparison]) -> AccessPath:
    mapping = question.mapping
    parts = mapping.key_parts()
    use = key_use(mapping, parts[:1], parts[1:], question.terms)
    check = question.left(use.used)
    also = () if check is None else tuple(attributes_of(check))
    return AccessPath(
        "get",
        None,
        use.condition,
        None,
        keys=(_key(question, {name: equal[name].operands[0] for name in mapping.key_fields}),),
        check=check,
        asked=question.asked,
        projection=coverage_of(mapping, None, question.wish.selection, check, also=also).projection,
    )


def _batch_get(question: Question, equal: dict[str, Comparison], options: Comparison) -> AccessPath:
    mapping, name = question.mapping, str(options.names[0])
    used = [equal[field] for field in mapping.key_fields if field != name]
    fixed = {str(term.names[0]): term.operands[0] for term in used}
    keys = [_key(question, {**fixed, name: option}) for option in options.operands]
    # Numbers may be spelled in several ways: what counts is what they are.
    distinct = {mapping.key_values(key): key for key in keys}
    return AccessPath(
        "batch get",
        None,
        None,
        None,
        keys=tuple(distinct.values()),
        check=question.left((options, *used)),
        asked=question.asked,
        narrows=True,  # any of the keys may be absent
    )


def _key(question: Question, values: dict[str, object]) -> Item:
    mapping = question.mapping
    return {part.attribute: encoded(mapping, part, values) for part in mapping.key_parts()}
