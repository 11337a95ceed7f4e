"""Names for generated code, and text as it is quoted there.

What comes from a table, such as the name of an attribute, gets into code in two ways only: as an identifier
that was made of its letters, or as a quoted literal.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from persistence.mapping import MappingSchema

LONGEST = 40
"""Characters of the name of a field."""

LONGEST_CLASS = 26
"""Those of a class, so that the line that declares its mapping is not too long."""

_TAKEN_FIELDS = frozenset(
    {
        *(name for name in dir(MappingSchema) if not name.startswith("_")),
        *("fields", "load_fields", "dump_fields", "only", "exclude", "many", "load_only", "dump_only"),
        *("partial", "unknown", "context", "Meta", "self", "cls", "date", "datetime", "dataclass", "field"),
        *("str", "int", "bool", "bytes", "list", "dict", "set", "object", "type", "super", "l", "mro"),
    }
) - {"type"}
"""Names that a field can't have: a schema's own, and those that annotations and defaults are made of."""

_TAKEN_CLASSES = frozenset(
    {
        *dir(builtins),
        *("I", "O", "Any", "Decimal", "Enum", "Missing", "UTC", "UUID", "TABLE", "MAPPINGS", "Meta"),
        *("Key", "MappingSchema", "Table", "GlobalIndex", "LocalIndex", "Projection"),
    }
)


def literal(text: str) -> str:
    """Quote a text as a formatter would: in double quotes, unless that takes more backslashes."""
    body = repr(text)[1:-1]
    if repr(text).startswith('"'):
        return f'"{body}"'
    bare = body.replace("\\'", "'")
    quoted = bare.replace('"', '\\"')
    return f"'{body}'" if body.count("\\'") < bare.count('"') else f'"{quoted}"'


def words(text: str) -> list[str]:
    """Give the words of a name, in lower case: those of `customerId` are "customer" and "id"."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = plain.encode("ascii", "ignore").decode()
    plain = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", plain)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", plain) if word]


def singular(word: str) -> str:
    """Give the singular of an English word, as far as its ending tells."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word == "movies":
        return "movie"
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def field_name(attribute: str) -> str:
    """Make the name of a field from that of an attribute."""
    name = "_".join(words(attribute))[:LONGEST].strip("_")
    if not name:
        return "attribute"
    if name[0].isdigit():
        name = f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN_FIELDS else name


def class_name(text: str, *, one: bool = True) -> str:
    """Make the name of a class.

    Args:
        text: what it is named after.
        one: it is one of several, so that the last word becomes singular.
    """
    parts = words(text)
    if one and parts:
        parts[-1] = singular(parts[-1])
    name = ""
    for part in parts:
        longer = name + part.capitalize()
        if name and len(longer) > LONGEST_CLASS:
            break
        name = longer[:LONGEST_CLASS]
    if not name or name[0].isdigit():
        name = f"Item{name}"
    return f"{name}Item" if keyword.iskeyword(name) or name in _TAKEN_CLASSES else name


class Names:
    """Keeps names apart: a name that is taken gets a number."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def free(self, name: str, *beside: str) -> str:
        """Give a name that is free, and take it.

        Args:
            name: the wanted one.
            beside: suffixes with which it must be free as well.
        """
        number, found = 1, name
        # Numbers are tried one after the other: names that clash are few.
        while not self._taken.isdisjoint({found, *(found + suffix for suffix in beside)}):
            number += 1
            found = f"{name}{number}" if name[:1].isupper() else f"{name}_{number}"
        self._taken.update({found, *(found + suffix for suffix in beside)})
        return found

    def exactly(self, name: str, *beside: str) -> str:
        """Take a name as it is.

        Raises:
            LookupError: it is taken, or a name with one of the suffixes is.
        """
        if not self._taken.isdisjoint({name, *(name + suffix for suffix in beside)}):
            raise LookupError(name)
        return self.free(name, *beside)
