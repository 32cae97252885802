"""How every connection to PostgreSQL is made, and when the database counts as unavailable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.kit.errors import Unavailable

# Longer than the longest deadline of a call would be a query that nobody waits for.
_STATEMENT_TIMEOUT_S: Final = 15
# A transaction that does nothing holds its locks and keeps vacuum from its work: something is stuck, end it.
_IDLE_IN_TRANSACTION_S: Final = 30
POOL_WAIT_S: Final = 5
"""A call that cannot get a connection within this time is better refused than queued behind its deadline."""
_CONNECT_S: Final = 5
# The client's own net, for an answer that never comes because the network swallowed it.
_COMMAND_TIMEOUT_S: Final = 30

# The database cannot serve now, though the statement may be right: classes 08, 53 and 57 of SQLSTATE (no
# connection, out of resources, shut down or cancelled by the timeout), and 25006 / 25P03 / 40P01: a standby
# that has not been promoted yet, a transaction ended by the server, the one of a deadlock that was given up.
_UNAVAILABLE_CLASSES: Final = ("08", "53", "57")
_UNAVAILABLE_STATES: Final = ("25006", "25P03", "40P01")


def connect_arguments() -> dict[str, Any]:
    """The arguments of `asyncpg.connect` beside the address, the same for every connection."""
    return {
        "timeout": _CONNECT_S,
        "command_timeout": _COMMAND_TIMEOUT_S,
        "server_settings": {
            "application_name": "diary-mesh",
            "statement_timeout": str(_STATEMENT_TIMEOUT_S * 1000),
            "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_S * 1000),
            # Every query here touches few rows; compiling one costs more than running it.
            "jit": "off",
            "timezone": "UTC",
            # A peer whose machine died sends no goodbye: notice within half a minute, free its locks.
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        },
    }


@contextmanager
def naming_unavailable() -> Iterator[None]:
    """Name the errors of network, driver and pool; only around our own calls, not a caller's block.

    Raises:
        Unavailable: the database is down, full or overloaded.
    """
    try:
        yield
    except (OSError, PoolTimeout, asyncpg.InterfaceError) as error:
        raise Unavailable from error
    except asyncpg.PostgresError as error:
        if tells_unavailable(error.sqlstate):
            raise Unavailable from error
        raise


def tells_unavailable(sqlstate: str | None) -> bool:
    """Whether an SQLSTATE says that the database cannot serve now."""
    return sqlstate is not None and (
        sqlstate.startswith(_UNAVAILABLE_CLASSES) or sqlstate in _UNAVAILABLE_STATES
    )
