"""The committed code in `proto/gen` is what the contracts say, and the contracts only grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONTRACTS = "proto/gen/school/contracts.binpb"


def test_generated_code_is_in_step_with_the_contracts() -> None:
    _succeeds(sys.executable, "proto/generate.py", "--check")


def test_nothing_that_was_released_is_broken() -> None:
    buf = str(Path(sys.executable).with_name("buf"))
    _succeeds(buf, "breaking", CONTRACTS, "--against", "proto/released.binpb", "--config", "proto/buf.yaml")


def _succeeds(*command: str) -> None:
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
