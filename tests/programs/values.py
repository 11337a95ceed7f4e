"""Entities and items as plain values: what they hold, how one becomes the other, and how both are changed.

The values of an entity are a dict of its attributes by name. An item is a dict too, without what is never
stored: None and empty sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.programs.kinds import TITLE_LENGTH, Kind
from tests.programs.steps import Change

Values = dict[str, Any]

DEFAULTS: Mapping[str, Any] = {
    "title": "untitled",
    "note": None,
    "author": None,
    "lines": [],
    "tags": frozenset(),
    "extra": {},
}
"""The body of every entity."""

AUTHOR: Mapping[str, Any] = {"name": "nobody", "city": None}
LINE: Mapping[str, Any] = {"sku": "none", "quantity": 1}

EVENTS = "domain_events"
"""The attribute in which entities keep their events; it is not stored."""

VERSION, INCARNATION, CREATED, UPDATED = "version", "version_incarnation", "created_at", "updated_at"
MANAGED = frozenset({VERSION, INCARNATION, CREATED, UPDATED})
"""Attributes that the unit of work writes by itself."""


class Unreadable(Exception):
    """An item that does not fit its kind."""


def copied(value: Any) -> Any:
    """Copy plain values."""
    match value:
        case dict():
            return {name: copied(each) for name, each in value.items()}
        case list():
            return [copied(each) for each in value]
        case _:
            return value


def roles(kind: Kind) -> tuple[str, ...]:
    """Give the managed attributes that items of a kind have."""
    versioned = (VERSION, INCARNATION) if kind.incarnated else (VERSION,)
    return (*(versioned if kind.versioned else ()), *((CREATED, UPDATED) if kind.timed else ()))


def made(kind: Kind, key: str) -> Values:
    """Give the values of an entity that was just made by hand."""
    values = {"id": key, **copied(dict(DEFAULTS))}
    if kind.shown:
        values |= {name: 0 if name == VERSION else None for name in roles(kind) if name != INCARNATION}
    if kind.raising:
        values[EVENTS] = []
    return values


def invalid(values: Values) -> list[str]:
    """Name the attributes that can't be stored."""
    return ["title"] if len(values["title"]) > TITLE_LENGTH else []


def stored(values: Values) -> Values:
    """Give the item of an entity."""
    item: Values = _without_absent({name: each for name, each in values.items() if name != EVENTS})
    return item


def _without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_absent(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each is not None and each != frozenset()}
    if isinstance(value, list):
        return [_without_absent(each) for each in value]
    return value


def loaded(kind: Kind, item: Values) -> Values:
    """Give the values of the entity that an item describes.

    Raises:
        Unreadable: it describes none.
    """
    item = copied(item)
    if not isinstance(item.get("title", ""), str):
        raise Unreadable
    if kind.versioned and kind.shown and not isinstance(item.get(VERSION, 0), int):
        raise Unreadable
    values = made(kind, item["id"])
    known = {name: item[name] for name in values if name in item}
    if "author" in known:
        known["author"] = _known(AUTHOR, known["author"])
    if "lines" in known:
        known["lines"] = [_known(LINE, line) for line in known["lines"]]
    return values | known


def _known(defaults: Mapping[str, Any], stored_map: Values) -> Values:
    return {name: stored_map.get(name, default) for name, default in defaults.items()}


def masked(item: Values) -> Values:
    """Hide what nobody can foretell: which random id an item has."""
    return {**item, INCARNATION: "random"} if INCARNATION in item else item


def edited(values: Values, change: Change) -> Values:
    """Give the values of an entity after a change; one that does not apply changes nothing."""
    after: Values = copied(values)
    author, value = after["author"], change.value
    match change.what:
        case "id" | "title" | "note":
            after[change.what] = value
        case "version" if VERSION in after:
            after[VERSION] = value
        case "author":
            after["author"] = None if value is None else {**AUTHOR, "name": value}
        case "author.name" | "author.city" if author is not None:
            author[change.what.removeprefix("author.")] = value
        case "raise" if EVENTS in after:
            after[EVENTS].append(value)
        case _:
            _edit_collection(after, change)
    return after


