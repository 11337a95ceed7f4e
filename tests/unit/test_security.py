"""No path from data to code: nothing is unpickled or evaluated, and names and values are always bound."""

from __future__ import annotations

import ast
import enum
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field, make_dataclass
from pathlib import Path
from types import new_class
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import persistence
from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.errors import PersistenceError
from persistence.mapping import mapping_of
from persistence.operations import GetItem, Operation, QueryPage, ScanPage, TransactWrite, UpdateItem
from persistence.stores.dynamodb import requests
from persistence.stores.dynamodb.item_texts import SIGHTINGS, item_text, writers
from persistence.stores.layers import Layer, layered

PACKAGE = Path(persistence.__file__).parent

READS_CODE = {"eval", "exec", "compile", "execfile", "__import__"}
READS_OBJECTS = {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "yaml"}
ALLOWED = {
    ("schema/codegen/trial.py", "exec"): "modules made of samples, which hold data as literals only",
    ("schema/codegen/trial.py", "compile"): "modules made of samples, which hold data as literals only",
    ("schema/infrastructure/files.py", "yaml"): "templates",
    ("schema/infrastructure/files.py", "yaml, which reads"): "by a loader made of yaml.SafeLoader",
    ("bulk/batching.py", "marshal"): "weighs items: writes only",
    ("render/limits.py", "marshal"): "weighs values: writes only",
    ("mapping/codegen.py", "exec"): "the codec's own source",
    ("mapping/codegen.py", "compile"): "the codec's own source",
    ("attributes.py", "marshal"): "weighs items: writes only",
    ("quick_init.py", "exec"): "constructors of classes of ours, which hold the names of their fields only",
    ("stores/memory/tokens.py", "marshal"): "takes fingerprints: writes only",
    ("stores/validation/usual_values.py", "marshal"): "packs checked items of the memory store: writes only",
    ("stores/validation/record.py", "marshal"): "unpacks these",
    ("stores/validation/record.py", "marshal, which reads"): "what was packed in this process, never input",
    ("stores/dynamodb/item_texts.py", "exec"): "writers of items, which hold names in quotes only; see below",
    (
        "stores/dynamodb/item_texts.py",
        "compile",
    ): "writers of items, which hold names in quotes only; see below",
    ("testing/fixture_files.py", "yaml"): "reads by safe_load",
    ("query/processes.py", "pickle"): "looks whether the caller's own function can be pickled: writes only",
}


def uses_of(path: Path) -> Iterator[str]:
    """Name what a module uses of what turns data into code or objects."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in READS_CODE:
                yield name
            case ast.Attribute(
                value=ast.Name(id=module), attr="loads" | "load" | "Unpickler" | "unsafe_load"
            ) if module in READS_OBJECTS:
                yield f"{module}, which reads"
            case ast.Import(names=names):
                yield from (each.name for each in names if each.name.partition(".")[0] in READS_OBJECTS)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in READS_OBJECTS:
                yield module
            case ast.Call(args=[ast.Constant(value=str(module)), *_]) if module in READS_OBJECTS:
                yield module


def test_nothing_turns_data_into_code_or_objects() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), use) for path in PACKAGE.rglob("*.py") for use in uses_of(path)
    }

    assert found == ALLOWED.keys()


HOSTILE = [
    "'); import os; os._exit(1); ('",
    '"""',
    "\\",
    "\n    raise SystemExit\n",
    "{v}",
    "%s",
    "__class__",
    "canary#canary",
    "\u2028\r\n\x00",
]


class TestGeneratedCode:
    """Names in the table, values of enums and defaults are data: the source refers to them, and has none."""

    @pytest.mark.parametrize("hostile", HOSTILE, ids=repr)
    def test_holds_what_it_is_told_and_nothing_runs(self, hostile: str) -> None:
        kind: Any = enum.Enum("kind", {"A": hostile, "B": f"{hostile}b"})
        entity = make_dataclass(
            "Hostile",
            [
                ("id", str),
                ("kind", kind, field(default=kind["A"])),
                ("text", str, field(default=hostile)),
                ("nested", make_dataclass("Inner", [("text", str)]) | None, field(default=None)),
            ],
        )
        entity.__module__ = __name__

        def body(made: dict[str, Any]) -> None:
            made["Meta"] = type("Meta", (), {"table": "hostile", "key": Key("id")})
            made["text"] = fields.String(data_key=hostile, validate=fields.validate.OneOf([hostile, "x"]))
            made["kind"] = fields.Enum(kind, by_value=True, data_key=f"k{hostile}")

        mapping = new_class("HostileMapping", (MappingSchema[entity],), {}, body)  # type: ignore[valid-type]
        codec: Any = mapping_of(mapping).codec
        one = entity("1", kind["B"], "x")

        assert codec.decode(codec.encode(one)) == one
        assert codec.decode({"id": {"S": "1"}}) == entity("1")
        tree = ast.parse(codec.source)
        texts = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not {"os", "SystemExit"} & names
        assert all(name.isidentifier() for name in names)
        allowed = {hostile, f"k{hostile}", f"{hostile}b"}
        assert all(text in allowed or hostile not in text for text in texts)


