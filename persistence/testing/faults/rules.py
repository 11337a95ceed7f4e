"""What can go wrong, and the rules that say when it does.

A fault is a value that says what happens to one operation. A rule says which operations it happens to and how
often. A plan is a sequence of rules: the first one that strikes decides, and a rule sees only what the rules
before it let pass, so that a script reads from top to bottom:

    [
        Rule(LostAnswer(), (TransactWrite,), count=2),
        Rule(Cancellation(("TransactionConflict", None)), count=1),
    ]

A storm is the same with probabilities: `Rule(LostAnswer(), probability=0.2)`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, assert_never, get_args

from persistence.operation_facts import API_NAMES, ON_ITEMS, WRITES, OperationType
from persistence.operations import BatchGetItems, BatchWriteItems, TransactGet, TransactWrite
from persistence.testing.faults.subjects import Subject

ThrottlingCode = Literal[
    "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"
]

PASSING_CODES = frozenset(
    {
        "None",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
    }
)
"""Codes of a cancellation that other traffic caused; any other one decides the fate of a transaction."""


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """It takes effect, or is refused, and the answer gets lost."""


@dataclass(frozen=True, slots=True)
class LostRequest:
    """It gets lost on its way, without effect; whoever asked can't tell that from a lost answer."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """It is sent on, and the connection breaks before the answer.

    In a store without a network this is a `LostAnswer`.
    """


@dataclass(frozen=True, slots=True)
class LateArrival:
    """It seems lost, and takes effect later, when whoever asked may have repeated it already.

    Attributes:
        after: how many operations are performed first, at least 1. With 1 it arrives right behind the
            repetition.
    """

    after: int = 1

    def __post_init__(self) -> None:
        _refuse_unless(self.after >= 1, "LateArrival.after", "at least 1", self.after)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """There is no connection, so that it surely has no effect; not possible in a proxy."""


@dataclass(frozen=True, slots=True)
class Delay:
    """It is held up, and then performed and answered.

    Attributes:
        seconds: for how long.
    """

    seconds: float

    def __post_init__(self) -> None:
        _refuse_unless(self.seconds >= 0, "Delay.seconds", "not negative", self.seconds)


@dataclass(frozen=True, slots=True)
class Trickle:
    """It is performed, and its answer comes in small pieces.

    A client's read timeout is for each piece: it never comes. In a store without a network this is a `Delay`
    after it took effect.

    Attributes:
        seconds: how long the answer takes.
        pieces: in how many it comes.
    """

    seconds: float
    pieces: int = 10

    def __post_init__(self) -> None:
        _refuse_unless(self.seconds >= 0, "Trickle.seconds", "not negative", self.seconds)
        _refuse_unless(self.pieces >= 1, "Trickle.pieces", "at least 1", self.pieces)


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing is heard for a while, then the connection breaks.

    Attributes:
        seconds: for how long.
        applied: whether it takes effect, before the silence.
    """

    seconds: float
    applied: bool = True

    def __post_init__(self) -> None:
        _refuse_unless(self.seconds >= 0, "Stall.seconds", "not negative", self.seconds)


@dataclass(frozen=True, slots=True)
class ServerError:
    """The service answers with status 500.

    Attributes:
        applied: whether it takes effect all the same.
    """

    applied: bool = False


@dataclass(frozen=True, slots=True)
class Throttling:
    """The service refuses it because of too much traffic; it has no effect.

    Attributes:
        code: the service's code.
    """

    code: ThrottlingCode = "ProvisionedThroughputExceededException"

    def __post_init__(self) -> None:
        codes = get_args(ThrottlingCode)
        _refuse_unless(self.code in codes, "Throttling.code", f"one of {', '.join(codes)}", self.code)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The service cancels a transaction; it has no effect.

    It happens only to transactions that are long enough for its first failing code. A code that decides, such
    as "ConditionalCheckFailed", is never given to a transaction whose token was sent on before: the service
    would confirm the earlier attempt instead.

    Attributes:
        codes: the service's code for each action, in their order; None for an action that did not fail, also
            for those that have no code here.
    """

    codes: tuple[str | None, ...] = ("TransactionConflict",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", tuple(self.codes))
        failing = any(code not in (None, "None") for code in self.codes)
        _refuse_unless(failing, "Cancellation.codes", "at least one that is not None", self.codes)

    @property
    def decides(self) -> bool:
        """Whether a repetition of the same request could not succeed."""
        return any(code is not None and code not in PASSING_CODES for code in self.codes)

    def codes_for(self, size: int) -> tuple[str, ...]:
        """Give one code per action; "None" is the service's word for an action that did not fail."""
        codes = [code or "None" for code in self.codes[:size]]
        return (*codes, *["None"] * (size - len(codes)))


