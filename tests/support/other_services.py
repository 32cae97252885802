"""Other services of a region: their keys, the operator's file that names them, and their tokens."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jose import jwt

from tests.support.keys import REGION, make_keys

DIRECTORY = "/school.identity.v1.DirectoryService"
ALL = tuple(
    f"{DIRECTORY}/{rpc}"
    for rpc in ("ResolvePerson", "MayPersonSeePupil", "WhoMaySeePupil", "ListAccessChanges")
)


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the region, with its key."""

    name: str
    rpcs: Collection[str] = ALL
    private: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def public(self) -> dict[str, Any]:
        """The public part of its key."""
        return {name: value for name, value in self.private.items() if name != "d"}

    def token(
        self,
        *,
        region: str = REGION,
        to: str = "identity",
        now: datetime | None = None,
        life: timedelta = timedelta(minutes=1),
        **claims: Any,
    ) -> str:
        """A token of its own; ``claims`` take the place of what belongs there, None removes one."""
        now = now or datetime.now(UTC)
        said = {
            "iss": self.name,
            "sub": self.name,
            "aud": f"diary-mesh/{region}/{to}",
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
        }
        said = {name: value for name, value in {**said, **claims}.items() if value is not None}
        return _signed(said, self.private)


def _signed(claims: dict[str, Any], key: dict[str, Any]) -> str:
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": key["kid"]})


def new_service(folder: Path, name: str, rpcs: Collection[str] = ALL) -> Service:
    """A service with a new key."""
    here = folder / f"key of {name}"
    here.mkdir(exist_ok=True)
    [private] = json.loads(make_keys(here).private.read_text())["keys"]
    return Service(name, rpcs, private)


def write_down(file: Path, *services: Service) -> Path:
    """The operator's file with these services."""
    listed = [{"name": one.name, "rpcs": list(one.rpcs), "keys": [one.public]} for one in services]
    file.write_text(json.dumps({"services": listed}))
    return file
