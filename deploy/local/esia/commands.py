"""``mesh esia-keys`` and ``mesh esia-check``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.local.esia.keys import TC26_A, PairFiles, new_pair, write_pair
from services.identity.esia.certificates import Certificate
from services.identity.esia.check import check
from services.identity.esia.gost import arithmetic
from services.identity.esia.settings import EsiaSettings
from services.kit.settings import ProcessSettings, SettingsError, load

_MARKS: Final = {"well": "ok   ", "mind": "mind ", "wrong": "WRONG"}


class _CheckSettings(ProcessSettings):
    """The part of identity's settings that is about ESIA."""

    esia: EsiaSettings


def make_keys(argv: Sequence[str] | None = None) -> int:
    """Make a key and a self-signed certificate for a stand; the exit status is 2 when they exist already."""
    parser = argparse.ArgumentParser(
        prog="mesh esia-keys",
        description="Make a key and a self-signed certificate for a client system at a stand."
        " ESIA itself accepts only certificates of accredited authorities.",
    )
    parser.add_argument("--name", required=True, help="the mnemonic; names the files and the subject")
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--kind", choices=["GOST", "RSA"], default="GOST")
    parser.add_argument("--curve", choices=sorted(arithmetic.CURVES), default=TC26_A, help="OID, for GOST")
    parser.add_argument("--replace", action="store_true", help="overwrite what is there")
    options = parser.parse_args(argv)
    files = PairFiles(options.folder / f"{options.name}.key", options.folder / f"{options.name}.cer")
    if not options.replace and (files.key.exists() or files.certificate.exists()):
        print(f"mesh esia-keys: {files.key} exists; --replace overwrites it", file=sys.stderr)  # noqa: T201 - a tool
        return 2
    try:
        write_pair(files, new_pair(options.kind, options.name, curve=options.curve))
    except OSError as wrong:
        print(f"mesh esia-keys: {options.folder} cannot be written: {wrong.strerror}", file=sys.stderr)  # noqa: T201 - a tool
        return 2
    der = files.certificate.read_bytes()
    print(f"key          {files.key}")  # noqa: T201 - a command line tool speaks by printing
    print(f"certificate  {files.certificate}, {Certificate.read(der).algorithm}")  # noqa: T201 - as above
    print(f"its hash     {arithmetic.digest(der).hex().upper()}  (client_certificate_hash)")  # noqa: T201 - as above
    return 0


def check_connection(argv: Sequence[str] | None = None) -> int:
    """Print what `check` finds; the exit status is 1 when something is wrong, 2 without settings."""
    argparse.ArgumentParser(
        prog="mesh esia-check",
        description="Test the connection to ESIA with identity's own settings"
        " (MESH_ESIA__… or the file named in MESH_SETTINGS_FILE). Nobody signs in.",
    ).parse_args(argv)
    try:
        settings = load(_CheckSettings).esia
    except SettingsError as wrong:
        print(f"mesh esia-check: {wrong}", file=sys.stderr)  # noqa: T201 - as above
        return 2
    return asyncio.run(_print_check(settings))


async def _print_check(settings: EsiaSettings) -> int:
    status = 0
    async for line in check(settings):
        print(f"{_MARKS[line.verdict]}  {line.what}")  # noqa: T201 - as above
        if line.remedy:
            print(f"       → {line.remedy}")  # noqa: T201 - as above
        if line.verdict == "wrong":
            status = 1
    return status
