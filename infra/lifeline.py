"""Lifeline: a child process that ends when the process that started it does, even by SIGKILL. Linux only."""

import ctypes
import os
import signal
import sys

PARENT = "LASTBOOK_PARENT_PID"
"""In a child's environment: whom to follow."""

_PR_SET_PDEATHSIG = 1


def child_environment(**more: str) -> dict[str, str]:
    """Our environment for a child that shall end with us."""
    return {**os.environ, **more, PARENT: str(os.getpid())}


def follow_parent() -> None:
    """Ask the kernel for SIGTERM when our parent dies, if it asked for that; ends at once if it is gone already."""
    parent = os.environ.get(PARENT)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("The process that started this one has ended.")
