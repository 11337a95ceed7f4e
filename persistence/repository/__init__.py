"""Repositories: collections of entities, to be injected into application services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.repository.asynchronous import AsyncRepository
    from persistence.repository.sync import Repository

__all__ = ["AsyncRepository", "Repository"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.repository.asynchronous": ("AsyncRepository",),
        "persistence.repository.sync": ("Repository",),
    },
)
