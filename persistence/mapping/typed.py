"""Pages straight from their text: msgspec reads it into typed structs, and one loop makes entities of these.

Beside dicts of attribute values this saves a dict and a text per value, and what the collector does about
them. The structs and the loop are generated from the same plan as the codec. Where a page, or an item of it,
is in any way unusual, dicts are read instead, so that the result and the error are the codec's own.

This module needs msgspec; it is loaded when the first page is read with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import GenericAlias
from typing import Any, TypeVar

import msgspec

from persistence.attributes import Item
from persistence.mapping.codegen import Compiler, each_loop, keys_in_templates, page_loop, wanted_marks
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Output, Scalar, leave_fast_way
from persistence.mapping.reading import Reading
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.source import Source
from persistence.mapping.tables import Placement
from persistence.mapping.untyped import Plain
from persistence.mapping.upcasting import SchemaVersions
from persistence.mapping.wrapping import Nullable, Validated
from persistence.wire_items import WireItems

T = TypeVar("T")

_PAGE = "decode_rows"
_CONTENTS: Mapping[str, Any] = {"S": str, "N": str, "B": bytes, "BOOL": bool}


class Untyped(Exception):
    """A mapping whose items can't be described by types."""


def typed_pages(
    plan: RecordPlan,
    placement: Placement,
    versions: SchemaVersions | None,
    from_items: Callable[[Sequence[Item]], list[T]],
) -> Callable[[WireItems, Callable[[Item], T]], list[T]] | None:
    """Make what reads the text of a mapping's pages.

    Args:
        plan: the fields.
        placement: the keys.
        versions: the versions of what is stored, if there are any.
        from_items: makes entities of items that are dicts.

    Returns:
        It; None where hooks, fields that convert their own values, entities that hold their own kind, or
        names that JSON has to escape need dicts.
    """
    try:
        compiler = _WireCompiler(plan, placement, versions)
        decoder = msgspec.json.Decoder(GenericAlias(list, compiler.structs.record(plan, compiler.marks)))
    except Untyped:
        return None
    rows_to_entities = compiler.compiled(_PAGE)

    def decoded(items: WireItems, alone: Callable[[Item], T]) -> list[T]:
        text = items.text
        if text is None:
            return from_items(items)
        try:
            rows = decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return from_items(items)
        entities: list[T] = rows_to_entities(rows, lambda place: alone(items[place]))
        return entities

    return decoded


class _Structs:
    """Makes the types of the structs that text is read into: one per type tag, and one per nested entity."""

    def __init__(self) -> None:
        self._tagged: dict[Any, Any] = {}
        self._records: dict[int, Any] = {}
        self._names: dict[int, Mapping[str, str]] = {}
        self._open: set[int] = set()

    def record(self, plan: RecordPlan, marks: Iterable[str] = ()) -> Any:
        """Give the type of an item or map.

        Args:
            plan: its fields.
            marks: further attributes, which hold text or a number.

        Raises:
            Untyped: there is none.
        """
        if plan.hooked or id(plan) in self._open:
            raise Untyped
        if id(plan) not in self._records:
            self._open.add(id(plan))
            self._records[id(plan)] = self._made(plan, tuple(marks))
            self._open.discard(id(plan))
        return self._records[id(plan)]

    def _made(self, plan: RecordPlan, marks: tuple[str, ...]) -> Any:
        loaded = [field for field in plan.fields if field.loaded and field.on_entity]
        attributes = [*(field.attribute for field in loaded), *marks]
        if len(set(attributes)) < len(attributes):
            raise Untyped
        names = {attribute: f"f{place}" for place, attribute in enumerate(attributes)}
        self._names[id(plan)] = names
        types = {field.attribute: self.value(field.node, nullable=field.optional) for field in loaded}
        types |= dict.fromkeys(marks, self._mark())
        members: list[Any] = [(names[attribute], found | None, None) for attribute, found in types.items()]
        required = {field.attribute for field in loaded if field.argument and field.default is None}
        for place, attribute in enumerate(types):
            if attribute in required:
                members[place] = (names[attribute], types[attribute])
        rename = {name: attribute for attribute, name in names.items()}
        try:
            return msgspec.defstruct(
                plan.entity_type.__name__, members, rename=rename, gc=False, kw_only=True
            )
        except ValueError as error:
            raise Untyped from error

    def _mark(self) -> Any:
        return msgspec.defstruct("Mark", [("S", str | None, None), ("N", str | None, None)], gc=False)

    def name(self, plan: RecordPlan, attribute: str) -> str:
        """Give the name that an attribute has in the struct of its record."""
        return self._names[id(plan)][attribute]

    def value(self, node: Node, *, nullable: bool = False) -> Any:
        """Give the type of an attribute value.

        Args:
            node: how it is stored.
            nullable: whether NULL may stand in its place.

        Raises:
            Untyped: there is none.
        """
        match node:
            case Nullable() | Validated():
                return self.value(node.inner, nullable=nullable or isinstance(node, Nullable))
            case Plain() | TupleOf():
                return dict[str, Any]
            case HookedRecord():
                raise Untyped
            case Record():
                return self._of("M", self.record(node.plan), nullable)
            case ListOf():
                return self._of("L", GenericAlias(list, self.value(node.inner)), nullable)
            case MapOf():
                return self._of("M", GenericAlias(dict, (str, self.value(node.inner))), nullable)
            case SetOf():
                return self._of(node.tag, _members(node), nullable)
            case Scalar() if node.tag in _CONTENTS:
                return self._of(node.tag, _CONTENTS[node.tag], nullable)
            case _:
                raise Untyped

    def _of(self, tag: str, content: Any, nullable: bool) -> Any:
        key = (tag, content, nullable)
        if key not in self._tagged:
            null: list[Any] = [(tag, content | None, None), ("NULL", bool | None, None)]
            members: list[Any] = null if nullable else [(tag, content)]
            self._tagged[key] = msgspec.defstruct(tag, members, gc=False)
        return self._tagged[key]


