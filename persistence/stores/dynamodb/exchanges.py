"""Operations that take several requests, as generators: they ask with a request and are sent the answer.

A failure of a request is raised at the place where it was asked. Whoever runs an exchange does the I/O, so
that what an exchange asks can be shown without any.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from persistence.stores.dynamodb.attempts import Repeats

R = TypeVar("R")

Parameters = dict[str, Any]
Answer = Mapping[str, Any]
Service = Literal["dynamodb", "application-autoscaling"]
"""boto3's name of a service."""

SCALING: Service = "application-autoscaling"


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a service.

    Attributes:
        api: the service's name of the action.
        parameters: keyword arguments of the client's method.
        repeats: which failed attempts botocore may repeat.
        service: whose action it is.
        writes: whether it can change anything.
    """

    api: str
    parameters: Parameters
    repeats: Repeats = "always"
    service: Service = "dynamodb"
    writes: bool = False


Exchange = Generator[Request, Answer, R]


def pages(request: Request) -> Exchange[list[Answer]]:
    """Ask for all pages of a list.

    Args:
        request: for the first page.
    """
    answers: list[Answer] = []
    following: Parameters = {}
    while True:
        answer = yield replace(request, parameters={**request.parameters, **following})
        answers.append(answer)
        if not answer.get("NextToken"):
            return answers
        following = {"NextToken": answer["NextToken"]}
