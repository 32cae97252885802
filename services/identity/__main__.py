"""``python -m services.identity`` serves; with ``migrate`` it brings the database up to date and ends."""

from __future__ import annotations

from services.identity.app import MIGRATIONS, run
from services.identity.config import IdentitySettings
from services.kit.process import main

if __name__ == "__main__":
    main("identity", IdentitySettings, run, MIGRATIONS)
