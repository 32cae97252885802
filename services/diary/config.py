"""What the diary needs to know before it starts."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from services.kit.settings import StoringSettings


class DiarySettings(StoringSettings):
    """The settings of every service with a database, and how old the copy of who may see whom may be."""

    access_staleness: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0))
    """A guardian is shown nothing once the copy may lack what identity committed longer ago. The default is
    the life of an access token: shorter refuses families sooner when NATS is away, longer lets a right that
    was taken away be used for longer."""
