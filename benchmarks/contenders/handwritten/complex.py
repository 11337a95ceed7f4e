"""A nested entity by hand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from benchmarks.contenders.handwritten.common import moment_text, refuse
from benchmarks.shapes import Complex, Line, Status
from persistence.attributes import AttributeValue, Item


def _encode_line(line: Line) -> AttributeValue:
    sku, title, quantity, price = line.sku, line.title, line.quantity, line.price
    if (
        type(sku) is not str
        or type(title) is not str
        or type(quantity) is not int
        or type(price) is not Decimal
    ):
        refuse(line)
    return {
        "M": {
            "sku": {"S": sku},
            "title": {"S": title},
            "quantity": {"N": str(quantity)},
            "price": {"N": str(price)},
        }
    }


def _bare_line(line: Line) -> AttributeValue:
    return {
        "M": {
            "sku": {"S": line.sku},
            "title": {"S": line.title},
            "quantity": {"N": str(line.quantity)},
            "price": {"N": str(line.price)},
        }
    }


def _encode_label(text: str) -> AttributeValue:
    if type(text) is not str:
        refuse(text)
    return {"S": text}


def encode_complex(order: Complex) -> Item:
    key, customer_id, placed_at, status = order.id, order.customer_id, order.placed_at, order.status
    total, lines, labels, tags = order.total, order.lines, order.labels, order.tags
    note, discount, version = order.note, order.discount, order.version
    if (
        type(key) is not str
        or not key
        or type(customer_id) is not str
        or type(placed_at) is not datetime
        or type(status) is not Status
        or type(total) is not Decimal
        or type(lines) is not list
        or type(labels) is not dict
        or type(tags) is not set
        or (note is not None and type(note) is not str)
        or (discount is not None and type(discount) is not Decimal)
        or type(version) is not int
    ):
        refuse(order)
    item: Item = {
        "id": {"S": key},
        "customer_id": {"S": customer_id},
        "placed_at": {"S": moment_text(placed_at)},
        "status": {"S": status.value},
        "total": {"N": str(total)},
        "lines": {"L": [_encode_line(line) for line in lines]},
        "labels": {"M": {name: _encode_label(text) for name, text in labels.items()}},
        "version": {"N": str(version)},
    }
    if tags:
        item["tags"] = {"SS": sorted(tags)}
    if note is not None:
        item["note"] = {"S": note}
    if discount is not None:
        item["discount"] = {"N": str(discount)}
    return item


def bare_complex(order: Complex) -> Item:
    item: Item = {
        "id": {"S": order.id},
        "customer_id": {"S": order.customer_id},
        "placed_at": {"S": moment_text(order.placed_at)},
        "status": {"S": order.status.value},
        "total": {"N": str(order.total)},
        "lines": {"L": [_bare_line(line) for line in order.lines]},
        "labels": {"M": {name: {"S": text} for name, text in order.labels.items()}},
        "version": {"N": str(order.version)},
    }
    if order.tags:
        item["tags"] = {"SS": sorted(order.tags)}
    if order.note is not None:
        item["note"] = {"S": order.note}
    if order.discount is not None:
        item["discount"] = {"N": str(order.discount)}
    return item


def _decode_line(stored: AttributeValue) -> Line:
    line = stored["M"]
    return Line(line["sku"]["S"], line["title"]["S"], int(line["quantity"]["N"]), Decimal(line["price"]["N"]))


def decode_complex(item: Item) -> Complex:
    tags, note, discount, version = (
        item.get("tags"),
        item.get("note"),
        item.get("discount"),
        item.get("version"),
    )
    return Complex(
        item["id"]["S"],
        item["customer_id"]["S"],
        datetime.fromisoformat(item["placed_at"]["S"]),
        Status(item["status"]["S"]),
        Decimal(item["total"]["N"]),
        [_decode_line(line) for line in item["lines"]["L"]],
        {name: text["S"] for name, text in item["labels"]["M"].items()},
        set(tags["SS"]) if tags is not None else set(),
        note["S"] if note is not None else None,
        Decimal(discount["N"]) if discount is not None else None,
        int(version["N"]) if version is not None else 0,
    )
