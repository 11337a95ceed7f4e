"""Which keys of an entity type are made by templates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from persistence.attributes import Item
from persistence.schema.codegen.grouping import separator_of
from persistence.schema.codegen.kinds import Field
from persistence.schema.codegen.names import Names
from persistence.schema.codegen.templates import Slots, template_of
from persistence.table import Table


class Keying:
    """Finds the templates of an entity's keys, those of the table first.

    Args:
        table: the table.
        items: the entity's items.
        owner: the entity's class.
        fields: the fields by attribute.
        without: attributes that no template is made of or for.

    Attributes:
        sources: key attribute -> its template.
        made: the fields that exist in the key only.
    """

    def __init__(
        self,
        table: Table,
        items: Sequence[Item],
        owner: str,
        fields: Mapping[str, Field],
        without: Collection[str],
    ) -> None:
        self._table = table
        self._items = items
        self._fields = fields
        self._without = without
        texts = [name for name in table.key_types if table.type_of(name) == "S" and name in fields]
        kept = [field for name, field in fields.items() if name not in texts and name not in without]
        self._slots = Slots(owner, items, kept, Names(*(field.name for field in fields.values())))
        self.sources = self._own([name for name in texts if name in table.key.names])
        if self.sources:
            self._keep(name for name in texts if name not in self.sources and name in table.key.names)
            self._add_others([name for name in texts if name not in table.key.names])

    @property
    def made(self) -> tuple[Field, ...]:
        """The fields that exist in the key only."""
        return tuple(field for field, _ in self._slots.made.values())

    def _own(self, attributes: Sequence[str]) -> dict[str, str]:
        """Find the templates of the table's own key; without a field in one of them it has none."""
        found: dict[str, str] = {}
        for attribute in sorted(attributes, key=self._is_whole):
            source = self._template(attribute, own=True, whole=bool(found))
            if source is not None:
                found[attribute] = source
        return found if any("{" in source for source in found.values()) else {}

    def _add_others(self, attributes: Sequence[str]) -> None:
        """Find the templates of indexes whose key attributes all can be told."""
        others: dict[str, str] = {}
        keys = [self._table.index_key(index.name) for index in self._table.indexes]
        # A key of several attributes takes names only.
        parts = {name for key in keys if not key.simple for name in key.names}
        for attribute in sorted(attributes, key=self._is_whole):
            source = None if attribute in parts else self._template(attribute, own=False, whole=True)
            if source is None:
                self._keep([attribute])
            else:
                others[attribute] = source
        for index in self._table.indexes:
            names = self._table.key_names(index.name)
            known = {**self.sources, **others}
            constant = [known[name] for name in names if "{" not in known.get(name, "{")]
            # A key can't name a constant twice; see also how keys are written.
            if len(set(constant)) < len(constant) or not all(name in self._fields for name in names):
                others = {name: source for name, source in others.items() if name not in names}
        self.sources |= others

    def _keep(self, attributes: Iterable[str]) -> None:
        """Let templates be filled with key attributes that are fields of their own."""
        self._slots.fields = [*self._slots.fields, *(self._fields[name] for name in attributes)]

    def _is_whole(self, attribute: str) -> bool:
        texts = [item[attribute]["S"] for item in self._items if "S" in item.get(attribute, {})]
        return separator_of(texts) is None

    def _template(self, attribute: str, *, own: bool, whole: bool) -> str | None:
        having = [place for place, item in enumerate(self._items) if "S" in item.get(attribute, {})]
        if not having or attribute in self._without:
            return None
        texts = [self._items[place][attribute]["S"] for place in having]
        return template_of(texts, having, self._slots, attribute, own=own, whole=whole)
