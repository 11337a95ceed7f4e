"""Names of resources in templates, made from the names of tables and indexes.

Each follows from the name of its table (and index) alone, never from what else is exported: a resource that
changes its name is deleted and made anew. Where a name of a table can't be a name in the template, it is made
fit and gets a digest, so that no two tables share one.
"""

from __future__ import annotations

import hashlib
import re

LONGEST = 100

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*\Z")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*\Z")


def logical_id(table: str, index: str | None = None, part: str = "") -> str:
    """Give the logical id of a resource in CloudFormation: letters and digits, up to 255.

    Args:
        table: the table's name: `customer-orders` becomes `CustomerOrdersTable`.
        index: the index that the resource belongs to.
        part: what the resource is of the table or index, such as "ReadScaling".
    """
    own = f"{_word(table)}Table"
    return own + part if index is None else f"{own}{_word(index, reserved='Table')}Index{part}"


def label(table: str, *parts: str) -> str:
    """Give the name of a resource in Terraform: letters, digits, `_` and `-`.

    Args:
        table: the table's name, which is the resource's wherever it can be.
        parts: the index that the resource belongs to, what it is of it, or a region.
    """
    return "--".join(_label(name) for name in (table, *parts))


def _word(name: str, reserved: str = "") -> str:
    word = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
    if _KEBAB.match(name) and len(name) <= LONGEST and not (reserved and reserved in word):
        return word
    fit = word if word[:1].isalpha() else f"T{word}"  # the CDK wants a letter first
    return f"{fit[:LONGEST]}{_digest(name).upper()}"


def _label(name: str) -> str:
    if _LABEL.match(name) and len(name) <= LONGEST:
        return name
    fit = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:LONGEST].rstrip("-")
    return f"{fit if fit[:1].isalpha() else f't-{fit}'.rstrip('-')}-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]
