"""The command line as a process with pipes: what it writes where, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import PROGRAM, ROOT, environment, ran

pytestmark = pytest.mark.slow


class TestForms:
    def test_what_is_piped_has_no_colours_and_is_not_wrapped(self, folder: Path) -> None:
        ended = ran("scan", "Thing", "--limit=1", folder=folder, COLUMNS="20", FORCE_COLOR="1")

        assert "\x1b" not in ended.out
        assert len(ended.out.splitlines()) == 3
        assert all(line == line.rstrip() for line in ended.out.splitlines())

    def test_another_encoding_gets_escapes(self, folder: Path) -> None:
        (folder / "wide.py").write_text(
            "from tests.unit.cli.world import *\n"
            "def made():\n    made = container()\n"
            "    Repository(ThingMapping, made.uow()).save(Thing('\\u00fc\\u4e16', 'box'))\n"
            "    return made\n",
            "utf-8",
        )
        asked = ("get", "Thing", "box", "\u00fc\u4e16", "--app", "wide:made", "--output=json")

        latin = subprocess.run(
            [*PROGRAM, *asked],
            cwd=folder,
            env=environment(PYTHONIOENCODING="latin-1"),
            capture_output=True,
            check=False,
        )

        assert latin.returncode == 0, latin.stderr
        assert b'"id": "\xfc\\u4e16"' in latin.stdout

    def test_an_ascii_locale_gets_plain_lines(self, folder: Path) -> None:
        ended = ran("tables", folder=folder, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

        assert ended.code == 0
        assert ended.out.isascii()

    def test_control_characters_do_not_reach_the_terminal(self, folder: Path) -> None:
        (folder / "evil.py").write_text(
            "from tests.unit.cli.world import *\n"
            "def made():\n    made = container()\n"
            "    Repository(ThingMapping, made.uow()).save(Thing('x', 'box', note='\\x1b[2J[red]\\n'))\n"
            "    return made\n"
        )

        ended = ran("get", "Thing", "box", "x", "--app", "evil:made", folder=folder)

        assert "\\x1b[2J[red]\\n" in ended.out
        assert "\x1b" not in ended.out

    def test_who_reads_no_further_is_left_alone(self, folder: Path) -> None:
        """`persistence scan ... | head -1` ends quietly, as other programs do."""
        command = subprocess.list2cmdline([*PROGRAM, "scan", "Thing", "--all", "--output=json"])
        loop = f"{command} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
        (folder / "many.py").write_text(
            "from tests.unit.cli.world import *\n"
            "def made():\n    made = container()\n    for n in range(40):\n"
            "        Repository(ThingMapping, made.uow()).save(Thing(str(n), 'box', note='x' * 9000))\n"
            "    return made\n"
        )

        done = subprocess.run(
            ["bash", "-c", loop],
            cwd=folder,
            env=environment(PERSISTENCE_APP="many:made"),
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.stdout, done.stderr) == ("141\n", "")


class TestShell:
    def test_reads(self, folder: Path) -> None:
        ended = ran("shell", folder=folder, text="print(things.get('box', 't03').weight)\nprint(mappings)\n")

        assert ended.code == 0
        assert "4.5" in ended.out
        assert "read-only" in ended.err

    def test_does_not_write_unless_it_may(self, folder: Path) -> None:
        text = "things.save(Thing('new', 'box'))\nprint(things.find('box', 'new') is not None)\n"

        reading = ran("shell", folder=folder, text=text)
        writing = ran("shell", "--write", folder=folder, text=text)

        assert "start it with --write" in reading.err
        assert "False" in reading.out
        assert "True" in writing.out

    def test_does_not_change_tables_unless_it_may(self, folder: Path) -> None:
        ended = ran("shell", folder=folder, text="schema.delete_table(ThingMapping)\nprint(things.count)\n")

        assert "NotSupported" in ended.err


class TestMissingExtra:
    def test_says_what_to_install(self, folder: Path) -> None:
        program = (
            "import sys\n"
            "class Nothing:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name.partition('.')[0] in ('click', 'rich'): raise ModuleNotFoundError(name)\n"
            "sys.meta_path.insert(0, Nothing())\n"
            "import importlib.util as u\n"
            "real = u.find_spec\n"
            "u.find_spec = lambda name, *a: None if name in ('click', 'rich') else real(name, *a)\n"
            "from persistence.cli.main import main\n"
            "sys.exit(main(['tables']))\n"
        )

        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            'persistence: the command line needs click and rich: pip install "persistence-dynamodb[cli]"\n'
        )


class TestStart:
    @pytest.mark.parametrize("arguments", ["'--help'", "'--version'", "'nothing'"])
    def test_imports_no_more_than_it_needs(self, arguments: str) -> None:
        """Help, version and unknown commands need neither boto3 nor rich, nor the mappings."""
        program = (
            "import sys\nfrom persistence.cli.main import main\n"
            f"code = main([{arguments}])\n"
            "heavy = {'boto3', 'botocore', 'rich', 'marshmallow', 'persistence.mapping'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )

        done = subprocess.run(
            [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
        )

        assert done.stderr.splitlines()[-1] == "[]"

    def test_a_store_in_memory_needs_no_boto3(self, folder: Path) -> None:
        program = (
            "import sys\nfrom persistence.cli.main import main\n"
            "code = main(['tables', '--store', 'memory', '--app', 'domain_example.mappings'])\n"
            "sys.exit(code or 'boto3' in sys.modules)\n"
        )

        done = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, env=environment(), capture_output=True, check=False
        )

        assert done.returncode == 0, done.stderr
