"""The compiler: writes, for each mapping, the Python functions that encode and decode its entities.

The functions do what a person would write by hand: one chain of type checks and one dict display to encode,
one constructor call to decode. Whatever is unusual, from a missing attribute to a subclass of str, makes them
fail, and the sure way takes over, which handles it or says what is wrong.

Each function is written and compiled when it is first asked for: who only reads never compiles an encoder.
"""

from __future__ import annotations

import builtins
import itertools
import linecache
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from persistence.mapping.nodes import leave_fast_way
from persistence.mapping.reading import Reading
from persistence.mapping.records import RecordPlan
from persistence.mapping.roles import roles_of
from persistence.mapping.source import Source
from persistence.mapping.tables import Placement
from persistence.mapping.text_writing import RootTextWriting, TextWriting
from persistence.mapping.upcasting import SchemaVersions
from persistence.mapping.watch_source import FieldWriting, watch_source
from persistence.mapping.writing import RootWriting, Writing

FUNCTIONS = ("encode", "snapshot", "decode", "decode_page", "encoders", "watching")
"""What is generated for each mapping: functions, a dict and a tuple of such."""
JSON_TEXT = "json_text"
"""The function that is generated for mappings whose new entities can be written as text."""

_numbers = itertools.count(1)
_LOCALS = frozenset(
    {"entity", "entities", "stored", "item", "items", "each", "name", "number", "text", "moment"}
    | {"append", "source", "known", "places", "was", "one", "part"}
    | {"key", "kept", "texts"}
)
_RESERVED = _LOCALS.union(dir(builtins), FUNCTIONS, (JSON_TEXT,), (f"sure_{name}" for name in FUNCTIONS))


def _is_local(name: str) -> bool:
    """Tell whether it is such a name as functions have for the values and texts of fields: v0, t1."""
    return name[:1] in "vt" and name[1:].isdecimal()


class Compiler(ABC):
    """Writes functions and the functions that they call, compiles them, and knows the names that they use.

    Args:
        title: what the functions are for, for tracebacks.
        given: names that the functions may use, such as those of the sure way.
    """

    def __init__(self, title: str, given: Mapping[str, object]) -> None:
        self._title = f"{title}, {next(_numbers)}"
        self._names: dict[str, Any] = {"__name__": f"<{self._title}>", **given}
        self._nested: dict[tuple[int, str], str] = {}
        self._waiting: list[tuple[RecordPlan, str, str]] = []
        self._sources: dict[str, str] = {}
        self._lock = threading.Lock()
        self.validating = False

    def bind(self, value: object, hint: str) -> str:
        """Make a value known to the source; the same value keeps its name."""
        name, further = hint, itertools.count(2)
        while _is_local(name) or name in _RESERVED or self._names.get(name, value) is not value:
            name = f"{hint}_{next(further)}"
        self._names[name] = value
        return name

    def function(self, record: RecordPlan, purpose: str) -> str:
        """Give the name of the function for a nested entity; it is written later."""
        checked = "_checked" if self.validating and purpose.startswith("encode") else ""
        key = (id(record), purpose + checked)
        if key not in self._nested:
            # The name is taken for the plan; the function replaces it when the source is run.
            name = self.bind([record], f"{purpose}_{record.entity_type.__name__}{checked}")
            self._nested[key] = name
            self._waiting.append((record, purpose + checked, name))
        return self._nested[key]

    def compiled(self, name: str) -> Any:
        """Give a function, or several, compiled once."""
        with self._lock:
            if name not in self._sources:
                self._compile(name)
        return self._names[name]

    def source_of(self, *names: str) -> str:
        """Give the source of functions."""
        for name in names:
            self.compiled(name)
        return "\n\n".join(self._sources[name] for name in names)

    def _compile(self, name: str) -> None:
        texts = [self.root(name)]
        while self._waiting:
            record, purpose, nested = self._waiting.pop(0)
            self.validating = purpose.endswith("_checked")
            texts.append(self.nested(record, purpose.removesuffix("_checked"), nested))
        source = "\n\n".join(texts)
        filename = f"<{name}: {self._title}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        # The source is ours: names and literals are quoted.
        exec(compile(source, filename, "exec"), self._names)
        self._sources[name] = source

    @abstractmethod
    def root(self, name: str) -> str:
        """Write one of the functions."""

    @abstractmethod
    def nested(self, record: RecordPlan, purpose: str, name: str) -> str:
        """Write the function for a nested entity, or for a list of such."""


