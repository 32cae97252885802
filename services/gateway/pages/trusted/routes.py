"""The addresses of the pages of trusted persons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute, Route

from services.gateway.pages.account.gate import proven
from services.gateway.pages.answers import Answers
from services.gateway.pages.routing import form, page
from services.gateway.pages.trusted.family import FamilyPages
from services.gateway.pages.trusted.mine import MinePages


def trusted_routes(answers: Answers) -> Sequence[BaseRoute]:
    """Those of the family, under a pupil, and those of the trusted."""
    family, mine = FamilyPages(answers), MinePages(answers)
    inside, first = answers.signed_in, partial(proven, answers)
    of_pupil, by_link, by_id = (
        "/pupils/{pupil_id}/trusted",
        "/trusted/invitation/{token}",
        "/trusted/invited/{delegation_id}",
    )
    return [
        page(of_pupil, inside(family.show)),
        page(f"{of_pupil}/views", inside(family.views)),
        page(f"{of_pupil}/invite", inside(first(family.ask))),
        Route(f"{of_pupil}/invite", inside(family.invite), methods=["POST"]),
        form(f"{of_pupil}/{{delegation_id}}/withdraw", inside(family.withdraw), answers, of_pupil),
        page("/trusted", inside(mine.show)),
        page(by_link, mine.link),
        page(by_id, inside(mine.invitation)),
        *(
            form(f"{path}/{deed}", inside(answer), answers, path)
            for path in (by_link, by_id)
            for deed, answer in (("accept", mine.accept), ("refuse", mine.refuse))
        ),
        form("/trusted/{delegation_id}/leave", inside(mine.leave), answers, "/trusted"),
    ]
