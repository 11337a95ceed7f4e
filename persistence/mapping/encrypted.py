"""Encrypted fields: which fields can be, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from persistence import fields
from persistence.encryption import EncryptedAttribute
from persistence.errors import MappingError, QueryError
from persistence.mapping.keys import KeyPart
from persistence.mapping.records import RecordPlan
from persistence.mapping.rolehints import ROLES

_KEPT = (*ROLES, fields.TimeToLive, fields.Encrypted)


def encrypted_attribute(
    where: str, field: fields.Field[Any], entity_type: type[Any]
) -> EncryptedAttribute | None:
    """Tell how a field is encrypted; None where it is not.

    Args:
        where: the declaration, such as `CustomerMapping.card`.
        field: any field.
        entity_type: the class that the mapping is for.

    Raises:
        MappingError: what is inside can't be encrypted.
    """
    if not isinstance(field, fields.Encrypted):
        return None
    if isinstance(field.inner, _KEPT):
        raise MappingError(
            f"{where} is an encrypted {type(field.inner).__name__}, which has to be read and compared as it "
            "is; declare it without Encrypted"
        )
    return EncryptedAttribute(entity_type, field.accept_plaintext)


def encrypted_in(
    plan: RecordPlan, parts: Mapping[str | None, tuple[KeyPart, ...]]
) -> dict[str, EncryptedAttribute]:
    """Give the attributes that a mapping encrypts.

    Args:
        plan: its fields.
        parts: its keys.

    Raises:
        MappingError: one is part of a key, or would have to be compared.
    """
    found = {field.attribute: field.encrypted for field in plan.fields if field.encrypted is not None}
    if not found:
        return found
    schema = type(plan.schema)
    by_name = {field.name: field.attribute for field in plan.fields}
    for index, each in parts.items():
        for part in each:
            for name in part.fields:
                if by_name.get(name) in found:
                    of = "the table" if index is None else f"index {index!r}"
                    raise MappingError(
                        f"{schema.__name__}.{name} is encrypted, and part of the key of {of}; what is "
                        "encrypted can't be looked up. Store a keyed hash of it in a field of its own"
                    )
    if plan.schema.opts.concurrency == "compare":
        raise MappingError(
            f"{schema.__name__}.Meta.concurrency is 'compare', but {next(iter(found))!r} is encrypted, and "
            "the same value is stored otherwise each time, so that it can't be compared; give the mapping a "
            "Version field"
        )
    return found


def refuse_encrypted_parts(plan: RecordPlan, each: RecordPlan) -> None:
    """Refuse encrypted fields of what is nested.

    Raises:
        MappingError: there is one.
    """
    if each is plan:
        return
    found = next((field for field in each.fields if field.encrypted is not None), None)
    if found is not None:
        raise MappingError(
            f"{type(each.schema).__name__}.{found.name} is encrypted, but its entities are stored inside of "
            f"{plan.entity_type.__name__}; encrypt the whole attribute of {type(plan.schema).__name__} that "
            "holds them"
        )


def refuse_mixed(mappings: Iterable[Any]) -> None:
    """Refuse mappings of one table of which one encrypts what another one stores as it is.

    Args:
        mappings: compiled mappings.

    Raises:
        MappingError: an item alone would not tell which it is.
    """
    known = list(mappings)
    for one in known:
        for attribute in one.table.encrypted:
            for other in known:
                plain = attribute in other.attributes and attribute not in other.table.encrypted
                if plain and other.table.name == one.table.name:
                    raise MappingError(
                        f"{one.schema.__name__} encrypts the attribute {attribute!r} of table "
                        f"{one.table.name!r}, which {other.schema.__name__} stores as it is; give one of "
                        "them another data_key"
                    )


def refuse_encrypted(name: str) -> NoReturn:
    """Refuse to look into an encrypted attribute.

    Args:
        name: the path in Python names.

    Raises:
        QueryError: always.
    """
    raise QueryError(
        f"{name} is encrypted: the service can neither compare it nor reach into it. Read it, and compare in "
        "Python; exists(...) and not_exists(...) can be asked"
    )
