"""Finds the application's mappings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard

from persistence.cli.failures import Failure
from persistence.errors import PersistenceError
from persistence.mapping import EntityMapping, MappingRegistry, MappingSchema, mapping_of
from persistence.store import Store
from persistence.table import Table

Mappings = tuple[type[MappingSchema[Any]], ...]

HOW = (
    "Say where the mappings are: --app shop.mappings, PERSISTENCE_APP, or in pyproject.toml\n"
    '  [tool.persistence]\n  app = "shop.mappings"'
)


@dataclass(frozen=True, slots=True)
class App:
    """What is known of an application.

    Attributes:
        name: where it was found.
        mappings: its mappings.
        store: its own store, where it is given as a container.
        seals_cursors: whether keys for the cursors of pages are configured; None where nobody can tell.
    """

    name: str
    mappings: Mappings
    store: Store | None = field(default=None, repr=False)
    seals_cursors: bool | None = None

    def find(self, name: str) -> type[MappingSchema[Any]]:
        """Find a mapping by the name of its entity, its class or, where it is the only one, its table.

        Raises:
            Failure: there is none, or there are several.
        """
        named = [each for each in self.mappings if name in (mapping_of(each).name, each.__name__)]
        found = named or [each for each in self.mappings if mapping_of(each).table.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(each.__name__ for each in found)
            raise Failure(f"{name!r} stands for several mappings; name one of them: {names}")
        raise Failure(f"there is no mapping {name!r} in {self.name}; {_close(name, self.names)}")

    def table(self, name: str) -> Table:
        """Find a declared table by its name, or by that of a mapping.

        Raises:
            Failure: there is none.
        """
        declared = {table.name: table for table in self.tables}
        if name in declared:
            return declared[name]
        by_mapping = {
            known: mapping_of(each).table.name
            for each in self.mappings
            for known in (mapping_of(each).name, each.__name__)
        }
        if name in by_mapping:
            return declared[by_mapping[name]]
        raise Failure(
            f"there is no table or mapping {name!r} in {self.name}; {_close(name, [*declared, *self.names])}"
        )

    @property
    def named(self) -> list[tuple[str, type[MappingSchema[Any]]]]:
        """The mappings with the names of their entities."""
        return [(mapping_of(each).name, each) for each in self.mappings]

    @property
    def names(self) -> list[str]:
        """The names of the mappings, by their entities."""
        return [name for name, _ in self.named]

    @property
    def tables(self) -> tuple[Table, ...]:
        """The declared tables, each with the indexes of all mappings."""
        return MappingRegistry(*self.mappings).tables()

    def mappings_of(self, table: str) -> list[EntityMapping[Any]]:
        """Give the mappings that share a table."""
        return [mapping for each in self.mappings if (mapping := mapping_of(each)).table.name == table]


def _close(name: str, known: Iterable[str]) -> str:
    names = list(dict.fromkeys(known))
    lowered = {each.lower(): each for each in names}
    close = get_close_matches(name.lower(), lowered, 1)
    return f"did you mean {lowered[close[0]]!r}?" if close else f"known are {', '.join(names) or 'none'}"


def load_app(name: str | None, folder: Path, project: Path | None = None) -> App:
    """Import an application.

    Args:
        name: `package.module`, or `package.module:attribute`.
        folder: the current folder, from which it can be imported; so it can from the project's.
        project: the folder of `pyproject.toml`, if there is one.

    Raises:
        Failure: it can't be imported, or has no mappings.
    """
    if not name:
        raise Failure(HOW)
    app = _app_of(name, named_object(name, (folder, project or folder)))
    if not app.mappings:
        raise Failure(
            f"{name} has no mappings: no subclass of MappingSchema whose Meta has a table. "
            "Name the module that defines them, or an attribute: module:attribute"
        )
    return app


def named_object(name: str, folders: Iterable[Path]) -> Any:
    """Import what has a name.

    Args:
        name: `package.module`, or `package.module:attribute`.
        folders: from where it can be imported, beside where Python finds its packages.

    Raises:
        Failure: there is no such thing, or it can't be imported.
    """
    for each in reversed(list(dict.fromkeys(folders))):
        if str(each) not in sys.path:
            sys.path.insert(0, str(each))
    module_name, _, attribute = name.partition(":")
    module = _imported(module_name)
    return _attribute(module, attribute) if attribute else module


def _imported(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise Failure(f"{name!r} is no name of a module; write package.module or package.module:attribute")
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no result of a command
            return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            needed = "" if name == error.name else f", as {name} would need"
            raise Failure(
                f"there is no module {error.name!r}{needed}; it is looked for in {Path.cwd()} and where "
                "Python finds its packages"
            ) from error
        raise _broken(name, error) from error
    except (Exception, SystemExit) as error:  # the application's code may fail in any way
        raise _broken(name, error) from error


def _broken(name: str, error: BaseException) -> Failure:
    text = error.msg if isinstance(error, SyntaxError) else error
    return Failure(
        f"{name} can't be imported: {type(error).__name__}: {text}{_where(error)}. "
        "--debug shows the traceback"
    )


def _where(error: BaseException) -> str:
    """Name the line of the application in which an error was raised, or that is no Python."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if os.sep in file and file != __file__ and not file.startswith("<"):
            place = f" ({file}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _attribute(module: ModuleType, path: str) -> object:
    found: object = module
    for name in path.split("."):
        if not hasattr(found, name):
            public = [each for each in dir(found) if not each.startswith("_")]
            raise Failure(f"{module.__name__} has no attribute {path!r}; {_close(name, public)}")
        found = getattr(found, name)
    return found


