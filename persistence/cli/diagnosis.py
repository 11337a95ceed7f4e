"""What `doctor` finds of versions, credentials, region, endpoint and clock."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from persistence.cli.failures import said
from persistence.cli.session import Session
from persistence.errors import StoreError
from persistence.stores.memory import MemoryStore

State = Literal["ok", "warn", "fail"]

OLDEST_BOTO3 = (1, 40)
SOON = timedelta(minutes=15)
SKEW_REFUSED = 240.0
"""Seconds; the service refuses signatures that are 5 minutes off, and answers take a moment."""
SKEW_NOTED = 30.0

SIGN_IN = "sign in again, with aws sso login for example, or mend the profile"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        check: what was looked at.
        state: "ok", "warn" or "fail".
        found: what is the case.
        remedy: what to do about it, if there is something to do.
    """

    check: str
    state: State
    found: str
    remedy: str = ""


def versions() -> Iterator[Finding]:
    """Look at Python, this library, boto3, and what is installed beside them."""
    yield Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield Finding(
        "persistence-dynamodb", "ok", _version_of("persistence-dynamodb") or "not installed as a package"
    )
    yield _boto3()
    for name, use in (("cryptography", "encrypted cursors"), ("IPython", "a better shell")):
        found = _version_of(name)
        yield Finding(name, "ok", found or f"not installed, which is fine; it is for {use}")


def _boto3() -> Finding:
    found = _version_of("boto3")
    if found is None:
        return Finding("boto3", "fail", "not installed", "pip install boto3")
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST_BOTO3:
        return Finding("boto3", "fail", found, "pip install --upgrade boto3")
    return Finding("boto3", "ok", f"{found}, botocore {_version_of('botocore')}")


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def surroundings(session: Session) -> Iterator[Finding]:
    """Look at the way to the store: credentials, region, endpoint, clock."""
    if session.settings.store == "memory" or isinstance(session.app_store, MemoryStore):
        yield Finding("store", "ok", session.place)
        return
    access = import_module("persistence.cli.connecting").access_of(session.settings, session.app_store)
    credentials = _credentials(access)
    yield credentials
    yield _region(access)
    if credentials.state != "fail" and access.region is not None:
        yield from _server(access)


def _credentials(access: Any) -> Finding:
    try:
        found = access.credentials()
    except StoreError as error:
        return Finding("credentials", "fail", said(error)[0], SIGN_IN)
    if found is None:
        return Finding(
            "credentials",
            "fail",
            "none are found",
            "set AWS_PROFILE or --profile, sign in with aws sso login, or set AWS_ACCESS_KEY_ID and the like",
        )
    where = f"{found.provider}, key {found.key_id}"
    if found.expires_at is None:
        return Finding("credentials", "ok", where)
    left = found.expires_at - datetime.now(UTC)
    until = f"{where}, until {found.expires_at.isoformat(timespec='seconds')}"
    if left <= timedelta(0):
        return Finding("credentials", "fail", f"{until}: expired", "sign in again")
    return Finding("credentials", "warn" if left < SOON else "ok", until, "renew them" if left < SOON else "")


def _region(access: Any) -> Finding:
    if access.region is None:
        return Finding("region", "fail", "none is configured", "add --region, or set AWS_DEFAULT_REGION")
    return Finding("region", "ok", access.region)


def _server(access: Any) -> Iterator[Finding]:
    where = access.place.endpoint or "AWS"
    try:
        told_time = access.server_time()
    except StoreError as error:
        yield Finding("endpoint", "fail", f"{where}: {' '.join(said(error))}")
        return
    yield Finding("endpoint", "ok", f"{where} answers: {access}")
    if told_time is None:
        yield Finding("clock", "ok", "not compared: the server does not tell its time")
        return
    yield clock_finding(told_time.offset)


def clock_finding(offset: float) -> Finding:
    """Judge how far this machine's clock is ahead of a server's, in seconds."""
    size = abs(offset)
    found = f"{size:.0f} seconds {'ahead' if offset > 0 else 'behind'}"
    if size >= SKEW_REFUSED:
        return Finding(
            "clock", "fail", f"{found}: signatures are refused", "set the clock, by NTP for example"
        )
    if size >= SKEW_NOTED:
        return Finding("clock", "warn", found, "set the clock, by NTP for example")
    return Finding("clock", "ok", "right, as far as the server tells")
