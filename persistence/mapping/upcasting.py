"""Versions of what a mapping stores: older items are brought up to date before they are decoded.

An item says in an attribute of its own which version of the mapping wrote it; one that does not is of version
1. Functions of the mapping class, decorated with `upcast`, each take an item from one version to a later one.

Beside the version an item may say which older versions can still read and write it, so that two versions of
an application work on one table while the newer one is rolled out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from persistence.attributes import AttributeValue, Item, same
from persistence.errors import DecodeError, MappingError
from persistence.mapping.plain import tagged, untagged_part
from persistence.mapping.refusal import Refused, Unreadable
from persistence.mapping.wellformed import Malformed, well_formed

F = TypeVar("F", bound=Callable[..., Any])

FIRST_SCHEMA_VERSION = 1
"""The version of items that don't say theirs."""

VERSION_ATTRIBUTE = "_v"
"""Where items say their version, if `Meta.schema_version_attribute` does not name another attribute."""

_READER_SUFFIX = "_from"
_MARK = "_persistence_upcast"


class _Step(NamedTuple):
    name: str
    before: int
    after: int
    plain: bool
    work: Callable[[dict[str, Any]], Any]


def upcast(before: int, after: int, *, plain: bool = False) -> Callable[[F], F]:
    """Let a function of a mapping class take items from one schema version to a later one.

    ```python
    class PersonMapping(MappingSchema[Person]):
        class Meta:
            table = "people"
            key = Key("id")
            schema_version = 2

        @staticmethod
        @upcast(1, 2)
        def join_names(item):
            first, last = item.pop("first")["S"], item.pop("last")["S"]
            return {**item, "name": {"S": f"{first} {last}"}}
    ```

    The function gets a copy of the whole stored item, attributes that the mapping does not know included, as
    tagged attribute values; it may change it. It gives the item of the later version. The key stays as it is,
    and the attribute with the version is kept by the library. It must give the same for the same item, and it
    does no I/O: it runs whenever an old item is read.

    Args:
        before: the version that it takes, 1 or more.
        after: the version that it gives.
        plain: give it plain Python values instead: text, int, Decimal, bytes, bool, None, lists, dicts and
            sets. What it leaves as it was stays stored as it was.

    Raises:
        MappingError: these are no versions, the later one last.
    """
    for version in (before, after):
        if isinstance(version, bool) or not isinstance(version, int) or version < FIRST_SCHEMA_VERSION:
            raise MappingError(f"upcast takes two schema versions, whole numbers from 1 on, not {version!r}")
    if before >= after:
        raise MappingError(f"upcast({before}, {after}): an upcast goes from a version to a later one")

    def mark(function: F) -> F:
        work = getattr(function, "__func__", function)  # of a static method
        if not callable(work) or not _takes_one(work):
            raise MappingError(
                f"upcast({before}, {after}) decorates a function of one argument, the item; write "
                "@staticmethod above it"
            )
        setattr(work, _MARK, (before, after, plain))
        return function

    return mark


def _takes_one(work: Callable[..., Any]) -> bool:
    try:
        inspect.signature(work).bind({})
    except TypeError:
        return False
    return True


