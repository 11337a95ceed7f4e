"""Places of an entity that are changed without reading it: what may be written there, and how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from marshmallow import fields as marshmallow_fields

from persistence.attributes import AttributeValue, Item
from persistence.errors import DecodeError, QueryError
from persistence.expressions import Path
from persistence.mapping.collecting import CollectedAttributes
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.fieldplan import FieldPlan, PlainView
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.paths import bare, resolved
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.refusal import Messages, Refused, Unreadable
from persistence.mapping.scalars import DECIMAL, FLOAT, INTEGER, NUMBER, TIMEDELTA
from persistence.mapping.untyped import Foreign, Plain
from persistence.mapping.wrapping import Nullable, run_validators

PlaceKind = Literal["number", "list", "set", "plain", "other"]
"""What can be done in a place besides replacing it; "plain" may hold anything."""

_NUMBERS = (INTEGER, DECIMAL, FLOAT, NUMBER, TIMEDELTA)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a patch changes an entity.

    Attributes:
        names: the path in Python names.
        path: the document path in attribute names.
        said: the path in Python names with the entity's, for messages.
        node: how a value is stored there.
        owner: the fields of which this is one, or how the list or map around it is stored.
        within: the keys under which marshmallow would report what is wrong with a value.
        plain: how a value that is there is encoded, where nothing else has to be done; else None.
    """

    names: tuple[str | int, ...]
    path: Path
    said: str
    node: Node
    owner: RecordPlan | Node
    within: tuple[str | int, ...]
    plain: Scalar | None = None

    @property
    def field(self) -> FieldPlan | None:
        """The field that this is; None for a part of a list or map."""
        return _field(self.owner, self.names[-1]) if isinstance(self.owner, RecordPlan) else None

    @property
    def top_level(self) -> bool:
        """Whether it is an attribute of the entity itself."""
        return len(self.names) == 1

    @property
    def inside(self) -> RecordPlan | Node:
        """How the parts of what is here are stored."""
        node = bare(self.node)
        return node.plan if isinstance(node, Record) and not isinstance(node, HookedRecord) else node

    @property
    def keys_inside(self) -> tuple[str | int, ...]:
        """The keys under which marshmallow would report what is wrong with a part."""
        return (*self.within, "value") if isinstance(self.owner, MapOf) else self.within

    @property
    def removable(self) -> bool:
        """Whether the entity can be read without it."""
        if isinstance(self.owner, TupleOf):
            return False
        field = self.field
        return field is None or field.default is not None or not field.argument

    @property
    def kind(self) -> PlaceKind:
        """What can be done here besides replacing it."""
        match bare(self.node):
            case ListOf():
                return "list"
            case SetOf():
                return "set"
            case Plain():
                return "plain"
            case node:
                return "number" if node in _NUMBERS else "other"

    def encode(self, value: Any) -> AttributeValue | None:
        """Give the attribute value of a value, after its validators ran; None where it is left out.

        Raises:
            Refused: the value can't be stored here.
        """
        if self.plain is not None and value is not None:
            # What is wrong is told by the way that tells it of all values.
            with suppress(Refused):
                return self.plain.encode(value, validate=True)
        stored: AttributeValue | None = self._attempted(partial(self._encoded, value))
        return stored

    def number(self, value: Any) -> AttributeValue:
        """Give the attribute value of a number that is added or taken away; no validators run.

        Raises:
            Refused: it is no such number.
        """
        stored: AttributeValue = self._attempted(partial(_number, bare(self.node), value))
        return stored

    def elements(self, values: Sequence[Any]) -> AttributeValue:
        """Give the attribute value of a list of elements that are joined to the list here.

        Raises:
            Refused: an element can't be stored; its messages are under its place among the values.
        """
        node = bare(self.node)
        stored: AttributeValue = self._attempted(partial(node.encode, list(values), validate=True))
        return stored

    def members(self, values: frozenset[Any]) -> AttributeValue:
        """Give the attribute value of a set of members that join or leave the set here.

        Raises:
            Refused: a member can't be stored.
        """
        node = bare(self.node)
        stored: AttributeValue = self._attempted(partial(node.encode, values, validate=True))
        return stored

    def _attempted(self, work: Callable[[], Any]) -> Any:
        """Do the work, and report what is wrong under the keys of this place."""
        parts = CollectedAttributes()
        stored = parts.attempt(None, work)
        if parts.problems:
            raise Refused(nested(self.within, parts.problems[None]))
        return stored

    def _encoded(self, value: Any) -> AttributeValue | None:
        field = self.field
        if field is not None and isinstance(self.owner, RecordPlan):
            stored = field.encode({field.name: value}, self.owner.schema, validate=True)
            _run_methods(self.owner, field, value)
            return stored
        if isinstance(self.owner, MapOf):
            return _entry(self.owner, str(self.names[-1]), value)
        if value is None and not isinstance(self.node, Nullable | Plain):
            raise Refused("Field may not be null.")
        return self.node.encode(value, validate=True)


def nested(keys: Sequence[str | int], messages: Messages) -> Messages:
    """Put messages under keys, outermost first."""
    for key in reversed(keys):
        messages = {key: messages}
    return messages


def _number(node: Node, value: Any) -> AttributeValue:
    if isinstance(node, Plain) and (isinstance(value, bool) or not isinstance(value, int | float | Decimal)):
        raise Refused("Not a valid number.")
    return node.encode(value, validate=False)


