"""A demo region that feels real: schools, people and six weeks of school life, the same for the same seed."""

from __future__ import annotations

from deploy.local.demo.build import DEFAULT_SEED, build_world
from deploy.local.demo.world import World

__all__ = ["DEFAULT_SEED", "World", "build_world"]
