"""Errors that say that something else was there first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from persistence.errors.base import PersistenceError, named


class ConflictError(PersistenceError):
    """Something else was there first.

    Attributes:
        entity: the entity of the refused action, if there is one.
        entity_type: its class, or None where only the table is known.
        key: its key values.
        found: what is stored now, where the service told it: the decoded entity, or the item as tagged
            attribute values where no mapping is known. Never part of the message.
        committed: always False: nothing of the refused write took effect.
    """

    def __init__(
        self,
        message: str,
        *,
        entity: object | None = None,
        entity_type: type | None = None,
        key: tuple[object, ...] = (),
        found: object | None = None,
    ) -> None:
        self.entity = entity
        self.entity_type = entity_type
        # A conflict always has a key.
        self.key: tuple[object, ...] = key  # pyright: ignore[reportIncompatibleVariableOverride]
        self.found = found
        super().__init__(message)


class CommitConflict(ConflictError):
    """A commit was refused as a whole; nothing of it took effect.

    Attributes:
        reasons: one `ConflictError` per action that failed, in the order of the plan.
    """

    def __init__(self, reasons: Iterable[ConflictError]) -> None:
        self.reasons = tuple(reasons)
        self.retryable = bool(self.reasons) and all(reason.retryable for reason in self.reasons)
        first = self.reasons[0] if self.reasons else None
        text = "; ".join(str(reason) for reason in self.reasons)
        super().__init__(
            f"the commit was refused, nothing was written: {text}",
            entity=first.entity if first else None,
            entity_type=first.entity_type if first else None,
            key=first.key if first else (),
        )


class StaleEntity(ConflictError):
    """The stored entity changed since it was loaded.

    A new unit that reads it afresh may succeed.

    Attributes:
        expected_version: the version that the write demanded, or None without a version field.
        found_version: the stored version, where the service told it.
        changed_by_other: attribute -> (value when loaded, value now), for what others changed.
        changed_by_me: attribute -> (value when loaded, value in memory), for what this unit changed.
        deleted: whether somebody else has marked it as deleted since.
        other_schema: whether it is of another schema version than the write demands, which a unit of work
            deals with by itself, unless it finds that again and again.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        expected_version: object = None,
        found_version: object = None,
        found: object | None = None,
        changed_by_other: Mapping[str, tuple[object, object]] | None = None,
        changed_by_me: Mapping[str, tuple[object, object]] | None = None,
        entity: object | None = None,
        entity_type: type | None = None,
        key: tuple[object, ...] = (),
        deleted: bool = False,
        other_schema: bool = False,
    ) -> None:
        super().__init__(message, entity=entity, entity_type=entity_type, key=key, found=found)
        self.expected_version = expected_version
        self.found_version = found_version
        self.changed_by_other = dict(changed_by_other or {})
        self.changed_by_me = dict(changed_by_me or {})
        self.deleted = deleted
        self.other_schema = other_schema


class WrongEntityType(ConflictError):
    """The stored item carries the discriminator of another entity type.

    Attributes:
        entity_type: the type that was asked for.
        key: its key.
        found: what the item is marked with, or None.
    """

    def __init__(
        self,
        entity_type: type,
        key: tuple[object, ...],
        found: str | None,
        *,
        entity: object | None = None,
    ) -> None:
        super().__init__(
            f"the item of {named(entity_type, key)} is marked as {found!r}; use the repository of that type",
            entity=entity,
            entity_type=entity_type,
            key=key,
            found=found,
        )


class EntityExists(ConflictError):
    """The key of a new entity is taken."""


class AlreadyCommitted(ConflictError):
    """A unit with the same commit id was committed before; of this one nothing was written.

    Attributes:
        commit_id: the id.
    """

    def __init__(self, commit_id: str) -> None:
        self.commit_id = commit_id
        super().__init__(
            f"a unit with the commit id {commit_id} was committed before; nothing was written now"
        )


class EntityGone(ConflictError):
    """The entity was deleted by somebody else since it was loaded."""

    retryable = True


class TransactionBusy(ConflictError):
    """Another transaction is working on the item."""

    retryable = True


class ItemTooLarge(ConflictError):
    """An item is, or would become, larger than the service's limit of 400 KB."""


class ConditionFailed(ConflictError):
    """A condition that the caller gave is not met."""


class ActionRefused(ConflictError):
    """The service's validation refused one action of a transaction."""