def _entry(owner: MapOf, name: str, value: Any) -> AttributeValue:
    """Encode one entry of a map with the validators of its key; its messages are those of the value."""
    try:
        stored: AttributeValue = owner.encode({name: value}, validate=True)["M"][name]
    except Refused as refused:
        messages = refused.messages
        found = messages.get(name, messages) if isinstance(messages, dict) else messages
        raise Refused(found) from refused
    return stored


def _run_methods(plan: RecordPlan, field: FieldPlan, value: Any) -> None:
    """Run the methods of a schema that validate one field."""
    if value is None:
        return
    for method, names in plan.field_validators:
        if field.key in names:
            run_validators(partial(method, data_key=field.attribute), value)


def _field(plan: RecordPlan, name: str | int) -> FieldPlan:
    return plan.by_name[str(name)]


def place_of(plan: RecordPlan, names: tuple[str | int, ...]) -> Place:
    """Find a place of an entity.

    Args:
        plan: the mapping's fields.
        names: its path in Python names.

    Raises:
        QueryError: there is no such path, or something is computed from what is there, so that a patch would
            leave it behind.
    """
    found = resolved(plan, names)
    *outer, key = names
    around = place_of(plan, tuple(outer)) if outer else None
    owner = plan if around is None else around.inside
    _refuse_converted(owner, found.name)
    plain = None
    if isinstance(owner, RecordPlan):
        field = _field(owner, key)
        _refuse_computed(owner, field, found.name)
        plain = _plain(owner, field)
        key = field.key
    within = () if around is None else around.keys_inside
    return Place(names, found.path, found.name, found.node, owner, (*within, key), plain)


def _plain(plan: RecordPlan, field: FieldPlan) -> Scalar | None:
    """Give how values of a field are encoded, if no validators run and none of them is left out."""
    if plan.field_validators or field.validated or field.foreign or not field.on_entity:
        return None
    is_kept = not (field.omit_empty or field.is_set)
    return field.node if is_kept and type(field.node) is Scalar else None


def _refuse_converted(owner: RecordPlan | Node, said: str) -> None:
    """Refuse parts of what only code of the application can convert."""
    if isinstance(owner, Foreign | HookedRecord):
        converter = (
            owner.converter if isinstance(owner, Foreign) else f"hooks of {type(owner.schema).__name__}"
        )
        raise QueryError(
            f"{said} is a part of what {converter} converts as a whole, so that nobody knows how the part is "
            "stored; set the whole"
        )


def _refuse_computed(plan: RecordPlan, field: FieldPlan, said: str) -> None:
    """Refuse fields that are computed, and entities of which something is."""
    name = type(plan.schema).__name__
    if plan.hooked:
        raise QueryError(
            f"{said} can't be patched: {name} has hooks, which make its attributes of the whole entity. Load "
            "the entity, change it and commit"
        )
    computed = [each for each in plan.fields if _is_computed(plan, each)]
    if computed:
        raise QueryError(
            f"{said} can't be patched: {name} stores {computed[0].name!r}, which is computed from the "
            "entity, and a patch could not keep it in step. Load the entity, change it and commit"
        )
    if not field.stored or isinstance(field.field, marshmallow_fields.Constant):
        why = "a constant" if field.stored else "load_only, and so never stored"
        raise QueryError(f"{said} can't be patched: it is {why}")


def _is_computed(plan: RecordPlan, field: FieldPlan) -> bool:
    if not field.stored or field.role or isinstance(field.field, marshmallow_fields.Constant):
        return False
    return field.name not in plan.construction.names or not field.field._CHECK_ATTRIBUTE


def required_names(plan: RecordPlan) -> tuple[str, ...]:
    """Give the names of the fields without which the entity can't be read."""
    return tuple(
        field.name
        for field in plan.fields
        if field.stored and field.loaded and field.argument and field.default is None and not field.role
    )


def default_of(plan: RecordPlan, name: str) -> Any:
    """Give the value of a field that is absent from an item; None where nothing stands for it."""
    default = _field(plan, name).default
    return None if default is None else default()


def initial_attributes(
    plan: RecordPlan, known: Mapping[str, Any], left_out: Collection[str]
) -> Iterator[tuple[str, AttributeValue]]:
    """Give what a new item stores for fields that a patch does not mention.

    Args:
        plan: the mapping's fields.
        known: values of fields, by name; other fields have their defaults.
        left_out: attributes that are not wanted.

    Returns:
        Attribute names and values; what items leave out is left out here too.

    Raises:
        Refused: a value can't be stored.
    """
    for field in plan.fields:
        if not field.stored or field.attribute in left_out:
            continue
        if field.name in known:
            value = known[field.name]
        elif field.default is not None or isinstance(field.field, marshmallow_fields.Constant):
            value = default_of(plan, field.name)
        else:
            continue
        stored = field.encode({field.name: value}, plan.schema, validate=False)
        if stored is not None:
            yield field.attribute, stored


def read_fields(plan: RecordPlan, attributes: Item) -> dict[str, Any]:
    """Give the Python values of attributes of an item that the mapping knows, by name.

    Raises:
        DecodeError: an attribute can't be read.
    """
    data = PlainView(attributes)
    known = [field for field in plan.fields if field.stored and field.attribute in attributes]
    try:
        return {field.name: field.decode(attributes, data) for field in known}
    except Unreadable as problem:
        where = str(Path(problem.path))
        raise DecodeError(plan.entity_type, where, problem.expected, problem.found) from problem
