"""Pages as the text of an answer, of which a mapping's grammar takes the items apart."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from persistence.attributes import Item
from persistence.mapping import EntityMapping
from persistence.mapping.grammar import PageGrammar
from persistence.stores.dynamodb.bodies import content_of
from persistence.stores.dynamodb.pages import page_content
from persistence.wire_items import WireItems


def body_of(items: Sequence[Item]) -> bytes:
    """Give the text of an answer as the service writes it."""
    page = {"Count": len(items), "Items": list(items), "ScannedCount": len(items)}
    return text_of(page).encode()


def text_of(content: object) -> str:
    """Give data as the service writes it."""
    return json.dumps(
        content, default=lambda value: b64encode(value).decode(), ensure_ascii=False, separators=(",", ":")
    )


def ready(mapping: EntityMapping[Any]) -> PageGrammar[Any]:
    """Give the grammar of a mapping, which tries each page from now on, as if it had seen none."""
    vars(mapping.codec).pop("grammar", None)
    grammar = mapping.codec.grammar
    assert grammar is not None
    grammar.before = 0
    return grammar


def as_before(mapping: EntityMapping[Any], body: bytes) -> dict[str, Any]:
    """Read the text of a page by way of dicts."""
    content = content_of(body, accelerated=False)
    return {**content, "Items": mapping.codec.decode_page(tuple(content["Items"]))}


def page_in_parts(mapping: EntityMapping[Any], body: bytes) -> dict[str, Any]:
    """Read the text of a page without its items, which the mapping's grammar takes apart."""
    return page_content(body, 0, accelerated=False, grammar=ready(mapping))


def in_parts(mapping: EntityMapping[Any], body: bytes) -> dict[str, Any]:
    """Read the text of a page by its grammar, where that can be."""
    content = page_in_parts(mapping, body)
    return {**content, "Items": mapping.codec.decode_page(content["Items"])}


def straight(mapping: EntityMapping[Any], body: bytes) -> list[Any]:
    """Read the text of a page by its grammar, and check that nobody made dicts of its items."""
    items = page_in_parts(mapping, body)["Items"]
    assert isinstance(items, WireItems)
    assert items.apart is not None
    entities = mapping.codec.decode_page(items)
    assert items.apart is not None
    return entities
