"""The session on the page about the command line is true: each command is run, and shows what the page shows.

`...` stands for what differs from run to run: for any lines where it is a line, else for any characters.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.forks import CALLER, SOCKET, forking

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
ENDPOINT = "http://localhost:8000"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = re.compile(r'^```toml title="pyproject.toml"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
MARK = "=== next command ==="

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Step:
    """A command of the page, and what the page shows after it."""

    command: str
    shown: str

    def fits(self, found: str) -> bool:
        lines = [".*" if line == "..." else _pattern(line) + r"\n" for line in self.shown.splitlines()]
        return re.fullmatch("".join(lines), found, re.DOTALL) is not None


def _pattern(line: str) -> str:
    return "[^\n]*".join(map(re.escape, line.split("...")))


def steps_of(page: str) -> list[Step]:
    steps = []
    for block in CONSOLE.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            steps.append(Step(command, shown))
    return [step for step in steps if not step.command.startswith("pip ")]


def session(steps: list[Step], folder: Path, endpoint: str) -> list[str]:
    """Run all commands in one shell, and give what each has shown."""
    script = "".join(
        f"{step.command.replace(ENDPOINT, endpoint)}\n_code=$?; echo '{MARK}'; (exit $_code)\n"
        for step in steps
    )
    environment = _environment(folder)
    with forking(environment) as descriptor:
        done = subprocess.run(
            ["bash"],
            input=script,
            cwd=folder,
            env={**environment, SOCKET: str(descriptor)},
            pass_fds=[descriptor],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
    return done.stdout.replace(endpoint, ENDPOINT).split(f"{MARK}\n")[:-1]


def _environment(folder: Path) -> dict[str, str]:
    programs = folder / "programs"
    programs.mkdir()
    caller = programs / "caller.py"
    caller.write_text(CALLER)
    for name, command in (("persistence", f'-IS "{caller}"'), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        program.chmod(0o755)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PERSISTENCE_", "LC_"))
    }
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LC_ALL": "C.UTF-8",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",  # so that both streams come in the order in which they are written
    }


class TestPage:
    def test_every_command_shows_what_the_page_shows(self, tmp_path: Path, dynamodb_local: str) -> None:
        page = PAGE.read_text("utf-8")
        (settings,) = SETTINGS.findall(page)
        (tmp_path / "pyproject.toml").write_text(settings.replace(ENDPOINT, dynamodb_local))
        steps = steps_of(page)

        found = session(steps, tmp_path, dynamodb_local)

        wrong = [
            f"$ {step.command}\n--- on the page\n{step.shown}--- found\n{text}"
            for step, text in zip(steps, found, strict=True)
            if not step.fits(text)
        ]
        assert not wrong, "\n".join(wrong)

    def test_shows_enough_to_be_worth_running(self) -> None:
        assert len(steps_of(PAGE.read_text("utf-8"))) > 30

    @pytest.mark.parametrize(
        ("shown", "found", "fits"),
        [
            ("a ... c\n", "a b c\n", True),
            ("a ... c\n", "a b\nx c\n", False),
            ("a\n...\nc\n", "a\nb\nb\nc\n", True),
            ("a\n...\n", "b\n", False),
            ("a\n", "a\nb\n", False),
            ("", "b\n", False),
        ],
    )
    def test_compares_all_but_what_dots_stand_for(self, shown: str, found: str, fits: bool) -> None:
        assert Step("", shown).fits(found) is fits
