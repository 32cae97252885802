from __future__ import annotations

from pathlib import Path

import pytest

from services.kit.settings import SettingsError, StoringSettings, load


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REGION", "JWKS_FILE", "NATS_URL", "DATABASE_URL", "POOL_SIZE", "SETTINGS_FILE"):
        monkeypatch.delenv(f"MESH_{name}", raising=False)


def test_everything_missing_and_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_POOL_SIZE", "many")
    with pytest.raises(SettingsError) as wrong:
        load(StoringSettings)
    for name in ("MESH_REGION", "MESH_JWKS_FILE", "MESH_NATS_URL", "MESH_DATABASE_URL", "MESH_POOL_SIZE"):
        assert name in str(wrong.value)


def test_no_value_is_shown_because_one_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_POOL_SIZE", "hunter2")
    with pytest.raises(SettingsError) as wrong:
        load(StoringSettings)
    assert "hunter2" not in str(wrong.value)


def test_a_pool_without_a_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_POOL_SIZE", "0")
    with pytest.raises(SettingsError, match="MESH_POOL_SIZE"):
        load(StoringSettings)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('region = "50"\njwks_file = "a"\nnats_url = "n"\ndatabase_url = "d"\npool_size = 3\n')
    monkeypatch.setenv("MESH_SETTINGS_FILE", str(file))
    monkeypatch.setenv("MESH_REGION", "77")
    settings = load(StoringSettings)
    assert (settings.region, settings.pool_size) == ("77", 3)


def test_a_settings_file_that_is_not_there_is_said_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MESH_SETTINGS_FILE", str(tmp_path / "absent.toml"))
    with pytest.raises(SettingsError, match="does not exist"):
        load(StoringSettings)
