"""How patient a region is with people who guess."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.identity.guesses.rules import LONGEST_MEMORY, Allowance, Allowances

_SECOND = timedelta(seconds=1)
# A wait that is longer would be a lock (A21).
_LONGEST = timedelta(hours=1)
Wait = Annotated[timedelta, Field(ge=_SECOND, le=_LONGEST)]


class AllowanceSettings(BaseModel):
    """One allowance; see `services.identity.guesses.rules.Allowance`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    free: int = Field(ge=1)
    """Guesses that need not wait: people mistype."""
    first_wait: Wait
    """After the free ones; each further failure doubles it."""
    longest_wait: Wait
    """No wait is longer."""
    one_forgotten_each: timedelta = Field(ge=_SECOND)
    """How soon one failure wears off."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.longest_wait < self.first_wait:
            raise ValueError("longest_wait is shorter than first_wait")
        return self

    @property
    def allowance(self) -> Allowance:
        """As the rules know it."""
        return Allowance(self.free, self.first_wait, self.longest_wait, self.one_forgotten_each)


class _Subject(AllowanceSettings):
    free: int = Field(default=5, ge=3, le=100)  # ASVS 5.0, 6.3.1: guessing one account must not pay
    first_wait: Wait = timedelta(seconds=15)
    longest_wait: Wait = timedelta(minutes=15)
    one_forgotten_each: timedelta = Field(default=timedelta(hours=1), ge=_SECOND)


# A stranger who begins them for somebody has a message sent to that person each time.
class _Recovery(AllowanceSettings):
    free: int = Field(default=3, ge=1, le=10)
    first_wait: Wait = timedelta(minutes=1)
    longest_wait: Wait = timedelta(hours=1)
    one_forgotten_each: timedelta = Field(default=timedelta(hours=4), ge=timedelta(minutes=1))


# A school of a thousand comes back on the first of September by one address, and one in three mistypes.
class _Address(AllowanceSettings):
    free: int = Field(default=300, ge=10)
    first_wait: Wait = timedelta(seconds=2)
    longest_wait: Wait = timedelta(minutes=1)
    one_forgotten_each: timedelta = Field(default=timedelta(seconds=10), ge=_SECOND)


class _Network(AllowanceSettings):
    free: int = Field(default=3000, ge=10)
    first_wait: Wait = timedelta(seconds=1)
    longest_wait: Wait = timedelta(seconds=30)
    one_forgotten_each: timedelta = Field(default=timedelta(seconds=1), ge=_SECOND)


class GuessSettings(BaseModel):
    """``MESH_GUESSES__…``: ``MESH_GUESSES__ADDRESS__FREE=500``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: _Subject = _Subject()
    """At one login, one account's second factor, one recovery."""
    recovery: _Recovery = _Recovery()
    """Of one login's password: how often one can be begun."""
    address: _Address = _Address()
    """From one IPv4 address or one IPv6 /64."""
    network: _Network = _Network()
    """From one IPv4 /24 or one IPv6 /48."""

    @model_validator(mode="after")
    def _forgetting(self) -> Self:
        if self.allowances.memory > LONGEST_MEMORY:
            raise ValueError(f"failures must wear off within {LONGEST_MEMORY}")
        return self

    @property
    def allowances(self) -> Allowances:
        """As the rules know them."""
        return Allowances(
            subject=self.subject.allowance,
            recovery=self.recovery.allowance,
            address=self.address.allowance,
            network=self.network.allowance,
        )
