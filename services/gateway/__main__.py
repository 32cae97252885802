"""``python -m services.gateway`` runs the gateway."""

from __future__ import annotations

from services.gateway.app import run
from services.gateway.config import GatewaySettings
from services.kit.process import main

if __name__ == "__main__":
    main("gateway", GatewaySettings, run)
