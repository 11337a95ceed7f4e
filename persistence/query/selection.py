"""What a query reads of its entities instead of whole ones: rows by name, or what a lambda picks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, Generic, TypeVar, cast

from persistence.attributes import Item
from persistence.errors import QueryError
from persistence.expressions import Path
from persistence.mapping import EntityMapping
from persistence.mapping.picking import Pick, pick, without_overlaps
from persistence.mapping.rows import rows_reader
from persistence.query.names import parsed
from persistence.query.recorder import Recorded
from persistence.query.rows import Row
from persistence.query.terms import AllOf, AnyOf, Comparison, Names, Negated, dotted

T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Selection(Generic[R]):
    """Some values of an entity, and what becomes of them.

    Attributes:
        names: what was asked for, as paths in Python names.
        projection: the paths that must be read for it, in attribute names, none inside another. The table's
            key is always among them: keys made of fields hold their values, and errors name the key.
        picks: how each value is read.
    """

    names: tuple[Names, ...]
    projection: tuple[Path, ...]
    picks: tuple[Pick, ...] = field(repr=False)
    _build: Callable[[Values], R] = field(repr=False)
    _mapping: EntityMapping[Any] | None = field(default=None, repr=False)

    @property
    def whole(self) -> bool:
        """Whether whole items must be read, since older ones have to be upcast."""
        return self._mapping is not None

    def read(self, item: Item) -> R:
        """Give the result for an item, or for its projection.

        Raises:
            DecodeError: a value can't be read, or is absent where nothing may stand for it.
        """
        if self._mapping is not None:
            item = self._mapping.current(item)
        return self._build(tuple(each.read(item) for each in self.picks))

    def read_all(self, items: Sequence[Item]) -> list[R]:
        """Give the results for several items, as `read` gives each, at a fraction of the cost."""
        if self._mapping is not None or not self.picks:
            return [self.read(item) for item in items]
        rows = rows_reader(self.picks)(items)
        # A tuple of a tuple is itself.
        return cast("list[R]", rows) if self._build is tuple else [self._build(values) for values in rows]

    def lacking(self, held: Collection[str]) -> tuple[Names, ...]:
        """Give what could not be read of items that have only some attributes, as those of an index.

        Args:
            held: names of attributes, those of the table's key among them.
        """
        if not self.picks:
            return tuple(path.segments for path in self.projection if path.attribute not in held)
        return tuple(each.names for each in self.picks if not _covers(held, each))

    def within(self, held: Collection[str]) -> Selection[R]:
        """Read the same of items that have only some attributes: none of the others is asked for.

        A global index refuses to be asked for what it does not hold, also where its key says the same.
        """
        projection = tuple(path for path in self.projection if path.attribute in held)
        return replace(self, projection=projection)

    def then(self, build: Callable[[R], A]) -> Selection[A]:
        """Read the same, and make something else of it."""
        first = self._build
        if first is tuple:  # what is built of values is built of nothing else then
            then = cast("Callable[[Values], A]", build)
        else:

            def then(values: Values, /) -> A:
                return build(first(values))

        return Selection(self.names, self.projection, self.picks, then, self._mapping)

    def beside(self, other: Selection[A]) -> Selection[tuple[R, A]]:
        """Read both of two selections of one mapping."""
        count = len(self.picks)

        def build(values: Values) -> tuple[R, A]:
            return self._build(values[:count]), other._build(values[count:])

        projection = without_overlaps((*self.projection, *other.projection))
        return Selection(
            (*self.names, *other.names),
            projection,
            (*self.picks, *other.picks),
            build,
            self._mapping or other._mapping,
        )


def _covers(held: Collection[str], each: Pick) -> bool:
    in_key = each.key_part is not None and each.key_part.attribute in held
    return in_key or (each.path is not None and each.path.attribute in held)


def select_names(mapping: EntityMapping[Any], names: Sequence[str]) -> Selection[Row]:
    """Ask for rows.

    Args:
        mapping: the entity's mapping.
        names: Python names, or dotted paths such as "address.city" and "lines[0].sku".

    Raises:
        QueryError: no names, a name twice, one that there is not, or one that can't be read alone.
    """
    if isinstance(names, str):
        raise QueryError(f"select takes names, one argument each; write select({names!r})")
    if not names:
        raise QueryError(f'select of {mapping.name} takes at least one name, as in select("id", "total")')
    paths = tuple(map(parsed, names))
    twice = next((path for place, path in enumerate(paths) if path in paths[:place]), None)
    if twice is not None:
        raise QueryError(
            f"select({dotted(twice)!r}, ...): each name is given once; a row has one value of it"
        )
    kind, keys = mapping.name, tuple(map(dotted, paths))
    return select_paths(mapping, paths).then(lambda values: Row(kind, dict(zip(keys, values, strict=True))))


def select_recorded(mapping: EntityMapping[T], chosen: Callable[[T], R]) -> Selection[R]:
    """Ask for what a lambda picks: one value, or a tuple of values.

    Args:
        mapping: the entity's mapping.
        chosen: such as `lambda o: o.total` or `lambda o: (o.id, o.address.city)`; a NamedTuple of fields is
            one of that kind again. It is called once, with a stand-in for the entity.

    Raises:
        QueryError: it picks something else, or what there is not, or what can't be read alone.
    """
    found = _recorded(mapping, chosen)
    if isinstance(found, Recorded):
        return select_paths(mapping, (_path(mapping, found),)).then(lambda values: cast(R, values[0]))
    paths = tuple(_path(mapping, each) for each in found)
    make = getattr(type(found), "_make", tuple)  # a NamedTuple's own
    return select_paths(mapping, paths).then(cast("Callable[[Values], R]", make))


def select_items(paths: tuple[Path, ...]) -> Selection[None]:
    """Ask for paths in attribute names, of which nothing is made: who reads takes the items."""
    return Selection((), paths, (), lambda _: None)


def select_one(mapping: EntityMapping[Any], of: str | Callable[[Any], Any]) -> Selection[Any]:
    """Ask for one value, by name or by a lambda.

    Raises:
        QueryError: it is not one value, or none that can be read alone.
    """
    if isinstance(of, str):
        return select_paths(mapping, (parsed(of),)).then(lambda values: values[0])
    found = _recorded(mapping, of)
    if not isinstance(found, Recorded):
        raise QueryError(f"one value of {mapping.name} is wanted here, as in `lambda o: o.total`, no tuple")
    return select_paths(mapping, (_path(mapping, found),)).then(lambda values: values[0])


def select_paths(mapping: EntityMapping[Any], paths: Iterable[Names]) -> Selection[Values]:
    """Ask for the values at paths, as a tuple."""
    picks = tuple(pick(mapping, path) for path in paths)
    keys = map(Path.of, mapping.table.key_names())
    own = (each.path for each in picks if each.path is not None)
    projection = without_overlaps((*keys, *own))
    names = set(mapping.table.key_names())
    in_key = all(path.attribute in names for path in projection)
    upcast = None if mapping.versions is None or in_key else mapping
    return Selection(tuple(each.names for each in picks), projection, picks, tuple, upcast)


def _recorded(mapping: EntityMapping[T], chosen: Callable[[T], Any]) -> Recorded | tuple[object, ...]:
    if not callable(chosen):
        raise QueryError(
            f"select takes names, or one lambda such as `lambda o: (o.id, o.total)`, not "
            f"{type(chosen).__name__}"
        )
    try:
        found = chosen(cast(T, Recorded(())))
    except TypeError as error:
        raise QueryError(
            f"the lambda computes something ({error}), but {mapping.name} is not read yet; pick fields, and "
            "compute with the results"
        ) from error
    if isinstance(found, Recorded):
        return found
    if isinstance(found, tuple) and found:
        return found
    raise QueryError(f"the lambda gave {_said(found)}; {_REMEDY}")


_REMEDY = "pick one field, as in `lambda o: o.total`, or a tuple, as in `lambda o: (o.id, o.total)`"


def _path(mapping: EntityMapping[Any], found: object) -> Names:
    if not isinstance(found, Recorded):
        raise QueryError(f"the lambda's tuple has {_said(found)}; {_REMEDY}")
    if not found.names_:
        raise QueryError(f"the lambda gave the whole {mapping.name}; leave out select for whole entities")
    if found.size_:
        raise QueryError(
            f"size({dotted(found.names_)}) can be asked in conditions only; pick {dotted(found.names_)} and "
            "take its len()"
        )
    return found.names_


def _said(found: object) -> str:
    if isinstance(found, Comparison | AllOf | AnyOf | Negated):
        return "a condition"
    if isinstance(found, tuple):
        return "a tuple in a tuple" if found else "an empty tuple"
    if is_dataclass(found):
        return f"the dataclass {type(found).__name__}, whose own code must not see stand-ins"
    return f"{type(found).__name__} instead of fields"
