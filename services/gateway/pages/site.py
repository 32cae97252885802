"""All pages together: their routes, and the words for every error of the gateway."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.gateway.pages.account.routes import account_routes
from services.gateway.pages.answers import Answers
from services.gateway.pages.cabinet.page import CabinetPages
from services.gateway.pages.doors.asking import TRACK as ASKED
from services.gateway.pages.doors.asking import AskingPages
from services.gateway.pages.doors.directory import RegionDirectory
from services.gateway.pages.doors.esia import EsiaPages
from services.gateway.pages.doors.regions import RegionPages
from services.gateway.pages.doors.roles import RolePages
from services.gateway.pages.doors.schools import connection_routes
from services.gateway.pages.doors.sign_in import SignInPages, wait_of
from services.gateway.pages.doors.welcome import WelcomePages
from services.gateway.pages.family.routes import family_routes
from services.gateway.pages.frame import HOME, local_path
from services.gateway.pages.journal.forms import JournalForms
from services.gateway.pages.journal.page import JournalPages
from services.gateway.pages.notices.page import NoticePages
from services.gateway.pages.onboarding.routes import activation_routes
from services.gateway.pages.proving.routes import proving_routes
from services.gateway.pages.recovery.routes import recovery_routes
from services.gateway.pages.routing import form, page
from services.gateway.pages.school.routes import school_routes
from services.gateway.pages.troubles.view import trouble_view
from services.gateway.pages.trusted.routes import trusted_routes
from services.gateway.pages.week.page import WeekPages
from services.gateway.problems import Problem
from services.gateway.site import PageDoor, Site
from services.kit.clock import Clock


class Pages:
    """The `Site` of this diary."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._routes = tuple(_routes(answers))

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Every page, and what pages load."""
        return self._routes

    def title(self, reason: str, language: str) -> str | None:
        """The sentence for a machine reason; ``language`` is a code or an ``Accept-Language`` header."""
        speech = self._answers.speech_in(language)
        key = f"reason.{reason}.title"
        return str(speech.say(key)) if speech.knows(key) else None

    async def problem(self, request: Request, problem: Problem) -> Response:
        """The page that tells a person what went wrong. Calls no service: one of them may be the trouble."""
        frame = self._answers.bare_frame(request)
        view = trouble_view(
            problem.reason,
            problem.status,
            signed_in=frame.signed_in,
            wait=wait_of(problem),
            request_id=str(getattr(request.state, "request_id", "")),
            # Of an address like "//elsewhere/" the path alone would lead to another host.
            again=local_path(frame.path, "") if request.method == "GET" else "",
        )
        return self._answers.html("trouble.html", frame, status=problem.status, view=view, ask=False)


def build(door: PageDoor, clock: Clock) -> Site:
    """The pages, ready to be served. Fails at once when a catalogue, a style or a script cannot be read."""
    return Pages(Answers(door, clock))


def _routes(answers: Answers) -> Sequence[BaseRoute]:
    directory = RegionDirectory(answers.door.services)
    regions, doors = RegionPages(answers, directory), SignInPages(answers, directory)
    esia, asking = EsiaPages(answers), AskingPages(answers)
    journal = JournalPages(answers)
    forms = JournalForms(answers, journal)
    notices = NoticePages(answers)
    inside = answers.signed_in
    return [
        page("/", regions.choose),
        page("/language", regions.language),
        page("/assets/{name}", answers.assets.serve),
        page("/sign-in", doors.show),
        form("/sign-in/password", doors.password, answers, "/sign-in"),
        form("/sign-in/esia", esia.start, answers, "/sign-in"),
        page("/sign-in/esia/callback", esia.callback),
        Route("/sign-in/link", esia.link, methods=["GET"]),
        Route("/sign-in/link", esia.bind, methods=["POST"]),
        form("/sign-in/link/confirm", esia.confirm, answers, "/sign-in/link"),
        form("/sign-in/link/decline", esia.decline, answers, "/sign-in/link"),
        page("/sign-in/refused", esia.refused),
        form("/sign-in/refused/ask", asking.ask, answers, ASKED),
        page(ASKED, asking.track),
        form(f"{ASKED}/state", asking.tracked, answers, ASKED),
        form("/sign-out", doors.leave, answers, HOME),
        *account_routes(answers),
        *activation_routes(answers),
        *proving_routes(answers),
        *recovery_routes(answers),
        form("/role", inside(RolePages(answers).switch), answers, HOME),
        page("/welcome", inside(WelcomePages(answers).show)),
        page("/cabinet", inside(CabinetPages(answers).show)),
        page("/pupils/{pupil_id}/week", inside(WeekPages(answers).show)),
        page("/lessons", inside(journal.day)),
        page("/lessons/{lesson_id}", inside(journal.lesson)),
        form("/lessons/{lesson_id}/marks", inside(forms.mark), answers, "/lessons/{lesson_id}"),
        form("/lessons/{lesson_id}/marks/remove", inside(forms.remove), answers, "/lessons/{lesson_id}"),
        form("/lessons/{lesson_id}/homework", inside(forms.homework), answers, "/lessons/{lesson_id}"),
        form("/lessons/{lesson_id}/remarks", inside(forms.remark), answers, "/lessons/{lesson_id}"),
        *school_routes(answers),
        *connection_routes(answers),
        *trusted_routes(answers),
        *family_routes(answers),
        page("/notices", inside(notices.show)),
        form("/notices/read", inside(notices.read), answers, "/notices"),
    ]
