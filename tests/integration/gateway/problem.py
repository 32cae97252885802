"""What every refusal must look like."""

from __future__ import annotations

from typing import Any

import httpx2


def problem(response: httpx2.Response, status: int, reason: str) -> dict[str, Any]:
    """The problem document of a refusal; fails when it is not the one that was expected, or not complete."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    document: dict[str, Any] = response.json()
    assert (response.status_code, document["reason"]) == (status, reason), document
    assert document["type"] == "about:blank"
    assert document["status"] == status
    assert document["title"]
    assert document["request_id"] == response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return document
