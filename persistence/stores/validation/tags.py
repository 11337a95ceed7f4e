"""Tags of tables, and the resource names that they are set by.

Source: API reference, TagResource and UntagResource; the texts are the service's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from persistence.stores.validation.refused import Refused
from persistence.table_options import TAGS_PER_TABLE

_NAME_LIMIT = 128
_VALUE_LIMIT = 256


def check_arn(arn: str) -> None:
    """Check the form of a resource name.

    Raises:
        Refused: it is none.
    """
    if not arn.startswith("arn:"):
        raise Refused(f"One or more parameter values were invalid: ARNs must start with 'arn:': {arn}")


def check_new_tags(tags: Mapping[str, str], present: Mapping[str, str]) -> None:
    """Check tags that are to be set.

    Args:
        tags: what is to be set.
        present: the tags that are there.

    Raises:
        Refused: there are none, one can't be a tag, or there would be too many.
    """
    if not tags:
        raise Refused("Atleast one Tag needs to be provided as Input.")
    for name, value in tags.items():
        if not 1 <= len(name) <= _NAME_LIMIT:
            raise Refused(f"The Tag Key provided is invalid, Key: {name[:_NAME_LIMIT]}")
        if name.lower().startswith("aws:"):
            raise Refused(f"Tag Key cannot be prefixed with aws:, Key: {name}")
        if len(value) > _VALUE_LIMIT:
            raise Refused(f"The Tag Value provided is invalid, Key: {name}")
    if len({*tags, *present}) > TAGS_PER_TABLE:
        raise Refused("Number of Tags exceed the current limit for the provided ResourceArn")


def check_old_tags(names: Collection[str]) -> None:
    """Check names of tags that are to be removed.

    Raises:
        Refused: there are none.
    """
    if not names:
        raise Refused("Atleast one Tag Key needs to be provided as Input.")