class Shown(Layer):
    """Refuses everything, after it has seen it."""

    def __init__(self) -> None:
        self.seen: list[Operation[Any]] = []

    def around(self, operation: Operation[Any]) -> Any:
        self.seen.append(operation)
        raise PersistenceError("enough")
        yield


ALIASES = re.compile(
    r"(?:#n\d+|:v\d+|SET|REMOVE|ADD|DELETE|AND|OR|NOT|BETWEEN|IN|size|contains|begins_with|attribute_exists|"
    r"attribute_not_exists|attribute_type|if_not_exists|list_append|\[\d+\]|[=<>+\-(),.]|\s)*"
)
WRITERS: dict[type, Any] = {
    GetItem: requests.get_item,
    QueryPage: requests.query,
    ScanPage: requests.scan,
    UpdateItem: requests.update_item,
    TransactWrite: requests.transact_write,
}


def expressions_in(request: Any) -> Iterator[str]:
    if isinstance(request, dict):
        for name, part in request.items():
            if name.endswith("Expression"):
                yield part
            else:
                yield from expressions_in(part)
    elif isinstance(request, list):
        for part in request:
            yield from expressions_in(part)


def document() -> Any:
    entity = make_dataclass("Document", [("id", str), ("data", dict[str, Any], field(default_factory=dict))])
    entity.__module__ = __name__

    def body(made: dict[str, Any]) -> None:
        made["Meta"] = type("Meta", (), {"table": "documents", "key": Key("id")})

    return new_class("DocumentMapping", (MappingSchema[entity],), {}, body)  # type: ignore[valid-type]


DOCUMENTS = document()
MARK = "zq"
PIECES = [*"ab.[]0#:()=' \"\\,<>\n", "AND", " OR ", "#n0", ":v0", "attribute_exists(", "SET "]
hostile_text = st.lists(st.sampled_from(PIECES), max_size=8).map(
    lambda parts: f"{MARK}{''.join(parts)}{MARK}"
)

ASKS: list[Any] = [
    lambda r, name, value: r.scan().where(f"data.{name}", "=", value).all(),
    lambda r, name, value: r.scan().where("id", "=", value).where("id", "contains", value).all(),
    lambda r, name, value: r.scan(lambda o: o.data[name] == value).all(),
    lambda r, name, value: r.where("id", "=", value).all(),
    lambda r, name, value: r.where("id", "=", value).where("data", "exists").select(f"data.{name}").all(),
    lambda r, name, value: r.scan().filter("#a = :b AND id > :c", a=name, b=value, c=value).all(),
    lambda r, name, value: r.scan().filter(value).all(),
    lambda r, name, value: r.scan().filter("id = :x", x=value).all(),
    lambda r, name, value: r.patch(value).set_item("data", name, value).execute(),
    lambda r, name, value: r.patch(value).remove_item("data", name).execute(),
    lambda r, name, value: r.patch(value).set(f"data.{name}", {name: value}).execute(),
    lambda r, name, value: r.patch(value).increment(f"data.{name}").execute(),
    lambda r, name, value: r.get(value),
]

RAW = 6
"""The one whose value is the condition itself."""


class TestUsersTexts:
    """Whatever stands in a name or a value, expressions consist of aliases; what they stand for is bound."""

    @pytest.mark.parametrize("number", [place for place in range(len(ASKS)) if place != RAW])
    def test_are_asked_at_all(self, number: int) -> None:
        shown = Shown()
        documents: Any = Repository(DOCUMENTS, UnitOfWork(layered(MemoryStore(), shown)))
        with pytest.raises(PersistenceError, match="enough"):
            ASKS[number](documents, "abc", "x")
        assert shown.seen

    @given(name=hostile_text, value=hostile_text, ask=st.sampled_from(ASKS))
    def test_never_become_part_of_expressions(self, name: str, value: str, ask: Any) -> None:
        shown = Shown()
        documents: Any = Repository(DOCUMENTS, UnitOfWork(layered(MemoryStore(), shown)))
        with suppress(PersistenceError, KeyError):
            ask(documents, name, value)

        for operation in shown.seen:
            request = WRITERS[type(operation)](operation)
            for expression in expressions_in(request):
                assert MARK not in expression
                assert ALIASES.fullmatch(expression), expression


@pytest.mark.parametrize(
    "name",
    [
        "{__import__('os')}",
        "{v0}",
        "{{x}}",
        "}",
        "a'b",
        'a"b',
        "a\\",
        "\\N{DIGIT ONE}",
        "'{1+1}",
        "\n",
        "\u2028",
    ],
)
def test_names_of_attributes_stay_names_in_writers_that_are_made_of_them(name: str) -> None:
    """A writer is made once names came often; what they are then is text of its source."""
    item = {name: {"S": name}, "n": {"N": "1"}, "b": {"BOOL": True}}

    for _ in range(SIGHTINGS + 2):
        assert json.loads(item_text(item)) == item
    assert tuple(item) in writers
