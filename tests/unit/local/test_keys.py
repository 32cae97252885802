"""The secrets of a region."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from jose import jwt

from deploy.local import keys


def test_what_the_private_keys_sign_the_public_ones_verify(tmp_path: Path) -> None:
    made = keys.ensure(tmp_path / "keys")
    private = json.loads(made.signing.read_text())["keys"][0]
    public = json.loads(made.jwks.read_text())["keys"][0]

    token = jwt.encode({"sub": "somebody"}, private, algorithm="ES256")

    assert jwt.decode(token, public, algorithms=["ES256"])["sub"] == "somebody"


def test_the_public_keys_hold_no_secret(tmp_path: Path) -> None:
    made = keys.ensure(tmp_path / "keys")
    assert all("d" not in key for key in json.loads(made.jwks.read_text())["keys"])


def test_secrets_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    made = keys.ensure(tmp_path / "keys")
    modes = {file.name: file.stat().st_mode & 0o777 for file in made.folder.iterdir()}

    assert set(modes.values()) == {0o600}
    assert made.folder.stat().st_mode & 0o777 == 0o700


def test_keys_are_made_once(tmp_path: Path) -> None:
    first = keys.ensure(tmp_path / "keys")
    before = {file: file.read_bytes() for file in first.folder.iterdir()}

    keys.ensure(tmp_path / "keys")

    assert {file: file.read_bytes() for file in first.folder.iterdir()} == before


def test_the_form_key_is_32_bytes(tmp_path: Path) -> None:
    text = keys.ensure(tmp_path / "keys").form.read_text().strip()
    assert len(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == 32
