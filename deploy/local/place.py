"""All that the programs of one region are told: where things are and what they are called."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.keys import Keys
from deploy.local.nats import Nats
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import Postgres

DOOR = "gateway"
RECORD = ("identity", "diary", "notifications")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one region is."""

    code: str
    title: str
    state: Path
    ports: Mapping[str, int]
    postgres: Postgres
    nats: Nats
    keys: Keys
    extra: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Settings of single services beyond the usual ones, by the service's name."""

    @property
    def regions_file(self) -> Path:
        """The directory of regions."""
        return self.state / "regions.toml"

    @property
    def public_url(self) -> str:
        """Where people find the diary."""
        # A name, not a number: browsers treat `localhost` as a secure place for cookies.
        return f"http://localhost:{self.ports[DOOR]}"

    def address(self, name: str) -> str:
        """``host:port`` of a program."""
        return f"{LOOPBACK}:{self.ports[name]}"

    def log(self, name: str) -> Path:
        """Where a program writes."""
        return self.state / "logs" / f"{name}.log"


def write_directory(place: Place) -> None:
    """Write the directory of regions: this one, and two neighbours that other meshes would serve."""
    regions = [
        (place.code, place.title, True, place.public_url),
        ("01", "Приозёрская область", True, "https://diary.priozerskaya.invalid"),
        ("02", "Нагорный край", False, "https://diary.nagorny.invalid"),
    ]
    place.regions_file.write_text(
        "\n".join(
            "[[regions]]\n"
            # A JSON string is a TOML string.
            f"code = {json.dumps(code)}\n"
            f"title = {json.dumps(title, ensure_ascii=False)}\n"
            f"esia_enabled = {json.dumps(esia)}\n"
            f"address = {json.dumps(address)}\n"
            for code, title, esia, address in regions
        )
    )


def base_environment() -> dict[str, str]:
    """The person's own environment without settings meant for other regions; loopback never by a proxy."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
    return own | {
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }
