"""What is hidden opens with its key, in its place, and in no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.identity.keyring import Keyring, KeyringError, Sealed, new_keys


def keyring(tmp_path: Path, content: str) -> Keyring:
    file = tmp_path / "keys.json"
    file.write_text(content, "utf-8")
    return Keyring.read(file)


def test_a_sealed_text_opens_in_its_context_alone(tmp_path: Path) -> None:
    """A value moved to another person's row does not open there."""
    keys = keyring(tmp_path, new_keys())
    sealed = keys.seal("11223344595", context="snils of 1")

    assert keys.open(sealed, context="snils of 1") == "11223344595"
    with pytest.raises(KeyringError):
        keys.open(sealed, context="snils of 2")


def test_an_altered_box_does_not_open(tmp_path: Path) -> None:
    keys = keyring(tmp_path, new_keys())
    sealed = keys.seal("11223344595", context="x")

    with pytest.raises(KeyringError):
        keys.open(Sealed(sealed.box[:-1] + bytes([sealed.box[-1] ^ 1]), sealed.key_version), context="x")


def test_equal_texts_look_different_sealed_and_equal_indexed(tmp_path: Path) -> None:
    keys = keyring(tmp_path, new_keys())

    assert keys.seal("1", context="x").box != keys.seal("1", context="x").box
    assert keys.index("1", kind="x") == keys.index("1", kind="x")
    assert keys.index("1", kind="x") != keys.index("1", kind="y")


def test_after_a_change_of_keys_old_values_open_and_are_found(tmp_path: Path) -> None:
    """New values get the new key; old ones name theirs."""
    before = json.loads(new_keys())
    old = keyring(tmp_path, json.dumps(before))
    sealed, index = old.seal("1", context="x"), old.index("1", kind="x")
    after = {
        purpose: [{**json.loads(new_keys())[purpose][0], "version": 2}, *before[purpose]]
        for purpose in before
    }

    new = keyring(tmp_path, json.dumps(after))

    assert new.open(sealed, context="x") == "1"
    assert index in new.indexes("1", kind="x")
    assert new.seal("1", context="x").key_version == new.index("1", kind="x").key_version == 2
    assert new.refresh_mac(b"m", key_version=1) == old.refresh_mac(b"m", key_version=1)


def test_a_key_that_was_taken_away_opens_nothing(tmp_path: Path) -> None:
    keys = keyring(tmp_path, new_keys())
    gone = Sealed(keys.seal("1", context="x").box, 7)

    with pytest.raises(KeyringError):
        keys.open(gone, context="x")
    with pytest.raises(KeyringError):
        keys.refresh_mac(b"m", key_version=7)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"seal": [], "index": [], "refresh": []}',
        '{"seal": [{"version": 1, "key": "c2hvcnQ="}], "index": [], "refresh": []}',
        '{"seal": "secret", "index": "secret", "refresh": "secret"}',
        '{"seal": [{"version": 1, "key": "secret!"}], "index": [], "refresh": []}',
    ],
)
def test_a_wrong_file_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    with pytest.raises(KeyringError) as refused:
        keyring(tmp_path, content)

    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match=r"nowhere\.json"):
        Keyring.read(tmp_path / "nowhere.json")
