"""What somebody sees, in the contract's words."""

from __future__ import annotations

from school.access.v1.scope_pb2 import Scope
from school.diary.v1.week_pb2 import TrustedWith
from services.diary.access.rules import Sight, Why


def trusted_with(sight: Sight) -> TrustedWith | None:
    """What a trusted person sees; None for family, who see everything."""
    if sight.why is not Why.TRUSTED:
        return None
    return TrustedWith(
        scopes=[Scope.ValueType(scope) for scope in sorted(sight.scopes)],
        until=sight.until.isoformat() if sight.until else "",
    )
