"""The command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.cli.program import run
from tests.unit.cli.world import Ended, Run

APP = "tests.unit.cli.world:container"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an application that keeps some things in memory."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.persistence]\napp = "{APP}"\n', "utf-8")
    return tmp_path


@pytest.fixture
def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs the command line in that folder, with nothing of this machine's configuration."""
    monkeypatch.chdir(folder)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(folder / "no-such-file"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    path, modules = list(sys.path), set(sys.modules)

    def ran(*arguments: str) -> Ended:
        code = run(arguments)
        return Ended(code, *capsys.readouterr())

    yield ran
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(folder) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]
