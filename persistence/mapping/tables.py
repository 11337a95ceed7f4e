"""The table of a mapping: from Python names and templates in `Meta` to attribute names and key parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from persistence import fields
from persistence.attributes import KEY_NAME_LIMIT
from persistence.errors import MappingError
from persistence.mapping.declaration import did_you_mean
from persistence.mapping.encrypted import encrypted_in
from persistence.mapping.fieldnodes import foreign_key_type
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.keys import KeyPart, Template, is_template, limit_of, parse_template
from persistence.mapping.nodes import Node
from persistence.mapping.options import MappingOptions
from persistence.mapping.records import RecordPlan
from persistence.mapping.untyped import Foreign
from persistence.table import Index, Key, LocalIndex, ScalarType, Table
from persistence.table_options import NO_OPTIONS

IndexParts = Mapping[str | None, tuple[KeyPart, ...]]
"""Index name, or None for the table itself -> its key parts, partition key first."""


@dataclass(frozen=True)
class Placement:
    """Where the entities of a mapping are stored.

    Attributes:
        table: the table in attribute names.
        parts: the key parts of the table and of each index that holds these entities.
        discriminator: what marks them in the table, where keys are made by templates.
    """

    table: Table
    parts: IndexParts
    discriminator: tuple[str, str] | None

    def distinct_parts(self) -> tuple[KeyPart, ...]:
        """Give the key parts of the table and of all indexes, one for each attribute: the strictest."""
        every = [part for parts in self.parts.values() for part in parts]
        return tuple({part.attribute: part for part in sorted(every, key=lambda part: -part.limit)}.values())


def placed(plan: RecordPlan) -> Placement:
    """Find where the entities of a mapping are stored.

    Raises:
        MappingError: the options contradict the fields or each other.
    """
    options: MappingOptions = plan.schema.opts
    name = type(plan.schema).__name__
    if options.table is None:
        raise MappingError(f'{name}.Meta has no table; write table = "..." or table = Table(...)')
    return _Placing(plan, options, name).placement()


class _Placing:
    def __init__(self, plan: RecordPlan, options: MappingOptions, name: str) -> None:
        self._plan = plan
        self._options = options
        self._name = name
        self._by_name = {field.name: field for field in plan.fields}
        self._by_attribute = {field.attribute: field for field in plan.fields if field.stored}
        self._shared = options.table if isinstance(options.table, Table) else None

    def placement(self) -> Placement:
        table = self._shared or self._own_table()
        if self._shared and self._options.table_options:
            raise MappingError(
                f"{self._name}.Meta.table_options is for a table that is named by a text; write "
                f"Table({table.name!r}, ..., options=TableOptions(...))"
            )
        if self._options.tenant_scoped not in (None, table.tenant_scoped):
            raise MappingError(
                f"{self._name}.Meta.tenant_scoped is {self._options.tenant_scoped}, and its table "
                f"{table.name!r} says {table.tenant_scoped}. All mappings of a table are scoped to tenants, "
                f"or none is: write Table({table.name!r}, ..., tenant_scoped=True) for all"
            )
        table = self._with_indexes(table)
        parts = dict(self._all_parts(table))
        self._refuse_long_names(table)
        self._refuse_clashes(parts)
        self._refuse_null_keys(parts)
        table = replace(
            table,
            types=self._types(table, parts),
            time_to_live=self._time_to_live(table),
            encrypted=encrypted_in(self._plan, parts),
        )
        return Placement(table, parts, self._discriminator(table, parts))

    # The table

    def _own_table(self) -> Table:
        key = self._options.key
        if key is None:
            raise MappingError(
                f'{self._name}.Meta has no key; write key = Key("id") with the names of fields'
            )
        if not key.simple:
            raise MappingError(
                f"{self._name}.Meta.key has several attributes for one key ({', '.join(key.names)}); that is "
                "for global indexes only. The key of a table is a partition key and at most one sort key"
            )
        for text in key.names:
            if is_template(text):
                raise MappingError(
                    f"{self._name}.Meta.key: the template {text!r} needs a table that names its key "
                    "attributes; write "
                    f'table = Table({self._options.table!r}, partition="PK", sort="SK")'
                )
        partition, *sort = (self._key_field(text, "key").attribute for text in key.names)
        return Table(
            str(self._options.table),
            partition,
            sort[0] if sort else None,
            discriminator=None,
            options=self._options.table_options or NO_OPTIONS,
            tenant_scoped=bool(self._options.tenant_scoped),
        )

    def _with_indexes(self, table: Table) -> Table:
        added = tuple(map(self._in_attribute_names, self._options.indexes))
        table = replace(table, indexes=(*table.indexes, *added))
        unknown = [
            name for name in self._options.index_keys if name not in {index.name for index in table.indexes}
        ]
        if unknown:
            known = [index.name for index in table.indexes]
            raise MappingError(
                f"{self._name}.Meta.index_keys names the index {unknown[0]!r}, which table {table.name!r} "
                f"does not declare; {did_you_mean(unknown[0], known)}"
            )
        return table

    def _in_attribute_names(self, index: Index) -> Index:
        where = f"indexes ({index.name})"
        projected = tuple(self._attribute(name, where) for name in index.projection.attributes)
        projection = replace(index.projection, attributes=projected)
        if isinstance(index, LocalIndex):
            return replace(index, sort=self._key_field(index.sort, where).attribute, projection=projection)
        partition, sort = (
            tuple(self._key_field(text, where).attribute for text in names)
            for names in (index.key.partitions, index.key.sorts)
        )
        return replace(index, key=Key(partition, sort or None), projection=projection)

    def _attribute(self, name: str, where: str) -> str:
        return self._field(name, where).attribute

    def _field(self, name: str, where: str) -> FieldPlan:
        found = self._by_name.get(name)
        if found is None:
            raise MappingError(
                f"{self._name}.Meta.{where} names {name!r}, but {self._plan.entity_type.__name__} has no "
                f"such field; {did_you_mean(name, list(self._by_name))}"
            )
        return found

    def _key_field(self, name: str, where: str) -> FieldPlan:
        found = self._field(name, where)
        if _key_type(found) is None:
            raise MappingError(
                f"{self._name}.Meta.{where}: {name!r} is stored as {found.node.expected}, which can't be a "
                "key; keys are text, numbers or bytes"
            )
        if not found.stored:
            raise MappingError(
                f"{self._name}.Meta.{where}: {name!r} is load_only, so that it is never stored"
            )
        return found

    # The key parts

    def _all_parts(self, table: Table) -> Iterator[tuple[str | None, tuple[KeyPart, ...]]]:
        own = self._parts(self._options.key, table.key, "key")
        if not own:
            raise MappingError(
                f"{self._name}.Meta has no key, and no fields of {self._plan.entity_type.__name__} are "
                f"stored as {', '.join(map(repr, table.key.names))}; write key = Key(...)"
            )
        for part in own:
            self._refuse_unrestorable(part)
        yield None, own
        for index in table.indexes:
            key = self._options.index_keys.get(index.name)
            names = table.index_key(index.name)
            parts = self._parts(key, names, f"index_keys[{index.name!r}]", own)
            yield index.name, parts

    def _parts(
        self, key: Key | None, names: Key, where: str, known: tuple[KeyPart, ...] = ()
    ) -> tuple[KeyPart, ...]:
        if key is None:
            return self._parts_by_attribute(names, known)
        if (len(key.partitions), len(key.sorts)) != (len(names.partitions), len(names.sorts)):
            raise MappingError(
                f"{self._name}.Meta.{where} has {_counted(key)}, but the key has {_counted(names)}: "
                f"{', '.join(map(repr, names.names))}"
            )
        pairs = zip(key.names, names.names, strict=True)
        return tuple(self._part(text, name, where, sort=name in names.sorts) for text, name in pairs)

    def _parts_by_attribute(self, names: Key, known: tuple[KeyPart, ...]) -> tuple[KeyPart, ...]:
        own = {part.attribute: part for part in known}
        parts: list[KeyPart] = []
        for name in names.names:
            if name in own:
                parts.append(own[name])
            elif name in self._by_attribute:
                parts.append(self._part(self._by_attribute[name].name, name, "key", sort=name in names.sorts))
            else:
                return ()
        return tuple(parts)

    def _part(self, text: str, attribute: str, where: str, *, sort: bool) -> KeyPart:
        owner, limit = self._plan.entity_type, limit_of(sort=sort)
        if not is_template(text) and not self._is_constant(text):
            found = self._key_field(text, where)
            kind = _key_type(found) or "S"
            return KeyPart(attribute, kind, (found.name,), None, limit, owner, node=found.node)
        template = parse_template(
            text, f"{self._name}.Meta.{where}", lambda name: self._slot_node(name, where)
        )
        names = tuple(dict.fromkeys(slot.name for slot in template.slots))
        return KeyPart(attribute, "S", names, text, limit, owner, parsed=template)

    def _is_constant(self, text: str) -> bool:
        return (
            self._shared is not None
            and text.isupper()
            and text.lower() not in {name.lower() for name in self._by_name}
        )

    def _slot_node(self, name: str, where: str) -> Node:
        found = self._field(name, where)
        if not found.on_entity:
            raise MappingError(
                f"{self._name}.Meta.{where} uses {name!r}, which {self._plan.entity_type.__name__} does not "
                "have as an attribute, so that the template can't be filled; add the attribute to the "
                "entity"
            )
        return found.node

    def _refuse_unrestorable(self, part: KeyPart) -> None:
        template: Template | None = part.parsed
        for slot in template.slots if template else ():
            if not slot.restores:
                raise MappingError(
                    f"{self._name}.Meta.key: {{{slot.name}:{slot.spec}}} keeps only a part of {slot.name!r}, "
                    "so that the "
                    "key can't be parsed back; use it in an index, or write {" + slot.name + "}"
                )

    # What must not clash

    def _refuse_long_names(self, table: Table) -> None:
        projected = (name for index in table.indexes for name in index.projection.attributes)
        for name in (*table.key_types, *projected):
            if not 1 <= len(name.encode()) <= KEY_NAME_LIMIT:
                raise MappingError(
                    f"{self._name}: the attribute {name[:40]!r} of table {table.name!r} is part of a key or "
                    f"an index, and its name has {len(name.encode())} bytes; such names have 1 to "
                    f"{KEY_NAME_LIMIT}. Give the field another data_key"
                )

    def _refuse_clashes(self, parts: IndexParts) -> None:
        for part in (part for each in parts.values() for part in each):
            field = self._by_attribute.get(part.attribute)
            if field is not None and (part.template is not None or part.fields != (field.name,)):
                raise MappingError(
                    f"{self._name}: the field {field.name!r} is stored as {part.attribute!r}, which is a "
                    "key attribute that is made from other fields; give the field another data_key"
                )

    def _refuse_null_keys(self, parts: IndexParts) -> None:
        """Refuse fields of an index whose None could be told from their default only by a stored NULL."""
        for part in (part for each in parts.values() for part in each if part.template is None):
            field = self._by_name[part.fields[0]]
            if field.null:
                raise MappingError(
                    f"{self._name}: {field.name!r} is a key of an index and may be None, but has another "
                    "default; an index takes no NULL, and an absent value would read as the default. "
                    f"Write {field.name} = None as the default, or a type without None"
                )

    def _types(self, table: Table, parts: IndexParts) -> Mapping[str, ScalarType]:
        types = dict(table.types)
        for part in (part for each in parts.values() for part in each):
            declared = types.setdefault(part.attribute, part.type) if self._shared is None else None
            wanted = declared or types.get(part.attribute, part.type)
            if wanted != part.type:
                raise MappingError(
                    f"{self._name}: the key attribute {part.attribute!r} of table {table.name!r} is "
                    f"declared as {wanted}, but this mapping stores {part.type} there"
                )
            types[part.attribute] = part.type
        return types

    def _time_to_live(self, table: Table) -> str | None:
        found = next(
            (field for field in self._plan.fields if isinstance(field.field, fields.TimeToLive)), None
        )
        if found is None:
            return table.time_to_live
        if table.time_to_live not in (None, found.attribute):
            raise MappingError(
                f"{self._name}: the time to live of table {table.name!r} is the attribute "
                f"{table.time_to_live!r}, but "
                f"{found.name!r} is stored as {found.attribute!r}"
            )
        return found.attribute

    def _discriminator(self, table: Table, parts: IndexParts) -> tuple[str, str] | None:
        templates = any(part.template is not None for each in parts.values() for part in each)
        if table.discriminator is None or not templates:
            return None
        attribute = table.discriminator
        if attribute in self._by_attribute or attribute in table.key_types:
            raise MappingError(
                f"{self._name}: {attribute!r} is both the discriminator of table {table.name!r} and an "
                "attribute of the "
                'mapping; give the field another data_key, or write Table(..., discriminator="...")'
            )
        return attribute, self._options.discriminator or self._plan.entity_type.__name__


def _counted(key: Key) -> str:
    if key.simple:
        return f"{len(key.names)} parts"
    return f"{len(key.partitions)} partition and {len(key.sorts)} sort attributes"


def _key_type(field: FieldPlan) -> ScalarType | None:
    if isinstance(field.node, Foreign):
        return foreign_key_type(field.field)
    return field.node.key_type
