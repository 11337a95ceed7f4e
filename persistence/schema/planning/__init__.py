"""Declarations held against live tables: what is to be done, as data, and the doing of it.

| module       | does                                                                                |
|--------------|-------------------------------------------------------------------------------------|
| `live`       | reads what is live of a table, as far as a declaration asks                         |
| `planner`    | makes the plan of a table out of the two; with `billing`, `indexes`, `options`, ... |
| `plans`      | plans and their steps                                                               |
| `comparison` | tells differences in words                                                          |
| `terms`      | tells which steps of a new plan an older one allows                                 |
| `applying`   | performs steps one by one, and sees after each that it has happened                 |
| `waiting`    | asks about tables, and waits for them                                               |
"""
