"""A signing program as an operator may have one: bytes on standard input, 64 bytes out.

``signing_program.py KEY [reversed|hex|fails|hangs]``: the second argument is what goes wrong.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from services.identity.esia.gost import arithmetic
from services.identity.esia.gost.keys import GostPrivateKey


def main(key_file: str, trouble: str = "") -> int:
    """Sign standard input; the exit status."""
    key = GostPrivateKey.of_file(Path(key_file).read_bytes())
    signature = arithmetic.sign(key.value, key.curve, sys.stdin.buffer.read())
    if trouble == "fails":
        return 3
    if trouble == "hangs":
        threading.Event().wait()
    written = {"reversed": signature[::-1], "hex": signature.hex().encode()}.get(trouble, signature)
    sys.stdout.buffer.write(written)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