@dataclass(frozen=True, eq=False)
class SchemaVersions:
    """The schema versions of a mapping, and how older items come to the current one.

    Attributes:
        current: the version that the mapping writes.
        compatible_from: the oldest version whose mapping can read and write these items.
        attribute: where an item says its version.
        reader_attribute: where it says which is the oldest version that can read it; absent where only its
            own and later ones can.
    """

    current: int
    compatible_from: int
    attribute: str
    reader_attribute: str
    _entity_type: type
    _keys: tuple[str, ...]
    _discriminator: tuple[str, str] | None
    _steps: Mapping[int, _Step] = field(repr=False)

    @property
    def marks(self) -> Item:
        """What an item of the current version says of itself."""
        marks = {self.attribute: {"N": str(self.current)}}
        if self.compatible_from < self.current:
            marks[self.reader_attribute] = {"N": str(self.compatible_from)}
        return marks

    @property
    def attributes(self) -> tuple[str, str]:
        """The attributes that only this keeps."""
        return self.attribute, self.reader_attribute

    def version_of(self, item: Item) -> int | None:
        """Give the schema version of an item; None where it says something that is none."""
        return _version(item.get(self.attribute))

    def is_old(self, item: Item) -> bool:
        """Tell whether an item is of an older version, and of this mapping at all."""
        version = self.version_of(item)
        return version is not None and version < self.current and not self._is_foreign(item)

    def is_newer(self, item: Item) -> bool:
        """Tell whether an item is of a later version."""
        version = self.version_of(item)
        return version is not None and version > self.current

    def reads(self, item: Item) -> bool:
        """Tell whether an item can be read, and changed, by this version."""
        version = self.version_of(item)
        if version is None:
            return False
        oldest = _version(item[self.reader_attribute]) if self.reader_attribute in item else version
        return version <= self.current or (oldest is not None and oldest <= self.current)

    def upcast(self, item: Item, key: Callable[[Item], tuple[object, ...] | None]) -> Item:
        """Bring an item to the current version.

        Args:
            item: as it is stored; it is not changed.
            key: gives the key for errors.

        Returns:
            The item itself where nothing is to be done: it is current, or a later one that says it can be
            read, or of another entity type.

        Raises:
            DecodeError: it is of a later version, or an upcast failed.
        """
        version = self.version_of(item)
        if version == self.current or self._is_foreign(item):
            return item
        if version is None:
            found = next(iter(item[self.attribute]))
            raise self._unreadable(self.attribute, "a schema version (N, from 1 on)", found, item, key)
        if version > self.current:
            if self.reads(item):
                return item
            expected = f"schema version {self.current} or older"
            found = f"version {version}, written by a newer version of the application; deploy that here too"
            raise self._unreadable(self.attribute, expected, found, item, key)
        return self._current(item, version, key)

    def _current(self, item: Item, version: int, key: Callable[[Item], tuple[object, ...] | None]) -> Item:
        made = copied(item)
        while version < self.current:
            step = self._steps[version]
            try:
                made = _run(step, made)
            except Malformed as malformed:
                raise self._unreadable(
                    "",
                    f"an item as {step.name} gives it of schema version {step.after}",
                    str(malformed),
                    item,
                    key,
                ) from malformed
            except Exception as error:  # upcasts are the user's code
                raise self._unreadable(
                    "",
                    f"an item of schema version {version} that {step.name} takes to {step.after}",
                    f"another: it raised {type(error).__name__}",
                    item,
                    key,
                ) from error
            version = step.after
        for name in self._keys:
            if not same(made.get(name), item.get(name)):
                raise self._unreadable(name, "a key that upcasts leave as it is", "a changed one", item, key)
        if self._discriminator is not None and self._is_foreign(made):
            name = self._discriminator[0]
            raise self._unreadable(name, "a type that upcasts leave as it is", "a changed one", item, key)
        for name in self.attributes:
            made.pop(name, None)
        return {**made, **self.marks}

    def _is_foreign(self, item: Item) -> bool:
        if self._discriminator is None:
            return False
        attribute, value = self._discriminator
        return item.get(attribute, {}).get("S") != value

    def _unreadable(
        self,
        attribute: str,
        expected: str,
        found: str,
        item: Item,
        key: Callable[[Item], tuple[object, ...] | None],
    ) -> DecodeError:
        return DecodeError(self._entity_type, attribute, expected, found, key(item))


def _version(stored: AttributeValue | None) -> int | None:
    if stored is None:
        return FIRST_SCHEMA_VERSION
    text = stored.get("N", "")
    return int(text) if text.isdecimal() and int(text) >= FIRST_SCHEMA_VERSION else None


def _run(step: _Step, item: Item) -> Item:
    if step.plain:
        return _run_plain(step, item)
    return well_formed(step.work(item))


def _run_plain(step: _Step, item: Item) -> Item:
    before = _plain(item)
    made = step.work(_plain(item))
    if not isinstance(made, Mapping):
        raise TypeError(f"{step.name} gave no item")
    return well_formed(
        {
            name: item[name] if name in before and _alike(before[name], value) else tagged(value)
            for name, value in made.items()
        }
    )


