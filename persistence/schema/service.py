"""The schema service."""

from __future__ import annotations

from persistence.schema.backup_methods import BackupMethods
from persistence.schema.base import DEFAULT_TIMEOUT, Schema
from persistence.schema.evolution_methods import EvolutionMethods
from persistence.schema.infrastructure_methods import InfrastructureMethods
from persistence.schema.plan_methods import PlanMethods

__all__ = ["DEFAULT_TIMEOUT", "Schema", "SchemaService"]


class SchemaService(PlanMethods, BackupMethods, EvolutionMethods, InfrastructureMethods):
    """Tables and their data, from mappings; stateless, what counts is the live table.

    Args:
        store: where the tables are, or a callable that gives the store.
        mappings: the application's mappings. Where several share a table, it is made with the indexes of all.
        timeout: seconds to wait for one step: for a table or an index to become active, or to vanish.
        timing: time and waiting, for tests.

    Raises:
        MappingError: a mapping can't be used, or two declarations of one table contradict each other.
        ConfigurationError: the timeout is not positive.
    """
