"""hypothesis strategies from mappings: entities, and items as they may be stored.

    from persistence.testing.strategies import entities

    @given(entities(OrderMapping, status=st.just(Status.OPEN)))
    def test_paying(order: Order) -> None: ...

| module    | what is in it                                                                       |
|-----------|-------------------------------------------------------------------------------------|
| `records` | `entities`: all fields of an entity, nested ones too                                |
| `values`  | the values of one field, by how it is stored and what its validators demand         |
| `scalars` | texts, numbers, times and so on within bounds                                       |
| `stored`  | `items`, `attribute_values`: what may be in a table                                 |

It needs hypothesis: `pip install persistence-dynamodb[testing]`.
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "persistence.testing.strategies needs hypothesis; install persistence-dynamodb[testing]",
        name=_missing.name,
    ) from _missing

from persistence.testing.strategies.records import entities, register
from persistence.testing.strategies.stored import attribute_values, items

__all__ = ["attribute_values", "entities", "items", "register"]

del _hypothesis
