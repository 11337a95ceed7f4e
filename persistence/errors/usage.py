"""Errors of programming time: mappings, queries, units of work and settings used in a wrong way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from persistence.errors.base import PersistenceError, named


class MappingError(PersistenceError, TypeError):
    """A mapping or an entity class can't be used as it is declared."""


class UnusableMapping(MappingError, AttributeError):
    """A mapping that can't be used as it is declared was asked for its codec.

    It is an AttributeError as well, so that what looks at all members of a class, as the wiring of
    containers, `inspect` and documentation tools do, takes the codec for absent and goes on.
    """


class QueryError(PersistenceError, ValueError):
    """A query, condition or update can't be asked in this way."""


class ScanForbidden(QueryError):
    """The query could only be answered by a scan, and the scan policy is "forbid"."""


class NotRead(QueryError, AttributeError, KeyError):
    """A row was asked for a name that was not read.

    It is an AttributeError and a KeyError as well, so that `hasattr(row, name)` and `except KeyError` work.

    Attributes:
        kind: what it is a row of.
        attribute: the name that was asked for.
        known: the names that were read.
    """

    __str__ = Exception.__str__

    def __init__(self, kind: str, attribute: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.attribute = attribute
        self.known = tuple(known)
        parts = [each for each in self.known if each.startswith((f"{attribute}.", f"{attribute}["))]
        remedy = f"write row[{parts[0]!r}]" if parts else f"add it to what is selected: {attribute!r}"
        super().__init__(
            f"{attribute!r} was not read into this row of {kind}, which has {', '.join(self.known)}; {remedy}"
        )


class UnitOfWorkStateError(PersistenceError, ValueError):
    """A unit of work, or something that belongs to one, is used outside its rules."""


class UnitClosed(UnitOfWorkStateError):
    """The unit has ended; open a new one with `with uow:`."""


class UnitBroken(UnitOfWorkStateError):
    """The unit failed before and can't be used any more.

    Attributes:
        first_failure: the error that broke the unit.
    """

    def __init__(self, first_failure: BaseException) -> None:
        self.first_failure = first_failure
        self.committed = getattr(first_failure, "committed", False)
        super().__init__(
            "this unit of work is broken and can only be left; open a new one. "
            f"Its first failure was {type(first_failure).__name__}: {first_failure}"
        )


class ConcurrentUse(UnitOfWorkStateError):
    """A unit was used from another thread or event loop than the one that opened it."""


class ConfigurationError(PersistenceError, ValueError):
    """A setting that can't be as it is; the message names it and what it may be."""


class KeyChanged(PersistenceError, ValueError):
    """A key attribute of a tracked entity was changed.

    Attributes:
        entity, entity_type, key: which entity, with the key that it was loaded or added with.
        attributes: names of the key attributes that differ.
    """

    def __init__(
        self, entity: object, entity_type: type, key: tuple[object, ...], attributes: Sequence[str]
    ) -> None:
        self.entity = entity
        self.entity_type = entity_type
        self.key = key
        self.attributes = tuple(attributes)
        super().__init__(
            f"the key of {named(entity_type, key)} was changed ({', '.join(attributes)}); keys are "
            "immutable. "
            "To move an entity, remove it and add a copy with the new key"
        )


class ScanWarning(UserWarning):
    """A query reads a whole table or index, because no index serves its condition."""
