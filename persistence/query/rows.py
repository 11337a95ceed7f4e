"""Rows: the values of some names, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from persistence.errors import NotRead, QueryError


class Row:
    """What a query read of an entity, or computed of many: values by name.

        row.total, row["total"], row["address.city"], row.as_dict()

    A name that was not read is refused, never given a default. Rows are results as dataclasses are: equal
    where their names and values are, shown with their values, hashable where all values are; they can be
    copied and pickled, and not changed.

    Args:
        kind: what it is a row of, for messages.
        cells: name -> value.
    """

    __slots__ = ("__cells", "__kind")

    def __init__(self, kind: str, cells: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_Row__kind", kind)
        object.__setattr__(self, "_Row__cells", dict(cells))

    def as_dict(self) -> dict[str, Any]:
        """Give a new dict of the values, in the order in which they were asked for."""
        return dict(self.__cells)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Any:
        try:
            return self.__cells[name]
        except KeyError:
            raise NotRead(self.__kind, name, tuple(self.__cells)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.__cells)

    def __len__(self) -> int:
        return len(self.__cells)

    def __contains__(self, name: object) -> bool:
        return name in self.__cells

    def __eq__(self, other: object) -> bool:
        return self.__cells == other.__cells if isinstance(other, Row) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self.__cells.items()))

    def __repr__(self) -> str:
        cells = ", ".join(f"{name}={value!r}" for name, value in self.__cells.items())
        return f"<row of {self.__kind}: {cells}>"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self.__cells if name.isidentifier())})

    def __reduce__(self) -> tuple[Any, ...]:
        return Row, (self.__kind, self.__cells)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        self.__refuse(name)

    def __delattr__(self, name: str) -> NoReturn:
        self.__refuse(name)

    def __refuse(self, name: str) -> NoReturn:
        raise QueryError(
            f"a row of {self.__kind} can't be changed ({name}); load the entity and change that, or patch it"
        )
