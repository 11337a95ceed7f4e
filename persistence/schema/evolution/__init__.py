"""Copies of tables that transform their items, and older items brought up to date where they are.

`SchemaService.evolve` and `SchemaService.backfill` are what users call. What runs the jobs is loaded with the
first of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from persistence.schema.evolution.report import EvolutionReport

if TYPE_CHECKING:
    from persistence.schema.evolution.starting import Starter

__all__ = ["EvolutionReport", "Starter"]


def __getattr__(name: str) -> Any:
    if name != "Starter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("persistence.schema.evolution.starting").Starter
