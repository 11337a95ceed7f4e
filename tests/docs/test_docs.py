"""The README and the pages of the documentation are true: every Python snippet in them runs.

A page is one session: its snippets run from top to bottom and share their names. A test function without
arguments is called where it is defined. Snippets with a title, such as `title="test_shop.py"`, are the files
of a project: they are put into an empty folder, from which the page's other snippets can import, and where
pytest runs them.

Snippets that talk to AWS talk to moto, so that none needs to be skipped. What a reader need not see is in
HTML comments, which renderers don't show: `<!--- invisible-code-block: python`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from moto import mock_aws
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*(?:python|py|pycon|python3)\b", re.MULTILINE)
FILE = re.compile(r'^```(?:python|json) title="([^"\n]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)

TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in TEXTS if FENCE.search(page.read_text(encoding="utf-8"))]

_run_python = PythonEvaluator()


def evaluate(example: Example) -> None:
    """Run a snippet, then the tests that it defines."""
    before = dict(example.namespace)
    _run_python(example)
    for name, defined in list(example.namespace.items()):
        if name.startswith("test_") and isinstance(defined, FunctionType) and before.get(name) is not defined:
            defined()


def session_of(page: Path) -> Document:
    return Document.parse(str(page), CodeBlockParser("python", evaluate))


def files_of(page: Path) -> dict[str, str]:
    return dict(FILE.findall(page.read_text(encoding="utf-8")))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def project(page: Path, tmp_path: Path) -> Path:
    """A folder with the files that the page shows."""
    for name, source in files_of(page).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    return tmp_path


@pytest.fixture
def importable(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's files can be imported, and are forgotten afterwards."""
    monkeypatch.syspath_prepend(project)
    monkeypatch.setitem(sys.modules, "page", ModuleType("page"))
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(project)):
            del sys.modules[name]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account without tables, whatever the environment configures."""
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.mark.parametrize("page", PAGES, ids=name_of)
class TestPage:
    @pytest.mark.usefixtures("aws", "importable")
    def test_runs_from_top_to_bottom(self, page: Path) -> None:
        """Each snippet runs with the names of those before it, and what it asserts holds."""
        document = session_of(page)
        document.namespace = vars(sys.modules["page"])

        for example in document:
            example.evaluate()

    def test_leaves_no_snippet_out(self, page: Path) -> None:
        """Every fence of Python is a snippet of the session or a file of the project."""
        text = page.read_text(encoding="utf-8")
        shown = [region for _, region in session_of(page).regions if text.startswith("```", region.start)]

        fences = FENCE.findall(text)

        assert len(fences) == len(shown) + sum(name.endswith(".py") for name in files_of(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if files_of(page)], ids=name_of)
class TestProject:
    def test_passes_its_own_tests(self, project: Path) -> None:
        """pytest passes in the folder of the files that the page shows, with warnings as errors."""
        # They are loaded by themselves where the library is installed anew.
        plugins = ("-p", "persistence.testing.plugin", "-p", "persistence.testing.expecting_plugin")
        options = ("-q", "-W", "error", "-p", "no:cacheprovider", *plugins)

        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )

        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
