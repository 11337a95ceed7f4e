"""Encrypted connections of the fast lane trust what botocore's trust."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.core.models import botocore_stubber

from persistence.errors import StoreUnavailable
from persistence.stores.dynamodb import DynamoStore
from tests.transport_faults.faults import KEY, OK, OPERATIONS
from tests.transport_faults.misbehaving import misbehaving
from tests.transport_faults.ways import Way, performed, store_on

GET = OPERATIONS["get"]


def certified(folder: Path, address: str) -> tuple[ssl.SSLContext, str]:
    """Make a certificate for an address; give what a server does with it, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, str(public)


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_the_bundle_of_the_environment(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, bundle = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv(variable, bundle)
    with (
        misbehaving([OK, OK], context) as server,
        store_on("fast lane", server, connect_timeout=5, read_timeout=5) as store,
    ):
        assert store.perform(GET).item["id"] == KEY["id"]
        store.perform(GET)

        assert store.fast_lane.used
        assert server.connections == 1


@pytest.mark.parametrize("trusts", [True, False])
def test_a_stranger_is_not_asked(trusts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, bundle = certified(tmp_path, "127.0.0.2")  # another address, or one that nobody knows
    if trusts:
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    ended = []
    ways: tuple[Way, ...] = ("plain", "fast lane")
    for way in ways:
        with (
            misbehaving([OK] * 3, context) as server,
            store_on(way, server, connect_timeout=5, read_timeout=5) as store,
        ):
            ended.append(performed(store, GET))
            assert not server.requests

    plain, fast = ended
    assert fast.error is StoreUnavailable
    assert (fast.error, fast.cause, fast.data["ambiguous"]) == (
        plain.error,
        plain.cause,
        plain.data["ambiguous"],
    )


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("verify", [False, "bundle"])
def test_what_a_given_client_was_told(verify: bool | str, tmp_path: Path) -> None:
    context, bundle = certified(tmp_path, "127.0.0.1")
    with misbehaving([OK], context) as server:
        session = boto3.session.Session(region_name="us-east-1")
        trusted = bundle if verify else False
        client: Any = session.client(
            "dynamodb",
            endpoint_url=server.endpoint_url,
            verify=trusted,
            config=Config(connect_timeout=5, read_timeout=5),
        )
        client.meta.events.unregister("before-send", botocore_stubber)
        store = DynamoStore(client, fast_lane=True)

        assert store.perform(GET).item["id"] == KEY["id"]
        assert store.fast_lane.used
        store.close()
        client.close()