def _members(node: SetOf) -> Any:
    return GenericAlias(node.build if _as_read(node) else list, _CONTENTS[node.inner.tag])


def _as_read(node: SetOf) -> bool:
    return node.inner.read_source == "{c}"


class _WireCompiler(Compiler):
    """Writes the loop that makes entities of structs."""

    def __init__(self, plan: RecordPlan, placement: Placement, versions: SchemaVersions | None) -> None:
        super().__init__(f"pages of {type(plan.schema).__qualname__}", {})
        self._plan = plan
        self._placement = placement
        self.structs = _Structs()
        self._wanted = wanted_marks(placement, versions)

    @property
    def marks(self) -> list[str]:
        """The attributes that have to hold something of the mapping's own."""
        return [attribute for attribute, _, _ in self._wanted]

    def root(self, name: str) -> str:
        """Write the loop; see `Compiler`."""
        source = Source()
        for attribute, tag, value in self._wanted:
            mark = self.structs.name(self._plan, attribute)
            source.add(f"if item.{mark} is None or item.{mark}.{tag} != {value!r}:")
            source.add(f"    {self.bind(leave_fast_way, 'leave')}()")
        made = keys_in_templates(self._placement)
        body = source.extend(_StructReading(self._plan, self, self.structs, made).source("append({})"))
        return page_loop(f"def {name}(items, alone):", "items", body, "alone(len(entities))")

    def nested(self, record: RecordPlan, purpose: str, name: str) -> str:
        """Write the function for a nested entity; see `Compiler`."""
        reading = _StructReading(record, self, self.structs)
        if purpose == "decode":
            return f"def {name}(item):\n{reading.source().indented(1)}\n"
        return each_loop(name, Source().add("item = stored.M").extend(reading.source("append({})")))


class _StructReading(Reading):
    """Writes how an entity is built from the struct of its item."""

    def __init__(
        self, plan: RecordPlan, out: Output, structs: _Structs, in_key: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(plan, out, "item", in_key)
        self._name = partial(structs.name, plan)

    def _stored(self, field: FieldPlan) -> str:
        return f"item.{self._name(field.attribute)}"

    def _found(self, field: FieldPlan) -> str:
        return self._stored(field)

    def _read(self, field: FieldPlan, stored: str) -> str:
        read = _read(field.node, self._out, stored)
        tag = _tag(field.node)
        if not field.optional or tag is None:
            return read
        return f"({self._out.bind(_null, 'null')}({stored}) if {stored}.{tag} is None else {read})"


def _null(stored: Any) -> None:
    """Read what has no content of its type: NULL, or else something unusual."""
    if stored.NULL is None:
        leave_fast_way()


def _tag(node: Node) -> str | None:
    """Give the type tag of a value that is read into a struct; None for one that is read into a dict."""
    match node:
        case Nullable() | Validated():
            return _tag(node.inner)
        case Record() | MapOf():
            return "M"
        case ListOf():
            return "L"
        case SetOf() | Scalar():
            return node.tag
        case _:
            return None


def _read(node: Node, out: Output, stored: str) -> str:
    """Give an expression for the Python value, from one for the struct of the attribute value."""
    tag = _tag(node)
    if tag is None:
        return node.read(out, stored)
    content = f"{stored}.{tag}"
    match node:
        case Nullable():
            null = f"{stored}.NULL is not None or {content} is None"
            return f"({out.bind(_null, 'null')}({stored}) if {null} else {_read(node.inner, out, stored)})"
        case Validated():
            return _read(node.inner, out, stored)
        case Record():
            return f"{out.function(node.plan, 'decode')}({content})"
        case ListOf():
            parts = _read_each(node.inner, out, content)
            return parts if node.build is list else f"tuple({parts})"
        case MapOf():
            return f"{{name: {_read(node.inner, out, 'each')} for name, each in {content}.items()}}"
        case SetOf() if _as_read(node):
            return content
        case SetOf():
            part = node.inner.read_content(out, "each")
            return f"{node.build.__name__}([{part} for each in {content}])"
        case Scalar():
            return node.read_content(out, content)
        case _:
            raise Untyped


def _read_each(node: Node, out: Output, content: str) -> str:
    if isinstance(node, Record):
        return f"{out.function(node.plan, 'decode_each')}({content})"
    return f"[{_read(node, out, 'each')} for each in {content}]"