def _plain(item: Item) -> dict[str, Any]:
    return {name: untagged_part(name, stored) for name, stored in item.items()}


def _alike(one: object, other: object) -> bool:
    """Tell whether two plain values are stored alike: to Python True is 1 too."""
    try:
        return type(one) is type(other) and tagged(one) == tagged(other)
    except (Refused, Unreadable):
        return False


def copied(item: Item) -> Item:
    """Copy an item so that nothing of it is shared with the copy but what can't be changed."""
    return {name: _copied(value) for name, value in item.items()}


def _copied(value: AttributeValue) -> AttributeValue:
    ((tag, content),) = value.items()
    match content:
        case dict():
            return {tag: copied(content)}
        case list() if tag == "L":
            return {tag: [_copied(part) for part in content]}
        case list():
            return {tag: list(content)}
        case _:
            return {tag: content}


def versions_of(
    schema: type,
    entity_type: type,
    *,
    current: int | None,
    compatible_from: int | None,
    attribute: str | None,
    keys: tuple[str, ...],
    discriminator: tuple[str, str] | None,
) -> SchemaVersions | None:
    """Find the schema versions of a mapping class, and check that upcasts lead from each to the current one.

    Args:
        schema: the mapping class.
        entity_type: the dataclass.
        current: what its `Meta` says as `schema_version`.
        compatible_from: what it says as `schema_compatible_from`.
        attribute: what it says as `schema_version_attribute`.
        keys: the key attributes of the table.
        discriminator: what marks its items in a shared table.

    Returns:
        None for a mapping without versions.

    Raises:
        MappingError: an upcast is missing, or leads nowhere, or there are two from one version.
    """
    name = schema.__name__
    steps = tuple(_steps(schema))
    if current is None:
        if steps:
            raise MappingError(
                f"{name}.{steps[0].name} is an upcast, but {name}.Meta has no schema_version; write "
                f"schema_version = {max(step.after for step in steps)}"
            )
        if compatible_from is not None or attribute is not None:
            raise MappingError(f"{name}.Meta says something of schema versions, but has no schema_version")
        return None
    oldest = current if compatible_from is None else compatible_from
    if oldest > current:
        raise MappingError(f"{name}.Meta.schema_compatible_from is {oldest}, later than schema_version")
    attribute = attribute or VERSION_ATTRIBUTE
    chain = _chain(name, steps, current)
    reader = f"{attribute}{_READER_SUFFIX}"
    return SchemaVersions(current, oldest, attribute, reader, entity_type, keys, discriminator, chain)


def _steps(schema: type) -> Iterator[_Step]:
    seen: set[str] = set()
    for each in schema.__mro__:
        for name, value in vars(each).items():
            if name in seen:
                continue
            seen.add(name)
            work = value.__func__ if isinstance(value, staticmethod) else value
            mark = getattr(work, _MARK, None)
            if mark is not None and not isinstance(work, type):
                before, after, plain = mark
                yield _Step(name, before, after, plain, work)


def _chain(name: str, steps: tuple[_Step, ...], current: int) -> Mapping[int, _Step]:
    chain: dict[int, _Step] = {}
    for step in steps:
        if step.after > current:
            raise MappingError(
                f"{name}.{step.name} is an upcast to version {step.after}, but {name}.Meta.schema_version is "
                f"{current}; raise it, or leave the upcast out"
            )
        if step.before in chain:
            raise MappingError(
                f"{name} has two upcasts from version {step.before}: {chain[step.before].name} and "
                f"{step.name}; leave one of them out"
            )
        chain[step.before] = step
    missing = [version for version in range(FIRST_SCHEMA_VERSION, current) if version not in chain]
    if missing:
        listed = ", ".join(map(str, missing))
        raise MappingError(
            f"{name}.Meta.schema_version is {current}, but there is no upcast from {listed}; write "
            f"@upcast({missing[0]}, {missing[0] + 1}) over a function of {name}"
        )
    return chain
