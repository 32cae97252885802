"""The first page: choose a region; and the switch of the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.regions_pb2 import Region
from services.gateway.edge.languages import LANGUAGES
from services.gateway.pages.answers import Answers, wanted_back
from services.gateway.pages.doors.directory import RegionDirectory
from services.gateway.pages.frame import HOME, local_path

MANY = 8
"""More regions than this are searched, not scanned by eye on a phone."""


@dataclass(frozen=True, slots=True)
class RegionView:
    """A region of the directory."""

    code: str
    title: str
    esia_enabled: bool
    address: str

    @property
    def host(self) -> str:
        """The host of the region's diary, as people read addresses."""
        return urlsplit(self.address).netloc


@dataclass(frozen=True, slots=True)
class RegionsView:
    """The choice."""

    here: tuple[RegionView, ...]
    elsewhere: tuple[RegionView, ...]
    searchable: bool
    query: str
    back_query: str
    unknown: bool = False
    """Somebody asked for a region that is not in the directory."""


def regions_view(regions: Sequence[Region], *, query: str, back: str) -> RegionsView:
    """Regions of this mesh first; of the others those that match ``query``."""
    elsewhere = [region for region in regions if not region.here]
    wanted = _folded(query)
    return RegionsView(
        here=tuple(region_view(region) for region in regions if region.here),
        elsewhere=tuple(region_view(region) for region in elsewhere if _matches(region, wanted)),
        searchable=len(elsewhere) > MANY,
        query=query,
        back_query=f"&back={quote(back, safe='')}" if back else "",
    )


def region_view(region: Region) -> RegionView:
    """A region as pages show it."""
    return RegionView(region.code, region.title, region.esia_enabled, region.address)


class RegionPages:
    """`/` and `/language`."""

    def __init__(self, answers: Answers, directory: RegionDirectory) -> None:
        self._answers = answers
        self._directory = directory

    async def choose(self, request: Request) -> Response:
        """Show the regions; who is signed in or has no choice is led on."""
        choose = request.query_params.get("choose")
        if self._answers.visitor(request) and not choose:
            return self._answers.see_other(HOME)
        regions = await self._directory.regions()
        if len(regions) == 1 and regions[0].here and not choose:
            return self._answers.see_other(f"/sign-in?region={quote(regions[0].code)}")
        view = regions_view(
            regions,
            query=request.query_params.get("q", "").strip()[:60],
            back=wanted_back(request.query_params.get("back")),
        )
        view = replace(view, unknown="unknown" in request.query_params)
        return self._answers.html("regions.html", self._answers.bare_frame(request), view=view)

    async def language(self, request: Request) -> Response:
        """Switch the language and come back."""
        response = self._answers.see_other(local_path(request.query_params.get("back"), "/"))
        wish = request.query_params.get("to", "")
        if wish in LANGUAGES:
            self._answers.remember_language(response, wish)
        return response


def _folded(text: str) -> str:
    return text.strip().casefold().replace("ё", "е")


def _matches(region: Region, wanted: str) -> bool:
    return wanted in _folded(region.title) or (wanted.isdecimal() and region.code.startswith(wanted))
