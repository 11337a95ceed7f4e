"""What a unit of work knows of each entity: the identity map, what was loaded, and what is to become of it.

An entity is identified by its table and normalised stored key. Its origin says where it came from, its intent
what the commit shall do; the four words users see are derived from both:

- `new`: added, not stored yet.
- `clean`: as loaded.
- `dirty`: differs from what was loaded, or was put under the unit by `update` or `save`.
- `removed`: to be deleted, or to be marked as deleted where the mapping has a `DeletedAt` field.

What is marked stays a clean or dirty entity for who asked for it, and is not there for anybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.tracking.advanced import Advanced
    from persistence.tracking.identity_map import IdentityMap
    from persistence.tracking.places import Absence, heavier
    from persistence.tracking.tracked import (
        CREATE,
        UNCHANGED,
        WATCH,
        Comparison,
        Detached,
        Identity,
        Intent,
        Loaded,
        LoadedOld,
        State,
        Stored,
        Tracked,
        Written,
        demands_version,
        differing,
        encoded_changes,
        field_names,
        identity_of,
        is_frozen,
        key_part,
        loaded_changes,
        managed_roles,
        refuse_changed_key,
        refuse_expired_changes,
        stepped_roles,
        version_of,
    )

__all__ = [
    "CREATE",
    "UNCHANGED",
    "WATCH",
    "Absence",
    "Advanced",
    "Comparison",
    "Detached",
    "Identity",
    "IdentityMap",
    "Intent",
    "Loaded",
    "LoadedOld",
    "State",
    "Stored",
    "Tracked",
    "Written",
    "demands_version",
    "differing",
    "encoded_changes",
    "field_names",
    "heavier",
    "identity_of",
    "is_frozen",
    "key_part",
    "loaded_changes",
    "managed_roles",
    "refuse_changed_key",
    "refuse_expired_changes",
    "stepped_roles",
    "version_of",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.tracking.advanced": ("Advanced",),
        "persistence.tracking.identity_map": ("IdentityMap",),
        "persistence.tracking.places": ("Absence", "heavier"),
        "persistence.tracking.tracked": (
            "CREATE",
            "UNCHANGED",
            "WATCH",
            "Comparison",
            "Detached",
            "Identity",
            "Intent",
            "Loaded",
            "LoadedOld",
            "State",
            "Stored",
            "Tracked",
            "Written",
            "demands_version",
            "differing",
            "encoded_changes",
            "encoded_changes",
            "field_names",
            "identity_of",
            "is_frozen",
            "key_part",
            "loaded_changes",
            "managed_roles",
            "refuse_changed_key",
            "refuse_expired_changes",
            "stepped_roles",
            "version_of",
        ),
    },
)