@dataclass(frozen=True, slots=True)
class InProgress:
    """The service says that it is still at work on a transaction with that token.

    The request is not sent on.
    """


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """The service leaves parts of a batch undone, and says which; the other parts are done.

    It happens to batches of two and more, since where nothing can be done the service throttles instead.

    Attributes:
        left: how many parts are left undone, at most all but one; chance chooses which.
    """

    left: int = 1

    def __post_init__(self) -> None:
        _refuse_unless(self.left >= 1, "Unprocessed.left", "at least 1", self.left)


@dataclass(frozen=True, slots=True)
class ExpiredCredentials:
    """The service refuses the credentials; it has no effect."""


Fault = (
    LostAnswer
    | LostRequest
    | Abandoned
    | LateArrival
    | Unreachable
    | Delay
    | Trickle
    | Stall
    | ServerError
    | Throttling
    | Cancellation
    | InProgress
    | Unprocessed
    | ExpiredCredentials
)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a fault happens.

    Attributes:
        fault: what happens.
        operations: the types of operations that it happens to; empty for every operation on items that it can
            happen to.
        probability: how likely it is for each of them, over 0 and at most 1.
        count: how often it happens at most; None for no end.
        after: how many of them pass first.

    Raises:
        ValueError: a number out of range, or a fault that can't happen to one of the operations.
    """

    fault: Fault
    operations: tuple[OperationType, ...] = ()
    probability: float = 1.0
    count: int | None = None
    after: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations", tuple(self.operations))
        _refuse_unless(
            0 < self.probability <= 1, "Rule.probability", "over 0 and at most 1", self.probability
        )
        _refuse_unless(self.count is None or self.count >= 1, "Rule.count", "None or at least 1", self.count)
        _refuse_unless(self.after >= 0, "Rule.after", "not negative", self.after)
        for operation in self.operations:
            if operation not in possible_for(self.fault):
                raise ValueError(
                    f"{type(self.fault).__name__} can't happen to {operation.__name__}; possible are "
                    f"{', '.join(sorted(each.__name__ for each in possible_for(self.fault)))}"
                )

    @property
    def covered(self) -> Collection[OperationType]:
        """The types of operations that it happens to."""
        return self.operations or possible_for(self.fault) & ON_ITEMS

    def fits(self, subject: Subject) -> bool:
        """Tell whether the fault can happen to an operation of a covered type with so many parts."""
        return _fits(self.fault, subject.size)


def possible_for(fault: Fault) -> frozenset[OperationType]:
    """Give the types of operations that a fault can happen to."""
    match fault:
        case Cancellation():
            return frozenset({TransactWrite, TransactGet})
        case InProgress():
            return frozenset({TransactWrite})
        case Unprocessed():
            return frozenset({BatchGetItems, BatchWriteItems})
        case LateArrival():
            return WRITES
        case (
            LostAnswer()
            | LostRequest()
            | Abandoned()
            | Unreachable()
            | Delay()
            | Trickle()
            | Stall()
            | ServerError()
            | Throttling()
            | ExpiredCredentials()
        ):
            return frozenset(API_NAMES)
        case _:
            assert_never(fault)


def reaches_the_store(fault: Fault | None) -> bool:
    """Tell whether what a fault happens to takes effect, now or later, unless the store refuses it."""
    match fault:
        case None | LostAnswer() | Abandoned() | LateArrival() | Delay() | Trickle() | Unprocessed():
            return True
        case Stall(applied=applied) | ServerError(applied=applied):
            return applied
        case (
            LostRequest()
            | Unreachable()
            | Throttling()
            | Cancellation()
            | InProgress()
            | ExpiredCredentials()
        ):
            return False
        case _:
            assert_never(fault)


def _fits(fault: Fault, size: int) -> bool:
    match fault:
        case Cancellation():
            return any(code != "None" for code in fault.codes_for(size))
        case Unprocessed():
            return size > 1
        case _:
            return True


def _refuse_unless(holds: bool, what: str, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{what} must be {expected}, not {found!r}")
