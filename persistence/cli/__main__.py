"""The command line: `python -m persistence.cli`."""

from __future__ import annotations

import sys

from persistence.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
