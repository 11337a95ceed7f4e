"""`DynamoStore`: the port over boto3's low-level client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from botocore.client import BaseClient

import persistence.stores.dynamodb.fast_lane as lanes
from persistence.errors import InvalidRequest, NotSupported, PersistenceError
from persistence.operation_facts import api_name
from persistence.operations import Operation
from persistence.store import AWS_LIMITS, Limits
from persistence.stores.dynamodb.attempts import Attempts, damaged_answer, in_doubt, watch, watched
from persistence.stores.dynamodb.calls import (
    Talk,
    as_given,
    asked,
    call_of,
    grammar_of,
    method_named,
    method_of,
    repeats_of,
)
from persistence.stores.dynamodb.client import ClientMaker, ClientSettings, LazyClient, is_at_aws, settings_of
from persistence.stores.dynamodb.exchanges import Answer, Exchange, Request, Service
from persistence.stores.dynamodb.failures import FOREIGN_ERRORS, Asked, translated
from persistence.stores.dynamodb.in_time import answer_of
from persistence.stores.dynamodb.requests import Made
from persistence.stores.dynamodb.tuning import stub_of, tune
from persistence.stores.tenancy.face import ForTenants

R = TypeVar("R")
Giving = Callable[[], dict[str, Any]]


class DynamoStore(ForTenants):
    """DynamoDB behind the port; see `persistence.store.Store` for what it promises.

    A client is made at first use, unless one is given, and can be used by all threads. What botocore repeats
    within one call, also on a client that was given:

    - Reads and batches, since that is harmless.
    - A single write only where it certainly had no effect, such as one that the service refused for its
      traffic. After a lost answer or a server error it is `StoreUnavailable` with `ambiguous=True`.
    - A transaction with a client token never: it ends with its first failed attempt. To repeat it is up to
      who chose the token: a unit of work does it until its deadline, which one attempt outlasts at most.
      (A transaction without a token gets one from botocore, and is repeated like a read.)

    Scaling is asked of a service of its own, Application Auto Scaling, with a second client that is made at
    first use in the same way. Where a client was given, or DynamoDB is asked anywhere but at AWS, it takes a
    `scaling_client`: nobody who works on a local server changes something at AWS by accident.

    Args:
        client: a boto3 low-level client for "dynamodb", as it is configured; not a resource. None makes one.
        scaling_client: the same for "application-autoscaling"; None makes one where that is safe.
        region: region of the client to make, such as "eu-central-1".
        endpoint_url: endpoint of the client to make, for local servers.
        limits: what one request may hold; local servers take less than AWS. Its `answer_seconds` are the
            read timeout of the client, unless they are given here, and its `concurrent_requests` are at most
            the connections of the client.
        connect_timeout: seconds that the client to make waits for a connection.
        read_timeout: seconds that it waits for an answer.
        attempts: how often it sends one request at most, where it may repeat it. A call that never gets an
            answer ends after about `attempts * read_timeout` seconds, a transaction with a token after
            `read_timeout`.
        connections: how many connections it keeps; at least one per thread is best.
        tuned: False leaves the way of requests through botocore as it is, on a given client too. What is sent
            and answered is the same; it takes more processor time.
        accelerated: False leaves msgspec out, an optional package (extra `fast`), and True demands it. None
            uses it where it is installed.
        fast_lane: True sends the requests for items over connections of the store's own, past most of
            botocore; see the page on the fast lane. Where it can't, it says so once in the log.

    Raises:
        ValueError: settings for a client to make, beside a client.
        TypeError: what was given is no low-level client, or one that converts values, of a boto3 resource.
        ModuleNotFoundError: `accelerated=True`, and msgspec is not installed.
    """

    def __init__(
        self,
        client: BaseClient | None = None,
        *,
        scaling_client: BaseClient | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        limits: Limits = AWS_LIMITS,
        connect_timeout: float = 2.0,
        read_timeout: float = 5.0,
        attempts: int = 3,
        connections: int = 50,
        tuned: bool = True,
        accelerated: bool | None = None,
        fast_lane: bool = False,
    ) -> None:
        settings = ClientSettings(region, endpoint_url, connect_timeout, read_timeout, attempts, connections)
        if client is not None and settings != ClientSettings():
            raise ValueError(
                "DynamoStore takes a client, or the settings of one to make, not both; "
                "configure the client that is given"
            )
        self._tuned = tuned
        self._fast = fast_lane
        self._lane: lanes.FastLane | None = None
        self._maker = ClientMaker(
            settings, lanes.MindfulEmitter if tuned or fast_lane else None, checks=not tuned
        )
        self._emitter: lanes.MindfulEmitter | None = None
        self._written: set[str] = set()
        self._given = client
        self._accelerated = accelerated is not False
        if accelerated:
            import_module("msgspec")
        self._settings = (
            settings if client is None else settings_of(self._prepared(_low_level(client, "dynamodb")))
        )
        self._limits = _within(self._settings, limits)
        self._own = LazyClient(lambda: self._prepared(self._maker.make()))
        self._given_scaling = (
            None
            if scaling_client is None
            else _watched(_low_level(scaling_client, "application-autoscaling"))
        )
        self._own_scaling = LazyClient(lambda: _watched(self._maker.make("application-autoscaling")))

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return self._limits

    @property
    def connections(self) -> int:
        """How many connections the client keeps, and so how many requests can well be under way at once."""
        return self._settings.connections

    @property
    def tuned(self) -> bool:
        """Whether requests may take a shorter way than botocore's."""
        return self._tuned

    @property
    def takes_text(self) -> bool:
        """Whether it sends new items as JSON, so that their attribute values need not be made."""
        # Who sees the parameters of a client that was given is known on the fast lane only.
        return self._tuned and (self._fast or self.makes_client)

    @property
    def makes_client(self) -> bool:
        """Whether the store makes its client itself; False where one was given."""
        return self._given is None

    @property
    def accelerated(self) -> bool:
        """Whether msgspec is used where it is installed."""
        return self._accelerated

    @property
    def client(self) -> BaseClient:
        """The boto3 client, for what this library does not offer."""
        return self._own.get() if self._given is None else self._given

    @property
    def fast_lane(self) -> lanes.FastLaneState:
        """Whether requests take the fast lane now, or why they don't; it makes the client to tell."""
        if not self._fast:
            return lanes.FastLaneState(used=False, reason="it was not asked for")
        return lanes.fast_lane_of(self.client).state

    def perform(self, operation: Operation[R]) -> R:
        """Perform one operation; see `persistence.store.Store.perform`.

        Args:
            operation: one of `persistence.operations`.

        Returns:
            The operation's own type of answer.

        Raises:
            StoreError: or `ConflictError`, made from the service's own error. What the service would refuse
                anyway because of its shape or size is an `InvalidRequest` before anything is sent.
        """
        call = call_of(type(operation))
        if call is None:
            raise InvalidRequest(f"DynamoStore does not know how to perform {type(operation).__name__}")
        question = asked(operation)
        if isinstance(call, Talk):
            return cast(R, self._converse(question, call.exchange(operation)))
        parameters, text = call.request(operation, question, as_text=self.takes_text)
        attempts = Attempts(
            question,
            repeats_of(operation, call),
            api=api_name(type(operation)) if self._tuned else None,
            accelerated=self._accelerated,
            fast=self._fast,
            text=text,
            grammar=grammar_of(operation),
        )
        called = partial(self._called, lambda: self.client, method_of(type(operation)), parameters, attempts)
        answer = _watched_answer(called, attempts)
        return cast(R, call.answer(operation, answer))

    def close(self) -> None:
        """Close the connections of the clients that the store made; one that was given stays open."""
        self._own.close()
        self._own_scaling.close()
        self._maker.forget()
        if self._lane is not None:
            self._lane.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _converse(self, question: Asked, exchange: Exchange[R]) -> R:
        """Send the requests of an exchange, and give it the answers and failures."""
        proceed: Callable[[], Request] = partial(next, exchange)
        while True:
            try:
                request = proceed()
            except StopIteration as done:
                return cast(R, done.value)
            try:
                answer = self._answer_to(request, question)
            except PersistenceError as failure:
                proceed = partial(exchange.throw, failure)
            else:
                proceed = partial(exchange.send, answer)

    def _answer_to(self, request: Request, question: Asked) -> Answer:
        attempts = Attempts(replace(question, writes=request.writes), request.repeats)
        called = partial(
            self._called,
            lambda: self._client_for(request, question),
            method_named(request.api),
            partial(as_given, request.parameters),
            attempts,
        )
        return _watched_answer(called, attempts)

    def _called(
        self, client: Callable[[], BaseClient], method: str, parameters: Giving, attempts: Attempts
    ) -> dict[str, Any]:
        present = client()
        lane = self._lane if attempts.fast else None
        call: Giving
        if lane is None:
            given = self._handed_over(present, method, parameters, attempts)
            call = partial(getattr(present, method), **given)
        else:
            call = partial(lane.call, present, method, parameters, attempts)
        answer = answer_of(present, call, attempts)
        if attempts.written is not None:
            self._written.add(attempts.written)
        return answer

    def _handed_over(
        self, client: BaseClient, method: str, parameters: Giving, attempts: Attempts
    ) -> dict[str, Any]:
        """Give the parameters that botocore gets, and note whether its body needs no look at them."""
        # A stub is given only once a request of the kind was written in place of one: a client without rules
        # for endpoints never asks for what stands behind it, and would send it.
        api, table = attempts.api, attempts.asked.table
        if attempts.text is not None and api in self._written and table is not None:
            attempts.certain = self._reaches_unseen(client, method)
            if attempts.certain:
                return stub_of(api, table)
        given = parameters()
        if isinstance(given, Made):
            attempts.certain = given.certain and self._reaches_unseen(client, method)
        return given

    def _reaches_unseen(self, client: BaseClient, method: str) -> bool:
        """Tell whether nobody sees the parameters of a call before their body is written."""
        emitter = self._emitter
        if emitter is None or emitter.foreign.before_call or client is not self.client or lanes.is_recorded():
            return False
        path = lanes.path_of(client, method)
        return path is not None and lanes.is_botocores(path)

    def _prepared(self, client: BaseClient) -> BaseClient:
        self._written = set()
        if self._tuned:
            emitter = self._emitter = lanes.mindful_emitter_of(client)
            tune(client, seen=None if emitter is None or emitter.checks else emitter.hears_others)
        if self._fast:
            verify = self._maker.verify() if self._given is None else None
            self._lane = lanes.fast_lane_of(client, verify)
        return _watched(client)

    def _client_for(self, request: Request, question: Asked) -> BaseClient:
        if request.service == "dynamodb":
            return self.client
        if self._given_scaling is not None:
            return self._given_scaling
        if self._given is not None or not is_at_aws(self.client):
            why = "was given a client" if self._given is not None else "does not ask AWS"
            raise NotSupported(
                f"scaling is asked of another service, and this store {why}; give it "
                'DynamoStore(..., scaling_client=boto3.client("application-autoscaling"))',
                **question.where,
            )
        return self._own_scaling.get()


