"""Signatures made by another program: OpenSSL's gost engine, CryptoPro, an HSM or a remote signer."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from services.identity.esia.errors import EsiaSignerFailed, EsiaSuspended
from services.identity.esia.gost.arithmetic import SIGNATURE_SIZE

_AT_ONCE: Final = 4  # programs running; a signature takes milliseconds, so waiting costs less than a crowd


class CommandSigner:
    """Runs a program once per signature: the bytes on its standard input, the signature on its output.

    Args:
        command: the program and its arguments; no shell is involved.
        order: ``openssl`` for s ‖ r as it goes to ESIA, ``cryptopro`` for the same 64 bytes reversed.
        timeout: seconds the program may take; less than a sign-in waits, so that its failure is told.
        waiting_limit: signatures that may wait at once; one more is refused.
    """

    def __init__(
        self,
        command: Sequence[str],
        certificate_hash: str,
        *,
        order: Literal["openssl", "cryptopro"] = "openssl",
        timeout: float = 4.0,
        waiting_limit: int = 256,
    ) -> None:
        self.certificate_hash = certificate_hash
        self._command = tuple(command)
        self._order = order
        self._timeout = timeout
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._waiting_limit = waiting_limit

    async def sign(self, data: bytes) -> bytes:
        """64 bytes s ‖ r. Raises `EsiaSignerFailed`, or `EsiaSuspended` when too many signatures wait."""
        if self._waiting >= self._waiting_limit:
            raise EsiaSuspended
        self._waiting += 1
        try:
            async with self._room:
                # A thread that starts the program by vfork: gRPC forbids a fork of the whole service.
                signature = await asyncio.to_thread(self._run, data)
        finally:
            self._waiting -= 1
        return signature[::-1] if self._order == "cryptopro" else signature

    def _run(self, data: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, no part of it from outside
                self._command, input=data, capture_output=True, timeout=self._timeout, check=False
            )
        except OSError as missing:
            raise EsiaSignerFailed(detail=f"{self._command[0]} cannot be started") from missing
        except subprocess.TimeoutExpired as late:
            raise EsiaSignerFailed(detail=f"{self._command[0]} took longer than {self._timeout} s") from late
        if done.returncode:
            raise EsiaSignerFailed(detail=f"{self._command[0]} ended with status {done.returncode}")
        if len(done.stdout) != SIGNATURE_SIZE:
            raise EsiaSignerFailed(
                detail=f"{self._command[0]} wrote {len(done.stdout)} bytes where {SIGNATURE_SIZE} raw are due"
            )
        return done.stdout


def openssl_command(program: str, key_file: Path) -> tuple[str, ...]:
    """The command that signs with OpenSSL and Debian's ``libengine-gost-openssl``."""
    return (program, "dgst", "-engine", "gost", "-md_gost12_256", "-sign", str(key_file))
