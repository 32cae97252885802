"""What a person may say about the region on their machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import settings
from deploy.local.trouble import Trouble


def test_the_state_folder_is_in_the_repository_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESH_STATE", raising=False)
    assert settings.from_environment().state.name == ".region"

    monkeypatch.setenv("MESH_STATE", "elsewhere")
    assert settings.from_environment().state == Path.cwd() / "elsewhere"


@pytest.mark.parametrize(("value", "fresh"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_fresh_asks_for_empty_stores(monkeypatch: pytest.MonkeyPatch, value: str, fresh: bool) -> None:
    monkeypatch.setenv("FRESH", value)
    assert settings.from_environment().fresh is fresh


def test_a_folder_that_cannot_be_made_is_said_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Trouble, match="MESH_STATE"):
        settings.open_state(file / "state")


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    """``MESH_STATE=~ FRESH=1`` would empty a home."""
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(Trouble, match="no state folder"):
        settings.open_state(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_clearing_leaves_the_lock_and_nothing_else(tmp_path: Path) -> None:
    """The lock is held on the file: a new file would let a second region in."""
    settings.open_state(tmp_path)
    (tmp_path / "lock").touch()
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "demo.json").touch()

    settings.clear(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_clearing_follows_the_link_to_postgres(tmp_path: Path) -> None:
    """Run by root in a folder that PostgreSQL's user cannot enter, the data lies elsewhere."""
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    state.mkdir()
    elsewhere.mkdir()
    (state / "postgres").symlink_to(elsewhere)

    settings.clear(state)

    assert not elsewhere.exists()
    assert list(state.iterdir()) == []
