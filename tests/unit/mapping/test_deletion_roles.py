"""`fields.DeletedAt()` and `Meta.hide_expired` in declarations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from persistence import GlobalIndex, Key, MappingSchema, Table, fields
from persistence.errors import MappingError
from persistence.mapping import mapping_of


@dataclass
class Doc:
    id: str
    owner: str = "nobody"
    deleted_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass
class Odd:
    """Has attributes that can't hold the mark."""

    id: str
    required: datetime
    preset: datetime = datetime(2026, 1, 1)  # noqa: DTZ001  # any default that is not None
    words: str = ""


def declared(
    entity: type[Any] = Doc, meta: dict[str, Any] | None = None, **declarations: Any
) -> type[MappingSchema[Any]]:
    options = {"table": "docs", "key": Key("id"), **(meta or {})}
    body = {"Meta": type("Meta", (), options), "_entity": entity, "__module__": __name__, **declarations}
    return type("Docs", (MappingSchema,), body)


class TestDeletedAt:
    def test_may_be_an_attribute_of_the_entity(self) -> None:
        """Where it is one it shows when the entity was removed."""
        mapping = mapping_of(declared(deleted_at=fields.DeletedAt(data_key="deletedAt")))

        role = mapping.roles.deleted_at
        assert role is not None
        assert (role.name, role.attribute, mapping.purge_after) == ("deleted_at", "deletedAt", None)

    def test_may_be_in_the_table_only(self) -> None:
        """The entity needs no such attribute, and an index on it holds what is marked alone."""
        meta = {"indexes": (GlobalIndex("removed", Key("removed_at")),)}
        mapping = mapping_of(declared(meta=meta, removed_at=fields.DeletedAt()))

        role = mapping.roles.deleted_at
        assert role is not None
        assert (role.name, role.attribute) == (None, "removed_at")

    def test_keeps_the_former_time_to_live_beside_it(self) -> None:
        """Where there is one that a removal may replace."""
        mapping = mapping_of(
            declared(
                deleted_at=fields.DeletedAt(purge_after=timedelta(days=1)), expires_at=fields.TimeToLive()
            )
        )

        former = mapping.roles.former_time_to_live
        assert former is not None
        assert former.attribute == "deleted_at_former_time_to_live"
        assert former.attribute in mapping.attributes
        assert mapping.purge_after == timedelta(days=1)

    @pytest.mark.parametrize(
        ("entity", "declarations", "text"),
        [
            (
                Doc,
                {"deleted_at": fields.DeletedAt(), "gone_at": fields.DeletedAt()},
                "has two DeletedAt fields, 'deleted_at' and 'gone_at'",
            ),
            (
                Doc,
                {"deleted_at": fields.DeletedAt(purge_after=timedelta(days=1))},
                r"needs a field fields.TimeToLive\(\)",
            ),
            (
                Doc,
                {"deleted_at": fields.DeletedAt(purge_after=30)},  # type: ignore[arg-type]  # that is the subject
                "takes a timedelta of more than 0",
            ),
            (
                Doc,
                {
                    "deleted_at": fields.DeletedAt(),
                    "expires_at": fields.TimeToLive(),
                    "owner": fields.String(data_key="deleted_at_former_time_to_live"),
                },
                "DeletedAt keeps the time to live that a deletion replaces",
            ),
            (Odd, {"required": fields.DeletedAt()}, r"write `required: datetime \| None = None` in Odd"),
            (Odd, {"preset": fields.DeletedAt()}, r"write `preset: datetime \| None = None` in Odd"),
            (Odd, {"words": fields.DeletedAt()}, "Odd.words is hinted as str"),
        ],
    )
    def test_refuses_what_can_t_be_kept(
        self, entity: type[Any], declarations: dict[str, Any], text: str
    ) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(entity, **declarations))

    @pytest.mark.parametrize("name", ["deleted_at", "expires_at"])
    def test_refuses_a_template_that_a_removal_would_leave_behind(self, name: str) -> None:
        """A mark is set alone: what is made from it would be out of step."""
        shared = Table("shared", "PK", "SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK")),))
        meta = {
            "table": shared,
            "key": Key("DOC#{id}", "DOC"),
            "index_keys": {"GSI1": Key("AT#{" + name + "}")},
        }

        with pytest.raises(MappingError, match="so that a removal sets"):
            mapping_of(declared(meta=meta, deleted_at=fields.DeletedAt(), expires_at=fields.TimeToLive()))

    def test_refuses_to_be_part_of_the_key(self) -> None:
        """Keys are immutable."""
        with pytest.raises(MappingError, match="so that a removal sets"):
            mapping_of(declared(meta={"key": Key("id", "deleted_at")}, deleted_at=fields.DeletedAt()))


class TestHideExpired:
    @pytest.mark.parametrize("meta", [{}, {"hide_expired": False}])
    def test_is_off_by_default(self, meta: dict[str, Any]) -> None:
        assert mapping_of(declared(meta=meta)).hide_expired is False

    def test_is_known_of_the_mapping(self) -> None:
        mapping = mapping_of(declared(meta={"hide_expired": True}, expires_at=fields.TimeToLive()))

        assert mapping.hide_expired is True

    def test_needs_a_time_to_live(self) -> None:
        with pytest.raises(MappingError, match=r"but Docs has no field fields.TimeToLive\(\)"):
            mapping_of(declared(meta={"hide_expired": True}))

    def test_is_a_bool(self) -> None:
        with pytest.raises(MappingError, match=r"Meta\.hide_expired takes True or False, not str"):
            declared(meta={"hide_expired": "yes"})
