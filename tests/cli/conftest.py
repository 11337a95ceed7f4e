"""A folder with an application, for the command line to find."""

from __future__ import annotations

from pathlib import Path

import pytest

APP = '[tool.persistence]\napp = "tests.unit.cli.world:container"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose application keeps some things in memory."""
    (tmp_path / "pyproject.toml").write_text(APP, "utf-8")
    return tmp_path
