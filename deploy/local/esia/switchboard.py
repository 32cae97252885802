"""``/stand``: where a bench or a person switches ESIA's troubles on and off. For loopback only."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.esia.reading import places_of
from deploy.local.esia.stand import Stand
from deploy.local.esia.switches import Switches


class Switchboard:
    """The operator's side of the stand."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            Route("/stand/switches", self.show, methods=["GET"]),
            Route("/stand/switches", self.change, methods=["PATCH"]),
            Route("/stand/rotate", self.rotate, methods=["POST"]),
            Route("/stand/people", self.show_person, methods=["GET"]),
            Route("/stand/people/{oid:int}", self.change_person, methods=["PATCH"]),
        ]

    async def show(self, _: HttpRequest) -> Response:
        """What is switched on."""
        return self._state()

    async def change(self, http: HttpRequest) -> Response:
        """Change the switches named in a JSON object; the others stay as they are."""
        try:
            wished = Switches.model_validate({**self._stand.switches.model_dump(), **(await http.json())})
        except ValidationError as wrong:
            return JSONResponse({"error": places_of(wrong)}, status_code=400)
        except (ValueError, TypeError):
            return JSONResponse({"error": "not a JSON object"}, status_code=400)
        self._stand.switches = wished
        return self._state()

    async def rotate(self, _: HttpRequest) -> Response:
        """Sign tokens with new keys from now on."""
        self._stand.seal.rotate()
        return JSONResponse({"certificates": sorted(self._stand.seal.certificates())})

    async def show_person(self, http: HttpRequest) -> Response:
        """What is known of the person with a ``login``, but the password."""
        person = self._stand.people.by_login(http.query_params.get("login", ""))
        if person is None:
            return JSONResponse({"error": "nobody has this login"}, status_code=404)
        return JSONResponse(person.model_dump(mode="json", exclude={"password"}))

    async def change_person(self, http: HttpRequest) -> Response:
        """Change what a JSON object names of a person: their name, SNILS, level, status, oid."""
        try:
            changed = self._stand.people.change(http.path_params["oid"], **(await http.json()))
        except LookupError:
            return JSONResponse({"error": "nobody has this oid"}, status_code=404)
        except ValidationError as wrong:
            return JSONResponse({"error": places_of(wrong)}, status_code=400)
        except (ValueError, TypeError) as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=400)
        return JSONResponse({"oid": changed.oid, "status": changed.status})

    def _state(self) -> Response:
        return JSONResponse(self._stand.switches.model_dump(mode="json"))
