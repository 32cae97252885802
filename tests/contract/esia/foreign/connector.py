"""Drives the PyPI package `esia-connector`, in an environment of its own; see the README here."""

from __future__ import annotations

import json
import sys
from typing import Any

from esia_connector.client import EsiaAuth, EsiaSettings  # type: ignore[import-not-found]


def main(settings: dict[str, Any]) -> None:
    """Print the address to go to, read what the browser brought back, print the person."""
    esia = EsiaAuth(EsiaSettings(**settings))
    _say(esia.get_auth_url())
    back = json.loads(sys.stdin.readline())
    connector = esia.complete_authorization(back["code"], back["state"])
    found = {
        "oid": connector.oid,
        "person": connector.get_person_main_info(),
        "contacts": connector.get_person_contacts(),
    }
    _say(json.dumps(found))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
