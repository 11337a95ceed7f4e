"""The entity types of a table, told apart by an attribute that names them, or by the prefixes of keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from persistence.attributes import Item
from persistence.schema.codegen.names import class_name, words
from persistence.schema.codegen.sampling import Sample
from persistence.table import DEFAULT_DISCRIMINATOR

SEPARATORS = ("#", "|", "::", "/", ":")
MOST_TYPES = 40
"""Types that a table may have; where there seem to be more, it has one, with keys of many forms."""

_NAMING = (DEFAULT_DISCRIMINATOR, "__typename", "_et", "entityType", "entity_type", "EntityType", "entity")
_ALSO_NAMING = ("Type", "type", "kind", "Kind", "_class")
_LABEL = re.compile(r"[A-Za-z][A-Za-z_-]*|")
_CONSTANT = re.compile(r"[A-Z][A-Z_-]+")
_TYPE = re.compile(r"[A-Za-z_][\w.#:-]{0,59}", re.ASCII)

Signature = tuple[str | None, ...]
"""The labels of a key, and None for what varies."""


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one entity type.

    Attributes:
        name: what its class is named after.
        items: its items.
        mark: the value of the discriminator, if the table has one.
    """

    name: str
    items: tuple[Item, ...]
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """The entity types of a table.

    Attributes:
        groups: each of them, by name.
        discriminator: the attribute that names them, if there is one.
    """

    groups: tuple[Group, ...]
    discriminator: str | None = None


def grouped(sample: Sample, discriminator: str | None = None) -> Grouping:
    """Tell the entity types of a sample apart.

    Args:
        sample: the table and its items.
        discriminator: the attribute that names the types; it is looked for where it is not given.
    """
    signatures = [signature_of(sample, item) for item in sample.items]
    labelled = sum(any(label for label in each if label) for each in signatures)
    if discriminator is not None and _names_types(sample.items, discriminator):
        return _by_mark(sample.items, discriminator)
    if not sample.items or labelled * 2 < len(sample.items):
        return Grouping((Group(sample.table.name, sample.items),))
    for attribute in (*_NAMING, *_ALSO_NAMING):
        if _names_types(sample.items, attribute) and _agrees(sample.items, signatures, attribute):
            return _by_mark(sample.items, attribute)
    return _by_signature(sample, signatures)


def signature_of(sample: Sample, item: Item) -> Signature:
    """Give the labels in the key of an item."""
    parts = [item[name].get("S") for name in sample.table.key.names]
    return tuple(label for part in parts for label in _labels(part))


def separator_of(texts: Sequence[str]) -> str | None:
    """Find what parts all of some texts into a label and the rest."""
    return next((each for each in SEPARATORS if all(each in text for text in texts)), None)


def _labels(text: str | None) -> Signature:
    if text is None:
        return (None,)
    separator = separator_of([text])
    if separator is None:
        return (text if _CONSTANT.fullmatch(text) else None,)
    first, *rest = text.split(separator)
    if not _LABEL.fullmatch(first):
        return (None,)
    return (first, *(part if _CONSTANT.fullmatch(part) else None for part in rest))


def _names_types(items: Sequence[Item], attribute: str) -> bool:
    values = [item.get(attribute, {}).get("S") for item in items]
    return bool(values) and len(set(values)) <= MOST_TYPES and all(map(_is_type, values))


def _is_type(value: str | None) -> bool:
    return value is not None and _TYPE.fullmatch(value) is not None


def _agrees(items: Sequence[Item], signatures: Sequence[Signature], attribute: str) -> bool:
    """Tell whether an attribute says as much as keys do: the keys beside each value have one form."""
    forms: dict[str, set[Signature]] = {}
    for item, signature in zip(items, signatures, strict=True):
        forms.setdefault(item[attribute]["S"], set()).add(signature[:1] + signature[-1:])
    return attribute in _NAMING or all(len(each) == 1 for each in forms.values())


def _by_mark(items: Sequence[Item], attribute: str) -> Grouping:
    marks = sorted({item[attribute]["S"] for item in items})
    groups = (
        Group(mark, tuple(item for item in items if item[attribute]["S"] == mark), mark) for mark in marks
    )
    return Grouping(tuple(groups), attribute)


def _by_signature(sample: Sample, signatures: Sequence[Signature]) -> Grouping:
    forms = _generalised(signatures)
    if len(set(forms)) > MOST_TYPES:
        return Grouping((Group(sample.table.name, sample.items),))
    names = _names(forms, sample.table.name)
    members: dict[Signature, list[Item]] = {}
    for form, item in zip(forms, sample.items, strict=True):
        members.setdefault(form, []).append(item)
    groups = (Group(names[form], tuple(items)) for form, items in members.items())
    return Grouping(tuple(sorted(groups, key=lambda group: group.name)))


def _generalised(signatures: Sequence[Signature]) -> list[Signature]:
    """Take labels for values where they differ too much to be labels."""
    widest = max(map(len, signatures))
    varied = {
        place
        for place in range(1, widest)
        if len({each[place] for each in signatures if len(each) > place and each[place]}) > MOST_TYPES // 4
    }
    return [
        tuple(None if place in varied else label for place, label in enumerate(each)) for each in signatures
    ]


def _names(forms: Sequence[Signature], table: str) -> Mapping[Signature, str]:
    """Name types after the last label that is followed by a value, or else after all that tell them apart."""
    found = {form: _last_label(form) or table for form in set(forms)}
    clashes = {name for name, count in Counter(map(class_name, found.values())).items() if count > 1}
    return {
        form: " ".join(label for label in form if label) if class_name(name) in clashes else name
        for form, name in found.items()
    }


def _last_label(form: Signature) -> str | None:
    following = [label for label, value in pairwise(form) if label and value is None]
    labels = following or [label for label in form if label and words(label)]
    return labels[-1] if labels else None
