"""What may go wrong with a password."""

from __future__ import annotations

from collections.abc import Iterable

from services.identity.credentials.rules.policy import Rule
from services.kit.errors import DomainError, StatusCode


class BadPassword(DomainError):
    """The password breaks rules; the metadata names them, by commas."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_PASSWORD"
    title = "The password breaks a rule"

    def __init__(self, rules: Iterable[Rule]) -> None:
        super().__init__(rules=",".join(rules))


class PasswordMoved(DomainError):
    """Somebody else set the account's password meanwhile: the school's reissue, say."""

    status = StatusCode.ABORTED
    reason = "PASSWORD_MOVED"
    title = "The password was set by another way meanwhile"
