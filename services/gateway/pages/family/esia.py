"""`/family/esia`: children through Gosuslugi, there and back."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.esia_children_pb2 import (
    ChildOutcome,
    CompleteChildSearchRequest,
    StartChildSearchRequest,
)
from services.gateway.pages.answers import Answers

OUTCOMES: Final = {
    ChildOutcome.CHILD_OUTCOME_ADDED: "family.esia.added",
    ChildOutcome.CHILD_OUTCOME_KNOWN: "family.esia.known",
    ChildOutcome.CHILD_OUTCOME_PROPOSED: "family.esia.proposed",
    ChildOutcome.CHILD_OUTCOME_NOT_FOUND: "family.esia.not_found",
    ChildOutcome.CHILD_OUTCOME_ASK_SCHOOL: "family.esia.ask_school",
}
"""What became of a child, and how the page says it."""
NOBODY: Final = "family.esia.nobody"
_LONGEST: Final = 4096


class EsiaChildrenPages:
    """Out to ESIA, and back from it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._children = answers.door.services.identity.esia_children

    async def start(self, request: Request) -> Response:
        """Send the browser to ESIA."""
        reply = await self._children.StartChildSearch(StartChildSearchRequest())
        return self._answers.see_other(reply.authorization_url)

    async def callback(self, request: Request) -> Response:
        """Take what ESIA's redirect brought, and lead on at once: the code stays in no history.

        The address that follows tells what became of children, and names none.
        """
        sent = request.query_params
        wish = CompleteChildSearchRequest(
            state=sent.get("state", "")[:_LONGEST],
            code=sent.get("code", "")[:_LONGEST],
            error=sent.get("error", "")[:_LONGEST],
            error_description=sent.get("error_description", "")[:_LONGEST],
        )
        reply = await self._children.CompleteChildSearch(wish)
        became = sorted({child.outcome for child in reply.children})
        response = self._answers.see_other(f"/family?esia={'.'.join(map(str, became)) or '0'}")
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def outcome_keys(said: str) -> tuple[str, ...]:
    """What an address says that became of the children, as keys; nothing for what says nothing."""
    if not said:
        return ()
    known = {str(number): key for number, key in OUTCOMES.items()}
    found = tuple(known[part] for part in dict.fromkeys(said[:20].split(".")) if part in known)
    return found or (NOBODY,)
