"""Counts of guesses, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Double, Index, LargeBinary, Table, delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.guesses.rules import LONGEST_MEMORY, Allowance
from services.identity.metadata import metadata

guesses = Table(
    "guesses",
    metadata,
    # A keyed digest of what is guessed at, or of where guesses come from: no login (people type passwords
    # into the field above) and no address is kept.
    Column("digest", LargeBinary, primary_key=True),
    # Failures as of `last_at`; they wear off with time, so it is no whole number.
    Column("level", Double, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    # Null while the next guess need not wait: replicas whose clocks differ a little agree on that (A27).
    Column("wait_until", DateTime(timezone=True)),
    # The sweep of forgotten guesses.
    Index("guesses_by_age", "last_at", postgresql_using="brin"),
)

_ASKED = """
    asked AS (
        SELECT * FROM unnest(
            CAST(:digests AS bytea[]), CAST(:free AS float8[]), CAST(:most AS float8[]),
            CAST(:first_s AS float8[]), CAST(:longest_s AS float8[]), CAST(:each_s AS float8[])
        ) AS a (digest, free, most, first_s, longest_s, each_s)
    )
"""
# `Allowance.wait_after` as the database knows it; a test holds the two together.
_WAIT = """
    CASE WHEN ceil({level}) >= a.free
         THEN :now + interval '1 second' * least(a.first_s * power(2, ceil({level}) - a.free), a.longest_s)
    END
"""
# All or none: a guess that must wait under one key is not counted under the others, else whoever has used up
# their own address could go on to shut others out (A21). Rows are taken in the order of their digests, so
# guesses at once never wait for each other in a circle.
_COUNT = text(f"""
    WITH {_ASKED},
    waiting AS (
        SELECT max(g.wait_until) AS until FROM guesses g JOIN asked a ON a.digest = g.digest
        WHERE g.wait_until > :now
    ),
    counted AS (
        INSERT INTO guesses AS g (digest, level, last_at, wait_until)
        SELECT a.digest, 1, :now, {_WAIT.format(level="1")} FROM asked a
        WHERE (SELECT until FROM waiting) IS NULL
        ORDER BY a.digest
        ON CONFLICT (digest) DO UPDATE SET (level, last_at, wait_until) = (
            SELECT next.level, :now, {_WAIT.format(level="next.level")}
            FROM asked a, LATERAL (
                SELECT least(
                    greatest(g.level - greatest(extract(epoch FROM :now - g.last_at), 0) / a.each_s, 0) + 1,
                    a.most
                ) AS level
            ) next
            WHERE a.digest = g.digest
        )
        WHERE g.wait_until IS NULL OR g.wait_until <= :now
        RETURNING g.digest
    )
    SELECT (SELECT count(*) FROM counted) AS counted, (SELECT until FROM waiting) AS until
""")  # noqa: S608 - made of constants of this file
_UNTIL = text("SELECT max(wait_until) FROM guesses WHERE digest = ANY(CAST(:digests AS bytea[]))")
# The right guess was none: it is taken back where it comes from, and all are forgotten where it leads to.
_FORGIVE = text(f"""
    WITH {_ASKED},
    locked AS (
        SELECT g.digest FROM guesses g JOIN asked a ON a.digest = g.digest
        ORDER BY g.digest FOR UPDATE OF g
    ),
    forgotten AS (
        DELETE FROM guesses g USING locked WHERE g.digest = locked.digest AND g.digest = :subject
    )
    UPDATE guesses g
    SET level = greatest(g.level - 1, 0),
        wait_until = CASE WHEN ceil(g.level - 1) >= a.free THEN g.wait_until END
    FROM locked, asked a
    WHERE g.digest = locked.digest AND a.digest = g.digest AND g.digest IS DISTINCT FROM :subject
""")  # noqa: S608 - made of constants of this file


@dataclass(frozen=True, slots=True)
class Key:
    """Under what a guess is counted."""

    digest: bytes = field(repr=False)
    allowance: Allowance


async def count(connection: AsyncConnection, keys: list[Key], *, now: datetime) -> timedelta | None:
    """Count a guess under each key, as if it had failed, or under none.

    One statement, so that of guesses at once exactly those go on whom the allowances let (A21).

    Returns:
        How long the guess must wait; None when it may go on.
    """
    if not keys:
        return None
    row = (await connection.execute(_COUNT, {**_asked(keys), "now": now})).one()
    if row.counted == len(keys):
        return None
    until: datetime | None = row.until
    if until is None:  # others were counted in the same instant
        until = await connection.scalar(_UNTIL, {"digests": [key.digest for key in keys]})
    return timedelta(0) if until is None else max(until - now, timedelta(0))


async def forgive(
    connection: AsyncConnection, keys: list[Key], *, subject: bytes | None, now: datetime
) -> None:
    """The guess was right: forget those under ``subject``, take this one back under the other keys."""
    if keys:
        await connection.execute(_FORGIVE, {**_asked(keys), "subject": subject, "now": now})


async def forget(connection: AsyncConnection, digest: bytes) -> None:
    """Forget every guess under one key."""
    await connection.execute(delete(guesses).where(guesses.c.digest == digest))


async def sweep_guesses(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove the counts that no longer count."""
    await connection.execute(delete(guesses).where(guesses.c.last_at < now - LONGEST_MEMORY))


def _asked(keys: list[Key]) -> Mapping[str, Any]:
    allowances = [key.allowance for key in keys]
    return {
        "digests": [key.digest for key in keys],
        "free": [float(allowance.free) for allowance in allowances],
        "most": [float(allowance.most) for allowance in allowances],
        "first_s": [allowance.first_wait.total_seconds() for allowance in allowances],
        "longest_s": [allowance.longest_wait.total_seconds() for allowance in allowances],
        "each_s": [allowance.one_forgotten_each.total_seconds() for allowance in allowances],
    }
