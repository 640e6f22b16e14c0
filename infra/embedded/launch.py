"""Launch: a moment's program between us and a server that gives up root, ties the server's life to ours, and execs.

It is a program because code between fork and exec is not safe in a process with threads. It uses the standard library
only, for it is run with `python -I -S`, and it comes here while still root, when it may read a private home.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def launch(numbers: list[int], command: list[str]) -> None:
    """Become `command`. `numbers` are: user id, group id, our parent's pid, and the signal that the kernel sends when
    the thread that started us ends.
    """
    uid, gid, parent, death_signal = numbers
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    # Only now: a change of ids clears the signal.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit("The process that wanted this server has ended.")
    os.execve(command[0], command, {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"})  # noqa: S606 - this is its purpose


if __name__ == "__main__":
    launch([int(word) for word in sys.argv[1:5]], sys.argv[5:])
