"""The regions that run a diary, and which doors stand open where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.kit.errors import DomainError, StatusCode


class UnknownRegion(DomainError):
    """No such region in the directory."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_REGION"
    title = "There is no such region"


class RegionElsewhere(DomainError):
    """Another mesh serves the region; its address is in the metadata."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "REGION_ELSEWHERE"
    title = "This region's diary has another address"


class EsiaClosed(DomainError):
    """The region has not opened the ESIA door; login and password are always accepted (R3)."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ESIA_CLOSED"
    title = "This region does not offer entry through Gosuslugi yet"


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the directory."""

    code: str
    title: str
    esia_enabled: bool
    address: str
    notices: tuple[tuple[str, str], ...] = ()
    """What the region says at its doors: language and text (R52)."""


class Directory:
    """Every region that a person can choose, and the one that is served here.

    Args:
        regions: each code once.
        here: the code of the region this mesh serves; raises `ValueError` when it is none of them.
    """

    def __init__(self, regions: Iterable[Region], *, here: str) -> None:
        self._regions = {region.code: region for region in sorted(regions, key=lambda region: region.title)}
        if here not in self._regions:
            raise ValueError(f"the directory has no region {here!r}")
        self.here = self._regions[here]

    def become(self, other: Directory) -> None:
        """Be what ``other`` is: the operator has changed the file. Links keep the address they began with."""
        self._regions, self.here = other._regions, other.here

    def __iter__(self) -> Iterator[Region]:
        """In the order of their titles."""
        return iter(self._regions.values())

    def require_esia_door(self, code: str) -> Region:
        """The region, if its people enter through ESIA here.

        Raises:
            UnknownRegion: no such region.
            RegionElsewhere: another mesh serves it.
            EsiaClosed: it has not opened the door.
        """
        region = self._regions.get(code)
        if region is None:
            raise UnknownRegion
        if region is not self.here:
            raise RegionElsewhere(address=region.address)
        if not region.esia_enabled:
            raise EsiaClosed
        return region