def _edit_collection(after: Values, change: Change) -> None:
    lines, value = after["lines"], change.value
    match change.what:
        case "lines.append":
            lines.append({**LINE, "sku": value})
        case "lines.pop" if lines:
            del lines[0]
        case "lines[-1].quantity" if lines:
            lines[-1]["quantity"] = value
        case "tags.add":
            after["tags"] |= {value}
        case "tags.discard":
            after["tags"] -= {value}
        case "extra.set":
            after["extra"]["k"] = {"v": value}
        case "extra.clear":
            after["extra"].clear()
        case _:
            pass


TOO_LONG = "x" * (TITLE_LENGTH + 1)

EDITS = (
    *(Change("title", text) for text in ("one", "two", "untitled", TOO_LONG)),
    *(Change("note", text) for text in ("some", None)),
    *(Change("author", name) for name in ("Ann", "Bea", None)),
    *(Change("author.name", name) for name in ("Cid", "Ann")),
    *(Change("author.city", name) for name in ("Rome", None)),
    *(Change("lines.append", name) for name in ("x", "y")),
    Change("lines.pop"),
    *(Change("lines[-1].quantity", number) for number in (2, 1)),
    *(Change("tags.add", name) for name in ("t", "u")),
    Change("tags.discard", "t"),
    *(Change("extra.set", number) for number in (1, 2)),
    Change("extra.clear"),
    *(Change("version", number) for number in (0, 1, 3)),
    *(Change("id", key) for key in ("a", "b")),
)
"""All changes of entities, but for the raising of an event."""

PATCHES = (
    (Change("set title", "patched"),),
    (Change("set title", "two"),),
    (Change("set note", "patched"),),
    (Change("remove note"),),
    (Change("set author.city", "Oslo"),),
    (Change("set author", None),),
    (Change("append lines", "p"),),
    (Change("add_to_set tags", "p"),),
    (Change("discard_from_set tags", "t"),),
    (Change("set title", "both"), Change("append lines", "q")),
    (Change("set title", TOO_LONG),),
)
"""All changes that patches make."""


REPLACING = ("put", "delete")
"""Changes of items that don't depend on what is there."""


def tampered(kind: Kind, key: str, item: Values | None, change: Change) -> Values | None:
    """Give what another program makes of an item, None for nothing."""
    match change.what:
        case "delete":
            return None
        case "put":
            return _as_put_by_others(kind, key, change.value)
        case _:
            return None if item is None else _amended(kind, copied(item), change)


def _as_put_by_others(kind: Kind, key: str, variant: Any) -> Values:
    """An item as another version of the application writes it."""
    item: Values = {"id": key, "title": "put", "colour": "red"}
    if variant == "old":
        return item
    item |= {"author": {"name": "Dan", "born": 1970}, "lines": [{"sku": "z", "weight": 7}, {"sku": "w"}]}
    return item | _managed(kind, variant)


def _managed(kind: Kind, variant: Any) -> Values:
    day = "30" if variant == "anew" else "31"
    managed = {VERSION: 1, INCARNATION: variant}
    managed |= dict.fromkeys((CREATED, UPDATED), f"2025-12-{day}T00:00:00.000000Z")
    return {name: managed[name] for name in roles(kind)}


def _amended(kind: Kind, item: Values, change: Change) -> Values:
    match change.what:
        case "drop":
            item.pop(str(change.value), None)
        case "colour" | "title" | "version":
            item[change.what] = change.value
        case "author.born" if "author" in item:
            item["author"]["born"] = change.value
        case "lines[0].weight" if item.get("lines"):
            item["lines"][0]["weight"] = change.value
        case "lines.insert":
            item.setdefault("lines", []).insert(0, {"sku": change.value})
        case "make anew":
            item |= {name: each for name, each in _managed(kind, "anew").items() if name != VERSION}
        case _:
            pass
    return item


TAMPERINGS = (
    Change("put", "new"),
    Change("put", "old"),
    Change("delete"),
    Change("make anew"),
    *(Change("drop", name) for name in ("title", "author", "lines", VERSION, CREATED, INCARNATION)),
    Change("colour", "blue"),
    Change("title", "theirs"),
    Change("title", 7),
    *(Change("version", version) for version in (0, 1, 5, "one")),
    Change("author.born", 1980),
    Change("lines[0].weight", 9),
    Change("lines.insert", "q"),
)
"""All changes of items past the library."""
