"""Scopes for one `with` statement, which may be left in another context than the one that entered."""

from __future__ import annotations

from typing import Generic, TypeVar

from persistence.errors import UnitOfWorkStateError
from persistence.store import AsyncStore, Store
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.policies import Isolation
from persistence.unit_of_work.scopes import ScopeEntry

S = TypeVar("S", bound=Store | AsyncStore)


class ScopeBase(Generic[S]):
    """What both kinds of one-shot scopes share: their arguments, and the entry while they are inside."""

    def __init__(
        self, uow: UnitOfWorkBase[S], isolation: Isolation = "default", commit_id: str | None = None
    ) -> None:
        self._owner = uow
        self._isolation: Isolation = isolation
        self._commit_id = commit_id
        self._entry: ScopeEntry | None = None

    @property
    def written(self) -> bool:
        """Whether an early commit of its unit has written something."""
        return self._entry is not None and self._entry.unit.written

    def _enter(self) -> None:
        if self._entry is not None:
            raise UnitOfWorkStateError("a scope serves one `with` statement; call uow() again for another")
        self._entry = self._owner._enter(isolation=self._isolation, commit_id=self._commit_id, one_shot=True)

    @property
    def _entered(self) -> ScopeEntry:
        assert self._entry is not None
        return self._entry
