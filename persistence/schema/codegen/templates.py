"""Keys that are made of other attributes, or of values that only they hold: `CUSTOMER#{id}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from persistence.attributes import Item
from persistence.schema.codegen.grouping import separator_of
from persistence.schema.codegen.kinds import INTEGER, TEXT, UUID, Enumeration, Field, Kind, Scalar, Written
from persistence.schema.codegen.names import Names, class_name, field_name
from persistence.schema.codegen.texts import member_kind

_LABEL = re.compile(r"[A-Z][A-Z_-]*")
_DATA = re.compile(r".*\d.*", re.DOTALL)
_PADDED = re.compile(r"0\d+|[1-9]\d+", re.ASCII)


@dataclass
class Slots:
    """The fields of an entity that may fill templates, and those that are made for them.

    Attributes:
        owner: the entity's class, whose own key is its `id`.
        items: the entity's items.
        fields: what is known by attribute.
        names: keeps the names of fields apart.
        made: fields that exist in the key only, with their text in each item.
    """

    owner: str
    items: Sequence[Item]
    fields: Sequence[Field]
    names: Names
    made: dict[str, tuple[Field, list[str]]] = field(default_factory=dict)

    def filling(self, texts: Sequence[str], having: Sequence[int], label: str, *, own: bool) -> str | None:
        """Find the field that gives a part of a key, as it is written in a template.

        Args:
            texts: the part in each item that has the key.
            having: the places of these items.
            label: what stands before it in the key.
            own: a field of its own may be made for it.
        """
        for name, (made, known) in self.made.items():
            if [known[place] for place in having] == list(texts):
                return _slot(name, texts, made.kind)
        for each in self._candidates(label):
            if all(_fills(self.items[place], each, text) for place, text in zip(having, texts, strict=True)):
                return _slot(each.name, texts, each.kind)
        return self._make(texts, label) if own else None

    def _candidates(self, label: str) -> Iterable[Field]:
        """Give the fields that may fill a part, the likelier ones first: some are equal by accident."""
        wanted = field_name(label)
        likely = (f"{wanted}_id", wanted, "id", f"{wanted}_number", f"{wanted}_no", "number")
        fit = [each for each in self.fields if _is_single(each)]
        return sorted(fit, key=lambda each: (each.name not in likely, each.name))

    def _make(self, texts: Sequence[str], label: str) -> str:
        kind = _own_kind(texts)
        wanted = "id" if class_name(label) == self.owner else f"{field_name(label)}_id"
        if kind is INTEGER:
            wanted = field_name(f"{label} number")
        name = self.names.free(wanted)
        self.made[name] = (Field(name, name, kind, of_key=True), list(texts))
        return _slot(name, texts, kind)


def template_of(
    texts: Sequence[str], having: Sequence[int], slots: Slots, key: str, *, own: bool, whole: bool
) -> str | None:
    """Find the template that makes a key attribute.

    Args:
        texts: its value in each item that has it.
        having: the places of these items.
        slots: the fields.
        key: its name.
        own: fields of their own may be made for what no attribute holds.
        whole: it may be a constant, or what another attribute holds too.

    Returns:
        The template, or None where the attribute is better a field of its own.
    """
    separator = separator_of(texts)
    plain = _whole(texts, having, slots, key) if whole else None
    if separator is None:
        return plain
    parts = min(text.count(separator) for text in texts)
    rows = [text.split(separator, parts) for text in texts]
    columns = list(zip(*rows, strict=True))
    constant = [_is_constant(column, place, columns) for place, column in enumerate(columns)]
    if not any(constant):
        return plain
    written: list[str] = []
    for place, column in enumerate(columns):
        if constant[place]:
            written.append(column[0].replace("{", "{{").replace("}", "}}"))
            continue
        label = next((columns[each][0] for each in range(place - 1, -1, -1) if constant[each]), "") or key
        filling = slots.filling(column, having, label, own=own) if all(column) else None
        if filling is None:
            return None
        written.append(filling)
    return separator.join(written)


def _whole(texts: Sequence[str], having: Sequence[int], slots: Slots, key: str) -> str | None:
    """Take a key for a constant, or for what another attribute holds too."""
    alike = len(set(texts)) == 1
    if alike and _LABEL.fullmatch(texts[0]):
        return texts[0]
    if len(set(texts)) < 2:
        return None
    return slots.filling(texts, having, key, own=False)


def _is_constant(column: Sequence[str], place: int, columns: Sequence[Sequence[str]]) -> bool:
    if len(set(column)) != 1:
        return False
    (text,) = set(column)
    if not text or _LABEL.fullmatch(text):
        return True
    if _DATA.fullmatch(text):
        return False
    # One value throughout is a constant if others vary, or if it comes first.
    return place == 0 or (len(column) > 1 and any(len(set(each)) > 1 for each in columns))


def _is_single(each: Field) -> bool:
    return isinstance(each.kind, Scalar | Written | Enumeration) and each.presence in ("always", "sometimes")


def _fills(item: Mapping[str, dict[str, object]], each: Field, text: str) -> bool:
    value = item.get(each.attribute, {})
    if "S" in value:
        return value["S"] == text
    number = value.get("N")
    return number is not None and (
        number == text or (text.isdecimal() and (text.lstrip("0") or "0") == number)
    )


def _slot(name: str, texts: Sequence[str], kind: Kind) -> str:
    width = len(texts[0])
    padded = any(text.startswith("0") and width > 1 for text in texts)
    return f"{{{name}:0{width}d}}" if kind == INTEGER and padded else f"{{{name}}}"


def _own_kind(texts: Sequence[str]) -> Scalar:
    widths = {len(text) for text in texts}
    numbers = len(widths) == 1 and widths != {1} and all(map(_PADDED.fullmatch, texts))
    if numbers and any(text.startswith("0") for text in texts):
        return INTEGER
    return UUID if member_kind(texts) == UUID else TEXT