def _app_of(name: str, found: object) -> App:
    if isinstance(found, ModuleType):
        return App(name, _mappings_in(vars(found).values()))
    if isinstance(found, MappingRegistry):
        return App(name, _mappings_in(mapping.schema for mapping in found.mappings()))
    if _is_mapping(found):
        return App(name, (found,))
    if _is_container(found):
        return _app_of_container(name, found)
    if isinstance(found, Iterable) and not isinstance(found, str | bytes | Mapping):
        return _app_of_several(name, list(found))
    if callable(found):
        return _app_of(name, _called(name, found))
    raise Failure(
        f"{name} is {type(found).__name__}; it is to be a module, a list of mappings, a MappingRegistry, a "
        "PersistenceContainer, or a function that gives one of them"
    )


def _called(name: str, found: Any) -> object:
    try:
        with redirect_stdout(sys.stderr):
            return found()
    except PersistenceError:
        raise
    except Exception as error:  # the application's code may fail in any way
        raise Failure(
            f"{name} was called without arguments, and raised {type(error).__name__}: "
            f"{error}{_where(error)}. --debug shows the traceback"
        ) from error


def _app_of_several(name: str, found: list[object]) -> App:
    strange = [each for each in found if not _is_mapping(each)]
    if strange:
        raise Failure(f"{name} holds {type(strange[0]).__name__}, which is no mapping with a table")
    return App(name, _mappings_in(found))


def _mappings_in(values: Iterable[object]) -> Mappings:
    """Give the mappings of a module, those that it imports included, each once."""
    return tuple(dict.fromkeys(filter(_is_mapping, values)))


def _is_mapping(found: object) -> TypeGuard[type[MappingSchema[Any]]]:
    return isinstance(found, type) and issubclass(found, MappingSchema) and found.opts.table is not None


_PROVIDERS = {"config", "mappings", "store", "uow"}


def _is_container(found: object) -> bool:
    """Tell a container by its providers: their library is imported by who uses it only."""
    return isinstance(getattr(found, "providers", None), Mapping)


def _app_of_container(name: str, found: Any) -> App:
    container: Any = _called(name, found) if callable(found) else found
    inner = _persistence_in(container)
    if inner is None:
        raise Failure(
            f"{name} is a container without a PersistenceContainer; name the one that has the providers "
            f"{', '.join(sorted(_PROVIDERS))}"
        )
    return App(name, tuple(inner.mappings()), inner.store(), bool(inner.config.cursor_keys()))


def _persistence_in(container: Any) -> Any:
    """Find the container of this library: the given one, or one that is inside of it."""
    if container.providers.keys() >= _PROVIDERS:
        return container
    for provider in container.providers.values():
        inner = getattr(provider, "providers", None)
        if isinstance(inner, Mapping) and inner.keys() >= _PROVIDERS:
            return provider
    return None
