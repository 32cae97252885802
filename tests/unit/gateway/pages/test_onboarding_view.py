"""Activation, passwords and proofs: replies as their pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.activation_pb2 import Activation, ActivationStep
from school.identity.v1.corrections_pb2 import CorrectableField, Correction, CorrectionState
from school.identity.v1.passwords_pb2 import PasswordRule
from school.identity.v1.people_pb2 import FullName
from services.gateway.pages.frame import ROLE_KEYS, role_choices
from services.gateway.pages.language import Speech
from services.gateway.pages.onboarding.view import (
    TEMPLATES,
    Aftermath,
    activation_view,
    spaced_mobile,
)
from services.gateway.pages.passwords.view import broken_rules, differs, password_view
from services.gateway.pages.proving.qr import qr_svg
from services.gateway.pages.proving.view import enrolment_view
from services.gateway.pages.rendering import TEMPLATES as FOLDER
from services.gateway.problems import Problem

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
URI = "otpauth://totp/Diary:anna?secret=JBSWY3DPEHPK3PXP&issuer=Diary"


def activation(step: str = "CONFIRM_DATA", **more: object) -> Activation:
    return Activation(
        next_step=ActivationStep.Value(f"ACTIVATION_STEP_{step}"),
        name=FullName(surname="Соболева", given_name="Наталья"),
        birth_date="1993-07-25",
        **more,  # type: ignore[arg-type]
    )


# --- activation ---


def test_the_words_say_how_many_steps_there_are() -> None:
    # The last page only says that all is done.
    assert Speech("ru").say("activation.step", number=1).endswith(f"из {len(TEMPLATES) - 1}")


def test_every_step_has_its_page() -> None:
    assert set(TEMPLATES) == set(ActivationStep.values()) - {ActivationStep.ACTIVATION_STEP_UNSPECIFIED}
    assert all((FOLDER / name).exists() for name in TEMPLATES.values())


@pytest.mark.parametrize(
    ("step", "number"), [("CONFIRM_DATA", 1), ("CONFIRM_CONTACTS", 4), ("FINISH", 5), ("DONE", 6)]
)
def test_the_step_has_a_number(step: str, number: int) -> None:
    assert activation_view(activation(step), NOW).number == number


def test_who_went_back_sees_the_earlier_step_and_can_keep_what_was() -> None:
    earlier = ActivationStep.ACTIVATION_STEP_GIVE_CONTACTS

    view = activation_view(activation("CONFIRM_CONTACTS"), NOW, step=earlier)

    assert (view.number, view.returned) == (2, True)


def test_the_data_are_shown_in_the_order_of_documents() -> None:
    view = activation_view(activation(), NOW)

    assert [row.field for row in view.rows] == ["surname", "given_name", "patronymic", "birth_date", "snils"]
    assert view.rows[3].day == date(1993, 7, 25)


def test_a_field_whose_correction_waits_is_not_corrected_again() -> None:
    waiting = Correction(
        field=CorrectableField.CORRECTABLE_FIELD_SURNAME, state=CorrectionState.CORRECTION_STATE_WAITING
    )
    refused = Correction(
        field=CorrectableField.CORRECTABLE_FIELD_SNILS, state=CorrectionState.CORRECTION_STATE_REFUSED
    )

    view = activation_view(activation(), NOW, corrections=[waiting, refused])

    assert [row.field for row in view.rows if row.waits] == ["surname"]
    assert [one.waits for one in view.corrections] == [True, False]


def test_what_was_typed_stays_in_the_form_and_out_of_logs() -> None:
    problem = Problem(400, "BAD_EMAIL", "")
    after = Aftermath(problem, typed={"email": "anna@", "mobile": "8912"})

    view = activation_view(activation("GIVE_CONTACTS", email="old@example.org"), NOW, after=after)

    assert (view.email, view.mobile, view.after.wrong_contact) == ("anna@", "8912", "email")
    assert "anna" not in repr(after)


def test_the_wait_is_told_in_seconds_and_never_below_nothing() -> None:
    soon, past = activation("CONFIRM_CONTACTS"), activation("CONFIRM_CONTACTS")
    soon.codes_again_at.FromDatetime(NOW + timedelta(seconds=41, milliseconds=500))
    past.codes_again_at.FromDatetime(NOW - timedelta(minutes=3))

    assert [activation_view(one, NOW).wait for one in (soon, past, activation())] == [42, 0, 0]


def test_a_refusal_knows_the_wait_better() -> None:
    after = Aftermath(Problem(429, "TOO_SOON", "", {"retry_after_s": "17"}))

    assert activation_view(activation("CONFIRM_CONTACTS"), NOW, after=after).wait == 17


def test_the_last_day_of_the_slip_is_that_of_the_country() -> None:
    one = activation()
    one.expires_at.FromDatetime(datetime(2026, 3, 31, 22, 0, tzinfo=UTC))

    assert activation_view(one, NOW).until == date(2026, 4, 1)


def test_confirming_the_e_mail_changes_what_the_page_watches() -> None:
    before, after = (
        activation_view(activation("CONFIRM_CONTACTS", email_confirmed=confirmed), NOW).watched
        for confirmed in (False, True)
    )

    assert before == "ACTIVATION_STEP_CONFIRM_CONTACTS false"
    assert after != before


@pytest.mark.parametrize(
    ("mobile", "spaced"), [("+79123456789", "+7 912 345-67-89"), ("", ""), ("8 912", "8 912")]
)
def test_a_mobile_is_written_as_people_write_it(mobile: str, spaced: str) -> None:
    assert spaced_mobile(mobile) == spaced


# --- passwords ---


def test_the_rules_that_are_broken_are_marked() -> None:
    problem = Problem(400, "BAD_PASSWORD", "", {"rules": "LENGTH,TEMPORARY,OF_THE_FUTURE"})

    view = password_view(problem=problem)

    assert [rule.name for rule in view.rules if rule.broken] == [
        "PASSWORD_RULE_TEMPORARY",
        "PASSWORD_RULE_LENGTH",
    ]
    assert view.judged
    assert view.wrong


def test_before_anything_is_typed_no_rule_is_broken() -> None:
    view = password_view(least_length=12)

    assert (view.judged, view.wrong, view.least_length) == (False, False, 12)


def test_every_rule_of_the_contract_has_words() -> None:
    names = [name.removeprefix("PASSWORD_RULE_") for name in PasswordRule.keys()[1:]]
    problem = Problem(400, "BAD_PASSWORD", "", {"rules": ",".join(names)})

    assert len(broken_rules(problem)) == len(names)
    assert sum(rule.broken for rule in password_view(problem=problem).rules) == len(names)


@pytest.mark.parametrize(("repeated", "is_other"), [(None, False), ("слово", False), ("слово ", True)])
def test_a_password_is_compared_with_its_repetition_where_there_is_one(
    repeated: str | None, is_other: bool
) -> None:
    assert differs("слово", repeated) is is_other


# --- proofs ---


def test_an_enrolment_shows_the_secret_in_groups_and_hides_it_in_logs() -> None:
    view = enrolment_view(URI, "/cabinet")

    assert view
    assert view.secret == "JBSW Y3DP EHPK 3PXP"
    assert "JBSW" not in repr(view)


@pytest.mark.parametrize(
    "uri", ["", "javascript:alert(1)", "https://evil.example/?secret=ABC", "otpauth://totp/x", URI * 10]
)
def test_what_comes_back_from_a_form_and_is_no_secret_is_not_drawn(uri: str) -> None:
    assert enrolment_view(uri, "") is None


def test_a_qr_code_is_drawn_without_a_word_of_what_it_says() -> None:
    drawn = qr_svg(URI)

    assert drawn.startswith("<svg")
    assert "style=" not in drawn
    assert "secret" not in drawn


# --- roles ---


def test_who_holds_one_role_has_nothing_to_switch() -> None:
    assert role_choices([Role.ROLE_GUARDIAN], [Role.ROLE_GUARDIAN]) == ()


@pytest.mark.parametrize(
    ("acting", "chosen"),
    [
        ([Role.ROLE_TEACHER, Role.ROLE_GUARDIAN], "role.all"),
        ([Role.ROLE_TEACHER], "role.teacher"),
    ],
)
def test_the_role_in_which_one_acts_is_marked(acting: list[Role.ValueType], chosen: str) -> None:
    choices = role_choices([Role.ROLE_TEACHER, Role.ROLE_GUARDIAN], acting)

    assert [choice.key for choice in choices if choice.chosen] == [chosen]


def test_every_role_has_words() -> None:
    assert set(ROLE_KEYS) == set(Role.values()) - {Role.ROLE_UNSPECIFIED}
