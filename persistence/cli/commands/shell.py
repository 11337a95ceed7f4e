"""`shell`: Python with the application's store, repositories and mappings."""

from __future__ import annotations

import code
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

import click

from persistence.cli.entities import CURSOR_KEY
from persistence.cli.session import Session
from persistence.errors import NotSupported
from persistence.flows import Flow, perform
from persistence.mapping import mapping_of
from persistence.operation_facts import API_NAMES, WRITES, table_of
from persistence.operations import Operation
from persistence.repository import Repository
from persistence.schema import SchemaService
from persistence.stores.layers import Layer, layered
from persistence.unit_of_work import UnitOfWork

R = TypeVar("R")

READS = API_NAMES.keys() - WRITES


class ReadOnly(Layer):
    """A layer that refuses whatever could change something."""

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Pass reads on; see `Layer.around`.

        Raises:
            NotSupported: it is no read.
        """
        if type(operation) not in READS:
            raise NotSupported(
                "this shell only reads; start it with --write to change something",
                operation=type(operation).__name__,
                table=table_of(operation),
            )
        return (yield from perform(operation))


@click.command()
@click.option("--write", is_flag=True, help="Let it change tables and items.")
@click.option("--plain", is_flag=True, help="Use Python's own console, also where IPython is installed.")
@click.pass_context
def shell(ctx: click.Context, *, write: bool, plain: bool) -> None:
    """Start Python with `store`, `uow`, `schema`, `mappings`, each mapping, and a repository of each entity.

    It only reads, unless --write is given. Python's own console runs what is piped into it.
    """
    session = Session.of(ctx)
    names = namespace(session, write=write)
    banner = _banner(session, names, write=write)
    if not plain and sys.stdin.isatty() and find_spec("IPython") is not None:
        session.output.note(banner)
        import_module("IPython").start_ipython(argv=["--no-banner"], user_ns=names)
        return
    if sys.stdin.isatty() and find_spec("readline") is not None:
        completer = import_module("rlcompleter").Completer(names)
        readline = import_module("readline")
        readline.set_completer(completer.complete)
        readline.parse_and_bind("tab: complete")
    code.interact(banner=banner, local=names, exitmsg="")


def namespace(session: Session, *, write: bool) -> dict[str, Any]:
    """Give the names of the shell.

    Args:
        session: the session.
        write: whether they may change something.
    """
    store = session.entity_store if write else layered(session.entity_store, ReadOnly())
    uow = UnitOfWork(store, cursor_keys=[CURSOR_KEY])
    mappings = session.app.mappings
    return {
        **{each.__name__: each for each in mappings},
        **{mapping_of(each).name: mapping_of(each).entity_type for each in mappings},
        **{repository_name(mapping_of(each).name): Repository(each, uow) for each in mappings},
        "store": store,
        "uow": uow,
        "schema": SchemaService(store, mappings),
        "mappings": mappings,
    }


def repository_name(entity: str) -> str:
    """Name the repository of an entity: `order_lines` for `OrderLines`, `orders` for `Order`."""
    words = "".join(f"_{each.lower()}" if each.isupper() else each for each in entity).lstrip("_")
    return words if words.endswith("s") else f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _banner(session: Session, names: dict[str, Any], *, write: bool) -> str:
    repositories = [name for name, value in names.items() if isinstance(value, Repository)]
    return "\n".join(
        (
            f"{session.place}: {'writing is allowed' if write else 'read-only (--write lets it write)'}",
            f"repositories: {', '.join(repositories)}",
            "also: store, uow, schema, mappings, and the entities and mappings by name",
        )
    )
