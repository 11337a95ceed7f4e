"""Pages straight from their text, where no msgspec is: a regular expression per mapping takes the text apart.

The expression finds the contents of all attributes, in C and without any dict between; one loop makes
entities of these. Both are generated from the same plan as the codec. Where a page, or an item of it, is in
any way unusual, dicts are read instead, so that the result and the error are the codec's own.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

from persistence.json_text import with_bytes
from persistence.mapping.codegen import Compiler, keys_in_templates, nested_source, page_loop, wanted_marks
from persistence.mapping.containers import ListOf, MapOf, SetOf
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Output, Scalar, leave_fast_way
from persistence.mapping.reading import Reading
from persistence.mapping.records import Record, RecordPlan
from persistence.mapping.source import Source
from persistence.mapping.tables import Placement
from persistence.mapping.text_forms import (
    REST,
    Unfit,
    are_fit,
    attributes,
    attributes_in_order,
    captured,
    captured_text,
    columns_of,
    content_tag,
    inner_of,
    is_record,
)
from persistence.mapping.upcasting import SchemaVersions

T = TypeVar("T")

Split = Callable[[str], list[Any]]

_PAGE = "decode_texts"

KNOWS_POSSESSIVE = sys.version_info >= (3, 11, 5)
"""Whether Python matches possessive repetitions rightly; before it may lose its place in them (gh-106052)."""


def text_pages(
    plan: RecordPlan, placement: Placement, versions: SchemaVersions | None, text: str
) -> TextPages | None:
    """Make what takes the pages of a mapping apart, and makes entities of the parts.

    Args:
        plan: the fields.
        placement: the keys.
        versions: the versions of what is stored, if there are any.
        text: of a page, from the first item on: its attributes tell the order in which they are expected.

    Returns:
        It; None where hooks, fields that convert their own values, names that JSON has to escape, or an early
        Python 3.11 need dicts.
    """
    if not KNOWS_POSSESSIVE or plan.hooked or any(field.foreign for field in plan.fields):
        return None
    try:
        return TextPages(_TextCompiler(plan, placement, versions, _first_names(text)))
    except Unfit:
        return None


def _first_names(text: str) -> list[str]:
    """Name the attributes of the first item, in their order; none where it can't be read."""
    try:
        item, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return []
    return list(item) if isinstance(item, dict) and are_fit(list(item)) else []


class TextPages:
    """Takes the pages of a mapping apart, and makes entities of the parts; see `grammar.TextPages`."""

    def __init__(self, compiler: _TextCompiler) -> None:
        self._compiler = compiler
        self._in_order: Split | None = re.compile(compiler.expression(in_order=True)).split

    @cached_property
    def _in_any_order(self) -> Split:
        return re.compile(self._compiler.expression()).split

    def taken_apart(self, text: str) -> tuple[list[str | None], int, str] | None:
        """Give the parts of the items that a text begins with, how many these are, and what is behind them.

        Args:
            text: from the first item of an array on.

        Returns:
            They; None where an item has another form.
        """
        split = self._in_order
        if split is not None:
            found = self._found(split(text))
            if found is not None:
                return found
            self._in_order = None  # the order does not hold
        return self._found(self._in_any_order(text))

    def _found(self, parts: list[Any]) -> tuple[list[str | None], int, str] | None:
        width = self._compiler.width
        count = len(parts) // width - 1  # the last one is what is left
        rest = parts[-2]
        if count < 1 or rest is None or not rest.startswith("]"):
            return None
        del parts[count * width :]
        return parts, count, rest

    def decoded(self, parts: Sequence[str | None], alone: Callable[[int], T]) -> list[T]:
        """Build the entities of a page.

        Args:
            parts: its parts.
            alone: builds the entity at a place.
        """
        rows = zip(*[iter(parts)] * self._compiler.width, strict=False)
        entities: list[T] = self._compiler.compiled(_PAGE)(rows, alone)
        return entities


class _Columns:
    """Which attributes of an item or map have a group in its expression.

    Args:
        plan: the fields.
        marks: further attributes with a group, and the tag of their content.
        order: the order in which attributes are expected; others follow.

    Raises:
        Unfit: their names do not go into an expression.
    """

    def __init__(
        self, plan: RecordPlan, marks: Sequence[tuple[str, str]] = (), order: Sequence[str] = ()
    ) -> None:
        groups = [(field.attribute, captured(field.node)) for field in columns_of(plan)]
        groups += [(name, captured_text(tag)) for name, tag in marks]
        expected = {name: place for place, name in enumerate(order)}
        groups.sort(key=lambda group: expected.get(group[0], len(expected)))
        self.expression = attributes(groups)
        self.width = len(groups) + 2
        self._groups = dict(groups)
        self._order = list(dict.fromkeys([*order, *self._groups]))
        self._places = {name: place for place, name in enumerate(self._groups)}

    def expression_in_order(self) -> str:
        """Give the expression of all attributes in the order that is expected."""
        return attributes_in_order(self._groups, self._order)

    def name(self, attribute: str) -> str:
        """Give the name that the content of an attribute has in generated source."""
        return f"t{self._places[attribute]}"

    @property
    def row(self) -> str:
        """The names of all contents, as they come."""
        return ", ".join(["_", *(f"t{place}" for place in self._places.values()), "_"])


