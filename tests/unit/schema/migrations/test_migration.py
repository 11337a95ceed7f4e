"""Migrations as objects and in files."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from persistence import MemoryStore, Table
from persistence.errors import MigrationChanged, MigrationError, MigrationFailed
from persistence.operations import GetItem
from persistence.schema.migrations import Migration, MigrationContext, Migrations, load_migrations

UP = "def up(context):\n    context.progress\n"

MAPPED = """
from __future__ import annotations

from dataclasses import dataclass

from persistence import Key, MappingSchema, Repository, UnitOfWork


@dataclass
class Person:
    id: str
    tags: list[str]


class PersonMapping(MappingSchema[Person]):
    class Meta:
        table = "people"
        key = Key("id")


def up(context):
    context.schema.ensure_table(PersonMapping)
    Repository(PersonMapping, UnitOfWork(context.store)).add(Person("a", ["x"]))
"""


def up(context: MigrationContext) -> None:
    """Do nothing."""


def other(context: MigrationContext) -> None:
    """Do something else."""
    context.schema.ensure_tables()


async def later(context: MigrationContext) -> None:
    """Do nothing, but later."""


class TestMigration:
    def test_has_a_checksum_of_its_source(self) -> None:
        one, same, another = Migration("1", "a", up), Migration("1", "a", up), Migration("1", "a", other)

        assert one.checksum == same.checksum != another.checksum
        assert Migration("1", "a", up, up).checksum != one.checksum

    def test_without_source_it_needs_one(self) -> None:
        hidden = eval("lambda context: None")  # what has no source

        with pytest.raises(MigrationError, match="give it a checksum"):
            Migration("1", "a", hidden)
        assert Migration("1", "a", hidden, checksum="v1").checksum == "v1"

    @pytest.mark.parametrize(
        ("number", "name"), [("", "a"), ("1a", "a"), ("-1", "a"), ("1", ""), ("1", "a b")]
    )
    def test_is_called_by_digits_and_a_word(self, number: str, name: str) -> None:
        with pytest.raises(MigrationError, match="digits and a word"):
            Migration(number, name, up)

    def test_needs_functions(self) -> None:
        with pytest.raises(MigrationError, match=r"has no function up\(context\)"):
            Migration("1", "a", None)  # type: ignore[arg-type]
        with pytest.raises(MigrationError, match=r"has no function down\(context\)"):
            Migration("1", "a", up, "undo")  # type: ignore[arg-type]

    def test_is_synchronous(self) -> None:
        with pytest.raises(MigrationError, match="up of migration '1' is asynchronous"):
            Migration("1", "a", later)


class TestFiles:
    def test_are_loaded_in_the_order_of_their_numbers(self, tmp_path: Path) -> None:
        for name in ("0010_b.py", "9_a.py", "_shared.py", "__init__.py", "readme.txt"):
            (tmp_path / name).write_text(UP)
        (tmp_path / "11_c.py").write_text(f"{UP}\n\ndef down(context):\n    pass\n")

        found = load_migrations(tmp_path)

        assert [(each.id, each.name, each.down is None) for each in found] == [
            ("9", "a", True),
            ("0010", "b", True),
            ("11", "c", False),
        ]

    def test_are_modules_that_no_import_can_name(self, tmp_path: Path) -> None:
        (tmp_path / "1_a.py").write_text(UP)
        before = set(sys.modules)

        load_migrations(tmp_path)

        (added,) = set(sys.modules) - before
        assert not added.isidentifier()

    def test_that_can_not_be_loaded_leave_no_module(self, tmp_path: Path) -> None:
        (tmp_path / "1_a.py").write_text("import sys\nsys.exit(3)\n")
        before = set(sys.modules)

        with pytest.raises(MigrationError, match="can't be loaded: SystemExit"):
            load_migrations(tmp_path)

        assert set(sys.modules) == before

    def test_may_declare_dataclasses_and_mappings(self, tmp_path: Path) -> None:
        (tmp_path / "1_a.py").write_text(MAPPED)
        store = MemoryStore(auto_create=False)

        Migrations(store, tmp_path, application="shop").run()

        found = store.perform(GetItem(Table("people", "id"), {"id": {"S": "a"}}, consistent=True)).item
        assert found == {"id": {"S": "a"}, "tags": {"L": [{"S": "x"}]}}

    def test_may_be_written_in_another_encoding(self, tmp_path: Path) -> None:
        (tmp_path / "1_a.py").write_bytes(f"# -*- coding: latin-1 -*-\n# \xe9\n{UP}".encode("latin-1"))

        assert [str(each) for each in load_migrations(tmp_path)] == ["1_a"]

    def test_have_the_checksum_of_the_whole_file_but_for_ends_of_lines(self, tmp_path: Path) -> None:
        file = tmp_path / "1_a.py"
        checksums = []
        for text in (UP, UP.replace("\n", "\r\n"), UP + "X = 1\n"):
            file.write_bytes(text.encode())
            checksums.append(load_migrations(tmp_path)[0].checksum)

        assert checksums[0] == checksums[1] != checksums[2]

    def test_are_run_from_their_folder(self, tmp_path: Path) -> None:
        (tmp_path / "1_a.py").write_text(UP)
        store = MemoryStore()

        done = Migrations(store, tmp_path, application="shop").run()
        (tmp_path / "1_a.py").write_text(UP + "X = 1\n")

        assert [str(each) for each in done] == ["1_a"]
        with pytest.raises(MigrationChanged):
            Migrations(store, str(tmp_path), application="shop").plan()

    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("add.py", UP, r"'add.py' is no migration: .*Begin the name of a file that is none with _"),
            ("1-add.py", UP, "is no migration"),
            ("1_a.py", "", r"has no function up\(context\)"),
            ("1_a.py", "up = 1", r"has no function up\(context\)"),
            ("1_a.py", "def", "can't be loaded: SyntaxError"),
            ("1_a.py", "1 / 0", "can't be loaded: ZeroDivisionError"),
        ],
    )
    def test_that_can_not_be_used_are_told(self, tmp_path: Path, name: str, text: str, message: str) -> None:
        (tmp_path / name).write_text(text)

        with pytest.raises(MigrationError, match=message):
            load_migrations(tmp_path)

    def test_need_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MigrationError, match="no folder"):
            load_migrations(tmp_path / "none")

    def test_with_one_number_are_refused(self, tmp_path: Path) -> None:
        for name in ("1_a.py", "01_b.py"):
            (tmp_path / name).write_text(UP)

        with pytest.raises(MigrationError, match="the same number"):
            load_migrations(tmp_path)


def _calling(work: Callable[[MigrationContext], object], context: MigrationContext) -> object:
    return work(context)


class TestFunctionsThatRunNothing:
    def test_a_generator_is_refused(self) -> None:
        def generated(context: MigrationContext) -> Iterator[int]:
            yield 1

        with pytest.raises(MigrationError, match=r"down of migration '1' is a generator.*context.drive"):
            Migration("1", "a", up, generated)

    def test_an_asynchronous_generator_is_refused(self) -> None:
        async def generated(context: MigrationContext) -> AsyncIterator[int]:
            yield 1

        with pytest.raises(MigrationError, match="asynchronous"):
            Migration("1", "a", generated)

    def test_one_that_gives_its_work_instead_of_doing_it_has_failed(self) -> None:
        async def awaited(context: MigrationContext) -> None:
            raise AssertionError("never run")

        def flow(context: MigrationContext) -> Iterator[int]:
            yield 1

        for given in (awaited, flow):
            ledger = Migrations(
                MemoryStore(),
                [Migration("1", "a", partial(_calling, given), checksum="1")],
                application="shop",
            )

            with pytest.raises(MigrationFailed, match="which nobody runs"):
                ledger.run()

            assert ledger.status()[0].state == "failed"

    def test_names_are_texts(self) -> None:
        with pytest.raises(MigrationError, match="digits and a word"):
            Migration(1, "a", up)  # type: ignore[arg-type]
