"""Paths in Python names: what is stored there, and how operands are encoded to be compared with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expressions import Path
from persistence.mapping.containers import Foreign, ListOf, MapOf, Nullable, Plain, SetOf, TupleOf, Validated
from persistence.mapping.declaration import did_you_mean
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.refusal import Refused, said
from persistence.mapping.scalars import STRING


@dataclass(frozen=True)
class MappedPath:
    """A path of an entity, as stored.

    Attributes:
        path: the document path in attribute names.
        name: the path in Python names, for messages.
    """

    path: Path
    name: str
    node: Node = field(compare=False, repr=False)

    def encode(self, operand: object) -> AttributeValue:
        """Give the attribute value of an operand, as the mapping would store it at this path.

        Raises:
            QueryError: it is None, an empty set, or of a type that is never stored here.
        """
        return self._encoded(self.node, operand)

    def element(self, operand: object) -> AttributeValue:
        """Give the attribute value of a member: of a set or list, or a part of a text.

        Raises:
            QueryError: nothing is ever contained there, or the operand is of another type.
        """
        match bare(self.node):
            case SetOf() | ListOf() as node:
                return self._encoded(node.inner, operand)
            case Scalar(tag="S" | "B"):
                return self.prefix(operand)
            case Plain() | Foreign() | HookedRecord():
                return self._encoded(Plain(), operand)
            case other:
                raise QueryError(
                    f"{self.name} is stored as {other.expected}; only sets, lists, text and bytes contain "
                    "something"
                )

    def prefix(self, operand: object) -> AttributeValue:
        """Give the attribute value of the beginning or a part of a text or bytes.

        Raises:
            QueryError: the operand is neither text nor bytes.
        """
        tag = getattr(bare(self.node), "tag", None)
        if isinstance(operand, str) and tag != "B":
            return self._encoded(STRING, operand)
        if isinstance(operand, bytes | bytearray) and tag != "S":
            return {"B": bytes(operand)}
        raise QueryError(
            f"{self.name} can't contain or begin with {type(operand).__name__}; expected text or bytes"
        )

    def _encoded(self, node: Node, operand: object) -> AttributeValue:
        if operand is None:
            raise QueryError(
                f"{self.name} can't be compared with None, which is never stored; ask exists or not_exists "
                "instead"
            )
        try:
            return node.encode(operand, validate=False)
        except Refused as refused:
            raise QueryError(
                f"{self.name} can't be compared with this {type(operand).__name__}; it is stored as "
                f"{node.expected}. {said(refused.messages)}"
            ) from refused


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
    found = _field(plan, names[0], names[0])
    path, node, said_path = Path.of(found.attribute), found.node, names[0]
    for step in names[1:]:
        segment, node = _step(node, step, said_path)
        path = path.child(segment)
        said_path = f"{said_path}[{step}]" if isinstance(step, int) else f"{said_path}.{step}"
    return MappedPath(path, f"{plan.entity_type.__name__}.{said_path}", node)


def _field(plan: RecordPlan, name: str, where: str) -> FieldPlan:
    by_name = {field.name: field for field in plan.fields}
    if name not in by_name:
        raise QueryError(
            f"{plan.entity_type.__name__} has no attribute {name!r} ({where}); "
            f"{did_you_mean(name, list(by_name))}"
        )
    return by_name[name]


def _step(node: Node, step: str | int, where: str) -> tuple[str | int, Node]:
    match bare(node), step:
        case ((Plain() | Foreign() | HookedRecord()), _):
            return step, Plain()
        case Record() as record, str():
            found = _field(record.plan, step, f"{where}.{step}")
            return found.attribute, found.node
        case ListOf() as many, int():
            return _place(step, where), many.inner
        case TupleOf() as parts, int() if step < len(parts.inner):
            return _place(step, where), parts.inner[step]
        case MapOf() as entries, str():
            return step, entries.inner
        case other, _:
            what = "an index" if isinstance(step, int) else f"a part {step!r}"
            raise QueryError(f"{where} is stored as {other.expected}, which has no such part: {what}")


def _place(step: Any, where: str) -> int:
    if step < 0:
        raise QueryError(
            f"{where}[{step}]: DynamoDB counts the elements of lists from 0; there are no negative indexes"
        )
    return int(step)