class CodecCompiler(Compiler):
    """The compiler of a mapping.

    Args:
        plan: its fields.
        placement: its keys.
        versions: the versions of what it stores, if it has any.
        sure: what the functions turn to: name -> function.
    """

    def __init__(
        self,
        plan: RecordPlan,
        placement: Placement,
        versions: SchemaVersions | None,
        sure: Mapping[str, Callable[..., Any]],
    ) -> None:
        given = {f"sure_{name}": function for name, function in sure.items()}
        super().__init__(f"codec of {type(plan.schema).__qualname__}", given)
        self._plan = plan
        self._placement = placement
        self._versions = versions

    def root(self, name: str) -> str:
        """Write one of the functions; see `Compiler`."""
        match name:
            case "decode":
                return _guarded("def decode(item):", self._decoding().indented(), "sure_decode(item)")
            case "decode_page":
                return self._decode_page()
            case "encoders":
                self.validating = False
                return FieldWriting(self._plan, self).functions(name)
            case name if name == JSON_TEXT:
                self.validating = False
                roles = roles_of(self._plan, self._placement)
                written = RootTextWriting(self._plan, self, self._placement, roles)
                return _guarded(f"def {name}(entity, key, kept):", written.source().indented(), "None")
            case "watching":
                return watch_source(self._plan, self, name)
            case _:
                self.validating = name == "encode"
                body = RootWriting(self._plan, self, self._placement).source().indented()
                return _guarded(f"def {name}(entity):", body, f"sure_{name}(entity)")

    def _decode_page(self) -> str:
        versions, source = self._versions, Source()
        if versions is not None:
            mark = self.bind(versions.marks[versions.attribute], "version")
            source.add(f"if item.get({versions.attribute!r}) != {mark}:")
            source.add(f"    {self.bind(leave_fast_way, 'leave')}()")
        body = source.extend(self._decoding("append({})"))
        return page_loop("def decode_page(items):", "items", body, "sure_decode_page(item)")

    def _decoding(self, finish: str = "return {}") -> Source:
        source = Source()
        if self._placement.discriminator is not None:
            attribute, value = self._placement.discriminator
            source.add(f'if item[{attribute!r}]["S"] != {value!r}:')
            source.add(f"    {self.bind(leave_fast_way, 'leave')}()")
        made = keys_in_templates(self._placement)
        return source.extend(Reading(self._plan, self, "item", in_key=made).source(finish))

    def nested(self, record: RecordPlan, purpose: str, name: str) -> str:
        """Write the function for a nested entity; see `Compiler`."""
        return nested_source(self, record, purpose, name)


def nested_source(out: Compiler, record: RecordPlan, purpose: str, name: str) -> str:
    """Write the function for a nested entity, or for a list of such, from and to items."""
    match purpose:
        case "decode":
            return f"def {name}(item):\n{Reading(record, out, 'item').source().indented(1)}\n"
        case "decode_each":
            body = Source().add('item = stored["M"]')
            body.extend(Reading(record, out, "item").source("append({})"))
            return each_loop(name, body)
        case "text":
            return f"def {name}(entity):\n{TextWriting(record, out).source().indented(1)}\n"
        case "text_each":
            written = TextWriting(record, out).source("append({})", ('{"M":', "}")).indented()
            head = f"def {name}(entities):\n    texts = []\n    append = texts.append\n"
            return f"{head}    for entity in entities:\n{written}\n    return ','.join(texts)\n"
        case "encode_each":
            written = Writing(record, out).source('items.append({"M": item})').indented()
            lines = ("items = []", "for entity in entities:", written, "return items")
            return f"def {name}(entities):\n    {lines[0]}\n    {lines[1]}\n{lines[2]}\n    {lines[3]}\n"
        case _:
            return f"def {name}(entity):\n{Writing(record, out).source().indented(1)}\n"


def keys_in_templates(placement: Placement) -> frozenset[str]:
    """Name the fields that the key's templates hold, so that they may have no attribute of their own."""
    parts = placement.parts[None]
    return frozenset(name for part in parts for name in part.fields if part.template is not None)


def wanted_marks(placement: Placement, versions: SchemaVersions | None) -> list[tuple[str, str, str]]:
    """Give the marks that an item of a mapping has to have: attribute, tag and content."""
    wanted = []
    if placement.discriminator is not None:
        attribute, value = placement.discriminator
        wanted.append((attribute, "S", value))
    if versions is not None:
        wanted.append((versions.attribute, "N", str(versions.current)))
    return wanted


def each_loop(name: str, body: Source) -> str:
    """Write a function that makes a list of entities from a list of `stored`.

    Args:
        name: its name.
        body: what is done for each; it calls `append`.
    """
    head = f"def {name}(items):\n    entities = []\n    append = entities.append\n    for stored in items:\n"
    return f"{head}{body.indented()}\n    return entities\n"


def page_loop(head: str, items: str, body: Source, otherwise: str) -> str:
    """Write a function that makes a list of entities from a page.

    One that fails is made in another way, whereupon the loop goes on behind it.

    Args:
        head: its first line.
        items: an expression for what the loop goes through.
        body: what is done for each `item`; it calls `append`.
        otherwise: an expression for the entity where that fails.
    """
    # Whatever fails in generated code is made by `otherwise`, or refused there in words that can be read.
    return (
        f"{head}\n    entities = []\n    append = entities.append\n    source = iter({items})\n"
        f"    while True:\n        try:\n            for item in source:\n{body.indented(4)}\n"
        f"            return entities\n        except Exception:\n            pass\n"
        f"        append({otherwise})\n"
    )


def _guarded(head: str, body: str, otherwise: str) -> str:
    return f"{head}\n    try:\n{body}\n    except Exception:\n        pass\n    return {otherwise}\n"
