"""botocore's list of endpoints, read by the service that is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
import pytest

from persistence.stores.dynamodb.endpoints import read_endpoints

CONTENT = (Path(botocore.__file__).parent / "data" / "endpoints.json").read_bytes()
WHOLE: dict[str, Any] = json.loads(CONTENT)
REGULAR = b"""{
  "partitions" : [ {
    "partition" : "aws",
    "services" : {
      "dynamodb" : {
        "endpoints" : { "eu-central-1" : { } }
      },
      "empty" : { },
      "other" : {
        "endpoints" : %s
      }
    }
  }, {
    "partition" : "aws-cn",
    "services" : { }
  } ],
  "version" : 3
}
"""


def services(content: bytes, number: int = 0) -> Any:
    """Give the services of a partition."""
    return read_endpoints(content)["partitions"][number]["services"]


@pytest.mark.parametrize("number", range(len(WHOLE["partitions"])))
def test_finds_each_service_of_botocore_s_own_list(number: int) -> None:
    """One by one, without the others."""
    expected = WHOLE["partitions"][number]["services"]

    found = services(CONTENT, number)

    assert {name: found[name] for name in expected} == expected


def test_gives_what_is_in_the_list() -> None:
    """All of it, in its order."""
    assert read_endpoints(CONTENT) == WHOLE
    assert list(services(CONTENT)) == list(WHOLE["partitions"][0]["services"])
    assert len(services(CONTENT)) == len(WHOLE["partitions"][0]["services"])


def test_reads_only_the_service_that_is_asked_for() -> None:
    """What is wrong with another one does not matter."""
    found = services(REGULAR % b"nonsense")

    assert found["dynamodb"] == {"endpoints": {"eu-central-1": {}}}
    with pytest.raises(ValueError, match="Expecting value"):
        found["other"]


@pytest.mark.parametrize("name", ["nonsense", "endpoints", "dyn", 'a"b', ""])
def test_has_no_service_that_is_not_in_the_list(name: str) -> None:
    """As in a dict."""
    found = services(CONTENT)

    assert name not in found
    assert found.get(name, 5) == 5
    assert "dynamodb" in found


def test_reads_services_on_one_line() -> None:
    """Those end elsewhere."""
    found = services(REGULAR % b"{ }")

    assert found["empty"] == {}
    assert found["other"] == {"endpoints": {}}
    assert services(REGULAR % b"{ }", 1) == {}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(WHOLE).encode(),
        json.dumps(WHOLE, indent=2).encode(),
        json.dumps(WHOLE, indent=2, separators=(",", " : ")).encode(),
        json.dumps(WHOLE, indent=4).encode(),
        CONTENT.replace(b"\n", b"\r\n"),
        CONTENT.replace(b"      ", b"\t"),
    ],
)
def test_reads_other_layouts(content: bytes) -> None:
    """A list of the user's may be laid out in any way."""
    assert services(content)["dynamodb"] == WHOLE["partitions"][0]["services"]["dynamodb"]
    assert read_endpoints(content) == WHOLE


@pytest.mark.parametrize("content", [b"[1]", b"{}", b'{"partitions": [1]}', b'{"partitions": [{}]}'])
def test_gives_json_of_another_kind_as_it_is(content: bytes) -> None:
    """botocore says what is wrong with it."""
    assert read_endpoints(content) == json.loads(content)


@pytest.mark.parametrize("content", [b"", CONTENT[:-10], CONTENT[:500_000]])
def test_refuses_what_is_no_json(content: bytes) -> None:
    """As `json` does."""
    with pytest.raises(ValueError, match=r"Expecting|delimiter|Unterminated"):
        read_endpoints(content)
