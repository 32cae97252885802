"""Settings: typed, from ``MESH_*`` in the environment and, below it, a TOML file (``MESH_SETTINGS_FILE``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "MESH_"


class SettingsError(Exception):
    """Settings are missing or wrong. The text names every one and shows no value: one may be a secret."""


class ProcessSettings(BaseSettings):
    """What every process needs to know."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore", frozen=True
    )

    log_format: Literal["auto", "console", "json"] = "auto"
    """``auto``: for people on a terminal, JSON otherwise."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings passes it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        file = os.environ.get(PREFIX + "SETTINGS_FILE")
        if file:
            sources.append(TomlConfigSettingsSource(settings_cls, Path(file)))
        return tuple(sources)


class MigrationSettings(ProcessSettings):
    """What bringing a database up to date needs to know: no keys, no broker."""

    database_url: str
    """``postgresql+asyncpg://…`` of the service's own database; nobody else uses it."""


class ServiceSettings(ProcessSettings):
    """What every service needs to know."""

    region: str
    """The code of the region this mesh serves, such as "77"."""
    listen: str = "127.0.0.1:0"
    """Where to listen, ``host:port``; port 0 takes any free one."""
    jwks_file: Path
    """The public keys that access tokens are verified with; read again when it changes."""
    nats_url: str
    """Where events travel; the service starts and serves without it."""


class StoringSettings(ServiceSettings, MigrationSettings):
    """What every service with a database needs to know."""

    pool_size: int = Field(default=10, ge=1)  # 0 would be a pool without a bound
    """Connections held at once by each of a replica's two pools, that of its use cases and that of its hot
    reads. 2 × replicas × pool size must stay below the server's limit."""
    stream_max_bytes: int = Field(default=512 * 1024**2, ge=1024**2)
    """Beyond it events wait in the outbox. A large region sizes it from its days: five million events of half
    a kilobyte, kept for a week, are 17 GiB."""
    stream_replicas: int = Field(default=1, ge=1, le=5)
    """In how many servers of a NATS cluster the service's stream lies; three survive the loss of one."""


Settings = TypeVar("Settings", bound=ProcessSettings)


def load(kind: type[Settings]) -> Settings:
    """Read the settings of ``kind``. Raises `SettingsError` that names all missing and wrong ones at once."""
    file = os.environ.get(PREFIX + "SETTINGS_FILE")
    if file and not Path(file).is_file():
        raise SettingsError(f"{PREFIX}SETTINGS_FILE names a file that does not exist: {file}")
    try:
        return kind()
    except ValidationError as wrong:
        lines = [f"  {_name(error['loc'])}: {error['msg']}" for error in wrong.errors(include_input=False)]
        raise SettingsError("Settings are missing or wrong:\n" + "\n".join(lines)) from None


def _name(location: tuple[int | str, ...]) -> str:
    return PREFIX + "__".join(str(part) for part in location).upper()
