"""Why a commit was refused, entity by entity: the store's cancellation reasons in the words of the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from persistence.attributes import Item, same
from persistence.commit_plan import (
    COMMIT_ID,
    CommitPlan,
    Kind,
    PlannedAction,
    depends_on_version,
    unfit_version,
)
from persistence.errors import (
    THROTTLING_CODES,
    ActionRefused,
    ActionThrottled,
    CancellationReason,
    CommitConflict,
    ConditionFailed,
    ConflictError,
    DecodeError,
    EntityExists,
    EntityGone,
    ItemTooLarge,
    StaleEntity,
    TransactionBusy,
    WrongEntityType,
)
from persistence.evaluate import holds
from persistence.expectations import is_version
from persistence.expressions import Add, Discard, ListAppend, Minus, Plus, Set, UpdateAction
from persistence.mapping import EntityMapping
from persistence.operations import UpdateItem
from persistence.patches import Patch
from persistence.tracking import Loaded, field_names, managed_roles
from persistence.visibility import is_marked

T = TypeVar("T")

INNOCENT = "None"
CONDITION_FAILED = "ConditionalCheckFailed"
BUSY_CODES = frozenset({"TransactionConflict"})
TRANSIENT_CODES = BUSY_CODES | THROTTLING_CODES
"""Codes after which the very same request may succeed (API reference, TransactWriteItems)."""


def is_transient(reasons: tuple[CancellationReason, ...]) -> bool:
    """Tell whether only other traffic was the cause, so that the same request may be sent again."""
    codes = {reason.code for reason in reasons} - {INNOCENT}
    return bool(codes) and codes <= TRANSIENT_CODES


def conflict(commit: CommitPlan, reasons: tuple[CancellationReason, ...]) -> CommitConflict:
    """Name the entity of every action that failed.

    Args:
        commit: the plan that was sent.
        reasons: the store's reasons, one per action in the order of the plan.
    """
    pairs = zip(commit.actions, reasons, strict=True)
    return CommitConflict(_reason(planned, reason) for planned, reason in pairs if reason.code != INNOCENT)


def _reason(planned: PlannedAction[Any], reason: CancellationReason) -> ConflictError:
    for codes, explain in _EXPLANATIONS:
        if reason.code in codes:
            return explain(planned, reason)
    return _refused(planned, reason)


def _condition_failed(planned: PlannedAction[Any], reason: CancellationReason) -> ConflictError:
    if planned.kind is Kind.CREATE:
        text = _why_taken(planned, reason.item)
        return _make(EntityExists, planned, text, found=_found(planned, reason.item))
    patch = planned.patch
    if reason.item is None and planned.kind is Kind.PATCH and patch is not None and _may_make_it(patch):
        return _make(ConditionFailed, planned, "is not stored, and does not meet its patch's condition")
    if reason.item is None:
        return _make(EntityGone, planned, "is not stored, or no longer")
    if planned.mapping.discriminator is not None:
        attribute, own = planned.mapping.discriminator
        if reason.item.get(attribute) != own:
            return _foreign(planned, reason.item.get(attribute, {}).get("S"))
    versions = planned.mapping.versions
    if versions is not None and depends_on_version(planned):
        if not versions.reads(dict(reason.item)):
            return _make(ActionRefused, planned, _WRITTEN_BY_NEWER, found=_found(planned, reason.item))
        if unfit_version(planned, dict(reason.item)):
            return _stale(planned, reason.item, other_schema=True)
    if _is_marked_meanwhile(planned, dict(reason.item)):
        text = "is marked as deleted, and so counts as absent; restore it first"
        return _make(EntityGone, planned, text, found=_found(planned, reason.item))
    if planned.seen is not None and not holds(planned.seen, dict(reason.item)):
        text = "has expired, and so counts as absent; save the entity to prolong it"
        return _make(EntityGone, planned, text, found=_found(planned, reason.item))
    if _is_refused_by_caller(planned, dict(reason.item)):
        text = "does not meet the condition that its patch demands"
        return _make(ConditionFailed, planned, text, found=_found(planned, reason.item))
    return _stale(planned, reason.item)


_WRITTEN_BY_NEWER = (
    "was stored by a newer version of the application, in a schema version that this one can't write; deploy "
    "the newer version here too"
)


def _why_taken(planned: PlannedAction[Any], item: Mapping[str, Any] | None) -> str:
    if item is not None and is_marked(planned.mapping, dict(item)):
        return "is stored already, marked as deleted; restore it, or purge it first"
    return "is stored already"


def _is_marked_meanwhile(planned: PlannedAction[Any], item: Item) -> bool:
    """Tell whether it was the mark of a deletion that failed a write, and not the version beside it."""
    if not is_marked(planned.mapping, item) or planned.kind is Kind.CHECK_ABSENCE or _was_marked(planned):
        return False
    if planned.kind in (Kind.PATCH, Kind.OVERWRITE) or planned.mapping.roles.version is None:
        return True
    return planned.expected_version == _found_version(planned.mapping, item)


def _was_marked(planned: PlannedAction[Any]) -> bool:
    return planned.tracked is not None and planned.tracked.was_marked


def _may_make_it(patch: Patch[Any]) -> bool:
    """Tell whether absence is no reason to refuse a patch, so that it was its own condition."""
    return patch.upsert and patch.condition is not None


def _is_refused_by_caller(planned: PlannedAction[Any], item: Item) -> bool:
    """Tell whether it was the condition of a patch that failed, and not what the unit of work demands."""
    patch = planned.patch
    if patch is None or patch.condition is None or holds(patch.condition, item):
        return False
    if patch.expected_version is None:
        return True
    version = patch.mapping.roles.version
    return version is None or holds(is_version(version, patch.expected_version), item)


def _foreign(planned: PlannedAction[Any], mark: str | None) -> WrongEntityType:
    return WrongEntityType(planned.mapping.entity_type, planned.key_values, mark, entity=planned.entity)


def _stale(
    planned: PlannedAction[Any], item: Mapping[str, Any], *, other_schema: bool = False
) -> StaleEntity:
    found_version = _found_version(planned.mapping, item)
    return StaleEntity(
        f"{planned} {_what_happened(planned, dict(item), found_version)}; read it again and retry",
        expected_version=planned.expected_version,
        found_version=found_version,
        changed_by_other=_changed_by_other(planned, dict(item)),
        changed_by_me=_changed_by_me(planned),
        found=_found(planned, item),
        deleted=_deleted_by_other(planned, dict(item)),
        other_schema=other_schema,
        **_whose(planned),
    )


def _deleted_by_other(planned: PlannedAction[Any], item: Item) -> bool:
    return is_marked(planned.mapping, item) and not _was_marked(planned)


def _what_happened(planned: PlannedAction[Any], item: Item, found_version: object) -> str:
    if planned.kind is Kind.CHECK_ABSENCE:
        return "was not stored when this unit looked, and was added by somebody else since"
    what = "marked as deleted" if _deleted_by_other(planned, item) else "changed"
    text = f"was {what} by somebody else since it was loaded"
    if planned.mapping.roles.version is None:
        return text
    if planned.expected_version is not None and planned.expected_version == found_version:
        return f"{text}: it was deleted and made anew, with the same version {_or_none(found_version)}"
    versions = f"expected version {_or_none(planned.expected_version)}, found {_or_none(found_version)}"
    return f"{text}: {versions}"


def _or_none(version: object) -> str:
    return "none" if version is None else str(version)


def _busy(planned: PlannedAction[Any], reason: CancellationReason) -> ConflictError:
    return _make(TransactionBusy, planned, "is held by another transaction; try again")


def _throttled(planned: PlannedAction[Any], reason: CancellationReason) -> ConflictError:
    return _make(ActionThrottled, planned, f"was throttled ({reason.code}); try again later")


def _collection_full(planned: PlannedAction[Any], reason: CancellationReason) -> ConflictError:
    return _make(ItemTooLarge, planned, "does not fit: its item collection would exceed the limit of 10 GB")


def _refused(planned: PlannedAction[Any], reason: CancellationReason) -> ConflictError:
    message = reason.message or ""
    if "size" in message.lower():
        return _make(ItemTooLarge, planned, "would be an item over the limit of 400 KB")
    for phrases, explain in _UNFIT:
        if any(phrase in message for phrase in phrases):
            text = f"{explain(_changing(planned))}. The service says: {message}"
            return _make(ActionRefused, planned, text)
    return _make(ActionRefused, planned, f"was refused by the service: {reason.code}: {message}")


def is_unfit(message: str) -> bool:
    """Tell whether the service refused an update because of the item that it met, and not for itself."""
    return any(phrase in message for phrases, _ in _UNFIT for phrase in phrases)


def _changing(planned: PlannedAction[Any]) -> tuple[UpdateAction, ...]:
    """Give what a patch, or else a change of an entity, does to an item."""
    if planned.patch is not None:
        return planned.patch.actions
    return planned.action.actions if isinstance(planned.action, UpdateItem) else ()


def _leads_nowhere(changing: Iterable[UpdateAction]) -> str:
    nested = _listed(each for each in changing if len(each.path.segments) > 1)
    return (
        f"can't be changed in part, since what is around {nested} is not stored, or is of another type; set "
        "the whole instead, or demand with if_exists(...) that it is there"
    )


def _is_of_another_type(changing: Iterable[UpdateAction]) -> str:
    return (
        f"holds a value of another type than is worked on, in {_listed(filter(_works_on_values, changing))}; "
        "set it as a whole, or demand its type with if_where(name, 'attribute_type', ...)"
    )


def _is_out_of_range(changing: Iterable[UpdateAction]) -> str:
    return (
        "would hold a number that DynamoDB can't, of more than 38 digits or out of range, in "
        f"{_listed(filter(_works_on_values, changing))}; demand with if_(...) that it is small enough"
    )


def _works_on_values(action: UpdateAction) -> bool:
    match action:
        case Add() | Discard() | Set(_, Plus() | Minus() | ListAppend()):
            return True
        case _:
            return False


def _listed(actions: Iterable[UpdateAction]) -> str:
    return " or ".join(str(each.path) for each in actions)


_Explanation = Callable[[PlannedAction[Any], CancellationReason], ConflictError]

_EXPLANATIONS: tuple[tuple[frozenset[str], _Explanation], ...] = (
    (frozenset({CONDITION_FAILED}), _condition_failed),
    (BUSY_CODES, _busy),
    (THROTTLING_CODES, _throttled),
    (frozenset({"ItemCollectionSizeLimitExceeded"}), _collection_full),
)

_UNFIT: tuple[tuple[tuple[str, ...], Callable[[Iterable[UpdateAction]], str]], ...] = (
    (("document path provided in the update expression is invalid",), _leads_nowhere),
    (
        (
            "operand in the update expression has an incorrect data type",
            "refers to an attribute that does not exist",
        ),
        _is_of_another_type,
    ),
    (
        (
            "Number overflow",
            "Number underflow",
            "more than 38 significant digits",
            "precision up to 38 digits",
        ),
        _is_out_of_range,
    ),
)
"""Parts of the service's texts, and what they mean for the paths of an update."""

