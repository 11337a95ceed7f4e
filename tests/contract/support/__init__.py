"""Which server supports what of tables and backups: tried on each, and written to `docs/server-support.md`.

After a change run `python -m tests.contract.support` and read the difference.
"""
