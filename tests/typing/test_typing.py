"""Typing promises: each sample is read by both type checkers, which must find what it says, and nothing else.

A line that is wrong ends in `# error:` and the checkers that find it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(Path(__file__).parent.joinpath("samples").glob("*.py"))

Found = frozenset[tuple[str, int]]
"""The names of samples, and the numbers of lines."""

_MYPY_ERROR = re.compile(r"^(?P<path>.+?):(?P<line>\d+): error: ", re.MULTILINE)
_EXPECTED = re.compile(r"# error: (?P<checkers>\w+(?:, \w+)*)$")


def _output(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@cache
def found_by_mypy() -> Found:
    output = _output("mypy", "--no-error-summary", "--no-pretty", *map(str, SAMPLES))
    return frozenset((Path(each["path"]).name, int(each["line"])) for each in _MYPY_ERROR.finditer(output))


@cache
def found_by_pyright() -> Found:
    told = json.loads(_output("pyright", "--outputjson", *map(str, SAMPLES)))["generalDiagnostics"]
    errors = [each for each in told if each["severity"] == "error"]
    return frozenset((Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors)


CHECKERS: Mapping[str, Callable[[], Found]] = {"mypy": found_by_mypy, "pyright": found_by_pyright}


def expected(sample: Path, checker: str) -> set[int]:
    lines = enumerate(sample.read_text().splitlines(), 1)
    marked = ((number, _EXPECTED.search(line)) for number, line in lines)
    return {number for number, mark in marked if mark and checker in mark["checkers"].split(", ")}


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
@pytest.mark.parametrize("checker", CHECKERS)
def test_finds_what_is_wrong(checker: str, sample: Path) -> None:
    """Misspelt fields, wrong operands and wrong entities are errors; what is right is none."""
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")

    found = {line for name, line in CHECKERS[checker]() if name == sample.name}

    assert found == expected(sample, checker)


def test_samples_expect_something() -> None:
    """A sample that promises nothing would prove nothing."""
    assert [sample.stem for sample in SAMPLES if not expected(sample, "mypy")] == []
