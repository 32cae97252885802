"""Every page of the office, and the request from outside."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.gateway.pages.account.gate import proven
from services.gateway.pages.answers import Answers
from services.gateway.pages.routing import form, page
from services.gateway.pages.school.applying.page import ApplyingPages
from services.gateway.pages.school.cases.page import CasePages
from services.gateway.pages.school.classes.page import ClassPages
from services.gateway.pages.school.corrections.page import CorrectionPages
from services.gateway.pages.school.desk import Desk
from services.gateway.pages.school.families.page import FamilyPages
from services.gateway.pages.school.families.queue import QueuePages
from services.gateway.pages.school.overview.page import OverviewPages
from services.gateway.pages.school.people.binding import PersonBindingPages
from services.gateway.pages.school.people.leaving import LeavingPages
from services.gateway.pages.school.people.page import PeoplePages
from services.gateway.pages.school.people.registering import RegisteringPages
from services.gateway.pages.school.region.page import RegionOfficePages
from services.gateway.pages.school.register.page import RegisterPages
from services.gateway.pages.school.requests.page import RequestPages
from services.gateway.pages.school.staff.page import StaffPages

# A form's path is its page's path and one word more, so that who has to prove something first comes back.
_SCHOOL = "/school/{school_id}"


def school_routes(answers: Answers) -> Sequence[BaseRoute]:
    """The routes of this room."""
    desk = Desk(answers)
    return [
        *_of_schools(answers, desk),
        *_of_leaving(answers, desk),
        *_of_cases(answers, desk),
        *_of_families(answers, desk),
        *_of_staff(answers, desk),
        *_of_applicants(answers, desk),
    ]


def _of_schools(answers: Answers, desk: Desk) -> Sequence[BaseRoute]:
    inside = answers.signed_in
    people, classes, binding = PeoplePages(desk), ClassPages(desk), PersonBindingPages(desk)
    corrections, requests = CorrectionPages(desk), RequestPages(desk)
    registering, new = RegisteringPages(desk), f"{_SCHOOL}/new-person"
    find, person = f"{_SCHOOL}/find", f"{_SCHOOL}/people/{{person_id}}"
    school_class, job = f"{_SCHOOL}/classes/{{class_id}}", f"{_SCHOOL}/jobs/{{job_id}}"
    fixes, asked = f"{_SCHOOL}/corrections", f"{_SCHOOL}/requests"
    return [
        page("/school", inside(OverviewPages(desk).show)),
        page(find, inside(people.search)),
        form(f"{find}/people", inside(people.find), answers, find),
        page(new, inside(registering.ask)),
        form(f"{new}/register", inside(registering.register), answers, new),
        page(person, inside(people.person)),
        form(f"{person}/issue", inside(people.issue), answers, person),
        form(f"{person}/block", inside(people.block), answers, person),
        form(f"{person}/unblock", inside(people.unblock), answers, person),
        page(f"{person}/binding", inside(binding.show)),
        form(f"{person}/binding/unbind", inside(binding.unbind), answers, f"{person}/binding"),
        page(school_class, inside(classes.show)),
        form(f"{school_class}/start", inside(classes.start), answers, school_class),
        page(job, inside(classes.job)),
        form(f"{job}/stop", inside(classes.stop), answers, job),
        form(f"{job}/slips", inside(classes.slips), answers, job),
        page(fixes, inside(corrections.show)),
        form(f"{fixes}/accept", inside(corrections.accept), answers, fixes),
        form(f"{fixes}/refuse", inside(corrections.refuse), answers, fixes),
        page(asked, inside(requests.show)),
        form(f"{asked}/accept", inside(requests.accept), answers, asked),
        form(f"{asked}/refuse", inside(requests.refuse), answers, asked),
    ]


def _of_leaving(answers: Answers, desk: Desk) -> Sequence[BaseRoute]:
    inside, leaving = answers.signed_in, LeavingPages(desk)
    roles = f"{_SCHOOL}/people/{{person_id}}/roles"
    return [
        page(f"{_SCHOOL}/left", inside(leaving.left)),
        page(roles, inside(leaving.show)),
        form(f"{roles}/end", inside(leaving.end), answers, roles),
        form(f"{roles}/back", inside(leaving.give_back), answers, roles),
    ]


def _of_cases(answers: Answers, desk: Desk) -> Sequence[BaseRoute]:
    inside, cases, register = answers.signed_in, CasePages(desk), RegisterPages(desk)
    found: list[BaseRoute] = [page("/region/refusals", inside(register.unknown))]
    for people in (f"{_SCHOOL}/register", "/region/register"):
        found += [
            page(people, inside(register.search)),
            form(f"{people}/find", inside(register.find), answers, people),
            page(f"{people}/{{person_id}}", inside(register.person)),
        ]
    found += [
        form(f"/region/register/{{person_id}}/{deed}", inside(act), answers, "/region/register/{person_id}")
        for deed, act in (("block", register.block), ("unblock", register.unblock))
    ]
    for queue in (f"{_SCHOOL}/cases", "/region/cases"):
        found += [
            page(queue, inside(cases.show)),
            form(f"{queue}/accept", inside(cases.accept), answers, queue),
            form(f"{queue}/keep", inside(cases.keep), answers, queue),
            form(f"{queue}/unbind", inside(cases.unbind), answers, queue),
            form(f"{queue}/number", inside(cases.number), answers, queue),
        ]
    return found


def _of_families(answers: Answers, desk: Desk) -> Sequence[BaseRoute]:
    inside, families, queue = answers.signed_in, FamilyPages(desk), QueuePages(desk)
    waiting = f"{_SCHOOL}/families"
    family = f"{waiting}/{{pupil_id}}"
    add = f"{family}/add"
    return [
        page(waiting, inside(queue.show)),
        form(f"{waiting}/accept", inside(queue.accept), answers, waiting),
        form(f"{waiting}/refuse", inside(queue.refuse), answers, waiting),
        page(family, inside(families.show)),
        page(add, inside(families.search)),
        form(f"{add}/find", inside(families.find), answers, add),
        form(f"{family}/register", inside(families.register), answers, family),
        form(f"{family}/change", inside(families.change), answers, family),
        form(f"{family}/end", inside(families.end), answers, family),
        form(f"{family}/limit", inside(families.limit), answers, family),
        form(f"{family}/lift", inside(families.lift), answers, family),
    ]


def _of_staff(answers: Answers, desk: Desk) -> Sequence[BaseRoute]:
    inside = answers.signed_in
    staff, region = StaffPages(desk), RegionOfficePages(desk)
    found: list[BaseRoute] = [
        page("/region", inside(region.show)),
        page("/region/deliveries", inside(region.deliveries)),
        page("/region/audit", inside(region.audit)),
        form("/region/audit/verify", inside(region.verify), answers, "/region/audit"),
    ]
    for everybody in (f"{_SCHOOL}/staff", "/region/staff"):
        member = f"{everybody}/{{person_id}}"
        found += [
            page(everybody, inside(staff.everybody)),
            form(f"{everybody}/find", inside(staff.find), answers, everybody),
            page(member, inside(proven(answers, staff.member))),
            form(f"{member}/grant", inside(staff.grant), answers, member),
            form(f"{member}/revoke", inside(staff.revoke), answers, member),
        ]
    return found


def _of_applicants(answers: Answers, desk: Desk) -> Sequence[BaseRoute]:
    applying = ApplyingPages(desk)
    track = "/account-request/track"
    return [
        page("/account-request", applying.show),
        form("/account-request/send", applying.send, answers, "/account-request"),
        page(track, applying.track),
        form(f"{track}/state", applying.tracked, answers, track),
        form(f"{track}/withdraw", applying.withdraw, answers, track),
    ]
