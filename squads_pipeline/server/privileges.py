"""Which user PostgreSQL runs as, and how: it refuses root. Plain users run it as themselves."""

import os
import pwd
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from squads_pipeline.server import as_user

NOBODY = 65534


@dataclass(frozen=True)
class Account:
    """A user to run the server as, when it cannot be the one who asks."""

    uid: int
    gid: int
    name: str

    def give(self, path: Path) -> None:
        """Make one file or folder the account's; not what is in it."""
        os.chown(path, self.uid, self.gid)


def account_for(home: Path) -> Account | None:
    """None for a plain user; as root the owner of the home, or `nobody` when root owns that too."""
    if os.geteuid() != 0:
        return None
    owner = home.stat().st_uid
    if owner != 0:
        return _by_id(owner, home.stat().st_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(NOBODY, NOBODY, "nobody")
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def command(account: Account | None, arguments: Sequence[str], reaching: Iterable[Path]) -> list[str]:
    """The command line that runs `arguments` as the account, which must get to each path of `reaching`."""
    if account is None:
        return list(arguments)
    reach = "plain" if all(can_reach(account, path) for path in reaching) else "through"
    launcher = [sys.executable, "-I", "-S", as_user.__file__]
    return [*launcher, str(account.uid), str(account.gid), reach, *arguments]


def can_reach(account: Account, path: Path) -> bool:
    """Whether the mode bits of every folder above let the account through. ACLs are not considered."""
    return all(_may_search(account, folder.stat()) for folder in path.resolve().parents)


def _may_search(account: Account, folder: os.stat_result) -> bool:
    if folder.st_uid == account.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def _by_id(uid: int, gid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(uid, gid, str(uid))
    return Account(uid, entry.pw_gid, entry.pw_name)
