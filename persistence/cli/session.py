"""One run of a command: settings, application, store, schema service, output."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import persistence.stores.tenancy as tenancy
from persistence.cli.app import App, load_app
from persistence.cli.options import given_options
from persistence.cli.output import Output
from persistence.cli.settings import Settings, settings_of
from persistence.mapping import MappingSchema
from persistence.schema import SchemaService
from persistence.store import Store
from persistence.stores.memory import MemoryStore
from persistence.table import Table


@dataclass(frozen=True, slots=True)
class Opened:
    """A store, and in words where it is."""

    store: Store
    place: str


class Session:
    """What a command works with; each part is made when it is first asked for.

    Args:
        settings: what the run goes by.
        folder: the current folder.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.output = Output(json=settings.output == "json")
        self._folder = folder

    @classmethod
    def of(cls, ctx: click.Context) -> Session:
        """Begin a session for the command that runs."""
        folder = Path.cwd()
        return cls(settings_of(given_options(ctx), os.environ, folder), folder)

    @cached_property
    def app(self) -> App:
        """The application."""
        return load_app(self.settings.app, self._folder, self.settings.project)

    @property
    def folders(self) -> tuple[Path, ...]:
        """From where the application's modules can be imported."""
        return (self._folder, self.settings.project or self._folder)

    @property
    def app_store(self) -> Store | None:
        """The application's own store, where it is the one that is used."""
        if self.settings.names_a_place or not self.settings.app:
            return None
        return self.app.store

    @cached_property
    def opened(self) -> Opened:
        """The store that is named, else the application's own, else DynamoDB as boto3 finds it."""
        if self.app_store is not None:
            return Opened(self.app_store, _place_of(self.app_store))
        if self.settings.store == "memory":
            return Opened(MemoryStore(), "memory of this process")
        return Opened(*import_module("persistence.cli.connecting").opened(self.settings))

    @property
    def store(self) -> Store:
        """The store."""
        return self.opened.store

    @property
    def entity_store(self) -> Store:
        """The store as the tenant sees it whose entities are read, where one is named."""
        tenant = self.settings.tenant
        return self.store if tenant is None else tenancy.for_tenant(self.store, tenant)

    @property
    def place(self) -> str:
        """Where the store is, in words."""
        return self.opened.place

    @cached_property
    def service(self) -> SchemaService:
        """The schema service of the application's mappings."""
        return SchemaService(self.store, self.app.mappings)

    @cached_property
    def bare_service(self) -> SchemaService:
        """A schema service that needs no application."""
        return SchemaService(self.store)

    def offline(self) -> Session:
        """Give a session that asks no store, for what is answered by the mappings alone."""
        return Session(replace(self.settings, store="memory"), self._folder)

    def mapping(self, name: str) -> type[MappingSchema[Any]]:
        """Give a mapping, by name."""
        return self.app.find(name)

    def tables(self, names: Iterable[str]) -> tuple[Table, ...]:
        """Give the named tables, or all that are declared."""
        return tuple(self.app.table(name) for name in names) or self.app.tables


def _place_of(store: Store) -> str:
    if isinstance(store, MemoryStore):
        return "the application's store in memory"
    place: str = import_module("persistence.cli.connecting").place_of_store(store)
    return place
