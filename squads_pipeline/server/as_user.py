"""A launcher that becomes an ordinary user and runs a program. Run by path: standard library only.

Usage: as_user.py UID GID REACH PROGRAM [ARGUMENT ...]

REACH is `plain`, or `through` when the program or its data lie under folders that the user may not enter.
Then one capability survives: to search folders and read files. The folders' permissions stay as they are.
"""

import ctypes
import os
import sys

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
PR_CAPBSET_READ = 23
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
# Without NO_SETUID_FIXUP, access(2) ignores the capabilities of users other than root, and PostgreSQL asks
# access(2) whether it finds its own programs. With it, setuid keeps them all: `_keep_only` must follow.
SECBIT_NO_SETUID_FIXUP = 1 << 2
SECBIT_KEEP_CAPS = 1 << 4
CAPABILITY_VERSION_3 = 0x20080522
FAILED = 125


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


def _prctl(libc: ctypes.CDLL, option: int, *arguments: int) -> int:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    result = int(libc.prctl(option, *(ctypes.c_ulong(argument) for argument in padded)))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")
    return result


def _keep_only(libc: ctypes.CDLL, capability: int) -> None:
    mask = 1 << capability
    data = (_Data * 2)(_Data(mask, mask, mask), _Data(0, 0, 0))
    if libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION_3, 0)), ctypes.byref(data)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _prctl(libc, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _become_with_reach(uid: int, gid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    may_search = _prctl(libc, PR_CAPBSET_READ, CAP_DAC_READ_SEARCH) == 1
    _prctl(libc, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS)
    _become(uid, gid)
    _keep_only(libc, CAP_DAC_READ_SEARCH if may_search else CAP_DAC_OVERRIDE)


def main(arguments: list[str]) -> int:
    """Never returns when all goes well; 125 and a line on stderr otherwise."""
    uid, gid, reach, *command = arguments
    try:
        (_become_with_reach if reach == "through" else _become)(int(uid), int(gid))
        os.chdir("/")
        os.execv(command[0], command)  # noqa: S606  # no shell is the point
    except (OSError, AttributeError) as error:  # AttributeError: a libc without prctl
        sys.stderr.write(f"cannot run {command[0]} as user {uid}: {error}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
