"""Copies of tables that transform their items, and older items brought up to date where they are.

`SchemaService.evolve` and `SchemaService.backfill` are what users call. What runs the jobs is loaded with the
first of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.schema.evolution.report import EvolutionReport as EvolutionReport
    from persistence.schema.evolution.starting import Starter as Starter
    from persistence.schema.evolution.wishes import Conduct as Conduct
    from persistence.schema.evolution.wishes import Wish as Wish

__all__ = ["Conduct", "EvolutionReport", "Starter", "Wish"]

_HOMES = {"Conduct": "wishes", "EvolutionReport": "report", "Starter": "starting", "Wish": "wishes"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
