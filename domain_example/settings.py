"""What the environment says about the main job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Self

from domain_example.invoices import ONLINE_RETAIL


class StoreKind(Enum):
    """Where the shop is kept."""

    MEMORY = "memory"
    MOTO = "moto"
    DYNAMODB_LOCAL = "dynamodb-local"


class BadSetting(Exception):
    """An environment variable has a value that can't be used."""


@dataclass(frozen=True)
class Settings:
    """The main job's settings.

    Attributes:
        store: where the shop is kept.
        workers: how many threads replay invoices.
        data: the file with the invoices.
        limit: how many of them at most, None for all.
        endpoint_url: of a DynamoDB Local that runs already; None starts one.
        access_key_id: DynamoDB Local keeps the tables of each access key apart.
    """

    store: StoreKind = StoreKind.MEMORY
    workers: int = 1
    data: Path = ONLINE_RETAIL
    limit: int | None = None
    endpoint_url: str | None = None
    access_key_id: str = "shop"

    def __post_init__(self) -> None:
        if self.endpoint_url and self.store is not StoreKind.DYNAMODB_LOCAL:
            raise BadSetting(
                f"ENDPOINT_URL goes with STORE=dynamodb-local, not with STORE={self.store.value}"
            )
        if not self.data.is_file():
            raise BadSetting(f"DATA must name a file, and there is none at {self.data}")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; variables that are empty count as absent.

        Raises:
            BadSetting: with the variable, its value and what it may be.
        """
        given = {name: value for name, value in environment.items() if value}
        return cls(
            store=_store(given) or cls.store,
            workers=_positive(given, "WORKERS") or cls.workers,
            data=Path(given.get("DATA", ONLINE_RETAIL)),
            limit=_positive(given, "LIMIT"),
            endpoint_url=given.get("ENDPOINT_URL"),
            access_key_id=given.get("ACCESS_KEY_ID", cls.access_key_id),
        )


def _store(given: Mapping[str, str]) -> StoreKind | None:
    text = given.get("STORE")
    names = [kind.value for kind in StoreKind]
    if text is None:
        return None
    if text in names:
        return StoreKind(text)
    close = get_close_matches(text, names, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise BadSetting(f"STORE must be one of {', '.join(names)}, not {text!r}{hint}")


def _positive(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise BadSetting(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)
