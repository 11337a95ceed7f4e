"""Conditions and updates on attributes that begin with a tenant's name; pure.

All values of such an attribute that one tenant's items hold begin alike, so that they compare as what follows
does. What can't be asked of them in this way is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, TypeVar, assert_never

from persistence.attributes import NumberRefused, number_text, parse_number
from persistence.errors import QueryError
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Minus,
    Not,
    Operand,
    Or,
    Path,
    Plus,
    Set,
    SetOperand,
    Size,
    UpdateAction,
    Value,
)
from persistence.stores.tenancy.tenant import Tenant

S = TypeVar("S", bound=SetOperand)


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Puts the tenant's name before what is compared with, and what is stored.

    Attributes:
        tenant: whose name.
        names: the attributes that begin with it.
    """

    tenant: Tenant
    names: Collection[str]

    def condition(self, condition: Condition) -> Condition:
        """Give the condition on what is stored.

        Raises:
            QueryError: it can't be asked of what is stored.
        """
        match condition:
            case And(parts):
                return And(tuple(map(self.condition, parts)))
            case Or(parts):
                return Or(tuple(map(self.condition, parts)))
            case Not(inner):
                return Not(self.condition(inner))
            case Compare(operator, left, right):
                return Compare(operator, *self._alike(left, right))
            case Between(operand, low, high):
                return Between(*self._alike(operand, low, high))
            case In(operand, options):
                first, *others = self._alike(operand, *options)
                return In(first, tuple(others))
            case BeginsWith(path, prefix):
                _, wanted = self._alike(path, prefix)
                return BeginsWith(path, wanted)
            case Contains(path, operand):
                for each in (path, operand):
                    if self._begins(each):
                        _refuse("contains(...)", each)
                return condition
            case AttributeExists() | AttributeNotExists() | AttributeType():
                return condition
            case _:
                assert_never(condition)

    def key_condition(self, condition: KeyCondition) -> KeyCondition:
        """Give the key condition on what is stored."""
        (partition, *also) = (
            (name, self.tenant.stored(value) if name in self.names else value)
            for name, value in (condition.partition, *condition.also)
        )
        sort = condition.sort
        if sort is not None:
            rewritten = self.condition(sort)
            assert isinstance(rewritten, Compare | Between | BeginsWith)  # as what it was
            sort = rewritten
        return KeyCondition(partition, sort, tuple(also))

    def action(self, action: UpdateAction) -> UpdateAction:
        """Give the update action on what is stored.

        Raises:
            QueryError: it copies between an attribute that begins with the name, and one that does not.
        """
        if not isinstance(action, Set):
            return action  # of numbers, sets and whole attributes
        return replace(action, value=self._assigned(action.value, prefixed=self._begins(action.path)))

    def _assigned(self, value: SetOperand, *, prefixed: bool) -> SetOperand:
        match value:
            case Path():
                if self._begins(value) is not prefixed:
                    _refuse("copying to or from another attribute", value)
                return value
            case Value(content):
                return Value(self.tenant.stored(content)) if prefixed else value
            case IfNotExists(path, default):
                self._assigned(path, prefixed=prefixed)
                if isinstance(default, Size):
                    return value
                assigned = self._assigned(default, prefixed=prefixed)
                assert isinstance(assigned, Path | Value)  # as what it was
                return IfNotExists(path, assigned)
            case ListAppend(first, second) | Plus(first, second) | Minus(first, second):
                for each in (first, second):
                    self._assigned(each, prefixed=False)
                return value
            case _:
                assert_never(value)

    def _alike(self, *operands: Operand) -> Sequence[Operand]:
        """Give operands that are compared with each other, as they compare with what is stored."""
        texts = [each for each in operands if self._begins(each)]
        sizes = [each for each in operands if isinstance(each, Size) and self._begins(each.path)]
        if not texts and not sizes:
            return operands
        unlike = [each for each in operands if not isinstance(each, Value) and each not in texts + sizes]
        if unlike or (texts and sizes):
            _refuse("comparing it with another attribute", (texts + sizes)[0])
        return [
            self._value(each, longer=bool(sizes)) if isinstance(each, Value) else each for each in operands
        ]

    def _value(self, value: Value, *, longer: bool) -> Value:
        if not longer:
            return Value(self.tenant.stored(value.value))
        number = value.value.get("N")
        if not isinstance(number, str):
            return value
        try:
            return Value({"N": number_text(parse_number(number) + len(self.tenant.prefix))})
        except NumberRefused:  # the store refuses it too
            return value

    def _begins(self, operand: object) -> bool:
        """Tell whether an operand is an attribute that begins with the tenant's name."""
        return isinstance(operand, Path) and len(operand.segments) == 1 and operand.attribute in self.names


def _refuse(what: str, operand: Operand) -> NoReturn:
    path = operand.path if isinstance(operand, Size) else operand
    raise QueryError(
        f"{what} does not go with attribute {str(path)!r} of a table that is scoped to tenants: it is a "
        "partition key, and stored behind the tenant's name. Ask for what it equals or begins with, or keep "
        "the same in an attribute that is no key"
    )
