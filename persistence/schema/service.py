"""The schema service."""

from __future__ import annotations

from persistence.schema.backup_methods import BackupMethods
from persistence.schema.base import DEFAULT_TIMEOUT, Schema
from persistence.schema.document_methods import DocumentMethods
from persistence.schema.evolution_methods import EvolutionMethods
from persistence.schema.infrastructure_methods import InfrastructureMethods
from persistence.schema.plan_methods import PlanMethods

__all__ = ["DEFAULT_TIMEOUT", "Schema", "SchemaService"]


class SchemaService(PlanMethods, BackupMethods, EvolutionMethods, InfrastructureMethods, DocumentMethods):
    """Tables and their data, from mappings; stateless, what counts is the live table.

    - `plan`, `apply`, `verify`, `create_table`, `ensure_table`, `update_table` and so on make and change
      tables, and tell differences.
    - `backup`, `restore`, `export_items`, `import_items` and so on keep what is in them.
    - `evolve` and `backfill` change what is in them.
    - `export` and `verify_template` hand them over to infrastructure as code.
    - `codegen`, `json_schema`, `diagram` and `access_patterns` write code and documents.

    Args:
        store: where the tables are, or a callable that gives the store.
        mappings: the application's mappings. Where several share a table, it is made with the indexes of all.
        timeout: seconds to wait for one step: for a table or an index to become active, or to vanish.
        timing: time and waiting, for tests.

    Raises:
        MappingError: a mapping can't be used, or two declarations of one table contradict each other.
        ConfigurationError: the timeout is not positive.
    """
