"""Tell whether the parameters of a data action are as its API has them, each of the one type that it has.

What is anything else is left to botocore, which converts it, or refuses it in its own words: a tuple as a
list, text as a binary value, a number that is no text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Check = Callable[[Any], bool]


def is_canonical(parameters: Mapping[str, Any]) -> bool:
    """Tell whether every parameter is known, and of its type.

    Args:
        parameters: keyword arguments of the method of boto3's client for a data action.
    """
    for name, value in parameters.items():
        check = _MEMBERS.get(name)
        if check is None or not check(value):
            return False
    return True


_KINDS: Mapping[str, type] = {
    "S": str,
    "N": str,
    "B": bytes,
    "BOOL": bool,
    "NULL": bool,
    "SS": list,
    "NS": list,
    "BS": list,
    "L": list,
    "M": dict,
}


def _are_values(values: Iterable[Any]) -> bool:
    for value in values:
        if type(value) is not dict or len(value) != 1:
            return False
        if "S" in value:  # most are
            if type(value["S"]) is not str:
                return False
            continue
        for tag, content in value.items():
            kind = _KINDS.get(tag)
            if type(content) is not kind:
                return False
            if (kind is list or kind is dict) and not _are_parts(tag, content):
                return False
    return True


def _are_parts(tag: str, content: Any) -> bool:
    match tag:
        case "M":
            return _is_item(content)
        case "L":
            return _are_values(content)
        case "BS":
            return all(type(member) is bytes for member in content)
        case _:
            return _are_texts(content)


def _are_texts(texts: Iterable[Any]) -> bool:
    for text in texts:  # noqa: SIM110  # a generator takes twice as long
        if type(text) is not str:
            return False
    return True


def _is_item(item: Any) -> bool:
    return type(item) is dict and _are_texts(item) and _are_values(item.values())


def _is_text(text: Any) -> bool:
    return type(text) is str and text != ""


def _is_index_name(name: Any) -> bool:
    return type(name) is str and len(name) >= 3


def _is_flag(flag: Any) -> bool:
    return type(flag) is bool


def _is_count(number: Any) -> bool:
    return type(number) is int and number >= 1


def _is_position(number: Any) -> bool:
    return type(number) is int and number >= 0


def _are_names(names: Any) -> bool:
    return type(names) is dict and _are_texts(names) and _are_texts(names.values())


def _are_actions(actions: Any) -> bool:
    return type(actions) is list and bool(actions) and all(_is_one_of(_ACTIONS, action) for action in actions)


def _are_requests(by_table: Any) -> bool:
    return type(by_table) is dict and bool(by_table) and all(map(_is_tables, by_table.items()))


def _is_tables(entry: tuple[Any, Any]) -> bool:
    name, requests = entry
    if not _is_text(name):
        return False
    if type(requests) is list:
        return bool(requests) and all(_is_one_of(_WRITES, request) for request in requests)
    return _has(_KEYS, requests)


def _is_one_of(kinds: Mapping[str, _Names], action: Any) -> bool:
    if type(action) is not dict or len(action) != 1:
        return False
    for kind, content in action.items():
        names = kinds.get(kind)
        if names is None or not _has(names, content):
            return False
    return True


class _Names:
    """The names of the members of a structure: those that it must have, and those that it may."""

    __slots__ = ("allowed", "required")

    def __init__(self, required: str, optional: str = "") -> None:
        self.required = frozenset(required.split())
        self.allowed = self.required | frozenset(optional.split())


def _has(names: _Names, content: Any) -> bool:
    return (
        type(content) is dict and names.required <= content.keys() <= names.allowed and is_canonical(content)
    )


def _are_keys(keys: Any) -> bool:
    return type(keys) is list and bool(keys) and all(map(_is_item, keys))


_NAMED = "ExpressionAttributeNames ExpressionAttributeValues"
_CONDITION = f"ConditionExpression ReturnValuesOnConditionCheckFailure {_NAMED}"
_ACTIONS: Mapping[str, _Names] = {
    "Put": _Names("TableName Item", _CONDITION),
    "Update": _Names("TableName Key UpdateExpression", _CONDITION),
    "Delete": _Names("TableName Key", _CONDITION),
    "ConditionCheck": _Names("TableName Key ConditionExpression", _CONDITION),
    "Get": _Names("TableName Key", "ProjectionExpression ExpressionAttributeNames"),
}
_WRITES: Mapping[str, _Names] = {"PutRequest": _Names("Item"), "DeleteRequest": _Names("Key")}
_KEYS = _Names("Keys", "ConsistentRead ProjectionExpression ExpressionAttributeNames")

_MEMBERS: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            "TableName",
            "ConditionExpression",
            "FilterExpression",
            "KeyConditionExpression",
            "ProjectionExpression",
            "UpdateExpression",
            "ClientRequestToken",
            "ReturnConsumedCapacity",
            "ReturnItemCollectionMetrics",
            "ReturnValues",
            "ReturnValuesOnConditionCheckFailure",
            "Select",
        ),
        _is_text,
    ),
    **dict.fromkeys(("Item", "Key", "ExclusiveStartKey", "ExpressionAttributeValues"), _is_item),
    **dict.fromkeys(("ConsistentRead", "ScanIndexForward"), _is_flag),
    **dict.fromkeys(("Limit", "TotalSegments"), _is_count),
    "Segment": _is_position,
    "IndexName": _is_index_name,
    "ExpressionAttributeNames": _are_names,
    "TransactItems": _are_actions,
    "RequestItems": _are_requests,
    "Keys": _are_keys,
}
