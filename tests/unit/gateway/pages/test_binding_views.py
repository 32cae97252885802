"""What a person reads of a proposal, and of what was bound to their account."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from school.access.v1.policy_pb2 import Role
from school.identity.v1.binding_pb2 import (
    Binding,
    BindingProposal,
    BindingRoad,
    ProposedRole,
    UnbindReason,
)
from school.identity.v1.people_pb2 import FullName
from services.gateway.pages.bindings import REASONS, ROADS, binding_views
from services.gateway.pages.doors.esia import RoleView, proposal_view
from services.gateway.pages.troubles.view import trouble_view

ZONE = ZoneInfo("Asia/Yekaterinburg")
BOUND = datetime(2025, 9, 1, 20, 30, tzinfo=UTC)
ENDED = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)


def _binding(*, ended: bool = False, by_school: bool = False) -> Binding:
    binding = Binding(binding_id="1", road=BindingRoad.BINDING_ROAD_SNILS, ended_by_school=by_school)
    binding.bound_at.FromDatetime(BOUND)
    if ended:
        binding.ended_at.FromDatetime(ENDED)
        binding.ended_why = UnbindReason.UNBIND_REASON_PROFILE_LOST
    return binding


def test_a_proposal_names_the_person_and_every_role_with_class_and_school() -> None:
    """A8."""
    proposal = BindingProposal(
        person_id="1",
        name=FullName(surname="Королёв", given_name="Пётр", patronymic="Олегович"),
        roles=[
            ProposedRole(role=Role.ROLE_PUPIL, school_title="Школа № 7", class_title="5 «Б»"),
            ProposedRole(role=Role.ROLE_GUARDIAN),
        ],
    )

    view = proposal_view(proposal)

    assert (view.person_id, view.name) == ("1", "Королёв Пётр Олегович")
    assert view.roles == (RoleView("role.pupil", "5 «Б»", "Школа № 7"), RoleView("role.guardian", "", ""))


def test_what_holds_stands_apart_from_what_ended() -> None:
    present, past = binding_views([_binding(), _binding(ended=True, by_school=True)], ZONE)

    assert present is not None
    assert present.ended_at is None
    (former,) = past
    assert (former.why, former.by_school) == ("binding.why.profile_lost", True)


def test_nothing_bound_is_nothing() -> None:
    assert binding_views([], ZONE) == (None, ())


def test_days_are_those_of_the_reader() -> None:
    """At half past eight in the evening in Greenwich it is the next day in Yekaterinburg."""
    present, _ = binding_views([_binding()], ZONE)

    assert present is not None
    assert present.bound_at.date().isoformat() == "2025-09-02"


def test_every_road_and_reason_of_the_contract_has_a_word() -> None:
    assert set(ROADS) == set(BindingRoad.values()) - {BindingRoad.BINDING_ROAD_UNSPECIFIED}
    assert set(REASONS) == set(UnbindReason.values()) - {UnbindReason.UNBIND_REASON_UNSPECIFIED}


def test_who_has_to_activate_is_led_to_the_password_door() -> None:
    """R4."""
    view = trouble_view("ACCOUNT_NOT_ACTIVATED", 403, signed_in=False, door=True)

    assert [action.url for action in view.actions] == ["/sign-in#by-password", "/sign-in"]


def test_who_is_known_to_no_school_is_led_to_the_schools() -> None:
    view = trouble_view("SNILS_UNKNOWN", 403, signed_in=False, door=True)

    assert "/schools" in [action.url for action in view.actions]
