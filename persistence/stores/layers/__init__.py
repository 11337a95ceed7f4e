"""Layers: what stands around a store and adds something to `perform`."""

from __future__ import annotations

from persistence.stores.layers.analytics import QueryAnalytics
from persistence.stores.layers.analytics_report import AnalyticsReport, ShapeRow
from persistence.stores.layers.echo import Echo
from persistence.stores.layers.encrypting import Encrypting
from persistence.stores.layers.layer import AsyncLayeredStore, Layer, LayeredStore, layered
from persistence.stores.layers.metering import AsyncMetered, Meter, Metered, OperationTotals
from persistence.stores.layers.metrics import Measurement, Metrics
from persistence.stores.layers.observing import Observer, Performed
from persistence.stores.layers.partitions import HotPartitions
from persistence.stores.layers.partitions_report import PartitionRow, PartitionsReport, ThrottlingRow
from persistence.stores.layers.reencrypting import Reencryption, reencrypt, reencrypt_async
from persistence.stores.layers.retry_policy import AdaptiveRate, CircuitBreaking, RetryBudget, RetryPolicy
from persistence.stores.layers.retrying import Retries, RetryState
from persistence.stores.layers.shapes import OTHERS, Shape
from persistence.stores.layers.sizes import ItemSizes, LargeItems

__all__ = [
    "OTHERS",
    "AdaptiveRate",
    "AnalyticsReport",
    "AsyncLayeredStore",
    "AsyncMetered",
    "CircuitBreaking",
    "Echo",
    "Encrypting",
    "HotPartitions",
    "ItemSizes",
    "LargeItems",
    "Layer",
    "LayeredStore",
    "Measurement",
    "Meter",
    "Metered",
    "Metrics",
    "Observer",
    "OperationTotals",
    "PartitionRow",
    "PartitionsReport",
    "Performed",
    "QueryAnalytics",
    "Reencryption",
    "Retries",
    "RetryBudget",
    "RetryPolicy",
    "RetryState",
    "Shape",
    "ShapeRow",
    "ThrottlingRow",
    "layered",
    "reencrypt",
    "reencrypt_async",
]
