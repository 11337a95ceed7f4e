"""Signatures are those of botocore, to the byte, whatever the request is like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.operations import GetItem
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.signer import SIGNATURE_VERSION, QuickSigV4Auth
from persistence.stores.dynamodb.signing import Credentials, host_of, signed
from persistence.table import Table
from tests.unit.stores.dynamodb.wire import Wire, wired

NOW = datetime(2026, 11, 26, 19, 55, tzinfo=UTC)

PRINTABLE = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30
)
NAMES = st.one_of(
    st.sampled_from(
        ["Content-Type", "X-Amz-Target", "User-Agent", "x-amzn-trace-id", "amz-sdk-request", "X-AMZ-DATE"]
    ),
    st.sampled_from(["Authorization", "expect", "Transfer-Encoding", "Connection", "host", "Date"]),
    st.sampled_from(["X-Amz-Security-Token", "X-Amz-Content-SHA256"]),
    st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,15}", fullmatch=True),
)
HEADERS = st.lists(st.tuples(NAMES, PRINTABLE), max_size=8)
URLS = st.sampled_from(
    [
        "https://dynamodb.eu-central-1.amazonaws.com/",
        "https://dynamodb.eu-central-1.amazonaws.com",
        "https://123456789012.ddb.eu-central-1.amazonaws.com/",
        "http://localhost:8000/",
        "http://127.0.0.1:80/",
        "https://[::1]:8443/",
        "https://example.com:443/",
        "https://example.com:444/path/./to/../it",
        "https://example.com/?b=2&a=1",
    ]
)
CREDENTIALS = st.builds(
    ReadOnlyCredentials,
    st.text("ABC123", min_size=1),
    st.text(min_size=1, max_size=20).filter(lambda secret: secret.isprintable()),
    st.one_of(st.none(), st.text("abc/+=", max_size=30)),
)


class _Frozen(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return NOW if tz is not None else NOW.replace(tzinfo=None)

    @classmethod
    def utcnow(cls) -> datetime:  # type: ignore[override]
        return NOW.replace(tzinfo=None)


@pytest.fixture(autouse=True, scope="module")
def stopped_clock() -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("datetime.datetime", _Frozen)
        patched.setattr("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None), raising=False)
        # Not the clock below it: stamps are kept for a second, and would be those of another module's tests.
        patched.setattr("persistence.stores.dynamodb.signer.timestamp", lambda: "20261126T195500Z")
        yield


def request_with(headers: list[tuple[str, str]], url: str, body: Any, **context: Any) -> AWSRequest:
    request = AWSRequest(method="POST", url=url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    request.context.update(context)
    return request


@settings(deadline=None, max_examples=50)
@given(HEADERS, URLS, CREDENTIALS, st.binary(max_size=50), st.sampled_from(["eu-central-1", "cn-north-1"]))
def test_signer_is_equal_to_botocore(
    headers: list[tuple[str, str]], url: str, credentials: ReadOnlyCredentials, body: bytes, region: str
) -> None:
    ours, theirs = request_with(headers, url, body), request_with(headers, url, body)

    QuickSigV4Auth(credentials, "dynamodb", region).add_auth(ours)
    SigV4Auth(credentials, "dynamodb", region).add_auth(theirs)

    assert ours.headers.items() == theirs.headers.items()
    assert ours.context == theirs.context


@pytest.mark.parametrize(
    "context",
    [
        {"payload_signing_enabled": False},
        {"payload_signing_enabled": True},
        {"checksum": {"request_algorithm": {"in": "trailer", "algorithm": "crc32"}}},
    ],
)
@pytest.mark.parametrize("body", [b"{}", "{}", b""])
def test_signer_leaves_to_botocore_what_is_signed_otherwise(context: dict[str, Any], body: Any) -> None:
    url = "https://dynamodb.eu-central-1.amazonaws.com/"
    credentials = ReadOnlyCredentials("key", "secret", None)
    ours, theirs = request_with([], url, body, **context), request_with([], url, body, **context)

    QuickSigV4Auth(credentials, "dynamodb", "eu-central-1").add_auth(ours)
    SigV4Auth(credentials, "dynamodb", "eu-central-1").add_auth(theirs)

    assert ours.headers.items() == theirs.headers.items()


def test_signer_signs_again_for_another_attempt() -> None:
    request = request_with([], "https://dynamodb.eu-central-1.amazonaws.com/", b"{}")
    auth = QuickSigV4Auth(ReadOnlyCredentials("key", "secret", "token"), "dynamodb", "eu-central-1")

    auth.add_auth(request)
    once = request.headers.items()
    auth.add_auth(request)

    assert request.headers.items() == once


def test_signer_refuses_to_sign_without_credentials() -> None:
    request = request_with([], "https://dynamodb.eu-central-1.amazonaws.com/", b"{}")

    with pytest.raises(NoCredentialsError):
        QuickSigV4Auth(None, "dynamodb", "eu-central-1").add_auth(request)


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(["Content-Type", "X-Amz-Target", "User-Agent", "x-amzn-trace-id", "X-Mine", "X%s"]),
        PRINTABLE,
    ),
    CREDENTIALS,
    st.binary(max_size=50),
    URLS.filter(lambda url: "path" not in url and "?" not in url),
)
def test_signed_is_equal_to_botocore(
    headers: dict[str, str], credentials: ReadOnlyCredentials, body: bytes, url: str
) -> None:
    theirs = request_with(list(headers.items()), url, body)
    SigV4Auth(credentials, "dynamodb", "eu-central-1").add_auth(theirs)

    ours = signed(
        headers,
        body,
        host=host_of(url),
        credentials=cast(Credentials, credentials),
        region="eu-central-1",
        timestamp="20261126T195500Z",
    )

    assert ours == dict(theirs.headers.items())


@pytest.mark.parametrize(
    "other",
    [
        {"headers": {"X-Amz-Target": "b"}},
        {"body": b"b"},
        {"host": "other"},
        {"credentials": ReadOnlyCredentials("other", "secret", "token")},
        {"credentials": ReadOnlyCredentials("key", "other", "token")},
        {"credentials": ReadOnlyCredentials("key", "secret", "other")},
        {"region": "other"},
        {"timestamp": "20261126T195501Z"},
        {"service": "other"},
    ],
    ids=repr,
)
def test_what_requests_share_is_not_taken_for_others(other: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        "headers": {"X-Amz-Target": "a"},
        "body": b"a",
        "host": "localhost",
        "credentials": ReadOnlyCredentials("key", "secret", "token"),
        "region": "eu-central-1",
        "timestamp": "20261126T195500Z",
        "service": "dynamodb",
    }

    assert signed(**given)["Authorization"] == signed(**given)["Authorization"]
    assert signed(**given)["Authorization"] != signed(**{**given, **other})["Authorization"]


class TestChoice:
    def _signers(self, **config: Any) -> list[type]:
        used: list[type] = []
        client = wired(Wire(), **config)

        def look(signature_version: Any, **_: object) -> None:
            used.append(AUTH_TYPE_MAPS.get(signature_version, type(None)))

        client.meta.events.register("before-sign", look)
        DynamoStore(client).perform(GetItem(Table("things", "id"), {"id": {"S": "1"}}))
        return used

    def test_is_ours_for_the_usual_version(self) -> None:
        assert self._signers() == [QuickSigV4Auth]
        assert AUTH_TYPE_MAPS[SIGNATURE_VERSION] is QuickSigV4Auth
        assert AUTH_TYPE_MAPS["v4"] is SigV4Auth

    def test_is_the_users_where_one_is_chosen(self) -> None:
        client = wired(Wire())
        client.meta.events.register("choose-signer.dynamodb", lambda **_: "v3")
        used: list[Any] = []
        client.meta.events.register(
            "before-sign", lambda signature_version, **_: used.append(signature_version)
        )

        DynamoStore(client).perform(GetItem(Table("things", "id"), {"id": {"S": "1"}}))

        assert used == ["v3"]

    def test_leaves_presigned_urls_as_they_are(self) -> None:
        client = wired(Wire())
        plain = client.generate_presigned_url("list_tables")

        DynamoStore(client)

        assert client.generate_presigned_url("list_tables") == plain

    def test_leaves_unsigned_requests_unsigned(self) -> None:
        from botocore import UNSIGNED

        wire = Wire()
        DynamoStore(wired(wire, signature_version=UNSIGNED)).perform(
            GetItem(Table("things", "id"), {"id": {"S": "1"}})
        )

        assert "Authorization" not in wire.requests[0].headers
