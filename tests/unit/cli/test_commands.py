"""Commands that change something: migrations, backups, exports, evolution, and what they leave behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.world import Run

SHOP = """
from tests.unit.cli.world import CounterMapping, ThingMapping, container

made = container()
queries = {}
number = 3


def none_of_it():
    return {}


def as_it_is(item):
    return item
"""
FIRST = """
def up(context):
    pass


def down(context):
    pass
"""
FAILING = """
def up(context):
    raise ValueError("not yet")
"""
LOOKING = """
from persistence.cli.program import run


def up(context):
    run(["migrate", "status"])
"""


@pytest.fixture(autouse=True)
def _one_store(folder: Path) -> None:
    """The application keeps its store between the commands of a test."""
    (folder / "shop.py").write_text(SHOP, "utf-8")
    (folder / "pyproject.toml").write_text('[tool.persistence]\napp = "shop:made"\n', "utf-8")


def migrations(folder: Path, **texts: str) -> tuple[str, str]:
    """Write migrations, and give the option that names their folder."""
    where = folder / "migrations"
    where.mkdir()
    for name, text in texts.items():
        (where / f"{name.lstrip('_')}.py").write_text(text, "utf-8")
    return "--migrations", str(where)


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


class TestMigrate:
    def test_runs_what_is_pending_once(self, ran: Run, folder: Path) -> None:
        where = migrations(folder, _1_first=FIRST, _2_second=FIRST)

        planned = ran("migrate", "plan", "--exit-code", *where)
        dry = ran("migrate", "run", "--dry-run", *where)
        done = ran("migrate", "run", *where)
        again = ran("migrate", "run", *where)

        assert (planned.code, planned.out) == (1, "to run: 1_first\nto run: 2_second\n")
        assert dry.out == planned.out
        assert (done.code, done.out) == (0, "applied: 1_first\napplied: 2_second\n")
        assert again.out == "nothing to do\n"
        assert ran("migrate", "plan", "--exit-code", *where).code == 0

    def test_tells_where_each_stands(self, ran: Run, folder: Path) -> None:
        where = migrations(folder, _1_first=FIRST, _2_second=FAILING)

        failed = ran("migrate", "run", *where)
        rows = [
            json.loads(line) for line in ran("migrate", "status", "--output", "json", *where).out.splitlines()
        ]

        assert failed.code == 4
        assert [(row["id"], row["state"]) for row in rows] == [("1", "applied"), ("2", "failed")]
        assert rows[1]["failure"] == "ValueError"

    def test_tells_who_is_running_them(self, ran: Run, folder: Path) -> None:
        where = migrations(folder, _1_looking=LOOKING)
        settings = folder / "pyproject.toml"
        settings.write_text(f'{settings.read_text()}migrations = "{where[1]}"\n', "utf-8")

        ended = ran("migrate", "run")

        assert ended.code == 0
        assert "is running migrations, or was killed; its lease ends at" in ended.err

    def test_undoes_the_last_ones_with_consent(self, ran: Run, folder: Path) -> None:
        where = migrations(folder, _1_first=FIRST, _2_second=FIRST)
        ran("migrate", "run", *where)

        dry = ran("migrate", "rollback", "--steps", "1", "--dry-run", *where)
        undone = ran("migrate", "rollback", "--to", "1_first", "--yes", "--output", "json", *where)

        assert dry.out == "to undo: 2_second\n"
        assert json.loads(undone.out) == [{"id": "2", "name": "second"}]

    def test_undoes_nothing_without_how_far(self, ran: Run, folder: Path) -> None:
        where = migrations(folder, _1_first=FIRST)

        for given in ([], ["--to", "1", "--steps", "1"]):
            ended = ran("migrate", "rollback", *given, *where)
            assert (ended.code, "Say how far" in ended.err) == (2, True)

    def test_says_what_is_not_said(self, ran: Run, folder: Path) -> None:
        (folder / "pyproject.toml").write_text("", "utf-8")
        where = migrations(folder, _1_first=FIRST)

        assert "say where the migrations are" in ran("migrate", "status", "--store", "memory").err
        assert "say whose migrations they are" in ran("migrate", "status", "--store", "memory", *where).err


class TestBackup:
    def test_is_made_listed_restored_and_deleted(self, ran: Run) -> None:
        made = json.loads(ran("backup", "create", "things", "--name", "before", "--output", "json").out)
        of_things, of_counters, of_all = (
            lines(ran("backup", "list", *of, "--output", "json").out) for of in (["things"], ["counters"], [])
        )
        restored = ran("restore", made["arn"], "copy", "--output", "json")
        deleted = ran("backup", "delete", made["arn"], "--yes")

        assert (made["name"], made["table"], made["status"]) == ("before", "things", "AVAILABLE")
        assert [each["arn"] for each in of_things] == [made["arn"]]
        assert (of_all, of_counters) == (of_things, [])
        assert json.loads(restored.out)["table"] == "copy"
        assert made["arn"] in deleted.out
        assert ran("backup", "list", "--output", "json").out == ""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["backup", "delete", "before", "--yes"], "is no ARN of a backup"),
            (["restore", "things", "copy"], "is no ARN of a backup"),
            (["restore", "things", "copy", "--latest", "--at", "2026-01-02T03:04:05Z"], "exclude each other"),
            (["restore", "things", "copy", "--at", "noon"], "noon"),
        ],
    )
    def test_is_refused_where_it_is_not_said_which(self, ran: Run, arguments: list[str], said: str) -> None:
        ended = ran(*arguments)

        assert (ended.code, said in ended.err) == (2, True), ended

    def test_a_table_is_restored_as_it_was_only_where_that_is_kept(self, ran: Run) -> None:
        ended = ran("restore", "things", "copy", "--latest")

        assert ended.code in {3, 4}
        assert "recovery" in ended.err


class TestExport:
    def test_is_checked_and_imported(self, ran: Run, folder: Path) -> None:
        out = str(folder / "things")

        made = json.loads(ran("backup", "export", "things", out, "--output", "json").out)
        checked = json.loads(ran("backup", "check", out, "--output", "json").out)
        into = json.loads(ran("backup", "import", out, "--into", "copy", "--output", "json").out)
        again = ran("backup", "import", out, "--into", "things", "--overwrite", "--yes", "--no-verify")

        assert made["items"] == 25
        assert checked == made
        assert (into["table"], into["created"], into["written"], into["equal"]) == ("copy", True, 25, True)
        assert again.code == 0

    def test_asks_before_it_replaces(self, ran: Run, folder: Path) -> None:
        out = str(folder / "things")
        ran("backup", "export", "things", out)

        ended = ran("backup", "import", out, "--overwrite")

        assert ended.code != 0
        assert "replace items of the table that the folder is of" in ended.err

    def test_that_is_damaged_is_told(self, ran: Run, folder: Path) -> None:
        out = folder / "things"
        ran("backup", "export", "things", str(out))
        (part,) = out.glob("data/*.gz")
        part.write_bytes(b"")

        ended = ran("backup", "check", str(out))

        assert (ended.code, part.name in ended.err) == (1, True), ended


class TestEvolution:
    def test_needs_versions_to_bring_items_to_the_current_one(self, ran: Run, folder: Path) -> None:
        ended = ran("backfill", "Thing", "--dry-run", "--checkpoint", str(folder / "progress"))

        assert (ended.code, "has no schema_version" in ended.err) == (2, True)

    def test_goes_to_a_table_by_name_through_a_function(self, ran: Run) -> None:
        ended = ran("evolve", "Thing", "--target", "copy", "--transform", "shop:as_it_is", "--dry-run")

        assert ended.code == 0, ended

    @pytest.mark.parametrize("function", ["shop", "shop:number"])
    def test_refuses_what_is_no_function(self, ran: Run, function: str) -> None:
        ended = ran("evolve", "Thing", "--transform", function, "--dry-run")

        assert (ended.code, "is no function" in ended.err) == (2, True), ended


class TestDocuments:
    def test_json_schema_is_shown_or_written(self, ran: Run, folder: Path) -> None:
        file = folder / "thing.json"

        shown = ran("documents", "json-schema", "Thing")
        written = ran("documents", "json-schema", "Thing", "--out", str(file))

        assert json.loads(shown.out) == json.loads(file.read_text("utf-8"))
        assert written.err == f"written: {file}\n"

    def test_diagram_is_of_the_named_tables(self, ran: Run) -> None:
        whole, part = ran("documents", "diagram").out, ran("documents", "diagram", "counters").out

        assert ("things" in whole, "things" in part, "counters" in part) == (True, False, True)

    @pytest.mark.parametrize("queries", ["shop:queries", "shop:none_of_it"])
    def test_access_patterns_are_of_a_dict_or_what_gives_one(self, ran: Run, queries: str) -> None:
        assert ran("documents", "access-patterns", queries).code == 0

    def test_access_patterns_of_something_else_are_refused(self, ran: Run) -> None:
        ended = ran("documents", "access-patterns", "shop:number")

        assert (ended.code, "it is a dict of queries" in ended.err) == (2, True)

    def test_a_file_that_can_not_be_written_is_told(self, ran: Run, folder: Path) -> None:
        ended = ran("documents", "diagram", "--out", str(folder / "none" / "diagram.md"))

        assert (ended.code, "can't be written" in ended.err) == (2, True)


class TestDoctor:
    def test_finds_tables_that_are_as_declared_and_that_are_not_there(self, ran: Run) -> None:
        rows = lines(ran("doctor", "--output", "json").out)
        found = {row["check"]: (row["state"], row["found"]) for row in rows}

        assert found["table things"] == ("ok", "as declared")
        assert found["table counters"] == ("fail", "does not exist")