def _watched_answer(call: Callable[[], dict[str, Any]], attempts: Attempts) -> dict[str, Any]:
    try:
        answer = watched(attempts, call)
    except FOREIGN_ERRORS as error:
        raise in_doubt(translated(error, attempts.asked), attempts) from error
    if attempts.damaged:
        raise damaged_answer(attempts.asked)
    return answer


def _low_level(client: object, service: Service) -> BaseClient:
    if isinstance(client, BaseClient) and not lanes.converts_values(client):
        return client
    given = (
        "that of a resource, which converts values"
        if isinstance(client, BaseClient)
        else type(client).__name__
    )
    raise TypeError(
        f"DynamoStore takes a low-level client, boto3.client({service!r}), not {given}; "
        "a boto3 resource, and its `resource.meta.client`, take and give Python values instead of items"
    )


def _watched(client: BaseClient) -> BaseClient:
    watch(client)
    return client


def _within(settings: ClientSettings, limits: Limits) -> Limits:
    """Bring limits in line with a client: how long it waits, and for how many answers at once."""
    at_once = min(limits.concurrent_requests, settings.connections)
    seconds = settings.read_timeout if limits.answer_seconds is None else limits.answer_seconds
    return replace(limits, answer_seconds=seconds, concurrent_requests=at_once)
