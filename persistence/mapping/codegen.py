"""The compiler: writes, for each mapping, the Python functions that encode and decode its entities.

The functions do what a person would write by hand: one chain of type checks and one dict display to encode,
one constructor call to decode. Whatever is unusual, from a missing attribute to a subclass of str, makes them
fail, and the sure way takes over, which handles it or says what is wrong.
"""

from __future__ import annotations

import builtins
import itertools
import linecache
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from persistence.mapping.nodes import leave_fast_way
from persistence.mapping.reading import Reading
from persistence.mapping.records import RecordPlan
from persistence.mapping.source import Source
from persistence.mapping.tables import Placement
from persistence.mapping.writing import RootWriting, Writing

Functions = Mapping[str, Callable[..., Any]]

_numbers = itertools.count(1)
_LOCALS = frozenset({"entity", "stored", "item", "each", "name", "number", "text"})
_FUNCTIONS = ("encode", "snapshot", "decode")
_RESERVED = _LOCALS.union(dir(builtins), _FUNCTIONS, (f"sure_{name}" for name in _FUNCTIONS))


class SureWay(Protocol):
    """What the functions turn to."""

    def encode(self, entity: Any) -> Any:
        """Give the item of an entity, after its validators ran."""

    def snapshot(self, entity: Any) -> Any:
        """Give the item of an entity without running validators."""

    def decode(self, item: Any) -> Any:
        """Build the entity that an item describes."""


def compiled(plan: RecordPlan, placement: Placement, sure: SureWay) -> tuple[str, Functions]:
    """Compile a mapping.

    Args:
        plan: its fields.
        placement: its keys.
        sure: what the functions turn to.

    Returns:
        The source, and its functions `encode`, `snapshot` and `decode`.
    """
    compiler = _Compiler(plan, placement)
    source = compiler.source()
    filename = f"<codec of {type(plan.schema).__qualname__}, {next(_numbers)}>"
    namespace = {"__name__": filename, **compiler.names}
    namespace |= {f"sure_{name}": getattr(sure, name) for name in _FUNCTIONS}
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)  # the source is ours: names and literals are quoted
    return source, MappingProxyType({name: namespace[name] for name in _FUNCTIONS})


class _Compiler:
    """Collects the functions of a mapping, and the names that they use."""

    def __init__(self, plan: RecordPlan, placement: Placement) -> None:
        self._plan = plan
        self._placement = placement
        self._functions: dict[tuple[int, str], str] = {}
        self._waiting: list[tuple[RecordPlan, str, str]] = []
        self.names: dict[str, Any] = {}
        self.validating = False

    def bind(self, value: object, hint: str) -> str:
        """Make a value known to the source; the same value keeps its name."""
        name, further = hint, itertools.count(2)
        while name in _RESERVED or self.names.get(name, value) is not value:
            name = f"{hint}_{next(further)}"
        self.names[name] = value
        return name

    def function(self, record: RecordPlan, purpose: str) -> str:
        """Give the name of the function for a nested entity; it is written later."""
        checked = "_checked" if self.validating and purpose != "decode" else ""
        key = (id(record), purpose + checked)
        if key not in self._functions:
            # The name is taken for the plan; the function replaces it when the source is run.
            name = self.bind([record], f"{purpose}_{record.entity_type.__name__}{checked}")
            self._functions[key] = name
            self._waiting.append((record, purpose + checked, name))
        return self._functions[key]

    def source(self) -> str:
        """Write everything."""
        texts = [self._entrance("encode", validating=True), self._entrance("snapshot", validating=False)]
        texts.append(self._decode())
        while self._waiting:
            record, purpose, name = self._waiting.pop(0)
            self.validating = purpose.endswith("_checked")
            texts.append(self._nested(record, purpose, name))
        return "\n\n".join(texts)

    def _entrance(self, name: str, *, validating: bool) -> str:
        self.validating = validating
        body = RootWriting(self._plan, self, self._placement).source().indented()
        return _guarded(f"def {name}(entity):", body, f"sure_{name}(entity)")

    def _decode(self) -> str:
        source = Source()
        if self._placement.discriminator is not None:
            attribute, value = self._placement.discriminator
            source.add(f'if item[{attribute!r}]["S"] != {value!r}:')
            source.add(f"    {self.bind(leave_fast_way, 'leave')}()")
        made = {
            name for part in self._placement.parts[None] for name in part.fields if part.template is not None
        }
        body = source.extend(Reading(self._plan, self, "item", in_key=made).source()).indented()
        return _guarded("def decode(item):", body, "sure_decode(item)")

    def _nested(self, record: RecordPlan, purpose: str, name: str) -> str:
        match purpose.removesuffix("_checked"):
            case "decode":
                return f"def {name}(item):\n{Reading(record, self, 'item').source().indented(1)}\n"
            case "encode_each":
                body = Writing(record, self).source('items.append({"M": item})').indented()
                lines = ("items = []", "for entity in entities:", body, "return items")
                return f"def {name}(entities):\n    {lines[0]}\n    {lines[1]}\n{lines[2]}\n    {lines[3]}\n"
            case _:
                return f"def {name}(entity):\n{Writing(record, self).source().indented(1)}\n"


def _guarded(head: str, body: str, otherwise: str) -> str:
    return f"{head}\n    try:\n{body}\n    except Exception:\n        pass\n    return {otherwise}\n"
