"""`make bench`: the figures of this machine. `make bench ARGS="week live"` measures only these.

`make bench ARGS="binding --persons 1000 1000000"` says how large identity's register is to be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from deploy.local.region import Region, region
from deploy.local.settings import ANY_PORTS, LocalSettings
from tests.bench import binding, esia, issuing, live, memory, passwords, revocation, sign_in, week
from tests.bench.machine import machine_line
from tests.bench.table import Table
from tests.support.backbone import folder
from tests.support.people import People

Measure = Callable[[Region, Table], Awaitable[None]]
SECTIONS: dict[str, Measure] = {
    "memory": memory.measure,  # first: what a service holds before anybody came
    "week": week.measure,
    "sign-in": sign_in.measure,
    "passwords": passwords.measure,
    "issuing": issuing.measure,
    "live": live.measure,
    "revocation": revocation.measure,
    "esia": esia.measure,
    "binding": binding.measure,  # last: it fills identity's database
}

_OPERATORS = Path(__file__).parent / "operators"


def _hide_what_developers_have() -> None:
    """From the services, which find it when they start: they are to hold what they hold at an operator's."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_OPERATORS), *([before] if before else [])])


async def _main(sections: list[str], persons: list[int]) -> None:
    measures = SECTIONS | {"binding": partial(binding.measure, sizes=persons)}
    table = Table()
    _hide_what_developers_have()
    # A folder that PostgreSQL's user can enter: else, as root, the data stays behind in /var/lib.
    async with folder(on_disk=True) as state:
        began = time.perf_counter()
        async with region(LocalSettings(state=state, ports=ANY_PORTS)) as running:
            table.add("a whole region from empty stores", f"{time.perf_counter() - began:.1f} s")
            began = time.perf_counter()
            await People(running).all_arrived()
            table.add(
                "until every service knows all families, from events", f"{time.perf_counter() - began:.1f} s"
            )
            for section in sections:
                await measures[section](running, table)
    sys.stdout.write(f"\n{machine_line()}\n\n{table.markdown()}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "sections", nargs="*", choices=[[], *SECTIONS], help="what to measure; everything by default"
    )
    parser.add_argument(
        "--persons",
        nargs="+",
        type=int,
        default=binding.SIZES,
        help="sizes of the register for `binding`",
    )
    wish = parser.parse_args()
    asyncio.run(_main(wish.sections or list(SECTIONS), wish.persons))
