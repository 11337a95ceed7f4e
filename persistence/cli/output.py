"""Tables and JSON on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

from persistence.cli.texts import Plain, json_document, json_text, printable


class Output:
    """Where a command puts its results.

    Args:
        json: write JSON instead of tables and sentences.
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json

    def say(self, text: str) -> None:
        """Write a sentence; nothing where JSON is wanted."""
        if not self.json:
            print(text)

    def note(self, text: str) -> None:
        """Write what is no result, to stderr."""
        print(text, file=sys.stderr)

    def hint(self, data: Plain, text: str) -> None:
        """Write what is worth knowing beside the results to stderr, as JSON where that is wanted."""
        self.note(printable(json_text(data), sys.stderr.encoding) if self.json else text)

    def document(self, data: Plain) -> None:
        """Write one document of JSON, whatever form is wanted."""
        print(printable(json_document(data), sys.stdout.encoding))

    def either(self, data: Plain, text: str) -> None:
        """Write a document where JSON is wanted, else a text."""
        if self.json:
            self.document(data)
        else:
            print(text)

    def line(self, data: Plain) -> None:
        """Write one line of JSON."""
        print(printable(json_text(data), sys.stdout.encoding))

    def rows(self, rows: Sequence[Mapping[str, Plain]], columns: Iterable[str] | None = None) -> None:
        """Write rows as a table, or one line of JSON each.

        Args:
            rows: column -> value.
            columns: the columns of the table in order; None for those of the rows.
        """
        if self.json:
            for row in rows:
                self.line(row)
            return
        names = list(dict.fromkeys(name for row in rows for name in row)) if columns is None else columns
        import_module("persistence.cli.tables").print_table(list(names), rows)

    def facts(self, facts: Mapping[str, Plain]) -> None:
        """Write names and values, one below the other, or one line of JSON."""
        if self.json:
            self.line(facts)
        else:
            import_module("persistence.cli.tables").print_facts(facts)
