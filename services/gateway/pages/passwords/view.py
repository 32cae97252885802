"""The rules of passwords as pages show them: which there are, which a refused one breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from school.identity.v1.passwords_pb2 import PasswordRule
from services.gateway.problems import Problem

BAD_PASSWORD: Final = "BAD_PASSWORD"  # noqa: S105 - a reason
LEAST_LENGTH: Final = 10
"""What every region asks at least; one that asks for more says so when it judges."""

_PREFIX: Final = "PASSWORD_RULE_"
_SHOWN: Final = {
    PasswordRule.PASSWORD_RULE_LENGTH: "password.rule.length",
    PasswordRule.PASSWORD_RULE_LETTERS_AND_DIGITS: "password.rule.letters_and_digits",
    PasswordRule.PASSWORD_RULE_COMMON: "password.rule.common",
    PasswordRule.PASSWORD_RULE_NAME: "password.rule.name",
    PasswordRule.PASSWORD_RULE_BIRTH_DATE: "password.rule.birth_date",
    PasswordRule.PASSWORD_RULE_LOGIN: "password.rule.login",
}
"""The rules that are told before a password is chosen."""
_TOLD_WHEN_BROKEN: Final = {
    PasswordRule.PASSWORD_RULE_TOO_LONG: "password.rule.too_long",
    PasswordRule.PASSWORD_RULE_TEMPORARY: "password.rule.temporary",
    PasswordRule.PASSWORD_RULE_SAME: "password.rule.same",
}
"""The rules that hardly anybody breaks, or that are judged only when it is set."""


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule in plain words."""

    name: str
    """Its whole name in the contract, by which a script finds it in a judgement."""
    key: str
    broken: bool


@dataclass(frozen=True, slots=True)
class PasswordView:
    """The field of a new password with its rules."""

    rules: tuple[RuleView, ...]
    least_length: int
    judged: bool
    """Whether the rules were applied to what was typed."""
    differ: bool
    """Whether the password was repeated and is another one."""

    @property
    def wrong(self) -> bool:
        """Whether something is to be mended."""
        return self.differ or any(rule.broken for rule in self.rules)


def password_view(
    *, least_length: int = LEAST_LENGTH, problem: Problem | None = None, differ: bool = False
) -> PasswordView:
    """The rules; ``problem``: how the last password was refused; ``differ``: it was repeated wrongly."""
    broken = broken_rules(problem) if problem else frozenset()
    shown = [RuleView(PasswordRule.Name(rule), key, rule in broken) for rule, key in _SHOWN.items()]
    told = [
        RuleView(PasswordRule.Name(rule), key, broken=True)
        for rule, key in _TOLD_WHEN_BROKEN.items()
        if rule in broken
    ]
    return PasswordView((*told, *shown), max(least_length, LEAST_LENGTH), bool(broken), differ)


def broken_rules(problem: Problem) -> frozenset[PasswordRule.ValueType]:
    """The rules that a refusal names; those of a later contract are passed over."""
    names = {f"{_PREFIX}{name.strip()}" for name in problem.metadata.get("rules", "").split(",")}
    return frozenset(PasswordRule.Value(name) for name in names & set(PasswordRule.keys()))


def differs(password: str, repeated: str | None) -> bool:
    """Whether the password was typed twice, as where no script can show it, and the second time otherwise."""
    return repeated is not None and repeated != password
