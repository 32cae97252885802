"""OpenSSL with the gost engine (Debian: ``libengine-gost-openssl``): the other side of every cross-check."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

import pytest


def openssl(*arguments: str, data: bytes = b"") -> bytes:
    """Run it; its standard output. Raises `subprocess.CalledProcessError`."""
    program = shutil.which("openssl") or "openssl"
    run = subprocess.run([program, *arguments], input=data, capture_output=True, check=True)
    return run.stdout


@cache
def _has_gost() -> bool:
    try:
        openssl("dgst", "-engine", "gost", "-md_gost12_256")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


needs_gost_engine = pytest.mark.skipif(
    not _has_gost(), reason="OpenSSL's gost engine is not installed (Debian: libengine-gost-openssl)"
)
