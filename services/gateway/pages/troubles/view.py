"""What a person reads when something goes wrong: what happened, what it means, the next step."""

from __future__ import annotations

from dataclasses import dataclass

TOO_BUSY_OR_DOWN = frozenset({429, 502, 503, 504})

ESIA_MAY_HELP = frozenset({"ESIA_REFUSED", "ESIA_CODE_REFUSED", "SIGN_IN_UNKNOWN", "NAME_DIFFERS"})
"""Refusals after which the same road may be tried at once."""
PASSWORD_HELPS = frozenset(
    {
        "SNILS_UNKNOWN",
        "SEVERAL_REGISTERED",
        "ESIA_REFUSED",
        "ESIA_UNAVAILABLE",
        "ESIA_NOT_CONFIRMED",
        "LEVEL_TOO_LOW",
        "ESIA_CLOSED",
        "ESIA_PROFILE_CLOSED",
        "BOUND_TO_ANOTHER_PROFILE",
    }
)
"""Refusals after which the password door is open all the same."""


NAME_PARTS = frozenset({"surname", "given_name", "patronymic", "alphabet"})
"""What may differ when a name does."""
LEVELS_SEEN = frozenset({"simplified", "child", "standard", "confirmed"})
"""Of an ESIA account."""
LEVELS_NEEDED = frozenset({"child", "standard", "confirmed"})
"""Those that an account may lack."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a reason's metadata say beside it, as they came: nothing of them is shown but what is known."""

    part: str = ""
    """Of a name that differs."""
    seen: str = ""
    """The level of an ESIA account."""
    needed: str = ""
    """The level it should have."""

    def keys(self, reason: str) -> tuple[str, ...]:
        """The keys of the words for them, in the order in which they are read."""
        if reason == "NAME_DIFFERS" and self.part in NAME_PARTS:
            return (f"trouble.part.{self.part}",)
        if reason == "LEVEL_TOO_LOW" and self.seen in LEVELS_SEEN and self.needed in LEVELS_NEEDED:
            return (f"trouble.seen.{self.seen}", f"trouble.needed.{self.needed}")
        return ()


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class Action:
    """A way on."""

    key: str
    url: str


@dataclass(frozen=True, slots=True)
class TroubleView:
    """The page of one trouble."""

    reason: str
    reason_shown: str
    """The machine reason, to name when asking for help."""
    actions: tuple[Action, ...]
    still_works: tuple[str, ...]
    wait: int | None
    request_id: str
    details: tuple[str, ...]
    """The keys of the words for what just this refusal was about."""


def trouble_view(
    reason: str,
    status: int,
    *,
    signed_in: bool,
    door: bool = False,
    wait: int | None = None,
    request_id: str = "",
    again: str = "",
    details: Details = NO_DETAILS,
) -> TroubleView:
    """The page for a reason; ``door``: it happened while entering; ``again``: the page to load once more."""
    return TroubleView(
        reason=reason,
        reason_shown=reason,
        actions=_door_actions(reason) if door else _actions(status, signed_in, again),
        still_works=_still_works(status, signed_in),
        wait=wait,
        request_id=request_id,
        details=details.keys(reason),
    )


def _door_actions(reason: str) -> tuple[Action, ...]:
    again = Action("trouble.again_esia", "/sign-in")
    password = Action("trouble.by_password", "/sign-in#by-password")
    start = Action("trouble.to_start", "/?choose=1")
    if reason in {"UNKNOWN_REGION", "REGION_ELSEWHERE", "REGION_DIFFERS"}:
        return (start,)
    if reason == "ACCOUNT_NOT_ACTIVATED":
        return (Action("trouble.activate", "/sign-in#by-password"), again)
    if reason == "SNILS_UNKNOWN":
        return (password, Action("trouble.find_school", "/schools"), again)
    if reason in ESIA_MAY_HELP and reason in PASSWORD_HELPS:
        return (again, password)
    if reason in ESIA_MAY_HELP:
        return (again, start)
    if reason in PASSWORD_HELPS:
        return (password, again)
    return (again, start)


def _actions(status: int, signed_in: bool, again: str) -> tuple[Action, ...]:
    home = Action("trouble.to_cabinet", "/cabinet") if signed_in else Action("trouble.to_sign_in", "/sign-in")
    if again and (status in TOO_BUSY_OR_DOWN or status >= 500):
        return (Action("trouble.again", again), home)
    if signed_in:
        return (home,)
    return (home, Action("trouble.to_start", "/?choose=1"))


def _still_works(status: int, signed_in: bool) -> tuple[str, ...]:
    if status != 503 or not signed_in:
        return ()
    return ("trouble.works.read", "trouble.works.saved", "trouble.works.later")
