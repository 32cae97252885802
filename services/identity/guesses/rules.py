"""How long a guesser waits, and where a guess comes from.

Every guess is counted before it is looked at, under up to three keys: what is guessed at, the address it
comes from, and the network around that. Each has an allowance of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from services.kit.errors import DomainError, StatusCode

# What one customer of a provider has, and what a provider gives to a house or a quarter.
_ADDRESS_BITS = {4: 32, 6: 64}
_NETWORK_BITS = {4: 24, 6: 48}

LONGEST_MEMORY: Final = timedelta(days=7)
"""No allowance remembers anything for longer."""


class Scope(StrEnum):
    """What is guessed; the same subject is counted apart in each."""

    PASSWORD = "password"  # noqa: S105 - what is guessed, not the thing itself
    FAMILIAR_PASSWORD = "familiar password"  # noqa: S105 - from a network the account was entered from
    SECOND_FACTOR = "second factor"
    RECOVERY = "recovery"
    RECOVERY_CODE = "recovery code"
    LOGIN = "login"  # which ones are taken
    CASE_CODE = "case code"
    CASE_LETTER = "case letter"  # to somebody who may not have asked for it
    TRACKING_CODE = "tracking code"
    SCHOOL_WATCH = "school watch"  # letters that somebody may not have asked for


class TooManyAttempts(DomainError):
    """Guesses must wait, the right one too; the metadata says how many seconds."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_MANY_ATTEMPTS"
    title = "Too many attempts, wait a little"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, -(-wait // timedelta(seconds=1)))  # rounded up: sooner would be refused again
        super().__init__(retry_after_s=str(seconds))


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many guesses need not wait, and how long the next ones do.

    Each failure beyond the free ones doubles the wait, and none waits longer than ``longest_wait``: a lock
    for good would let anybody shut out anybody (A21).
    """

    free: int
    first_wait: timedelta
    longest_wait: timedelta
    one_forgotten_each: timedelta
    """Failures wear off one by one: at this pace somebody can guess for ever without waiting."""

    @property
    def most(self) -> int:
        """Failures beyond these are not counted: they would only be remembered longer."""
        return self.free + math.ceil(math.log2(self.longest_wait / self.first_wait))

    def wait_after(self, failures: int) -> timedelta:
        """How long the next guess waits.

        >>> at_once = timedelta(0)
        >>> login = Allowance(5, timedelta(seconds=15), timedelta(minutes=15), timedelta(hours=1))
        >>> [login.wait_after(n).seconds for n in (4, 5, 6, 7, 11, 99)]
        [0, 15, 30, 60, 900, 900]
        """
        if failures < self.free:
            return timedelta(0)
        doublings = min(failures, self.most) - self.free
        return min(self.first_wait * (1 << doublings), self.longest_wait)


@dataclass(frozen=True, slots=True)
class Allowances:
    """Those of a region."""

    subject: Allowance
    """Of what is guessed at: a login, an account's second factor."""
    recovery: Allowance
    """Of recoveries begun for one login: each sends a message."""
    address: Allowance
    """A school or a village may sit behind one."""
    network: Allowance

    @property
    def memory(self) -> timedelta:
        """After so long without a guess nothing is left to remember."""
        each = (self.subject, self.recovery, self.address, self.network)
        return max(allowance.one_forgotten_each * (allowance.most + 1) for allowance in each)


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a guess comes; printed, it shows nothing."""

    address: str = field(repr=False)
    network: str = field(repr=False)


def origin_of(address: str) -> Origin | None:
    """The address and the network of an IP address; None for what is none.

    >>> origin = origin_of("2001:db8:1:2:3::4")
    >>> origin.address, origin.network
    ('2001:db8:1:2::/64', '2001:db8:1::/48')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Address(int(parsed))  # without the name of an interface
    address, network = (
        str(ip_network((parsed, bits[parsed.version]), strict=False))
        for bits in (_ADDRESS_BITS, _NETWORK_BITS)
    )
    return Origin(address, network)
