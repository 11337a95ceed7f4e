"""Migrations in files, such as `0007_add_totals.py`, with the functions `up(context)` and `down(context)`."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from persistence.errors import MigrationError
from persistence.schema.migrations.migration import Migration, checksum_of, ordered

_FILE = re.compile(r"([0-9]+)_(\w+)\.py\Z")


def load_migrations(folder: str | os.PathLike[str]) -> tuple[Migration, ...]:
    """Load the migrations of a folder, in their order.

    Files that begin with `_` are left alone. The checksum is that of the whole file, its ends of lines aside.

    Args:
        folder: holds files such as `0007_add_totals.py`.

    Raises:
        MigrationError: there is no such folder, a file has another name, can't be loaded or has no `up`.
    """
    path = Path(folder)
    if not path.is_dir():
        raise MigrationError(f"there is no folder {str(path)!r} with migrations")
    files = (file for file in path.glob("*.py") if not file.name.startswith("_"))
    return ordered(map(_migration, files))


def _migration(file: Path) -> Migration:
    named = _FILE.match(file.name)
    if named is None:
        raise MigrationError(
            f"the file {file.name!r} is no migration: they are called by digits and words, such as "
            "0007_add_totals.py. Begin the name of a file that is none with _"
        )
    module = _loaded(file)
    return Migration(
        named[1],
        named[2],
        getattr(module, "up", None),  # type: ignore[arg-type]  # Migration tells when it is missing
        getattr(module, "down", None),
        checksum_of(file.read_bytes().decode("utf-8", "backslashreplace")),
    )


def _loaded(file: Path) -> ModuleType:
    """Load a file under a name of its own that can't be imported; dataclasses look their module up by it."""
    name = f"migration {file.resolve()}"
    specification = spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise MigrationError(f"the migration {file.name!r} can't be loaded")
    module = module_from_spec(specification)
    before, sys.modules[name] = sys.modules.get(name), module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as failure:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise MigrationError(
            f"the migration {file.name!r} can't be loaded: {type(failure).__name__}: {failure}"
        ) from failure
    return module
