"""Troubles of ESIA that no request can provoke: switched on for a while to see a client through them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Switches(BaseModel):
    """What is wrong with ESIA just now; nothing, unless switched on."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    overloaded: bool = False
    """007008 for every authorisation and token request."""
    broken: bool = False
    """007007 likewise."""
    html: bool = False
    """A maintenance page (HTTP 503, HTML) in place of the authorisation page and of every JSON answer."""
    html_status: int = Field(default=503, ge=200, le=599)
    latency: float = Field(default=0.0, ge=0, le=60)
    """Seconds before any answer."""
    clock_ahead: float = Field(default=0.0, ge=-86_400, le=86_400)
    """Seconds by which the stand's clock is ahead of the truth: skew, seen from the client."""
    no_embedding: bool = False
    """Collections as addresses also where ``embed`` asks for objects."""
    blocked: frozenset[int] = frozenset()
    """Persons (oid) whose account is blocked."""
