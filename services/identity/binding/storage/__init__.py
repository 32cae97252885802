"""Bindings as rows; other capabilities join with ``bindings``."""

from services.identity.binding.storage.standing import bindings

__all__ = ["bindings"]
