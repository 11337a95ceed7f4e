"""Paths of entities: what is stored there, and how operands are encoded to be compared with it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from persistence.attributes import LAST_INDEX, NESTING_LIMIT, AttributeValue
from persistence.errors import QueryError
from persistence.expressions import Path
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.declaration import did_you_mean
from persistence.mapping.encrypted import refuse_encrypted
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.refusal import Refused, said
from persistence.mapping.scalars import STRING
from persistence.mapping.untyped import Foreign, Plain
from persistence.mapping.wrapping import Nullable, Validated

_NULL: AttributeValue = {"NULL": True}
_NO_SETS = frozenset({str, int, bool, float, Decimal, bytes})
"""Types of usual operands; to ask each whether it is a set takes longer than to encode it."""
_CONTAINERS = frozenset({"S", "B", "SS", "NS", "BS", "L"})


@dataclass(frozen=True)
class MappedPath:
    """A path of an entity, as stored.

    Attributes:
        path: the document path in attribute names.
        name: the path in Python names, for messages.
        node: how a value is stored there.
        known: the field that this is; None for a part of a list or map, and for what no field describes.
        sure: whether nothing but the node decides what is stored, such as a hook.
        encrypted: whether the service sees something else there than the node gives.
    """

    path: Path
    name: str
    node: Node = field(compare=False, repr=False)
    known: FieldPlan | None = field(default=None, compare=False, repr=False)
    sure: bool = field(default=True, compare=False, repr=False)
    encrypted: bool = field(default=False, compare=False, repr=False)

    @cached_property
    def tags(self) -> frozenset[str] | None:
        """The type tags that a value may have here; None if it may have any."""
        tags = _tags(self.node) if self.sure else None
        return tags | {"NULL"} if tags is not None and self._holds_null else tags

    @property
    def member_tags(self) -> frozenset[str] | None:
        """The type tags of what may be contained here; None if it may be anything."""
        match bare(self.node) if self.sure else None:
            case SetOf() as node:
                return _tags(node.inner)
            case ListOf() as node:
                return _tags(node.inner)
            case Scalar(tag="S" | "B") as node:
                return _tags(node)
            case _:
                return None

    @property
    def _holds_null(self) -> bool:
        return isinstance(self.node, Nullable | Plain) if self.known is None else self.known.null

    def encode(self, operand: object) -> AttributeValue:
        """Give the attribute value of an operand, as the mapping would store it at this path.

        Raises:
            QueryError: it is None where that is not stored, an empty set, or of a type that is never stored
                here.
        """
        if operand is None and self._holds_null:
            return _NULL
        return self._encoded(self.node, operand)

    def refuse_absent(self, operand: object) -> None:
        """Refuse to look for a value that is left out of items.

        Raises:
            QueryError: nothing equals it.
        """
        if operand is not None and self.known is not None and self.known.is_empty(operand):
            raise self._absent(f"an empty {type(operand).__name__}")

    def element(self, operand: object) -> AttributeValue:
        """Give the attribute value of a member: of a set or list, or a part of a text.

        Raises:
            QueryError: nothing is ever contained there, or the operand is of another type.
        """
        match bare(self.node):
            case SetOf() | ListOf() as node:
                return _NULL if operand is None and _takes_null(node) else self._encoded(node.inner, operand)
            case TupleOf() as node:
                return self._encoded(self._part_for(node, operand), operand)
            case Scalar(tag="S" | "B"):
                return self.prefix(operand)
            case _:
                self.refuse_uncontaining()
                return _NULL if operand is None else self._encoded(Plain(), operand)

    def refuse_uncontaining(self) -> None:
        """Refuse a path where nothing is ever contained.

        Raises:
            QueryError: neither sets, lists, text nor bytes are stored here.
        """
        node = bare(self.node)
        tags = _tags(node)
        if tags is not None and tags.isdisjoint(_CONTAINERS) and self.sure:
            raise QueryError(
                f"{self.name} is stored as {node.expected}; only sets, lists, text and bytes contain "
                "something"
            )

    def prefix(self, operand: object) -> AttributeValue:
        """Give the attribute value of the beginning or a part of a text or bytes.

        Raises:
            QueryError: the operand is neither text nor bytes, or neither is stored here.
        """
        tags = _tags(bare(self.node))
        if isinstance(operand, str) and (tags is None or "S" in tags):
            return self._encoded(STRING, operand)
        if isinstance(operand, bytes | bytearray) and (tags is None or "B" in tags):
            return {"B": bytes(operand)}
        raise QueryError(
            f"{self.name} is stored as {bare(self.node).expected} and can't contain or begin with "
            f"{type(operand).__name__}; text contains and begins with str, bytes with bytes"
        )

    def _part_for(self, node: TupleOf, operand: object) -> Node:
        """Give the node of a tuple that takes an operand; for one that none takes, any of them says so."""
        for part in node.inner:
            try:
                part.encode(operand, validate=False)
            except Refused:
                continue
            return part
        return node.inner[0] if node.inner else Plain()

    def _encoded(self, node: Node, operand: object) -> AttributeValue:
        if operand is None:
            raise self._absent("None")
        if type(operand) not in _NO_SETS and isinstance(operand, Set) and not operand and _takes_sets(node):
            raise self._absent("an empty set")
        try:
            return node.encode(operand, validate=False)
        except Refused as refused:
            raise QueryError(
                f"{self.name} can't be compared with this {type(operand).__name__}; it is stored as "
                f"{node.expected}. {said(refused.messages)}"
            ) from refused

    def _absent(self, what: str) -> QueryError:
        return QueryError(
            f"{self.name} can't be compared with {what}, which is never stored there: the attribute is "
            "absent then, and equals nothing; write not_exists(...) or exists(...)"
        )


def _takes_sets(node: Node) -> bool:
    return isinstance(bare(node), SetOf | Plain)


def _takes_null(node: SetOf | ListOf) -> bool:
    return isinstance(node.inner, Nullable | Plain)


def _tags(node: Node) -> frozenset[str] | None:
    match node:
        case Nullable():
            inner = _tags(node.inner)
            return None if inner is None else inner | {"NULL"}
        case Validated():
            return _tags(node.inner)
        case Scalar() | SetOf():
            return frozenset({node.tag})
        case ListOf() | TupleOf():
            return frozenset("L")
        case MapOf() | Record():
            return frozenset("M")
        case _:
            return None


def bare(node: Node) -> Node:
    """Give a node without what is wrapped around it: its None and its validators."""
    while isinstance(node, Nullable | Validated):
        node = node.inner
    return node


def resolved(plan: RecordPlan, names: Sequence[str | int]) -> MappedPath:
    """Find what is stored at a path.

    Args:
        plan: the mapping's fields.
        names: Python names of attributes and of entries of maps, and indexes of lists.

    Raises:
        QueryError: there is no such path.
    """
    if not names or not isinstance(names[0], str):
        raise QueryError(f"a path begins with the name of an attribute of {plan.entity_type.__name__}")
    found = _mapped(plan, _field(plan, names[0], names[0]))
    for step in names[1:]:
        found = _step(found, step)
    return found


def at_attributes(plan: RecordPlan, segments: Sequence[str | int], below: Sequence[str | int]) -> MappedPath:
    """Find what is stored at a document path; what the mapping does not know may be anything.

    Args:
        plan: the mapping's fields.
        segments: names of attributes and of entries of maps, and indexes of lists.
        below: the path in Python names from which it starts; empty for the item.

    Raises:
        QueryError: there is no such path to start from.
    """
    found = resolved(plan, below) if below else None
    for segment in segments:
        found = _first(plan, segment) if found is None else _stored_step(found, segment)
    assert found is not None, "a document path has at least one segment"
    return found


def _first(plan: RecordPlan, segment: str | int) -> MappedPath:
    known = next((each for each in plan.fields if each.attribute == segment), None)
    if known is None:
        renamed = next((each.attribute for each in plan.fields if each.name == segment), None)
        if renamed is not None:
            raise QueryError(
                f"{segment!r} is a name in Python; write {renamed!r} here, as it is called in the table"
            )
        return MappedPath(Path.of(segment), str(segment), Plain())
    return _mapped(plan, known)


def _mapped(plan: RecordPlan, known: FieldPlan) -> MappedPath:
    name = f"{plan.entity_type.__name__}.{known.name}"
    return MappedPath(
        Path.of(known.attribute), name, known.node, known, not plan.hooked, known.encrypted is not None
    )


def _stored_step(found: MappedPath, segment: str | int) -> MappedPath:
    if found.encrypted:
        refuse_encrypted(found.name)
    node = bare(found.node)
    if isinstance(node, Record) and not isinstance(node, HookedRecord):
        known = next((each for each in node.plan.fields if each.attribute == segment), None)
        if known is not None:
            return _below(found, segment, known.name, known.node, known)
    elif isinstance(node, ListOf | TupleOf | MapOf):
        try:
            return _step(found, segment)
        except QueryError:  # it is asked of what is stored, which need not be what the mapping would store
            return _below(found, segment, segment, Plain())
    return _below(found, segment, segment, Plain())


def _field(plan: RecordPlan, name: str, where: str) -> FieldPlan:
    by_name = {field.name: field for field in plan.fields}
    if name not in by_name:
        raise QueryError(
            f"{plan.entity_type.__name__} has no attribute {name!r} ({where}); "
            f"{did_you_mean(name, list(by_name))}"
        )
    return by_name[name]


def _step(found: MappedPath, step: str | int) -> MappedPath:
    if found.encrypted:
        refuse_encrypted(found.name)
    match bare(found.node), step:
        case ((Plain() | Foreign() | HookedRecord()), _):
            return _below(found, step, step, Plain())
        case Record() as record, str():
            known = _field(record.plan, step, f"{found.name}.{step}")
            return _below(found, known.attribute, step, known.node, known)
        case ListOf() as many, int():
            return _below(found, step, step, many.inner)
        case TupleOf() as parts, int() if step < len(parts.inner):
            return _below(found, step, step, parts.inner[step])
        case MapOf() as entries, str():
            return _below(found, step, step, entries.inner)
        case other, _:
            what = "an index" if isinstance(step, int) else f"a part {step!r}"
            raise QueryError(f"{found.name} is stored as {other.expected}, which has no such part: {what}")


def _below(
    found: MappedPath, segment: str | int, step: str | int, node: Node, known: FieldPlan | None = None
) -> MappedPath:
    name = f"{found.name}[{step}]" if isinstance(step, int) else f"{found.name}.{step}"
    _check_step(found, segment)
    return MappedPath(found.path.child(segment), name, node, known, found.sure)


def _check_step(found: MappedPath, segment: str | int) -> None:
    """Refuse what the service takes for no document path."""
    if segment == "":
        raise QueryError(f"{found.name}: the key of an entry is a text of at least one character")
    if isinstance(segment, int) and not 0 <= segment <= LAST_INDEX:
        raise QueryError(
            f"{found.name}[{segment}]: DynamoDB counts the elements of lists from 0 to {LAST_INDEX}; there "
            "are no negative indexes"
        )
    if len(found.path.segments) >= NESTING_LIMIT:
        raise QueryError(
            f"{found.name} is {NESTING_LIMIT} levels deep, and DynamoDB takes no path that goes deeper; "
            "compare the whole of a part"
        )
