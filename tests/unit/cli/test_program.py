"""The command line in this process: exit codes, what is said, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from persistence.cli.program import program
from tests.unit.cli.world import Run

CODES = {"ok": 0, "differences": 1, "usage": 2, "store": 3, "refused": 4, "unexpected": 70}


class TestExitCodes:
    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            ("get Thing box t01", "ok", ""),
            ("get Thing box none", "differences", "Thing not found: ('box', 'none')"),
            ("verify Counter", "differences", "it does not exist"),
            ("plan Counter --exit-code", "differences", ""),
            ("plan Counter", "ok", ""),
            ("plan Thing --exit-code", "ok", ""),
            ("nothing", "usage", "No such command 'nothing'"),
            ("discribe", "usage", "Did you mean 'describe'?"),
            ("backup crate", "usage", "Did you mean 'create'?"),
            ("get Thing", "usage", "Missing argument"),
            ("get Thing box", "usage", "the key of Thing is kind, id: 2 value(s), and 1 came"),
            ("get Counter many", "usage", "'many' is no value of Counter.number"),
            ("get Thin a b", "usage", "did you mean 'Thing'?"),
            ("query Thing --lmit 3", "usage", "No such option"),
            ("query Thing 'size > 3'", "usage", "it would read all of table 'things'"),
            ("query Thing 'size >'", "usage", "ends where a value is expected"),
            ("query Thing kind=box --after nonsense", "usage", "the cursor is refused"),
            ("query Thing kind=box --index by-color", "usage", "by-colour"),
            ("query Thing kind=box --descending", "usage", "--descending goes with --order-by"),
            ("tables --app nowhere", "usage", "there is no module 'nowhere'"),
            ("tables --endpoint nowhere", "usage", "it is a URL such as"),
            ("tables --endpoint http://localhost:1", "store", "does something listen there?"),
            ("tables --store dynamodb", "store", "You must specify a region"),
            ("tables --profile nobody", "store", "nobody"),
            ("tables --region eu-central-1", "store", "no usable credentials were found"),
            ("describe Counter", "store", "Requested resource not found"),
            ("describe Counter", "store", "`persistence plan` shows which tables"),
            ("delete-table Thing", "refused", "there is no terminal to ask; add --yes"),
            ("evolve Thing", "refused", "add --yes"),
            ("apply --table Thing --allow-drop by-nothing", "refused", "by-nothing"),
            ("restore things other", "usage", "is no ARN of a backup"),
            ("restore things other --at 2026-01-01 --latest", "usage", "exclude each other"),
            ("restore things other --at yesterday", "usage", "is no time"),
            ("apply nowhere.json", "usage", "nowhere.json can't be read"),
            ("apply pyproject.toml", "usage", "is no plan"),
            ("export", "usage", "Name a format"),
            ("export jam", "usage", "Invalid value"),
            ("backup check nowhere", "usage", "'nowhere' does not exist"),
            ("backup import nowhere", "usage", "'nowhere' does not exist"),
            ("backup delete before-release --yes", "usage", "is no ARN of a backup"),
            ("evolve Thing --target x --transform json:dunps", "usage", "did you mean 'dumps'?"),
            ("evolve Thing --target x --transform json", "usage", "is no function"),
        ],
    )
    def test_say_how_it_ended(self, ran: Run, arguments: str, code: str, said: str) -> None:
        """No mistake of the user's, and no error of the store's, shows a traceback; stdout stays clean."""
        words = [word.strip("'") for word in _split(arguments)]

        ended = ran(*words)

        assert (ended.code, "Traceback" in ended.err + ended.out) == (CODES[code], False), ended
        assert said in ended.err
        assert code in ("ok", "differences") or not ended.out

    def test_an_error_of_the_applications_own_says_how_to_report_it(self, ran: Run, folder: Path) -> None:
        (folder / "odd.py").write_text(
            "from tests.unit.cli.world import *\n"
            "class Odd(MemoryStore):\n    def perform(self, operation): raise RuntimeError('odd')\n"
            "def made():\n    c = container(); c.store.override(providers.Object(Odd())); return c\n"
        )

        plain = ran("tables", "--app", "odd:made")
        debugged = ran("tables", "--app", "odd:made", "--debug")

        assert (plain.code, "Traceback" in plain.err) == (70, False)
        assert "unexpected RuntimeError: odd" in plain.err
        assert "--debug" in plain.err
        assert (debugged.code, "Traceback" in debugged.err) == (70, True)

    def test_debug_shows_the_traceback_of_a_broken_application(self, ran: Run, folder: Path) -> None:
        (folder / "broken.py").write_text("1 / 0\n")

        ended = ran("--debug", "tables", "--app", "broken")

        assert ended.code == 2
        assert "Traceback" in ended.err
        assert "ZeroDivisionError" in ended.err


def _split(text: str) -> list[str]:
    parts = text.split("'")
    return [word for place, part in enumerate(parts) for word in ([part] if place % 2 else part.split())]


class TestItems:
    def test_a_page_leads_to_the_next_one_in_another_process(self, ran: Run, folder: Path) -> None:
        seen: list[str] = []
        cursor: list[str] = []
        for _ in range(4):
            asked = ("query", "Thing", "kind = box", "--limit", "10", "--output", "json")

            ended = ran(*asked, *cursor)

            seen += [json.loads(line)["id"] for line in ended.out.splitlines()]
            if not ended.err:
                break
            cursor = ["--after", json.loads(ended.err)["cursor"]]
        assert seen == [f"t{number:02}" for number in range(25)]

    def test_all_gives_all(self, ran: Run, folder: Path) -> None:
        ended = ran("query", "Thing", "kind = box", "--all", "--output=json", "--select=id")

        assert [json.loads(line) for line in ended.out.splitlines()] == [
            {"id": f"t{number:02}"} for number in range(25)
        ]
        assert ended.err == ""

    def test_conditions_go_to_keys_indexes_and_filters(self, ran: Run, folder: Path) -> None:
        conditions = ("colour = RED", "size between 3 and 9", "weight > 6 and not (id = t07)")

        ended = ran("query", "Thing", *conditions, "--order-by=size", "--descending", "--select=id")

        assert [line.strip() for line in ended.out.splitlines()[2:]] == ["t09", "t08", "t06", "t05"]

    @pytest.mark.parametrize(
        ("arguments", "number"),
        [(("kind = box",), "25"), (("size >= 20", "--scan"), "5"), (("colour = red", "size < 3"), "3")],
    )
    def test_counts(self, ran: Run, arguments: tuple[str, ...], number: str) -> None:
        assert ran("count", "Thing", *arguments).out == f"{number}\n"

    def test_raw_shows_what_is_stored(self, ran: Run, folder: Path) -> None:
        one = ran("get", "Thing", "box", "t03", "--raw")
        some = ran("query", "Thing", "kind = box", "size > 21", "--raw", "--limit=2")

        assert json.loads(one.out)["weight"] == {"N": "4.5"}
        assert json.loads(one.out)["places"] == {"L": [{"M": {"city": {"S": "Rome"}, "floor": {"N": "2"}}}]}
        assert [json.loads(line)["id"] for line in some.out.splitlines()] == [{"S": "t22"}, {"S": "t23"}]

    def test_raw_shows_what_the_mapping_can_not_read(self, ran: Run, folder: Path) -> None:
        (folder / "damaged.py").write_text(
            "from tests.unit.cli.world import *\n"
            "from persistence.operations import PutItem\n"
            "from persistence.mapping import mapping_of\n"
            "def made():\n"
            "    item = {'kind': {'S': 'box'}, 'id': {'S': 'a'}, 'weight': {'S': 'much'}}\n"
            "    made = container()\n"
            "    made.store().perform(PutItem(mapping_of(ThingMapping).table, item))\n"
            "    return made\n"
        )

        refused = ran("get", "Thing", "box", "a", "--app", "damaged:made")
        raw = ran("get", "Thing", "box", "a", "--app", "damaged:made", "--raw")

        assert (refused.code, raw.code) == (1, 0)
        assert "--raw" in refused.err
        assert json.loads(raw.out)["weight"] == {"S": "much"}

    def test_explains_without_a_store(self, ran: Run, folder: Path) -> None:
        """No credentials, no region: nothing is sent."""
        app = ("--app", "tests.unit.cli.world", "--store", "dynamodb")

        ended = ran("explain", "Thing", "colour = RED", *app)

        assert ended.code == 0
        assert ended.out.startswith("query of index 'by-colour'")


class TestDescribe:
    def test_says_whose_key_encrypts(self, ran: Run, folder: Path) -> None:
        (folder / "sealed.py").write_text(
            "from persistence import SchemaService, Table\n"
            "from persistence.table_options import Encryption\n"
            "from tests.unit.cli.world import container\n"
            "def made():\n    made = container()\n"
            "    key = Encryption.customer('alias/orders')\n"
            "    SchemaService(made.store()).create_table(Table('sealed', 'id'), encryption=key)\n"
            "    return made\n"
        )

        ended = ran("describe", "sealed", "--app", "sealed:made", "--output", "json")

        assert json.loads(ended.out)["encryption"] == "CUSTOMER alias/orders"


class TestJson:
    @pytest.mark.parametrize(
        "command", ["plan", "tables", "describe things", "verify Thing", "doctor", "apply"]
    )
    def test_json_is_all_that_is_on_stdout(self, ran: Run, command: str) -> None:
        ended = ran(*command.split(), "--output", "json")

        try:
            json.loads(ended.out)
        except ValueError:
            for line in ended.out.splitlines():
                json.loads(line)
        assert ended.out


class TestPlans:
    def test_a_saved_plan_is_done(self, ran: Run) -> None:
        written = ran("plan", "--out", "plan.json")

        applied = ran("apply", "plan.json", "--output", "json")

        assert written.code == 0
        assert [(step["table"], step["kind"]) for step in json.loads(applied.out)] == [
            ("counters", "create_table")
        ]

    def test_a_saved_plan_with_less_than_there_is_to_do_is_refused(self, ran: Run, folder: Path) -> None:
        ran("plan", "--out", "plan.json")
        saved = json.loads((folder / "plan.json").read_text("utf-8"))
        for table in saved["tables"]:
            table["steps"] = []
        (folder / "plan.json").write_text(json.dumps(saved), "utf-8")

        ended = ran("apply", "plan.json")

        assert ended.code == 4
        assert "'counters' has changed since the plan was made" in ended.err

    @pytest.mark.parametrize("text", ["[]", "{}", '{"format": 1}', '{"format": 1, "tables": [1]}', "\x00"])
    def test_what_is_no_plan_is_refused(self, ran: Run, folder: Path, text: str) -> None:
        (folder / "plan.json").write_text(text, "utf-8")

        ended = ran("apply", "plan.json")

        assert (ended.code, ended.err) == (
            2,
            "Error: plan.json is no plan; `persistence plan --out plan.json` writes one\n",
        )

    def test_a_plan_of_another_format_is_refused(self, ran: Run, folder: Path) -> None:
        (folder / "plan.json").write_text('{"format": 99, "tables": []}', "utf-8")

        assert "is a plan of format 99" in ran("apply", "plan.json").err

    def test_what_is_not_declared_is_dropped_only_with_consent(self, ran: Run, folder: Path) -> None:
        (folder / "less.py").write_text(
            "from tests.unit.cli.world import *\nfrom tests.unit.cli.world import container as full\n"
            "class Less(MappingSchema[Thing]):\n    class Meta:\n"
            "        table = 'things'\n        key = Key('kind', 'id')\n"
            "    note = fields.String(data_key='remark')\n    expires_at = fields.TimeToLive()\n"
            "def made():\n    built = full()\n    built.mappings.override(providers.Object((Less,)))\n"
            "    return built\n"
        )
        app = ("--app", "less:made")

        kept = ran("apply", *app)
        asked = ran("apply", "--allow-drop", "by-colour", *app)
        done = ran("apply", "--allow-drop", "by-colour", "--yes", *app)

        assert (kept.code, kept.out) == (0, "nothing to do\n")
        assert (asked.code, "add --yes" in asked.err) == (4, True)
        assert (done.code, "by-colour" in done.out) == (0, True)


class TestCompletion:
    @pytest.mark.parametrize(
        ("words", "completed"),
        [
            ("persistence quer", ["query"]),
            ("persistence backup ex", ["export"]),
            ("persistence get T", ["Thing"]),
            ("persistence describe c", ["counters"]),
            ("persistence query Thing --index ", ["by-colour"]),
            ("persistence query Counter --index ", []),
            ("persistence query Thing we", ["weight"]),
            ("persistence query Thing --select we", ["weight"]),
            ("persistence query Thing --select id,we", ["id,weight"]),
            ("persistence apply --table c", ["counters"]),
            ("persistence --app nowhere get T", []),
        ],
    )
    def test_completes_names_of_the_application(self, ran: Run, words: str, completed: list[str]) -> None:
        """As a shell asks; `ran` sets the folder."""
        typed = words.split(" ")

        found = ShellComplete(program, {}, "persistence", "_X").get_completions(typed[1:-1], typed[-1])

        assert [each.value for each in found] == completed

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_prints_the_script_of_a_shell(self, ran: Run, shell: str) -> None:
        ended = ran("completion", shell)

        assert ended.code == 0
        assert f"_PERSISTENCE_COMPLETE={shell}_complete" in ended.out
