"""The text of generated modules: formatted, typed, and made of identifiers and quoted literals only."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from persistence import GlobalIndex, Key, MemoryStore, SchemaService, Table
from persistence.attributes import Item
from persistence.errors import QueryError, TableNotFound
from persistence.operations import ScanPage
from persistence.schema.codegen.names import class_name, field_name, literal, singular
from tests.unit.schema.codegen.made import NULL, assert_lossless, n, s, service_with, store_with, text_of

ROOT = Path(__file__).parents[4]
TABLE = Table(
    "shop",
    "PK",
    "SK",
    indexes=(GlobalIndex("by-customer", Key("customerId", "placedAt")),),
    time_to_live="ttl",
)
HOSTILE = (
    'a"b',
    "a'b",
    "a\"b'c",
    "a\nb",
    "a\r\nb",
    "a\\b",
    "a\\",
    '"""',
    "{x}",
    "{",
    "}}",
    "%s",
    "# comment",
    "x = 1; import os",
    "__import__('os').system('false')",
    "__class__",
    "__init__",
    "_hooks",
    "self",
    "mro",
    "cls",
    "class",
    "None",
    "True",
    "match",
    "type",
    "str",
    "list",
    "field",
    "fields",
    "Any",
    "Meta",
    "load",
    "dump",
    "opts",
    "declared_fields",
    "context",
    "l",
    "1st",
    "",
    " ",
    "\x00",
    "\u202ereversed",
    "größe",
    "ﬁ",
    "日本",
    "😀",
    "customer-id",
    "customerId",
    "customer_id",
    "CustomerID",
    "a" * 200,
    "a b " * 40,
)
WIDE: tuple[Item, ...] = (
    {
        "PK": s("CUSTOMER#1"),
        "SK": s("ORDER#00001"),
        "customerId": s("1"),
        "placedAt": s("2026-01-02T03:04:05Z"),
        "deliveries_to_customers_and_their_agents": {
            "L": [{"M": {"deliveredTo": {"M": {"a": {"L": [s("x")]}}}}}]
        },
        "ttl": n(1790000000),
        "version": n(0),
        "maybe": NULL,
        "tags": {"SS": ["7f0c7e4c-6b1f-4a37-9ab4-d3ba3e1b4f5c"]},
    },
    {
        "PK": s("CUSTOMER#1"),
        "SK": s("#PROFILE"),
        "maybe": NULL,
        "born": s("2001-02-03"),
        "status": s("on hold"),
    },
    {"PK": s("CUSTOMER#2"), "SK": s("#PROFILE"), "maybe": n("1.5"), "status": s('"odd"')},
    {"PK": s("CUSTOMER#3"), "SK": s("#PROFILE"), "photo": {"B": b"\x00"}},
)


def modules() -> dict[str, str]:
    hostile = {name: s("x") for name in HOSTILE if name}
    lines = {"L": [{"M": {"sku": s("a")}}, {"M": {"sku": s("b")}}]}
    long = {"deliveries_to_customers_of_their_agents": {"M": {"2026-01-01": lines, "2026-01-02": lines}}}
    return {
        "long": text_of(Table("things", "id"), {"id": s("1"), **long}, {"id": s("2")}),
        "wide": text_of(TABLE, *WIDE, enums=["status"]),
        "hostile": text_of(Table("things", "id"), {"id": s("1"), **hostile}),
        "nested": text_of(Table("things", "id"), {"id": s("1"), "in": {"M": hostile}}),
        "sometimes": text_of(
            Table("things", "id"), {"id": s("1"), **dict.fromkeys(hostile, n(1))}, {"id": s("2")}
        ),
        "empty": text_of(TABLE),
        "plain": text_of(Table("orders", "id"), {"id": s("1")}),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    for name, text in modules().items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


class TestText:
    @pytest.mark.parametrize("length", ["88", "110"])
    def test_is_formatted(self, folder: Path, length: str) -> None:
        assert run("ruff", "format", "--isolated", "--check", "--line-length", length, str(folder)) == ""

    def test_has_no_findings(self, folder: Path) -> None:
        rules = "E4,E7,E9,F,W,I,N,UP,B,A,C4,SIM,PIE"

        assert run("ruff", "check", "--isolated", "--no-cache", "--select", rules, str(folder)) == ""

    @pytest.mark.slow
    def test_is_typed(self, folder: Path) -> None:
        """By this project's settings, which are strict, so that what is known of the library serves here."""
        assert run("mypy", *map(str, sorted(folder.glob("*.py")))) == ""

    def test_leaves_hints_that_are_too_long_in_their_line(self, folder: Path) -> None:
        """No formatter breaks them well, so that they are marked to be skipped."""
        long = [line for line in (folder / "long.py").read_text("utf-8").splitlines() if len(line) > 88]

        assert [line.endswith("  # fmt: skip") for line in long] == [True]

    def test_says_from_what_it_was_made(self) -> None:
        first, _, third, *_ = text_of(TABLE, *WIDE).splitlines()

        assert first == '"""Dataclasses and mappings for table \'shop\'.'
        assert third == "Made by persistence from its description and 4 items of it."

    def test_is_the_same_for_the_same_items(self) -> None:
        assert text_of(TABLE, *WIDE) == text_of(TABLE, *WIDE)


class TestNamesOfAttributes:
    @pytest.mark.parametrize("name", [name for name in HOSTILE if name])
    def test_get_into_code_as_literals_only(self, name: str) -> None:
        items = [{"id": s("1"), name: s("x"), "in": {"M": {name: s("x"), "other": n(1)}}}]

        text = text_of(Table("things", "id"), *items)

        assert_lossless(text, items)
        assert {type(node).__name__ for node in ast.parse(text).body} <= {
            "Expr",
            "ImportFrom",
            "ClassDef",
            "Assign",
        }
        called = {ast.unparse(node.func) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}
        assert {each.split(".")[0] for each in called} <= {"Key", "fields"}

    @pytest.mark.parametrize("name", [name for name in HOSTILE if name and len(name) < 200])
    def test_can_be_keys(self, name: str) -> None:
        table = Table("things", name, f"{name}2", indexes=(GlobalIndex("by-x", Key(f"{name}3", name)),))
        items = [
            {name: s("A#1"), f"{name}2": s("#X"), f"{name}3": s("y")},
            {name: s("A#2"), f"{name}2": s("#X")},
        ]

        assert_lossless(text_of(table, *items), items)

    def test_that_become_one_name_are_told_apart(self) -> None:
        names = ("customerId", "customer_id", "customer-id", "CustomerID", "größe", "grösse", "日本", "中国")
        items = [{"id": s("1"), **{name: s(str(place)) for place, name in enumerate(names)}}]

        assert_lossless(text_of(Table("things", "id"), *items), items)

    @pytest.mark.parametrize(
        ("attribute", "name"),
        [
            ("customerId", "customer_id"),
            ("HTTPStatus", "http_status"),
            ("GSI1PK", "gsi1_pk"),
            ("größe", "grosse"),
            ("1st", "n1st"),
            ("class", "class_"),
            ("__init__", "init"),
            ("", "attribute"),
            ("日本", "attribute"),
        ],
    )
    def test_become_names_of_fields(self, attribute: str, name: str) -> None:
        assert field_name(attribute) == name

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("shop-orders", "ShopOrder"),
            ("Movies", "Movie"),
            ("addresses", "Address"),
            ("categories", "Category"),
            ("status", "Status"),
            ("table", "TableItem"),
            ("2026", "Item2026"),
            ("", "Item"),
        ],
    )
    def test_become_names_of_classes(self, text: str, name: str) -> None:
        assert class_name(text) == name

    @pytest.mark.parametrize("word", ["gas", "bus", "class", "s", ""])
    def test_stay_where_they_are_no_plurals(self, word: str) -> None:
        assert singular(word) in {word, word.removesuffix("s")}

    @pytest.mark.parametrize("text", HOSTILE)
    def test_are_quoted_as_python_reads_them(self, text: str) -> None:
        assert ast.literal_eval(literal(text)) == text


