"""Backups in a folder of one's own, which every store can write and read.

```
manifest.json                       what was exported: the table, the files with their checksums, counts
data/segment-00-0000.jsonl.gz       one item per line as DynamoDB JSON, as AWS's own export to S3 has them
export.json                         where an export stands that has not ended yet
import-movies.json                  where an import into the table "movies" stands that has not ended yet
```

| module      | does                                                                   |
|-------------|------------------------------------------------------------------------|
| `lines`     | items as lines of text, and back                                       |
| `digests`   | tells whether two tables or folders hold the same items                |
| `structure` | the declaration of a table as JSON data, and back                      |
| `manifest`  | what a backup says of itself                                           |
| `parts`     | writes and reads the compressed files                                  |
| `folders`   | which folder an export may write to, by one process at a time          |
| `stretches` | what an export has of a segment                                        |
| `exporting` | the flow from a table into a folder                                    |
| `importing` | the flow from a folder into a table                                    |
| `sending`   | writes the items of an import                                          |
| `verifying` | checks a folder, and a table against it                                |
| `reporting` | tells how far a job is                                                 |

The names below are loaded when they are first used: an application that makes no backups loads none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.schema.portable.exporting import Export as Export
    from persistence.schema.portable.exporting import export_flow as export_flow
    from persistence.schema.portable.importing import Import as Import
    from persistence.schema.portable.importing import ImportReport as ImportReport
    from persistence.schema.portable.importing import import_flow as import_flow
    from persistence.schema.portable.manifest import BackupFile as BackupFile
    from persistence.schema.portable.manifest import Manifest as Manifest
    from persistence.schema.portable.verifying import Verification as Verification
    from persistence.schema.portable.verifying import verify_folder as verify_folder

_HOMES = {
    "exporting": ("Export", "export_flow"),
    "importing": ("Import", "ImportReport", "import_flow"),
    "manifest": ("BackupFile", "Manifest"),
    "verifying": ("Verification", "verify_folder"),
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}

__all__ = [
    "BackupFile",
    "Export",
    "Import",
    "ImportReport",
    "Manifest",
    "Verification",
    "export_flow",
    "import_flow",
    "verify_folder",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
