"""Endpoints of the command line: this machine, AWS, and what a project allows by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.cli.endpoints import check_endpoint
from persistence.cli.failures import Failure
from persistence.cli.settings import settings_of

HERE_AND_AWS = [
    "http://localhost:8000",
    "http://LOCALHOST:8000/",
    "http://shop.localhost:8000",
    "http://127.0.0.1:8000",
    "http://127.8.9.1",
    "http://[::1]:8000",
    "http://[::ffff:127.0.0.1]:8000",
    "https://dynamodb.eu-central-1.amazonaws.com",
    "https://dynamodb.eu-central-1.api.aws.",
    "https://vpce-1.dynamodb.cn-north-1.vpce.amazonaws.com.cn",
]
NEVER = [
    "http://169.254.169.254/",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.170.23",
    "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
]
STRANGERS = [
    "http://dynamodb:8000",
    "http://10.0.0.5:8000",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://127.1/",
    "http://0.0.0.0:8000",
    "https://amazonaws.com.example.org",
    "https://evilamazonaws.com",
    "https://localhost.example.org",
    "https://notlocalhost",
]
NO_URLS = [
    "nowhere",
    "file:///etc/passwd",
    "gopher://localhost:8000",
    "http://",
    "http://localhost:0",
    "http://localhost:99999",
    "http://localhost:8000@example.org",
    "http://user:secret@localhost",
    "http://example.org\\@localhost",
    "http://local host",
    "http://localhost\r\nHost: example.org",
]


@pytest.mark.parametrize("endpoint", HERE_AND_AWS)
def test_this_machine_and_aws_are_asked(endpoint: str) -> None:
    check_endpoint(endpoint, "--endpoint", ())


@pytest.mark.parametrize("endpoint", NEVER)
def test_metadata_services_never_are(endpoint: str) -> None:
    with pytest.raises(Failure, match="never a DynamoDB"):
        check_endpoint(endpoint, "--endpoint", ["169.254.169.254", "169.254.170.2", "fd00:ec2::254"])


@pytest.mark.parametrize("endpoint", STRANGERS)
def test_strangers_are_not(endpoint: str) -> None:
    with pytest.raises(Failure, match="neither this machine nor AWS"):
        check_endpoint(endpoint, "--endpoint", ())


@pytest.mark.parametrize("endpoint", NO_URLS)
def test_other_things_are_no_endpoints(endpoint: str) -> None:
    with pytest.raises(Failure, match="it is a URL such as"):
        check_endpoint(endpoint, "--endpoint", ["example.org", "localhost"])


@pytest.mark.parametrize("allowed", ["dynamodb", "DynamoDB", "dynamodb:8000"])
def test_strangers_are_asked_where_they_are_allowed(allowed: str) -> None:
    check_endpoint("http://dynamodb:8000", "--endpoint", [allowed])


@pytest.mark.parametrize("allowed", ["dynamodb:8001", "db", ""])
def test_only_those_that_are_allowed(allowed: str) -> None:
    with pytest.raises(Failure):
        check_endpoint("http://dynamodb:8000", "--endpoint", [allowed])


class TestSettings:
    def test_allow_by_the_project_and_by_the_environment(self, tmp_path: Path) -> None:
        given = {"endpoint": "http://dynamodb:8000"}
        with pytest.raises(Failure, match="allowed_endpoints"):
            settings_of(given, {}, tmp_path)
        named = {"PERSISTENCE_ALLOWED_ENDPOINTS": "other, dynamodb:8000"}
        assert settings_of(given, named, tmp_path).allowed_endpoints == ("other", "dynamodb:8000")

        file = tmp_path / "pyproject.toml"
        file.write_text('[tool.persistence]\nallowed_endpoints = ["dynamodb"]\n')
        assert settings_of(given, {}, tmp_path).endpoint == "http://dynamodb:8000"
        file.write_text('[tool.persistence]\nallowed_endpoints = "dynamodb"\n')
        with pytest.raises(Failure, match="is a list of hosts"):
            settings_of(given, {}, tmp_path)