E = TypeVar("E", bound=ConflictError)


def _make(kind: type[E], planned: PlannedAction[Any], text: str, found: object | None = None) -> E:
    error = kind(f"{planned} {text}", **_whose(planned))
    error.found = found
    return error


def _whose(planned: PlannedAction[Any]) -> dict[str, Any]:
    return {
        "entity": planned.entity,
        "entity_type": planned.mapping.entity_type,
        "key": planned.key_values,
    }


def _found(planned: PlannedAction[Any], item: Mapping[str, Any] | None) -> object | None:
    """Decode the stored entity; an item that this mapping can't read is given as it is."""
    if item is None:
        return None
    entity = _decoded(planned.mapping, dict(item))
    return item if entity is None else entity


def _decoded(mapping: EntityMapping[T], item: Item) -> T | None:
    try:
        return mapping.codec.decode(item)
    except (DecodeError, WrongEntityType):
        return None


def _found_version(mapping: EntityMapping[Any], item: Mapping[str, Any]) -> object:
    role = mapping.roles.version
    if role is None:
        return None
    try:
        return mapping.read_role(role, dict(item))
    except DecodeError:
        return None


def _changed_by_other(planned: PlannedAction[Any], found: Item) -> dict[str, tuple[object, object]]:
    origin = _loaded(planned)
    if origin is None:
        return {}
    before, now = (_decoded(planned.mapping, item) for item in (origin.item, found))
    known = {} if before is None or now is None else _differences(planned.mapping, before, now)
    return known | _unknown_differences(planned.mapping, origin.item, found)


def _changed_by_me(planned: PlannedAction[Any]) -> dict[str, tuple[object, object]]:
    origin = _loaded(planned)
    if not planned.changed or origin is None:
        return {}
    before = _decoded(planned.mapping, origin.item)
    return {} if before is None else _differences(planned.mapping, before, planned.entity)


def _loaded(planned: PlannedAction[Any]) -> Loaded | None:
    origin = None if planned.tracked is None else planned.tracked.origin
    return origin if isinstance(origin, Loaded) else None


def _differences(mapping: EntityMapping[T], before: T, now: T) -> dict[str, tuple[object, object]]:
    """Compare two entities by their Python attributes, without what the unit of work writes by itself."""
    managed = {role.name for role in managed_roles(mapping)}
    names = [name for name in field_names(before) if name in mapping.field_names and name not in managed]
    pairs = {name: (getattr(before, name, None), getattr(now, name, None)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _unknown_differences(
    mapping: EntityMapping[Any], before: Item, now: Item
) -> dict[str, tuple[object, object]]:
    names = (dict.fromkeys([*before, *now]).keys()) - {*mapping.attributes, COMMIT_ID}
    return {
        name: (before.get(name), now.get(name)) for name in names if not same(before.get(name), now.get(name))
    }
