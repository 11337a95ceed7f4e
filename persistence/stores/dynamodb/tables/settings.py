"""What has operations of its own: time to live, point-in-time recovery, tags, insights, lists of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.operations import (
    DeleteTable,
    DescribeInsights,
    DescribeRecovery,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    ListTables,
    ListTags,
    RecoveryDescription,
    TableNames,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateRecovery,
)
from persistence.stores.dynamodb.exchanges import Answer, Exchange, Parameters, Request, pages
from persistence.stores.dynamodb.tables import options
from persistence.stores.dynamodb.tables.description import utc
from persistence.table_options import PointInTimeRecovery

_TIME_TO_LIVE_IS_ON = frozenset({"ENABLED", "ENABLING"})
_INSIGHTS_ARE_ON = frozenset({"ENABLED", "ENABLING"})


def name_only(operation: DescribeTable | DeleteTable | DescribeTimeToLive | DescribeRecovery) -> Parameters:
    """Write a request that needs nothing but the table's name."""
    return {"TableName": operation.name}


def nothing(operation: object, answer: Answer) -> None:
    """Read an answer that says no more than that it was done."""


def list_tables(operation: ListTables) -> Parameters:
    """Write a `ListTables`."""
    given = {"ExclusiveStartTableName": operation.start, "Limit": operation.limit}
    return {name: value for name, value in given.items() if value is not None}


def table_names(operation: ListTables, answer: Answer) -> TableNames:
    """Read a page of names."""
    return TableNames(tuple(answer.get("TableNames") or ()), answer.get("LastEvaluatedTableName"))


def enable_time_to_live(operation: EnableTimeToLive) -> Parameters:
    """Write an `EnableTimeToLive`."""
    return _time_to_live(operation.name, operation.attribute, enabled=True)


def disable_time_to_live(operation: DisableTimeToLive) -> Parameters:
    """Write a `DisableTimeToLive`."""
    return _time_to_live(operation.name, operation.attribute, enabled=False)


def _time_to_live(name: str, attribute: str, *, enabled: bool) -> Parameters:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    return {"TableName": name, "TimeToLiveSpecification": specification}


def time_to_live(operation: DescribeTimeToLive, answer: Answer) -> str | None:
    """Read the attribute of the time to live, if it is on or being switched on."""
    told = answer["TimeToLiveDescription"]
    attribute: str | None = told.get("AttributeName")
    return attribute if told.get("TimeToLiveStatus") in _TIME_TO_LIVE_IS_ON else None


def update_recovery(operation: UpdateRecovery) -> Parameters:
    """Write an `UpdateRecovery`."""
    wanted = operation.recovery
    days = {} if wanted.days is None else {"RecoveryPeriodInDays": wanted.days}
    specification = {"PointInTimeRecoveryEnabled": wanted.enabled, **days}
    return {"TableName": operation.name, "PointInTimeRecoverySpecification": specification}


def recovery(operation: DescribeRecovery | UpdateRecovery, answer: Answer) -> RecoveryDescription:
    """Read whether point-in-time recovery is on, and for which times."""
    told: Mapping[str, Any] = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if told.get("PointInTimeRecoveryStatus") != "ENABLED":
        return RecoveryDescription(PointInTimeRecovery(enabled=False))
    return RecoveryDescription(
        PointInTimeRecovery(enabled=True, days=told.get("RecoveryPeriodInDays")),
        utc(told.get("EarliestRestorableDateTime")),
        utc(told.get("LatestRestorableDateTime")),
    )


def list_tags(operation: ListTags) -> Parameters:
    """Write the request for the first tags of a table."""
    return {"ResourceArn": operation.arn}


def all_tags(operation: ListTags) -> Exchange[Mapping[str, str]]:
    """Ask for all tags of a table, page by page."""
    answers = yield from pages(Request("ListTagsOfResource", list_tags(operation)))
    return {name: value for answer in answers for name, value in options.told_tags(answer).items()}


def tag_table(operation: TagTable) -> Parameters:
    """Write a `TagTable`."""
    return {"ResourceArn": operation.arn, "Tags": options.tags(operation.tags)}


def untag_table(operation: UntagTable) -> Parameters:
    """Write an `UntagTable`."""
    return {"ResourceArn": operation.arn, "TagKeys": list(operation.names)}


def describe_insights(operation: DescribeInsights) -> Parameters:
    """Write a `DescribeInsights`."""
    return {"TableName": operation.name, **_of_index(operation.index)}


def insights(operation: DescribeInsights, answer: Answer) -> bool:
    """Read whether contributor insights are on or being switched on."""
    return answer.get("ContributorInsightsStatus") in _INSIGHTS_ARE_ON


def update_insights(operation: UpdateInsights) -> Parameters:
    """Write an `UpdateInsights`."""
    action = "ENABLE" if operation.enabled else "DISABLE"
    return {"TableName": operation.name, **_of_index(operation.index), "ContributorInsightsAction": action}


def _of_index(index: str | None) -> Parameters:
    return {} if index is None else {"IndexName": index}
