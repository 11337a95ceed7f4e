"""The settings of a run: from the command line, the environment and the nearest `pyproject.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from persistence.cli.endpoints import check_endpoint
from persistence.cli.failures import Failure

STORES = ("dynamodb", "memory")
OUTPUTS = ("table", "json")

PREFIX = "PERSISTENCE_"
"""Of the environment variables: `PERSISTENCE_APP` and so on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run goes by.

    Attributes:
        app: where the mappings are, as `module` or `module:attribute`.
        store: "dynamodb" or "memory"; None for what the application says, else DynamoDB.
        endpoint, region, profile: of DynamoDB; None for what boto3 finds.
        allowed_endpoints: hosts that an endpoint may have beside this machine and AWS.
        tenant: the name of the tenant whose entities are read; None for entities that are no tenant's.
        output: "table" or "json".
        migrations: the folder with the migrations.
        application: whose migrations they are.
        history: the name of the table with the history of migrations.
        debug: whether tracebacks are shown.
        project: the folder of the `pyproject.toml` that was read, if any.
    """

    app: str | None = None
    store: str | None = None
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    tenant: str | None = None
    output: str = "table"
    migrations: str | None = None
    application: str | None = None
    history: str | None = None
    debug: bool = False
    project: Path | None = None
    allowed_endpoints: tuple[str, ...] = ()

    @property
    def names_a_place(self) -> bool:
        """Whether it is said where the tables are, so that the application is not asked."""
        return any((self.store, self.endpoint, self.region, self.profile))


NAMES = (
    "app",
    "store",
    "endpoint",
    "region",
    "profile",
    "tenant",
    "output",
    "migrations",
    "application",
    "history",
)
"""The settings that may stand in the environment and in `[tool.persistence]`."""

ALLOWED = "allowed_endpoints"
"""The setting that may stand there, and not on the command line."""


def settings_of(given: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Settings:
    """Put the settings together; the command line is stronger than the environment, that than the file.

    Args:
        given: what the command line says.
        environment: the environment variables; empty ones count as absent.
        folder: where to look for `pyproject.toml`, and above.

    Raises:
        Failure: a value that can't be.
    """
    file = nearest_pyproject(folder)
    of_file = {} if file is None else table_of(file)
    of_environment = {
        name: environment[PREFIX + name.upper()] for name in NAMES if environment.get(PREFIX + name.upper())
    }
    if file is not None and isinstance(of_file.get("migrations"), str):
        of_file["migrations"] = str(file.parent / of_file["migrations"])
    allowed = _allowed(of_file.pop(ALLOWED, None), environment.get(PREFIX + ALLOWED.upper()), file)
    merged = {**of_file, **of_environment, **given}
    settings = Settings(**merged, allowed_endpoints=allowed)
    for name in NAMES:
        _check(name, getattr(settings, name), _source(name, given, of_environment, file))
    if settings.endpoint is not None:
        check_endpoint(settings.endpoint, _source("endpoint", given, of_environment, file), allowed)
    return replace(settings, project=None if file is None else file.parent)


def _allowed(of_file: object, of_environment: str | None, file: Path | None) -> tuple[str, ...]:
    """Give the hosts that are allowed; the command line can't add to them."""
    if of_environment:
        return tuple(host.strip() for host in of_environment.split(",") if host.strip())
    if of_file is None:
        return ()
    if not isinstance(of_file, list) or not all(isinstance(host, str) for host in of_file):
        raise Failure(f'{file}: {ALLOWED} is a list of hosts, such as ["dynamodb:8000"]')
    return tuple(of_file)


def nearest_pyproject(folder: Path) -> Path | None:
    """Find the `pyproject.toml` of a folder or of the nearest one above."""
    files = (each / "pyproject.toml" for each in (folder, *folder.parents))
    return next((file for file in files if file.is_file()), None)


def table_of(file: Path) -> dict[str, Any]:
    """Read `[tool.persistence]`.

    Raises:
        Failure: the file is no TOML, or the table has what nobody knows.
    """
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"{file} can't be read: {error}") from error
    table = content.get("tool", {}).get("persistence", {})
    if not isinstance(table, dict):
        raise Failure(f"{file}: tool.persistence is a table of settings: {', '.join(NAMES)}")
    known = (*NAMES, ALLOWED)
    for name in table:
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
            raise Failure(f"{file}: [tool.persistence] has an unknown setting {name!r}; {hint}")
    return table


def _source(name: str, given: Mapping[str, Any], of_environment: Mapping[str, str], file: Path | None) -> str:
    if name in given:
        return f"--{name}"
    return PREFIX + name.upper() if name in of_environment else f"{file}: {name}"


def _check(name: str, value: object, source: str) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not value:
        raise Failure(f"{source} is {value!r}; it is a text")
    choices = {"store": STORES, "output": OUTPUTS}.get(name)
    if choices and value not in choices:
        raise Failure(f"{source} is {value!r}; it is one of {', '.join(choices)}")
