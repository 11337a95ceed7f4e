"""Tables made from mappings: planned, created, compared, changed and removed."""

from persistence.schema.async_service import AsyncSchemaService
from persistence.schema.service import SchemaService

__all__ = ["AsyncSchemaService", "SchemaService"]
