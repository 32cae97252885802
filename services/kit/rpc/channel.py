"""The client's end: balancing over replicas, health, retries and keepalive, all by gRPC's own means.

`pick_first` ignores health, so round robin; a `timeout` in the service config fires about 1.2 s early, so
every call passes ``timeout=`` itself.
"""

from __future__ import annotations

import json

import grpc

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": ""},
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                # UNAVAILABLE: the call was refused or the server died. Writes carry a request id or are
                # consumed by their first use, so repeating is safe.
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 50, "tokenRatio": 0.5},
}

OPTIONS = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A service that restarts is found again quickly.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
)


def channel(address: str) -> grpc.aio.Channel:
    """A channel to every replica behind ``address`` (``host:port`` or a gRPC target such as ``dns:///…``)."""
    return grpc.aio.insecure_channel(address, options=OPTIONS)
