"""Paths and comparisons that are given by name, as texts."""

from __future__ import annotations

from persistence.errors import QueryError
from persistence.query.terms import OPERANDS, Comparison, Names, Operator

_SPELLINGS: dict[str, Operator] = {"!=": "<>", **{operator.upper(): operator for operator in OPERANDS}}


def parsed(name: str) -> Names:
    """Read a dotted path, such as `lines[0].sku`.

    Raises:
        QueryError: it is none.
    """
    if not isinstance(name, str):
        raise QueryError(f"a path is a text, such as address.city or lines[0].sku, not {type(name).__name__}")
    parts: list[str | int] = []
    for part in name.replace("[", ".[").split("."):
        if part.startswith("[") and part.endswith("]") and part[1:-1].isdigit():
            parts.append(int(part[1:-1]))
        elif part and "[" not in part and "]" not in part:
            parts.append(part)
        else:
            raise QueryError(f"{name!r} is no path; write it like address.city or lines[0].sku")
    return tuple(parts)


def comparison(name: str, operator: str, values: tuple[object, ...]) -> Comparison:
    """Make a comparison of texts.

    Args:
        name: a dotted path.
        operator: in any case; `!=` is `<>`.
        values: the operands; those of IN and BETWEEN may be one sequence.

    Raises:
        QueryError: an unknown operator, the wrong number of operands, or no path.
    """
    known = _SPELLINGS.get(operator.strip().upper())
    if known is None:
        raise QueryError(f"where({name!r}, {operator!r}): the operators are {', '.join(_SPELLINGS)}")
    if (
        known in ("in", "between")
        and len(values) == 1
        and isinstance(values[0], list | tuple | set | frozenset)
    ):
        values = tuple(values[0])
    wanted = OPERANDS[known]
    if wanted is not None and len(values) != wanted:
        raise QueryError(f"where({name!r}, {operator!r}) takes {wanted} value(s), not {len(values)}")
    return Comparison(parsed(name), known, values)
