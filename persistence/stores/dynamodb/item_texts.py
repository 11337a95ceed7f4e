"""Items as JSON text, written and checked in one go: `item_text`.

The text is the one that the standard library's `json` writes. It does so of anything, and asks of each part
what it is; items of one mapping have the same names and types, and differ in their contents only. So for
names that come again and again a function is made that knows all of the text but the contents. It takes
nothing for granted: what it was not made for makes it fail, and is checked and written the plain way. What is
not in the one form that items are sent in (`stable`) is refused, for others to convert or to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from persistence.json_text import binary_text, plain_text, quoted
from persistence.stores.dynamodb.stable import is_as_sent

SIGHTINGS = 16
"""How often names are seen until a function is made for them, which takes as long as to write some items."""
KEPT = 512
"""For how many different names functions are kept."""
MOST_NAMES = 200
"""The number of attributes beyond which no function is made."""


class NotAsSentError(Exception):
    """Something is not in the one form that items are sent in."""


def item_text(item: Any) -> str:
    """Write an item, a key, or the content of a map.

    Args:
        item: attribute values under their names.

    Returns:
        JSON, in ASCII.

    Raises:
        NotAsSentError: it is not in the one form that items are sent in.
    """
    names = tuple(item)
    write = writers.get(names)
    if write is None:
        return _first_text(names, item)
    try:
        return write(*item.values())
    except _UNLIKE:
        return _plain_text(item)


def value_text(value: Any) -> str:
    """Write an attribute value, of whatever type; see `item_text`."""
    if type(value) is dict and len(value) == 1:
        if "S" in value:
            return f'{{"S":{_checked_text(value["S"])}}}'
        if "N" in value:
            return f'{{"N":{_checked_text(value["N"])}}}'
        if "M" in value and type(value["M"]) is dict:
            return f'{{"M":{item_text(value["M"])}}}'
        if "L" in value and type(value["L"]) is list:
            return f'{{"L":{_list_text(value["L"])}}}'
    return _plain_text({"": value})[4:-1]


def _checked_text(text: Any) -> str:
    if type(text) is not str:
        raise NotAsSentError
    return quoted(text)


_UNLIKE = (KeyError, TypeError, ValueError, AttributeError)
"""What a function fails with that was made for other items."""


def _first_text(names: tuple[Any, ...], item: Any) -> str:
    text = _plain_text(item)
    if 0 < len(names) <= MOST_NAMES:
        count = seen.get(names, 0) + 1
        if count < SIGHTINGS:
            _keep(seen, names, count)
        else:
            _keep(writers, names, _writer_of(item))
    return text


def _keep(kept: dict[tuple[str, ...], Any], names: tuple[str, ...], value: object) -> None:
    if len(kept) >= KEPT:
        kept.clear()
    kept[names] = value


def _plain_text(item: Any) -> str:
    if not is_as_sent(item):
        raise NotAsSentError
    return plain_text(item)


def _writer_of(item: Mapping[str, Any]) -> Callable[..., str]:
    """Make the function that writes items of the same names and types.

    Args:
        item: one of them, as it is sent.
    """
    parts = [_part_of(number, name, *value) for number, (name, value) in enumerate(item.items())]
    arguments = ", ".join([f"v{number}" for number in range(len(parts))])
    one_each = " == ".join([f"len(v{number})" for number in range(len(parts))])
    # Names are part of the text in quotes, whatever they are.
    source = (
        f"def write({arguments}):\n"
        f"    if not 1 == {one_each}:\n"
        f"        raise ValueError\n"
        f"    return f{'{{' + ','.join(parts) + '}}'!r}\n"
    )
    known: dict[str, Any] = {"quoted": quoted, **{write.__name__: write for write in _WRITERS.values()}}
    exec(compile(source, "<writer of items>", "exec"), known)
    write: Callable[..., str] = known["write"]
    return write


def _part_of(number: int, name: str, tag: str) -> str:
    tag = next(known for known in (*_TEXTS, *_WRITERS) if known == tag)  # the very text, no subclass of `str`
    before = f'{quoted(name)}:{{"{tag}":'.replace("{", "{{").replace("}", "}}")
    write = "quoted" if tag in _TEXTS else _WRITERS[tag].__name__
    return f'{before}{{{write}(v{number}["{tag}"])}}}}}}'


def _flag_text(flag: object) -> str:
    if flag is True:
        return "true"
    if flag is False:
        return "false"
    raise ValueError


def _map_text(content: object) -> str:
    if type(content) is not dict:
        raise TypeError
    return item_text(content)


def _list_text(values: object) -> str:
    if type(values) is not list:
        raise TypeError
    try:
        maps = [value["M"] for value in values]  # mostly nested entities, if they are many
    except (KeyError, TypeError):
        maps = []
    if maps and sum(map(len, values)) == len(values) and set(map(type, maps)) == {dict}:
        texts = '},{"M":'.join(map(item_text, maps))
        return f'[{{"M":{texts}}}]'
    return f"[{','.join(map(value_text, values))}]"


def _set_text(members: Any) -> str:
    return _members_text(members, quoted)


def _binary_text(binary: object) -> str:
    if type(binary) is not bytes:
        raise TypeError
    return f'"{binary_text(binary)}"'


def _binary_set_text(members: Any) -> str:
    return _members_text(members, _binary_text)


def _members_text(members: Any, write: Callable[[Any], str]) -> str:
    if type(members) is not list:
        raise TypeError
    order = [*map(repr, members)]
    if order != sorted(order):
        raise ValueError
    return f"[{','.join(map(write, members))}]"


_TEXTS = ("S", "N")
_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "B": _binary_text,
    "BOOL": _flag_text,
    "NULL": _flag_text,
    "SS": _set_text,
    "NS": _set_text,
    "BS": _binary_set_text,
    "L": _list_text,
    "M": _map_text,
}
writers: dict[tuple[str, ...], Callable[..., str]] = {}
"""Names, in their order, and the functions that were made for them."""
seen: dict[tuple[str, ...], int] = {}
"""Names, and how often they were seen without one."""