class TestCodegen:
    def test_reads_a_live_table(self) -> None:
        text = service_with(TABLE, WIDE).codegen("shop", enums=("status",))

        assert text == text_of(TABLE, *WIDE, enums=("status",)) or "4 items" in text
        assert_lossless(text, WIDE)

    def test_reads_no_more_items_than_it_is_told(self) -> None:
        items = [{"id": s(str(number))} for number in range(100)]

        text = service_with(Table("things", "id"), items).codegen("things", sample=10)

        assert "and 10 items" in text

    def test_reads_all_of_a_small_table(self) -> None:
        items = [{"id": s(str(number))} for number in range(30)]

        assert "and 30 items" in service_with(Table("things", "id"), items).codegen("things")

    def test_reads_nothing_but_the_description_for_a_sample_of_0(self) -> None:
        service = service_with(Table("things", "id"), [{"id": s("1"), "x": n(1)}])

        assert "x:" not in service.codegen("things", sample=0)

    def test_reads_eventually_consistent_from_several_places(self) -> None:
        below, asked = store_with(Table("things", "id"), [{"id": s("1")}]), []

        class Listening(MemoryStore):
            def perform(self, operation):  # type: ignore[no-untyped-def]  # it passes on what comes
                asked.append(operation)
                return below.perform(operation)

        SchemaService(Listening()).codegen("things")

        scans = [operation for operation in asked if isinstance(operation, ScanPage)]
        assert {(scan.segment, scan.segments, scan.consistent) for scan in scans} == {
            (segment, 8, False) for segment in range(8)
        }

    def test_takes_roles_by_name(self) -> None:
        at = s("2026-01-02T03:04:05.000006Z")
        service = service_with(
            Table("things", "id"), [{"id": s("1"), "made": at, "changed": at, "v": n(1), "version": n(1)}]
        )

        text = service.codegen("things", version="v", created_at="made", updated_at="changed")

        for line in ("made = fields.CreatedAt()", "changed = fields.UpdatedAt()", "v = fields.Version()"):
            assert f"    {line}\n" in text
        assert "    version: int\n" in text

    def test_leaves_the_time_to_live_to_what_is_no_such_role(self) -> None:
        service = service_with(Table("things", "id"), [{"id": s("1"), "made": s("yesterday")}])

        assert "# no CreatedAt" in service.codegen("things", created_at="made")

    def test_refuses_a_table_that_is_not_there(self) -> None:
        with pytest.raises(TableNotFound):
            SchemaService(MemoryStore(auto_create=False)).codegen("things")

    @pytest.mark.parametrize("sample", [-1, 1.5, True, "10"])
    def test_refuses_a_number_of_items_that_is_none(self, sample: int) -> None:
        with pytest.raises(QueryError, match="sample"):
            SchemaService(MemoryStore()).codegen("things", sample=sample)

    def test_refuses_a_text_for_names_of_enums(self) -> None:
        with pytest.raises(QueryError, match="enums"):
            SchemaService(MemoryStore()).codegen("things", enums="status")
