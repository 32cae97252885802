"""The four services: how each is started, what it is told, when it is ready."""

from __future__ import annotations

import json
import sys

from deploy.local import leash, ready, surroundings
from deploy.local.place import DOOR, RECORD, Place, base_environment


def program(place: Place, name: str, *, keep: tuple[int, ...]) -> leash.Program:
    """How the service ``name`` is started."""
    return leash.Program(
        name=name,
        command=[sys.executable, "-m", f"services.{name}"],
        log=place.log(name),
        environment=environment(place, name),
        grace=15.0,
        keep=keep,
    )


def readiness(place: Place, name: str) -> ready.Ready:
    """When the service ``name`` is ready."""
    port = place.ports[name]
    return ready.http_ok(port) if name == DOOR else ready.grpc_serving(port)


def environment(place: Place, name: str) -> dict[str, str]:
    """The whole environment of the service ``name``."""
    settings = {
        "MESH_REGION": place.code,
        "MESH_LISTEN": place.address(name),
        "MESH_NATS_URL": place.nats.url(name),
        "MESH_JWKS_FILE": str(place.keys.jwks),
        "MESH_LOG_FORMAT": "json",
    }
    if name in RECORD:
        settings["MESH_DATABASE_URL"] = place.postgres.url(name)
    if name == "identity":
        settings |= surroundings.identity_settings(place) | {
            "MESH_SIGNING_KEYS_FILE": str(place.keys.signing),
            "MESH_SNILS_KEYS_FILE": str(place.keys.snils),
            "MESH_SEALING_KEY_FILE": str(place.keys.sealing),
            "MESH_OPERATOR__NAME": "Министерство образования области",
            "MESH_OPERATOR__ADDRESS": "100000, Область, Школьная ул., 1",
            "MESH_OPERATOR__CONTACT": "data@diary.example",
            "MESH_REGIONS_FILE": str(place.regions_file),
            # The demo's people have numbers that no real person can have.
            "MESH_ALLOW_TEST_SNILS": "true",
        }
    if name == "notifications":
        settings |= surroundings.delivery_settings(place) | {
            "MESH_UNSEALING_KEYS_FILE": str(place.keys.unsealing),
        }
    if name == DOOR:
        settings |= {f"MESH_{service.upper()}_ADDRESS": place.address(service) for service in RECORD}
        settings |= {
            "MESH_FORM_KEY_FILE": str(place.keys.form),
            "MESH_PUBLIC_BASE_URL": place.public_url,
            "MESH_SIGN_IN_ORIGINS": json.dumps([surroundings.browser_url(place)]),
        }
    return base_environment() | settings | dict(place.extra.get(name, {}))
