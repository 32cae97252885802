"""What pages load besides themselves: one stylesheet, one script, one icon, all from here.

The sources are read and joined once at start. A URL carries the hash of its content, so browsers keep it for
a year and a new release is seen at once.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

HERE = Path(__file__).parent

STYLES = (
    "tokens.css",
    "base.css",
    "controls.css",
    "frame.css",
    "doors.css",
    "cabinet.css",
    "week.css",
    "diary.css",
    "diary_narrow.css",
    "journal.css",
    "notices.css",
    "account.css",
    "onboarding.css",
    "school.css",
    "school_people.css",
    "cases.css",
    "family.css",
    "print.css",
    "slip.css",
)
"""In the order of the cascade: what comes later wins."""

SCRIPTS = ("exchange.js", "live.js", "journal.js", "forms.js", "zone.js", "school.js")

A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, plain and compressed."""

    name: str
    media_type: str
    body: bytes
    compressed: bytes

    @property
    def url(self) -> str:
        """The path on this host."""
        return f"/assets/{self.name}"


class Assets:
    """All assets by the names in their URLs."""

    def __init__(self) -> None:
        self.style = _asset("site", "css", "text/css; charset=utf-8", _joined("styles", STYLES))
        self.script = _asset("live", "js", "text/javascript; charset=utf-8", _joined("scripts", SCRIPTS))
        self.icon = _asset("icon", "svg", "image/svg+xml", (HERE / "styles" / "icon.svg").read_bytes())
        self._by_stem = {_stem(asset.name): asset for asset in (self.style, self.script, self.icon)}

    async def serve(self, request: Request) -> Response:
        """Answer ``GET /assets/{name}``.

        During a release, a page of one replica may load from another: a name with another hash gets what this
        replica has, and is not kept.
        """
        name = request.path_params["name"]
        asset = self._by_stem.get(_stem(name))
        if asset is None:
            return Response(status_code=404, headers={"Cache-Control": "no-store"})
        headers = {
            "Cache-Control": A_YEAR if name == asset.name else "no-store",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.compressed, media_type=asset.media_type, headers=headers)
        return Response(asset.body, media_type=asset.media_type, headers=headers)


def _stem(name: str) -> str:
    """Drop the hash: ``site.css`` of ``site.0123456789ab.css``."""
    stem, _, rest = name.partition(".")
    return f"{stem}.{rest.rpartition('.')[2]}"


def _joined(folder: str, names: tuple[str, ...]) -> bytes:
    return b"\n".join((HERE / folder / name).read_bytes() for name in names)


def _asset(stem: str, ending: str, media_type: str, body: bytes) -> Asset:
    digest = sha256(body).hexdigest()[:12]
    return Asset(f"{stem}.{digest}.{ending}", media_type, body, gzip.compress(body, mtime=0))
