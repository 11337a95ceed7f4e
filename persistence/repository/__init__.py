"""Repositories: collections of entities, to be injected into application services."""

from persistence.repository.asynchronous import AsyncRepository
from persistence.repository.sync import Repository

__all__ = ["AsyncRepository", "Repository"]
