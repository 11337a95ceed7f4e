"""Where settings come from, which word counts, and what can't be a setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.cli.failures import Failure
from persistence.cli.settings import Settings, settings_of


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, "utf-8")
    return folder


class TestSources:
    def test_without_any_nothing_is_said(self, tmp_path: Path) -> None:
        project(tmp_path, "")

        assert settings_of({}, {}, tmp_path) == Settings(project=tmp_path)

    def test_the_command_line_is_stronger_than_the_environment_and_that_than_the_file(
        self, tmp_path: Path
    ) -> None:
        project(tmp_path, '[tool.persistence]\napp = "file"\nregion = "file"\nprofile = "file"\n')
        environment = {"PERSISTENCE_REGION": "environment", "PERSISTENCE_PROFILE": "environment"}

        found = settings_of({"profile": "given"}, environment, tmp_path)

        assert (found.app, found.region, found.profile) == ("file", "environment", "given")

    def test_an_empty_variable_counts_as_absent(self, tmp_path: Path) -> None:
        project(tmp_path, '[tool.persistence]\napp = "file"\n')

        assert settings_of({}, {"PERSISTENCE_APP": ""}, tmp_path).app == "file"

    def test_the_nearest_file_counts_also_without_a_table_of_ours(self, tmp_path: Path) -> None:
        project(tmp_path, '[tool.persistence]\napp = "outer"\n')
        inner, below = tmp_path / "inner", tmp_path / "inner" / "src" / "package"
        below.mkdir(parents=True)
        project(inner, '[project]\nname = "inner"\n')

        found = settings_of({}, {}, below)

        assert (found.app, found.project) == (None, inner)


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[tool.persistence]\nendpont = 'x'\n", "did you mean 'endpoint'?"),
            ("[tool.persistence]\nzzz = 'x'\n", "known are app, store"),
            ("[tool.persistence]\nregion = 7\n", "region is 7; it is a text"),
            ("[tool.persistence]\noutput = 'yaml'\n", "output is 'yaml'; it is one of table, json"),
            ("[tool.persistence\n", "can't be read"),
            ("[tool]\npersistence = 'shop'\n", "tool.persistence is a table of settings"),
            ("\x00", "can't be read"),
        ],
    )
    def test_a_file_with_what_can_not_be_is_named(self, tmp_path: Path, text: str, said: str) -> None:
        project(tmp_path, text)

        with pytest.raises(Failure) as refused:
            settings_of({}, {}, tmp_path)

        assert said in refused.value.message
        assert str(tmp_path / "pyproject.toml") in refused.value.message

    def test_a_file_that_is_no_utf_8_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_bytes(b"[tool.persistence]\napp = '\xff'\n")

        with pytest.raises(Failure, match="can't be read"):
            settings_of({}, {}, tmp_path)

    @pytest.mark.parametrize(
        "endpoint",
        [
            "localhost:8000",
            "ftp://localhost:8000",
            "http://",
            "http://localhost:0",
            "http://localhost:99999",
            "http://[::1",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ],
    )
    def test_an_endpoint_is_a_url_of_http(self, tmp_path: Path, endpoint: str) -> None:
        project(tmp_path, "")

        with pytest.raises(Failure, match=r"--endpoint is .*; it is a URL such as"):
            settings_of({"endpoint": endpoint}, {}, tmp_path)

    def test_the_variable_with_a_wrong_value_is_named(self, tmp_path: Path) -> None:
        project(tmp_path, "")

        with pytest.raises(Failure, match="PERSISTENCE_STORE is 'redis'; it is one of dynamodb, memory"):
            settings_of({}, {"PERSISTENCE_STORE": "redis"}, tmp_path)
