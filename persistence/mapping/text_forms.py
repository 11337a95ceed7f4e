"""The form that attribute values have in the text of an answer, as regular expressions.

What such an expression matches is JSON, and an attribute value of the kind that the field stores. Text with
an escape in it, blanks between tokens, and what is nested deeper than a mapping says match nothing: dicts are
read then.

Repetitions with no groups inside are possessive. The one with groups is not, since Python's before 3.12 gets
them wrong there; but each of its turns begins with another name, so that giving one up leads nowhere at once.
All that does not match is taken by a last alternative. So the time is linear, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.wrapping import Nullable, Validated

_TEXT = r'[^"\\\x00-\x1f]*+'
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?+"
_CONTENTS = {"S": _TEXT, "N": _TEXT, "B": _BASE64}
_NAME = f'"{_TEXT}":'
_LEVELS = 1
"""How deep what a mapping says nothing of may be nested; with each level the expression more than doubles."""

_MOST_UNKNOWN = 4
"""How many attributes that a mapping does not know have a place in an order."""

_MOST_CHARACTERS = 20_000
"""How long the expression of a nested entity may be: to compile it takes some 20 milliseconds."""

REST = r"([\s\S]++)"
"""Takes all that is left, so that what does not match is looked at once only."""


class Unfit(Exception):
    """A mapping whose items have no form that an expression describes, or only a very long one."""


def content_tag(node: Node) -> str | None:
    """Give the tag of a value that is stored as text in quotes: S, N or B; None for others."""
    return node.tag if isinstance(node, Scalar) and node.tag in _CONTENTS else None


def inner_of(node: Node) -> Node:
    """Give what is stored, without the validators around it."""
    return inner_of(node.inner) if isinstance(node, Validated) else node


def is_record(node: Node) -> bool:
    """Tell whether a value is a nested entity whose fields are read from its text."""
    return (
        isinstance(node, Record)
        and not isinstance(node, HookedRecord)
        and not node.plan.hooked
        and not any(field.foreign for field in node.plan.fields)
        and are_fit([field.attribute for field in columns_of(node.plan)])
        and not _holds_itself(node.plan, frozenset())
    )


def captured(node: Node) -> str:
    """Give the expression of a value, with one group: its content, or the whole where dicts are made.

    Raises:
        Unfit: it would be very long.
    """
    node = inner_of(node)
    if (tag := content_tag(node)) is not None:
        return captured_text(tag)
    match node:
        case Scalar(tag="BOOL"):
            return r'\{"BOOL":(true|false)\}'
        case SetOf():
            return rf'\{{"{node.tag}":\[({_members(node.inner.tag)})\]\}}'
        case MapOf() if content_tag(node.inner) is not None:
            return rf'\{{"M":\{{({_entries(form(node.inner))})\}}\}}'
        case ListOf() if content_tag(node.inner) is not None or is_record(node.inner):
            return rf'\{{"L":\[({_elements(form(node.inner))})\]\}}'
        case _:
            return f"({form(node)})"


def captured_text(tag: str) -> str:
    """Give the expression of a value that is stored as text in quotes, with a group for its content."""
    return rf'\{{"{tag}":"({_CONTENTS[tag]})"\}}'


def form(node: Node) -> str:
    """Give the expression of a value, without any group.

    Raises:
        Unfit: it would be very long.
    """
    node = inner_of(node)
    if (tag := content_tag(node)) is not None:
        return rf'\{{"{tag}":"{_CONTENTS[tag]}"\}}'
    match node:
        case Nullable():
            return rf'(?:{form(node.inner)}|\{{"NULL":true\}})'
        case Scalar(tag="BOOL"):
            return r'\{"BOOL":(?:true|false)\}'
        case SetOf():
            return rf'\{{"{node.tag}":\[{_members(node.inner.tag)}\]\}}'
        case TupleOf():
            return rf'\{{"L":\[{",".join(map(form, node.inner))}\]\}}'
        case MapOf():
            return rf'\{{"M":\{{{_entries(form(node.inner))}\}}\}}'
        case ListOf():
            return rf'\{{"L":\[{_elements(form(node.inner))}\]\}}'
        case Record() if is_record(node):
            return _record(node.plan)
        case _:
            return _any_value(_LEVELS)


def _record(plan: RecordPlan) -> str:
    nodes = (inner_of(field.node) for field in plan.fields)
    forms = dict.fromkeys(form(node) for node in nodes if not isinstance(node, Scalar | SetOf))
    entries = _entries(_one_of([_any_value(0), *forms]))
    if len(entries) > _MOST_CHARACTERS:
        raise Unfit
    return rf'\{{"M":\{{{entries}\}}\}}'


def attributes(captured: Sequence[tuple[str, str]]) -> str:
    """Give the expression of the attributes of an item or map, in any order, each there or not.

    Args:
        captured: the names and expressions of those with a group; what has another name is passed over.

    Raises:
        Unfit: the names do not go into an expression.
    """
    names = [name for name, _ in captured]
    if not are_fit(names):
        raise Unfit
    known = "|".join(map(re.escape, names))
    unknown = f'(?!(?:{known})"){_TEXT}":{_any_value(_LEVELS)}'
    alternatives = "|".join([*(f'{re.escape(name)}":{form}' for name, form in captured), unknown])
    # Each turn begins with a quote: a brace that closes an item must not be read as part of a name.
    return rf'\{{(?:"(?:{alternatives})(?:,(?=")|(?=\}})))+\}}'


def attributes_in_order(captured: Mapping[str, str], order: Sequence[str]) -> str:
    """Give the expression of the attributes of an item in one order, each there or not: quicker, if it holds.

    Args:
        captured: the expressions of those with a group, by their names.
        order: the names of attributes, of which others may be there, too.

    Returns:
        It; one that fits no item where there are too many others.

    Raises:
        Unfit: the names do not go into an expression.
    """
    if not are_fit(order):
        raise Unfit
    if len(order) > len(captured) + _MOST_UNKNOWN:
        order = list(captured)
    forms = ((re.escape(name), captured.get(name) or _any_value(_LEVELS)) for name in order)
    members = (rf'(?:"{name}":{form}(?:,(?=")|(?=\}})))?' for name, form in forms)
    return rf"\{{{''.join(members)}\}}"


def columns_of(plan: RecordPlan) -> list[FieldPlan]:
    """Give the fields whose attributes are read."""
    return [field for field in plan.fields if field.loaded and field.on_entity]


def are_fit(names: Sequence[str]) -> bool:
    """Tell whether names of attributes are as they are in JSON, and different."""
    return len(set(names)) == len(names) and all(re.fullmatch(_TEXT, name) for name in names)


def _holds_itself(plan: RecordPlan, above: frozenset[int]) -> bool:
    if id(plan) in above:
        return True
    below = above | {id(plan)}
    return any(_holds_itself(record.plan, below) for field in plan.fields for record in _records(field.node))


def _records(node: Node) -> Iterable[Record]:
    match node:
        case Validated() | Nullable() | ListOf() | MapOf():
            return _records(node.inner)
        case TupleOf():
            return [record for inner in node.inner for record in _records(inner)]
        case Record():
            return [node]
        case _:
            return []


def _one_of(forms: list[str]) -> str:
    return f"(?:{'|'.join(forms)})"


def _members(tag: str) -> str:
    member = f'"{_CONTENTS[tag]}"'
    return f"{member}(?:,{member})*+"


def _entries(form: str) -> str:
    return rf'(?:{_NAME}{form}(?:,(?=")|(?=\}})))*+'


def _elements(form: str) -> str:
    return rf"(?:{form}(?:,(?=\{{)|(?=\])))*+"


def _any_value(levels: int) -> str:
    """Give the expression of any attribute value that is nested no deeper than this."""
    kinds = [f'[SN]":"{_TEXT}"', f'B":"{_BASE64}"', 'BOOL":(?:true|false)', 'NULL":true']
    kinds += [rf'[SN]S":\[{_members("S")}\]', rf'BS":\[{_members("B")}\]']
    if levels:
        inner = _any_value(levels - 1)
        kinds += [rf'M":\{{{_entries(inner)}\}}', rf'L":\[{_elements(inner)}\]']
    return rf'\{{"{_one_of(kinds)}\}}'
