"""Lifeline: a child that follows its parent ends when the parent is killed."""

import os
import signal
import subprocess
import sys
import time

from infra.lifeline import PARENT, child_environment
from tests.support.processes import is_running

CHILD = """
import time
from infra.lifeline import follow_parent
follow_parent()
print("following", flush=True)
time.sleep(600)
"""
PARENT_OF_IT = f"""
import subprocess, sys, time
from infra.lifeline import child_environment
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=child_environment(), stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""
PATIENCE_SECONDS = 30


def test_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT_OF_IT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(PATIENCE_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_running(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.01)


def test_child_whose_parent_is_gone_already_ends_at_once() -> None:
    environment = child_environment() | {PARENT: "1" if os.getpid() != 1 else "2"}
    ended = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert b"has ended" in ended.stderr


def test_process_that_nobody_started_this_way_follows_nobody() -> None:
    environment = {name: value for name, value in os.environ.items() if name != PARENT}
    code = "from infra.lifeline import follow_parent; follow_parent(); print('alive')"
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=True)
    assert ended.stdout == b"alive\n"
