"""What is sealed is for one reader alone, and keys change while everybody works."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from jose import jwe, jwk

from services.kit.sealing import CannotOpen, Sealer, Unsealer, new_keys, public_part
from tests.support.keys import make_sealing_keys


@pytest.fixture(scope="module")
def other() -> str:
    """The private keys of somebody else."""
    return new_keys()


def test_what_is_sealed_is_opened_by_its_reader(tmp_path: Path) -> None:
    keys = make_sealing_keys(tmp_path)
    text = "код 482917".encode()
    assert Unsealer(keys.private).open(Sealer(keys.public).seal(text)) == text


def test_equal_texts_are_sealed_differently(tmp_path: Path) -> None:
    sealer = Sealer(make_sealing_keys(tmp_path).public)
    assert sealer.seal(b"1") != sealer.seal(b"1")


def test_nobody_else_opens_it(tmp_path: Path, other: str) -> None:
    keys = make_sealing_keys(tmp_path)
    sealed = Sealer(keys.public).seal(b"1")
    keys.private.write_text(other)
    with pytest.raises(CannotOpen):
        Unsealer(keys.private).open(sealed)


def test_what_was_altered_is_not_opened(tmp_path: Path) -> None:
    keys = make_sealing_keys(tmp_path)
    header, *parts = Sealer(keys.public).seal(b"1" * 40).split(".")
    for number, part in enumerate(parts):
        changed = ("A" if part[5] != "A" else "B").join((part[:5], part[6:]))
        with pytest.raises(CannotOpen):
            Unsealer(keys.private).open(".".join((header, *parts[:number], changed, *parts[number + 1 :])))


@pytest.mark.parametrize("text", ["", "a.b.c.d.e", "....", "код", "{}", "e30.e30.e30.e30.e30"])
def test_what_is_no_sealed_text_is_not_opened(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotOpen):
        Unsealer(make_sealing_keys(tmp_path).private).open(text)


@pytest.mark.parametrize(
    ("algorithm", "encryption", "packing"),
    [("RSA-OAEP", "A256GCM", None), ("RSA-OAEP-256", "A128GCM", None), ("RSA-OAEP-256", "A256GCM", "DEF")],
)
def test_only_what_the_sealer_writes_is_opened(
    tmp_path: Path, algorithm: str, encryption: str, packing: str | None
) -> None:
    """Another algorithm (A4), or a packed text, which could unpack to any size, is refused."""
    keys = make_sealing_keys(tmp_path)
    public = json.loads(keys.public.read_text())
    sealed = jwe.encrypt(
        b"1", jwk.construct(public, algorithm).to_dict(), encryption, algorithm, packing, kid=public["kid"]
    )
    with pytest.raises(CannotOpen):
        Unsealer(keys.private).open(sealed.decode())


def test_keys_change_while_texts_are_on_their_way(tmp_path: Path, other: str) -> None:
    """First the reader gets the new key beside the old one, then the writer, then the old one goes."""
    keys = make_sealing_keys(tmp_path)
    sealer, unsealer = Sealer(keys.public), Unsealer(keys.private)
    before = sealer.seal(b"before")

    new, old = json.loads(other)["keys"], json.loads(keys.private.read_text())["keys"]
    keys.private.write_text(json.dumps({"keys": new + old}))
    keys.public.write_text(public_part(other))
    after = sealer.seal(b"after")
    assert (unsealer.open(before), unsealer.open(after)) == (b"before", b"after")

    keys.private.write_text(json.dumps({"keys": new}))
    assert unsealer.open(after) == b"after"
    with pytest.raises(CannotOpen):
        unsealer.open(before)


def test_a_file_that_was_broken_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    keys = make_sealing_keys(tmp_path)
    sealer, unsealer = Sealer(keys.public), Unsealer(keys.private)
    keys.public.write_text("{")
    keys.private.unlink()
    assert unsealer.open(sealer.seal(b"1")) == b"1"


def test_the_writer_is_not_given_the_private_key(tmp_path: Path) -> None:
    keys = make_sealing_keys(tmp_path)
    private = json.loads(keys.private.read_text())["keys"][0]
    keys.public.write_text(json.dumps(private))
    with pytest.raises(ValueError, match="private key"):
        Sealer(keys.public)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "EC"}]}', '{"keys": 1}']
)
def test_a_file_without_keys_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    for kind in (Sealer, Unsealer):
        with pytest.raises(ValueError, match=r"keys\.json"):
            kind(file)


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    keys = make_sealing_keys(tmp_path)
    short = json.loads(keys.public.read_text())
    short["n"] = base64.urlsafe_b64encode(b"\xff" * 256).decode().rstrip("=")
    keys.public.write_text(json.dumps(short))
    with pytest.raises(ValueError, match="2048 bits"):
        Sealer(keys.public)
