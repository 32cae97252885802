"""The history of an account: what an employee has typed is read as typed, and no code beside it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from school.identity.v1.audit_pb2 import AuditEntry
from services.gateway.pages.account.view import entry_views


@pytest.mark.parametrize(
    ("action", "why", "said"),
    [
        ("block_account", "Пароль украден: вчера", "Пароль украден: вчера"),
        ("end_roles", "PUPIL TEACHER: Переехали: далеко", "Переехали: далеко"),
        ("give_roles_back", "PUPIL: Ошиблись", "Ошиблись"),
        ("bind_profile", "SNILS", ""),
    ],
)
def test_what_an_employee_typed_is_shown_and_no_code_beside_it(action: str, why: str, said: str) -> None:
    [shown] = entry_views([AuditEntry(action=action, why=why)], "me", frozenset(), ZoneInfo("UTC"))

    assert shown.said == said
