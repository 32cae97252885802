"""What stands in for the world around a region: ESIA, a mail server, an SMS provider."""

from __future__ import annotations

import json
import sys
from itertools import chain
from pathlib import Path

from deploy.local import leash, ready
from deploy.local.place import Place, base_environment
from deploy.local.ports import LOOPBACK

ESIA = "esia"
OUTSIDE = "outside"
MNEMONIC = "DIARY"
# Where ESIA sends browsers back to; registered there letter by letter.
CALLBACK = "/sign-in/esia/callback"
CHILDREN = "/family/esia"
_GRANTED = ("openid", "fullname", "birthdate", "snils", "kid_fullname", "kid_birthdate", "kid_snils")
_ISSUER = "http://esia-portal1.test.gosuslugi.ru/"


def esia_folder(state: Path) -> Path:
    """Where the stand-in keeps its files: systems, people, keys."""
    return state / "esia"


def program(place: Place, name: str, *, keep: tuple[int, ...]) -> leash.Program:
    """How ``esia`` or ``outside`` is started."""
    folder = esia_folder(place.state)
    if name == ESIA:
        module = ["deploy.local.cli", "esia"]
        arguments = {
            "--port": str(place.ports[ESIA]),
            "--systems": str(folder / "systems.toml"),
            "--people": str(folder / "people.json"),
        }
        environment = {}
    else:
        module = ["deploy.local.outside"]
        arguments = {}
        environment = {
            "MESH_OUTSIDE_SMTP_PORT": str(place.ports["mail"]),
            "MESH_OUTSIDE_HTTP_PORT": str(place.ports["post"]),
            "MESH_SMS_KEY_FILE": str(place.keys.sms),
        }
    return leash.Program(
        name=name,
        command=[sys.executable, "-m", *module, *chain.from_iterable(arguments.items())],
        log=place.log(name),
        environment=base_environment() | environment,
        grace=5.0,
        keep=keep,
    )


def readiness(place: Place, name: str) -> ready.Ready:
    """When ``esia`` or ``outside`` is ready."""
    if name == ESIA:
        return ready.http_ok(place.ports[ESIA], "/health")
    return ready.http_ok(place.ports["post"])


def browser_url(place: Place) -> str:
    """Where browsers find the stand-in: the only foreign place to which a form of ours may lead."""
    return f"http://localhost:{place.ports[ESIA]}"


def identity_settings(place: Place) -> dict[str, str]:
    """How identity reaches the stand-in, ``MESH_ESIA__*``, and that it may be asked for children."""
    folder = esia_folder(place.state)
    settings = {
        "BASE_URL": f"http://{place.address(ESIA)}",
        "BROWSER_URL": browser_url(place),
        "CLIENT_ID": MNEMONIC,
        "REDIRECT_URI": place.public_url + CALLBACK,
        "ISSUER": _ISSUER,
        "CERTIFICATE_FILE": str(folder / "client.cer"),
        "KEY_FILE": str(folder / "client.key"),
        "TRUSTED_CERTIFICATES": str(folder / "esia-keys"),
        "PKCE": "true",
    }
    return {"MESH_ESIA_KIDS": "confirm"} | {f"MESH_ESIA__{name}": value for name, value in settings.items()}


def delivery_settings(place: Place) -> dict[str, str]:
    """How notifications reaches the stand-ins for mail and SMS: ``MESH_MAIL__*``, ``MESH_SMS__*``."""
    return {
        "MESH_MAIL__HOST": LOOPBACK,
        "MESH_MAIL__PORT": str(place.ports["mail"]),
        "MESH_MAIL__SECURITY": "none",
        "MESH_MAIL__SENDER": "Школьный дневник <diary@region.example>",
        "MESH_SMS__URL": f"http://{place.address('post')}/sms/messages",
        "MESH_SMS__KEY_FILE": str(place.keys.sms),
    }


def register(place: Place) -> None:
    """Make keys for our client system and register it at the stand-in, at today's addresses."""
    folder = esia_folder(place.state)
    (folder / "esia-keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "client.cer").exists():
        from deploy.local.esia.keys import ensure_pair  # noqa: PLC0415 - heavy, and needed once

        ensure_pair(folder, "client", "GOST", "Diary Mesh, client system")
    # A JSON string is a TOML string.
    (folder / "systems.toml").write_text(
        "[stand]\n"
        f"issuer = {json.dumps(_ISSUER)}\n"
        "\n"
        "[[systems]]\n"
        f"mnemonic = {json.dumps(MNEMONIC)}\n"
        'name = "Школьный дневник"\n'
        'certificates = ["client.cer"]\n'
        f"redirect_uris = {json.dumps([place.public_url + path for path in (CALLBACK, CHILDREN)])}\n"
        f"scopes = {json.dumps(_GRANTED)}\n"
    )
