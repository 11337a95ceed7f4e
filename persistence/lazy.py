"""Packages whose names are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_face(
    package: str, homes: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the `__getattr__` and the `__dir__` of a package whose names are loaded when they are first used.

    Type checkers see the names by the imports under `TYPE_CHECKING` that stand beside it.

    Args:
        package: the package's `__name__`.
        homes: module -> those of the names that are defined there.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found: object = getattr(import_module(home_of[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    def names_shown() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home_of})

    return load, names_shown
