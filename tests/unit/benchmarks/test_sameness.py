"""Whether contenders ask the service for the same, told from what they sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.sameness import Action, DifferentWork, actions_of, check_equal, differences
from benchmarks.service.sent import Sent

KEY = {"name": {"S": "1"}, "id": {"S": "c-1"}}
ITEM = {**KEY, "age": {"N": "36"}}
ABSENT = {"ConditionExpression": "attribute_not_exists(#n)", "ExpressionAttributeNames": {"#n": "name"}}


def sent(operation: str, **content: Any) -> Sent:
    head = f"POST / HTTP/1.1\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n\r\n"
    return Sent(head.encode() + json.dumps(content).encode())


def put(**further: Any) -> Sent:
    return sent("PutItem", **{"TableName": "simple", "Item": ITEM, **further})


def update(text: str, **further: Any) -> Sent:
    names = {"#a": "age", "#n": "name"}
    return sent(
        "UpdateItem",
        TableName="simple_bloop",
        Key=KEY,
        UpdateExpression=text,
        ExpressionAttributeNames=names,
        **further,
    )


def transaction(*actions: dict[str, Any]) -> Sent:
    return sent("TransactWriteItems", TransactItems=list(actions), ClientRequestToken="x")


class TestActions:
    def test_of_a_put_name_its_key_and_attributes(self) -> None:
        key = (("id", "c-1"), ("name", "1"))

        assert actions_of([put(**ABSENT)]) == (Action("simple", key, ("age",), "PutItem", "Put", True),)

    @pytest.mark.parametrize("text", ["SET #a = :a", "SET #a=:a", "SET #a = if_not_exists(#a, :z) + :a"])
    def test_of_an_update_name_what_it_sets(self, text: str) -> None:
        (action,) = actions_of([update(text)])

        assert (action.table, action.attributes, action.kind) == ("simple", ("age",), "Update")

    @pytest.mark.parametrize("condition", ["#n = :p", "(#n = :p)", "#n=:p"])
    def test_of_a_query_name_the_partition(self, condition: str) -> None:
        values = {":p": {"S": "100"}}

        (action,) = actions_of(
            [
                sent(
                    "Query",
                    TableName="simple",
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            ]
        )

        assert action.key == (("name", "100"),)

    def test_of_batches_are_those_of_their_parts(self) -> None:
        writes = sent("BatchWriteItem", RequestItems={"simple": [{"PutRequest": {"Item": ITEM}}] * 2})
        reads = sent("BatchGetItem", RequestItems={"simple": {"Keys": [KEY]}})

        assert [each.kind for each in actions_of([writes])] == ["Put", "Put"]
        assert [each.kind for each in actions_of([reads])] == ["Get"]

    def test_have_an_order_of_their_own(self) -> None:
        other = put(Item={**ITEM, "id": {"S": "c-2"}})

        assert actions_of([put(), other]) == actions_of([other, put()])

    def test_do_not_count_what_is_absent_or_kept_by_units(self) -> None:
        """Some write NULL where others leave an attribute out; a commit id is no business of theirs."""
        item = {**ITEM, "note": {"NULL": True}, "_commit_id": {"S": "x"}, "version": {"N": "1"}}

        assert actions_of([put(Item=item)]) == actions_of([put()])


class TestDifferences:
    def test_of_equal_requests_are_none(self) -> None:
        assert differences("peer", "put simple", [put()], [put()]) == ()

    def test_tell_of_a_missing_condition(self) -> None:
        assert differences("peer", "put simple", [put()], [put(**ABSENT)]) == ("no condition",)

    def test_tell_of_a_condition_too_many(self) -> None:
        assert differences("peer", "put simple", [put(**ABSENT)], [put()]) == ("with a condition",)

    def test_tell_of_another_operation_once(self) -> None:
        baseline = [transaction({"Put": {"TableName": "simple", "Item": ITEM, **ABSENT}})]

        assert differences("peer", "put simple", [update("SET #a=:a")], baseline) == (
            "UpdateItem",
            "no condition",
        )

    def test_tell_of_another_kind_in_the_same_operation(self) -> None:
        one = transaction({"Update": {"TableName": "simple", "Key": KEY, "UpdateExpression": "SET age = :a"}})
        other = transaction({"Put": {"TableName": "simple", "Item": ITEM}})

        assert differences("peer", "commit of 1 simple", [one], [other]) == ("Update instead of Put",)

    @pytest.mark.parametrize(
        ("other", "told"),
        [
            (put(TableName="wide"), "table"),
            (put(Item={**ITEM, "id": {"S": "c-9"}}), "key"),
            (put(Item={**ITEM, "active": {"BOOL": True}}), "attributes"),
            (put(Item=KEY), "attributes"),
        ],
    )
    def test_that_are_other_work_are_refused(self, other: Sent, told: str) -> None:
        with pytest.raises(DifferentWork, match=told):
            differences("peer", "put simple", [other], [put()])

    def test_in_number_are_refused(self) -> None:
        with pytest.raises(DifferentWork, match="2 actions, not 1"):
            differences("peer", "put simple", [put(), put()], [put()])


class TestEquality:
    def test_does_not_look_at_what_each_request_has_anew(self) -> None:
        one = put(ClientRequestToken="a", Item={**ITEM, "_commit_id": {"S": "b"}})
        other = put(ClientRequestToken="c", Item={**ITEM, "_commit_id": {"S": "d"}})

        check_equal("ours", "put simple", [one], [other])

    def test_demands_the_same_values(self) -> None:
        with pytest.raises(DifferentWork, match=r'"37".*not.*"36"'):
            check_equal("ours", "put simple", [put(Item={**ITEM, "age": {"N": "37"}})], [put()])

    def test_demands_the_same_conditions(self) -> None:
        with pytest.raises(DifferentWork):
            check_equal("ours", "put simple", [put()], [put(**ABSENT)])

    def test_takes_a_version_for_new_only_if_it_is_made_of_the_time(self) -> None:
        def versioned(number: str) -> list[Sent]:
            return [put(Item={**ITEM, "version": {"N": number}})]

        check_equal("ours", "bulk", versioned("1795737188126240"), versioned("1795737188126241"))
        with pytest.raises(DifferentWork):
            check_equal("ours", "bulk", versioned("1"), versioned("2"))

    def test_demands_as_many(self) -> None:
        with pytest.raises(DifferentWork, match="2, not 1"):
            check_equal("ours", "put simple", [put(), put()], [put()])
