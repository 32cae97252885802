"""Every signer signs what the stand-in, and so ESIA, accepts; each failure is told with its remedy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deploy.local.esia.keys import Kind
from services.identity.esia import EsiaCodeRejected, EsiaError, EsiaMisconfigured, EsiaSettings, connect
from services.identity.esia.errors import EsiaSignerFailed, EsiaSuspended
from services.identity.esia.signers.command import CommandSigner
from tests.support.esia import MOTHER, Bench, bench, signing_command
from tests.support.openssl import needs_gost_engine


def _with(esia: Bench, **changes: object) -> EsiaSettings:
    return EsiaSettings.model_validate(esia.settings.model_dump() | changes)


@needs_gost_engine
async def test_openssls_engine_signs(tmp_path: Path) -> None:
    async with bench(tmp_path, client={"signer": "openssl"}) as esia:
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid


@pytest.mark.parametrize(("trouble", "order"), [("", "openssl"), ("reversed", "cryptopro")])
async def test_an_external_command_signs_in_either_byte_order(esia: Bench, trouble: str, order: str) -> None:
    changed = _with(
        esia,
        signer="command",
        key_file=None,
        sign_command=signing_command(esia, trouble),
        signature_order=order,
    )
    async with connect(changed) as client:
        with pytest.raises(EsiaCodeRejected):  # the signature was accepted, the code was not
            await client.exchange("invented")


async def test_the_wrong_byte_order_is_refused_with_the_setting_named(esia: Bench) -> None:
    changed = _with(esia, signer="command", sign_command=signing_command(esia, "reversed"))
    async with connect(changed) as client:
        with pytest.raises(EsiaMisconfigured) as refused:
            await client.exchange("invented")
    assert refused.value.code == "007053"
    assert "signature_order" in refused.value.operator_sentence("ru")


@pytest.mark.parametrize(
    ("trouble", "told"), [("fails", "status 3"), ("hex", "128 bytes"), ("hangs", "longer than")]
)
async def test_a_failing_command_is_told_by_what_it_did(esia: Bench, trouble: str, told: str) -> None:
    # Patience only where the program ends by itself: a busy machine takes seconds to start it.
    patience = 1.0 if trouble == "hangs" else 30.0
    signer = CommandSigner(signing_command(esia, trouble), "0" * 64, timeout=patience)
    with pytest.raises(EsiaSignerFailed, match=told):
        await signer.sign(b"data")


async def test_a_command_that_is_not_there_is_named(esia: Bench) -> None:
    signer = CommandSigner(("no-such-signer",), "0" * 64)
    with pytest.raises(EsiaSignerFailed, match="no-such-signer cannot be started"):
        await signer.sign(b"data")
    assert esia.esia.available


async def test_signatures_do_not_pile_up_behind_a_slow_command(esia: Bench) -> None:
    signer = CommandSigner(signing_command(esia, "hangs"), "0" * 64, timeout=2.0, waiting_limit=3)
    answers = await asyncio.gather(*[signer.sign(b"data") for _ in range(8)], return_exceptions=True)
    assert (
        sorted(type(answer).__name__ for answer in answers)
        == ["EsiaSignerFailed"] * 3 + [EsiaSuspended.__name__] * 5
    )


@pytest.mark.parametrize("kind", ["GOST", "RSA"])
async def test_a_key_that_is_not_the_certificates_is_refused_at_the_start(tmp_path: Path, kind: Kind) -> None:
    async with bench(tmp_path / "one", kind=kind) as one, bench(tmp_path / "two", kind=kind) as two:
        mixed = _with(one, key_file=two.settings.key_file)
        with pytest.raises(EsiaError, match="not that of the certificate"):
            async with connect(mixed):
                raise AssertionError("a client with another key was made")


@pytest.mark.parametrize(
    "changes",
    [{"signer": "command"}, {"key_file": None}, {"leeway": 61}, {"base_url": "esia"}, {"unknown": 1}],
)
def test_settings_that_cannot_work_are_refused(esia: Bench, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        _with(esia, **changes)
