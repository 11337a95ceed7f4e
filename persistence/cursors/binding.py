"""What a cursor is bound to: the query whose page it ended."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from persistence.errors import QueryError
from persistence.table import Table

DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class Binding:
    """The query that a cursor belongs to; with any other one it is refused.

    Args:
        table: the table that is read.
        index: the index that is read, or None for the table itself.
        digest: 32 bytes that differ for any two queries whose cursors must not be exchanged: of the
            conditions, the tenant, and whatever else the caller wants it bound to.
        descending: whether the query reads from the end.

    Raises:
        QueryError: an index that the table does not declare, or a digest of another size.
    """

    table: Table
    index: str | None
    digest: bytes
    descending: bool = False

    def __post_init__(self) -> None:
        if self.index is not None and all(index.name != self.index for index in self.table.indexes):
            raise QueryError(f"table {self.table.name!r} declares no index {self.index!r}")
        if not isinstance(self.digest, bytes) or len(self.digest) != DIGEST_SIZE:
            raise QueryError(f"the digest of a cursor's binding is {DIGEST_SIZE} bytes")

    @property
    def fingerprint(self) -> bytes:
        """32 bytes for the whole of it."""
        # Names of tables and indexes have at least 3 characters and none of them is a zero byte.
        order = "descending" if self.descending else "ascending"
        names = "\0".join((self.table.name, self.index or "", order, ""))
        return hashlib.sha256(names.encode() + self.digest).digest()
