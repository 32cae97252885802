"""The switches of troubles: ``GET /troubles``, and ``POST`` of JSON such as ``{"mail": "busy"}``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from deploy.local.outside.troubles import Troubles


class Switches:
    """What tests and curious people turn."""

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles

    async def show(self, request: Request) -> JSONResponse:
        """``GET /troubles``: the trouble of each door."""
        return JSONResponse(dict(self._troubles.as_words()))

    async def change(self, request: Request) -> JSONResponse:
        """``POST /troubles``: change some; a page of another site cannot send JSON here without asking."""
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"reason": "JSON_NEEDED"}, status_code=415)
        try:
            self._troubles.set(**await request.json())
        except (TypeError, ValueError):
            return JSONResponse({"reason": "BAD_TROUBLE"}, status_code=400)
        return await self.show(request)
