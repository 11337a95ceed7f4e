"""Terms as texts that read like Python; values are shown as their types, since texts end up in logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from persistence.query.terms import AllOf, AnyOf, Comparison, Names, Negated, PathOperand, RawTerm, Term

ENTITY = "o"
"""What stands for the entity."""

_SHOWN_OPTIONS = 4
_SIGNS = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

Show = Callable[[object], str]


def worded(term: Term, *, values: bool = False) -> str:
    """Write a term as it would be written in a lambda.

    Args:
        term: the term.
        values: show the values themselves instead of their types.

    Returns:
        A text such as `(o.total > <Decimal>) & o.paid`.
    """
    return _worded(term, repr if values else _type_only)


def path_text(names: Names, *, size: bool = False) -> str:
    """Write a path from the entity on: `o.address.city`, `o.extra["a key"]`, `size(o.tags)`."""
    text = ENTITY + "".join(map(_step, names))
    return f"size({text})" if size else text


def _step(name: str | int) -> str:
    if isinstance(name, str) and name.isidentifier():
        return f".{name}"
    return f"[{name}]" if isinstance(name, int) else f'["{name}"]'


def _type_only(value: object) -> str:
    return "None" if value is None else f"<{type(value).__name__}>"


def _worded(term: Term, show: Show) -> str:
    match term:
        case Comparison():
            return _comparison(term, show)
        case AllOf(terms):
            return _joined(" & ", terms, show)
        case AnyOf(terms):
            return _joined(" | ", terms, show)
        case Negated(inner):
            return f"not_({_worded(inner, show)})"
        case RawTerm():
            return _raw(term, show)
        case _:
            assert_never(term)


def _joined(sign: str, terms: tuple[Term, ...], show: Show) -> str:
    if len(terms) == 1:
        return _worded(terms[0], show)
    return sign.join(_enclosed(term, show) for term in terms)


def _enclosed(term: Term, show: Show) -> str:
    text = _worded(term, show)
    return f"({text})" if _needs_parentheses(term) else text


def _needs_parentheses(term: Term) -> bool:
    match term:
        case AllOf(terms) | AnyOf(terms):
            return len(terms) > 1 or any(map(_needs_parentheses, terms))
        case Comparison():
            return term.operator in _SIGNS and not _is_bare(term)
        case _:
            return False


def _is_bare(term: Comparison) -> bool:
    return term.operator == "=" and term.operands[0] is True and not term.size


def _comparison(term: Comparison, show: Show) -> str:
    path = path_text(term.names, size=term.size)
    if _is_bare(term):
        return path
    if term.operator in _SIGNS:
        return f"{path} {_SIGNS[term.operator]} {_operand(term.operands[0], show)}"
    if term.operator == "in":
        return f"is_in({path}, [{_options(term.operands, show)}])"
    if term.operator == "attribute_type":
        return f'attribute_type({path}, "{term.operands[0]}")'
    operands = (_operand(operand, show) for operand in term.operands)
    return f"{term.operator}({', '.join((path, *operands))})"


def _options(operands: tuple[object, ...], show: Show) -> str:
    shown = [_operand(operand, show) for operand in operands[:_SHOWN_OPTIONS]]
    more = len(operands) - len(shown)
    return ", ".join([*shown, f"... {more} more"] if more else shown)


def _operand(operand: object, show: Show) -> str:
    return path_text(operand.names, size=operand.size) if isinstance(operand, PathOperand) else show(operand)


def _raw(term: RawTerm, show: Show) -> str:
    values = [f"{name}={show(value)}" for name, value in term.values]
    text = f"raw({', '.join((repr(term.text), *values))})"
    return f"{text} in {path_text(term.below)}" if term.below else text
