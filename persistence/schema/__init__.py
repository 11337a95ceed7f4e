"""Tables made from mappings: created, described and removed."""

from persistence.schema.service import SchemaService

__all__ = ["SchemaService"]
