"""Operations of tables as requests, and the service's answers to them; nothing here does I/O.

| module         | what it writes and reads                                                    |
|----------------|-----------------------------------------------------------------------------|
| `declarations` | keys, types and projections                                                 |
| `billing`      | capacity and limits, of tables and of their global indexes                  |
| `options`      | stream, encryption, replicas, tags                                          |
| `creation`     | `CreateTable`                                                               |
| `changes`      | `UpdateTable`, one change at a time                                         |
| `description`  | the description of a live table                                             |
| `losses`       | what an answer shows to have been dropped without a word                    |
| `settings`     | what has operations of its own: time to live, recovery, tags, insights      |
| `backups`      | backups, and tables restored from them                                      |
| `scaling`      | Application Auto Scaling: targets and policies                              |
"""