class _TextCompiler(Compiler):
    """Writes the expression, and the loop that makes entities of what it finds."""

    def __init__(
        self, plan: RecordPlan, placement: Placement, versions: SchemaVersions | None, order: Sequence[str]
    ) -> None:
        super().__init__(f"texts of {type(plan.schema).__qualname__}", {})
        self._plan = plan
        self._placement = placement
        self._wanted = wanted_marks(placement, versions)
        self._columns = _Columns(plan, [(attribute, tag) for attribute, tag, _ in self._wanted], order)

    def expression(self, *, in_order: bool = False) -> str:
        """Give the expression for an item and what separates it from the next one, and for all that is none.

        Args:
            in_order: whether it is one for attributes in the order that is expected.
        """
        item = self._columns.expression_in_order() if in_order else self._columns.expression
        return rf"{item}(?:,(?=\{{)|(?=\]))|{REST}"

    @property
    def width(self) -> int:
        """How many parts an item has, with the empty ones around it."""
        return self._columns.width

    def root(self, name: str) -> str:
        """Write the loop; see `Compiler`."""
        source = Source().add(f"{self._columns.row} = item")
        for attribute, _, value in self._wanted:
            source.add(f"if {self._columns.name(attribute)} != {value!r}:")
            source.add(f"    {self.bind(leave_fast_way, 'leave')}()")
        made = keys_in_templates(self._placement)
        source.extend(_TextReading(self._plan, self, self._columns, made).checked("append({})"))
        return page_loop(f"def {name}(items, alone):", "items", source, "alone(len(entities))")

    def nested(self, record: RecordPlan, purpose: str, name: str) -> str:
        """Write the function for a nested entity; see `Compiler`."""
        if purpose not in {"read", "read_each"}:
            return nested_source(self, record, purpose, name)
        columns = _Columns(record)
        expression = rf'\{{"M":{columns.expression}\}},?+|{REST}'
        rows = self.bind(partial(_rows, re.compile(expression), columns.width), f"rows_of_{name}")
        loop = f"for {columns.row} in {rows}(stored):"
        reading = _TextReading(record, self, columns)
        if purpose == "read":
            return f"def {name}(stored):\n    {loop}\n{reading.checked().indented()}\n"
        head = f"def {name}(stored):\n    entities = []\n    append = entities.append\n    {loop}\n"
        return f"{head}{reading.checked('append({})').indented()}\n    return entities\n"


def _rows(pattern: re.Pattern[str], width: int, text: str) -> Iterator[tuple[Any, ...]]:
    parts: list[Any] = pattern.split(text)
    if text and parts[-2] is not None:
        leave_fast_way()
    return zip(*[iter(parts)] * width, strict=False)


class _TextReading(Reading):
    """Writes how an entity is built from the contents of its attributes."""

    def __init__(
        self, plan: RecordPlan, out: Output, columns: _Columns, in_key: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(plan, out, "item", in_key)
        self._columns = columns

    def checked(self, finish: str = "return {}") -> Source:
        """Write the body, which leaves the fast way where an attribute is absent that has to be there."""
        arguments = [field.name for field in self._plan.construction.arguments]
        needed = [field for name, field in self._fields.items() if name in arguments]
        absent = [f"{self._stored(field)} is None" for field in needed if not self._absentable(field)]
        source = Source()
        if absent:
            source.add(f"if {' or '.join(absent)}:", f"    {self._out.bind(leave_fast_way, 'leave')}()")
        return source.extend(self.source(finish))

    def _stored(self, field: FieldPlan) -> str:
        return self._columns.name(field.attribute)

    def _found(self, field: FieldPlan) -> str:
        return self._stored(field)

    def _read(self, field: FieldPlan, stored: str) -> str:
        return _read(field.node, self._out, stored)


def _read(node: Node, out: Output, text: str) -> str:
    """Give an expression for the Python value, from one for what `captured` captures."""
    node = inner_of(node)
    match node:
        case Scalar(tag="BOOL"):
            return node.read_content(out, f'({text} == "true")')
        case Scalar(tag="B"):
            return node.read_content(out, f"{out.bind(b64decode, 'b64decode')}({text})")
        case Scalar():
            return node.read_content(out, text)
        case SetOf():
            return _read_members(node, out, f"""{text}[1:-1].split('","')""")
        case MapOf() if content_tag(node.inner) is not None:
            part = _read(node.inner, out, "each")
            pairs = f"{out.bind(_pairs, 'pairs')}({text})"
            return f"dict({pairs})" if part == "each" else f"{{name: {part} for name, each in {pairs}}}"
        case ListOf() if content_tag(node.inner) is not None:
            part, parts = _read(node.inner, out, "each"), f"""{text}.split('"')[3::4]"""
            return _built(node.build, parts if part == "each" else f"[{part} for each in {parts}]")
        case ListOf(inner=Record() as record) if is_record(record):
            return _built(node.build, f"{out.function(record.plan, 'read_each')}({text})")
        case Record() if is_record(node):
            return f"{out.function(node.plan, 'read')}({text})"
        case _:
            return node.read(out, f"{out.bind(_value, 'value')}({text})")


def _built(build: type[Any], parts: str) -> str:
    return parts if build is list else f"tuple({parts})"


def _read_members(node: SetOf, out: Output, members: str) -> str:
    part = _read(node.inner, out, "each")
    return f"{node.build.__name__}({members if part == 'each' else f'[{part} for each in {members}]'})"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Give the names and contents of a map of texts or numbers: quotes are around all of them."""
    parts = text.split('"')
    return zip(parts[1::6], parts[5::6], strict=True)


def _value(text: str) -> Any:
    return json.loads(text, object_hook=with_bytes)
