"""Paths and comparisons that are given by name, as texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

from persistence.errors import QueryError
from persistence.query.terms import OPERANDS, Comparison, Names, Operator

_SPELLINGS: Mapping[str, Operator] = MappingProxyType(
    {"==": "=", "!=": "<>", **{operator.upper(): operator for operator in OPERANDS}}
)
_SIZE = re.compile(r"\s*size\s*\((?P<path>.*)\)\s*", re.DOTALL | re.IGNORECASE)


def parsed(name: str) -> Names:
    """Read a dotted path, such as `lines[0].sku`.

    Raises:
        QueryError: it is none.
    """
    if not isinstance(name, str):
        raise QueryError(f"a path is a text, such as address.city or lines[0].sku, not {type(name).__name__}")
    return _parsed(name)


@lru_cache(maxsize=512)
def _parsed(name: str) -> Names:
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
        name: a dotted path; or `size(...)` around one, for the size of what is there.
        operator: in any case; `==` is `=`, and `!=` is `<>`. SIZE is followed by another operator, or by the
            size itself.
        values: the operands; those of IN and BETWEEN may be one sequence.

    Raises:
        QueryError: an unknown operator, the wrong number of operands, or no path.
    """
    if isinstance(operator, str) and operator.strip().upper() == "SIZE":
        return _of_size(name, values)
    sized = _SIZE.fullmatch(name) if isinstance(name, str) else None
    names = parsed(sized["path"] if sized else name)
    known = _operator(name, operator)
    if (
        known in ("in", "between")
        and len(values) == 1
        and isinstance(values[0], list | tuple | set | frozenset)
    ):
        values = tuple(values[0])
    wanted = OPERANDS[known]
    if wanted is not None and len(values) != wanted:
        raise QueryError(f"where({name!r}, {operator!r}) takes {wanted} value(s), not {len(values)}")
    return Comparison(names, known, values, sized is not None)


def _of_size(name: str, values: tuple[object, ...]) -> Comparison:
    match values:
        case (size,) if not isinstance(size, str):
            return comparison(f"size({name})", "=", values)
        case (str() as operator, *operands) if operands:
            return comparison(f"size({name})", operator, tuple(operands))
        case _:
            raise QueryError(
                f"where({name!r}, 'size') takes a number, or an operator and its operands, as in "
                f'where({name!r}, "size", ">", 2)'
            )


def _operator(name: str, operator: str) -> Operator:
    if not isinstance(operator, str):
        raise QueryError(
            f"where({name!r}, ...) takes an operator as a text, such as '=', not {type(operator).__name__}; "
            "the value comes third"
        )
    spelled = operator.strip().upper()
    known = _SPELLINGS.get(spelled)
    if known is None:
        close = get_close_matches(re.sub(r"[\s-]+", "_", spelled), _SPELLINGS, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise QueryError(
            f"where({name!r}, {operator!r}): {hint}the operators are {', '.join(_SPELLINGS)}, SIZE"
        )
    return known
