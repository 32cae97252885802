"""The command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deploy.local import cli

_HEAVY = ("asyncpg", "cryptography", "grpc", "httpx2", "nats", "pydantic", "sqlalchemy", "starlette")


def test_help_loads_nothing_heavy() -> None:
    """`mesh --help` answers at once."""
    code = (
        "import sys; from deploy.local import cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {_HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("arguments", [[], ["down"], ["up", "--fast"]])
def test_what_is_not_understood_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(arguments)

    assert refused.value.code == 2
    assert "usage: mesh" in capsys.readouterr().err
