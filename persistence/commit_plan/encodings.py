"""What a commit stores of entities: their encodings, with the version and the time that it gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from persistence.attributes import AttributeValue, Item, item_size, size_at_most
from persistence.commit_plan.kept import NOTHING_KEPT, Kept, Step
from persistence.errors import ItemTooLarge, KeyChanged, QueryError, ValidationFailed
from persistence.expectations import FIRST_VERSION, Expectation
from persistence.mapping import EntityMapping, RoleField
from persistence.store import Limits
from persistence.tracking import Comparison, Loaded, Tracked, encoded_changes, key_part, refuse_changed_key

T = TypeVar("T")

STEPS = 512
"""For how many versions of one mapping's items it is kept how they are written."""


@dataclass(frozen=True, slots=True, eq=False)
class New(Generic[T]):
    """What new entities of one mapping have in common.

    Attributes:
        mapping: the mapping.
        kept: what the unit of work keeps of them.
        write: writes the JSON of one's item, unless that is unusual; see `Codec.text`. None where the item
            has to be made.
        text: what is kept, as JSON.
        most: bytes that the store takes in one item.
    """

    mapping: EntityMapping[T]
    kept: Kept
    write: Callable[[T, Item, str], str | None] | None
    text: str
    most: int

    def written(self, entity: T, key: Item) -> str | None:
        """Write the item of an entity, with what is kept; None where it has to be made, if only to refuse it.

        Args:
            entity: the entity.
            key: the key that it has to have.
        """
        if self.write is None:
            return None
        text = self.write(entity, key, self.text)
        # JSON has more characters than the item has bytes.
        return text if text is not None and len(text) <= self.most else None

    def keeping(self, text: str, kept: Kept) -> str:
        """Give the text of an item that keeps something else than the usual, which is at its end."""
        return f"{text[: -len(self.text) - 1]}{kept.text}}}"


