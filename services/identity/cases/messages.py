"""Cases in the contract's words."""

from __future__ import annotations

from school.identity.v1 import cases_pb2
from services.identity.cases.rules import Case, Resolution, ResolutionUnfit, State
from services.identity.cases.storage.people import Involved
from services.identity.cases.usecases.office import Seen, resolutions_of
from services.identity.people.messages import name_message


def seen_message(seen: Seen) -> cases_pb2.Case:
    """A case for somebody who may settle it; of persons of other schools the schools alone."""
    message = case_message(seen.case)
    message.people.extend(_person(one, readable, seen) for one, readable in seen.people)
    message.part = seen.case.detail
    said = seen.case.said
    if said is not None:
        message.profile.CopyFrom(
            cases_pb2.CaseProfile(
                name=name_message(said.name),
                birth_date=said.birth_date.isoformat() if said.birth_date else "",
                snils_masked=said.snils.masked if said.snils else "",
            )
        )
    message.resolutions.extend(resolution_number(each) for each in resolutions_of(seen))
    return message


def case_message(case: Case) -> cases_pb2.Case:
    """What everybody whom a case concerns may know of it."""
    message = cases_pb2.Case(
        case_id=str(case.id),
        kind=kind_number(case),
        state=state_number(case.state),
        resolution=resolution_number(case.resolution),
        reason=case.reason,
    )
    message.opened_at.FromDatetime(case.opened_at)
    message.last_at.FromDatetime(case.last_at)
    message.due_at.FromDatetime(case.due_at)
    if case.asked_at is not None:
        message.asked_at.FromDatetime(case.asked_at)
    if case.closed_at is not None:
        message.closed_at.FromDatetime(case.closed_at)
    return message


def kind_number(case: Case) -> cases_pb2.CaseKind.ValueType:
    """The kind of a case."""
    return cases_pb2.CaseKind.Value(f"CASE_KIND_{case.kind}")


def state_number(state: State) -> cases_pb2.CaseState.ValueType:
    """How a case stands."""
    return cases_pb2.CaseState.Value(f"CASE_STATE_{state}")


def resolution_number(resolution: Resolution | None) -> cases_pb2.CaseResolution.ValueType:
    """How a case ended, or may end."""
    return cases_pb2.CaseResolution.Value(f"CASE_RESOLUTION_{resolution or 'UNSPECIFIED'}")


def resolution_of(number: cases_pb2.CaseResolution.ValueType) -> Resolution:
    """How a caller wants a case to end. Raises `ResolutionUnfit` for what is no end."""
    try:
        return Resolution(cases_pb2.CaseResolution.Name(number).removeprefix("CASE_RESOLUTION_"))
    except ValueError:
        raise ResolutionUnfit from None


def _person(one: Involved, readable: bool, seen: Seen) -> cases_pb2.CasePerson:
    message = cases_pb2.CasePerson(
        person_id=str(one.person_id), schools=one.schools, may_keep_snils=one.person_id in seen.may_keep
    )
    if readable:
        message.name.CopyFrom(name_message(one.name))
        message.birth_date = one.birth_date.isoformat()
        message.snils_masked = one.snils.masked if one.snils else ""
        message.registered_at.FromDatetime(one.registered_at)
    return message
