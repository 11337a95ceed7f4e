"""Writes results into the documentation: `python -m benchmarks.docs FILE`, which `--json` has written."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks import tables

DOCS = Path(__file__).parent.parent / "docs"


def main(file: str, docs: Path = DOCS) -> None:
    """Write the tables between the markers of `performance.md`, and the plots beside it.

    Args:
        file: the results.
        docs: the folder of the documentation.
    """
    content = json.loads(Path(file).read_text(encoding="utf-8"))
    page = docs / "performance.md"
    page.write_text(
        tables.between_markers(page.read_text(encoding="utf-8"), tables.page(content)), encoding="utf-8"
    )
    if find_spec("matplotlib") is None:
        print("matplotlib is not installed: the plots stay as they are")
        return
    for written in import_module("benchmarks.plots").write(content, docs / "plots"):
        print(written)


if __name__ == "__main__":
    main(sys.argv[1])