class Encodings:
    """Encodes the entities of one commit; the time is the same for all.

    Args:
        clock: gives the time of the commit, aware; it is asked once, if at all.
        limits: what the store takes.
        ids: gives random ids, for incarnations.
        heaviest: bytes that each loaded item has at most; None where that is not known.
        texts: whether the store sends new items as JSON, so that nothing else needs to be made of them.

    Attributes:
        room: so many bytes surely fit into each loaded item beside what it has; negative where that is not
            known.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        limits: Limits,
        ids: Callable[[], str],
        heaviest: int | None = None,
        *,
        texts: bool = False,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._ids = ids
        self._texts = texts
        self.room = -1 if heaviest is None else limits.item_bytes - heaviest
        self._now: datetime | None = None
        self._times: dict[RoleField, AttributeValue] = {}
        self._kept: dict[tuple[EntityMapping[Any], int, bool], Kept] = {}
        self._steps: dict[EntityMapping[Any], dict[str | None, Step]] = {}
        self._new: New[Any] | None = None
        self._stepping: EntityMapping[Any] | None = None
        self._version: str | None = None
        self._known_steps: dict[str | None, Step] = {}

    def time(self) -> datetime:
        """Give the time of the commit."""
        if self._now is None:
            self._now = self._clock()
        return self._now

    def kept(self, mapping: EntityMapping[Any], *, version: int, created: bool = False) -> Kept:
        """Give what the unit of work keeps.

        Args:
            mapping: whose roles.
            version: the version after the commit.
            created: whether the item is new, so that what it keeps from then on is given too.
        """
        if not mapping.managed_attributes:
            return NOTHING_KEPT
        known = self._kept.get((mapping, version, created))
        if known is not None:
            return known
        roles = self._roles(mapping, version, created=created)
        # What has no time outlasts the commit, and must not hold on to it.
        encode = RoleField.encode if mapping.roles.updated_at is None and not created else self._stored
        kept = Kept(roles, mapping.roles.version, encode)
        if not created or mapping.roles.incarnation is None:
            self._kept[mapping, version, created] = kept
        return kept

    def new(self, mapping: EntityMapping[T]) -> New[T]:
        """Give what new entities of a mapping have in common."""
        new: New[Any] | None = self._new
        if new is None or new.mapping is not mapping:
            new = self._new_of(mapping, self.kept(mapping, version=FIRST_VERSION, created=True))
            if mapping.roles.incarnation is None:
                self._new = new
        return new

    def _new_of(self, mapping: EntityMapping[T], kept: Kept) -> New[T]:
        write = mapping.codec.text if self._texts else None
        try:
            text = "" if write is None else kept.text
        except QueryError:  # the time is naive, and refused after what is wrong in an entity
            write, text = None, ""
        return New(mapping, kept, write, text, self._limits.item_bytes)

    def kept_instead(self, new: New[Any], given: Mapping[RoleField, object]) -> Kept:
        """Give what the unit of work keeps of a new entity where other values take the place of the usual.

        Args:
            new: what is usual.
            given: the others.
        """
        return Kept({**new.kept.roles, **given}, new.mapping.roles.version, self._stored)

    def step(self, tracked: Tracked[Any], origin: Loaded) -> Step:
        """Give how a loaded item is written, as far as that does not differ from others of its version.

        Args:
            tracked: the entity's record.
            origin: what was loaded.
        """
        if tracked.mapping is not self._stepping:
            self._step_as(tracked.mapping)
        version = None if self._version is None else origin.item.get(self._version)
        text = None if version is None else version.get("N")
        known = self._known_steps.get(text)
        if known is None or (text is None and version is not None):
            known = self._new_step(tracked, text)
            if text is not None or version is None:
                if len(self._known_steps) >= STEPS:
                    self._known_steps.clear()
                self._known_steps[text] = known
        return known

    def _step_as(self, mapping: EntityMapping[Any]) -> None:
        """Have at hand what steps of a mapping's items need: most come one after the other."""
        self._stepping, roles = mapping, mapping.roles
        self._version = None if roles.version is None else roles.version.attribute
        # What has the time of the commit does not outlast it.
        lasting = roles.updated_at is None
        self._known_steps = mapping.steps if lasting else self._steps.setdefault(mapping, {})

    def _new_step(self, tracked: Tracked[Any], text: str | None) -> Step:
        mapping, expected = tracked.mapping, Expectation(tracked)
        pinned = mapping.roles.created_at is not None or mapping.roles.incarnation is not None
        alike = expected.demands_existence_only if text is None else not pinned
        return Step(
            expected.version,
            self.kept(mapping, version=expected.next_version),
            expected.condition() if alike else None,
            by_version=text is not None,
        )

    def _roles(self, mapping: EntityMapping[Any], version: int, *, created: bool) -> dict[RoleField, object]:
        roles = mapping.roles
        values: dict[RoleField, object] = {}
        if roles.version is not None:
            values[roles.version] = version
        if roles.incarnation is not None and created:
            values[roles.incarnation] = self._ids()
        if roles.created_at is not None and created:
            values[roles.created_at] = self.time()
        if roles.updated_at is not None:
            values[roles.updated_at] = self.time()
        return values

    def _stored(self, role: RoleField, value: object) -> AttributeValue:
        if value is not self._now:
            return role.encode(value)
        if role not in self._times:
            self._times[role] = role.encode(value)
        return self._times[role]

    def compared(self, tracked: Tracked[Any], origin: Loaded) -> Comparison:
        """Compare the encoding of an entity with that from when it was loaded; no validators run.

        Raises:
            KeyChanged: it has another key than the one that it is tracked under.
            ValidationFailed: a value can't be stored at all.
        """
        try:
            encoded = tracked.mapping.codec.snapshot(tracked.entity)
        except ValidationFailed:
            refuse_moved(tracked)
            raise
        if not _has_key_of(tracked, encoded):
            refuse_moved(tracked)
        return Comparison(encoded_changes(tracked, origin, encoded), encoded)

    def encoded(self, tracked: Tracked[T], kept: Kept, snapshot: Item | None = None) -> Item:
        """Encode an entity as it will be after the commit.

        Args:
            tracked: the entity's record.
            kept: what it gets.
            snapshot: its encoding as it is, which is used up where it will do.

        Raises:
            ValidationFailed: it can't be stored as it is.
            KeyChanged: it has another key than the one that it is tracked under.
        """
        mapping = tracked.mapping
        if snapshot is not None and mapping.encodes_by_field:
            item = snapshot
        else:
            item = encoding_with(mapping, tracked.entity, kept.named)
            if not _has_key_of(tracked, item):
                refuse_changed_key(tracked, key_part(mapping, item))
        if mapping.roles.deleted_at is not None:
            item.pop(mapping.roles.deleted_at.attribute, None)
        if kept.roles:
            item.update(kept.attributes)
        return item

    def weighed(self, tracked: Tracked[Any], item: Item) -> int:
        """Give a number of bytes that an item has at most.

        Raises:
            ItemTooLarge: it has more than the store takes.
        """
        limit, size = self._limits.item_bytes, size_at_most(item)
        if size <= limit or (size := item_size(item)) <= limit:
            return size
        raise ItemTooLarge(
            f"{tracked} would be an item of {size} bytes; DynamoDB's limit is {limit}. Nothing was sent; "
            "store large values elsewhere or split the entity",
            entity=tracked.entity,
            entity_type=tracked.mapping.entity_type,
            key=tracked.key_values,
        )


def encoding_with(mapping: EntityMapping[T], entity: T, values: Mapping[str, object]) -> Item:
    """Encode an entity as it will be once it has some values.

    Args:
        mapping: its mapping.
        entity: the entity, which stays as it is.
        values: attribute name -> value.

    Raises:
        ValidationFailed: it can't be stored so.
    """
    if not values or _has_already(entity, values):
        return mapping.codec.encode(entity)
    if mapping.encodes_by_field and _has_alike(mapping, entity, values):
        # What it has now is of the right kind, and will be replaced in the encoding.
        try:
            return mapping.codec.encode(entity)
        except ValidationFailed:
            pass
    return mapping.codec.encode(mapping.assign(mapping.copied(entity), values))


def _has_alike(mapping: EntityMapping[Any], entity: object, values: Mapping[str, object]) -> bool:
    for name, value in values.items():
        present = getattr(entity, name, None)
        if type(present) is not type(value) and (present is not None or name not in mapping.optional_names):
            return False
    return True


def _has_already(entity: object, values: Mapping[str, object]) -> bool:
    for name, value in values.items():  # noqa: SIM110  # a generator takes twice as long
        if getattr(entity, name, None) is not value:
            return False
    return True


def _has_key_of(tracked: Tracked[Any], item: Item) -> bool:
    return tracked.key.items() <= item.items()


def refuse_moved(tracked: Tracked[Any]) -> None:
    """Raise `KeyChanged` if the key of an entity is no longer the one that it is tracked under, or none."""
    try:
        key = tracked.mapping.key_of(tracked.entity)
    except ValidationFailed as error:
        mapping = tracked.mapping
        raise KeyChanged(
            tracked.entity, mapping.entity_type, tracked.key_values, mapping.key_fields
        ) from error
    refuse_changed_key(tracked, key)
