"""The training process: one training, or a fleet's tasks until there are none; settings from the environment.

    python -m recommender.training --tenant UUID --version UUID    its last line of output is the outcome as JSON
    python -m recommender.training --many                          a line of JSON in: a tenant and a run; the same line
                                                                   out when the task has ended, of which its row tells

It ends with the process that started it.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from typing import TextIO
from uuid import UUID

from infra.clock import system_clock
from infra.lifeline import follow_parent
from infra.settings import Settings, read_settings
from recommender.training.attempt import do_task, train_or_yield
from recommender.training.pipeline import Outcome
from recommender.training.tools import open_training_tools

NICENESS = 10
"""Training gives way to serving on the same machine."""


def main() -> None:
    """Run one training, or many."""
    arguments = _arguments()
    follow_parent()
    os.nice(NICENESS)
    if arguments.many:
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # a terminal's Ctrl-C reaches us too, and ending us is the parent's
        asyncio.run(_train_many(_answers()))
        return
    outcome = asyncio.run(_train_one(arguments.tenant, arguments.version, arguments.tune))
    _say(sys.stdout, {"version": str(outcome.version_id), "status": outcome.status, "reason": outcome.reason})


async def _train_one(tenant_id: UUID, version_id: UUID, tune_seconds: int) -> Outcome:
    async with open_training_tools(_settings()) as (db, store):
        return await train_or_yield(
            db, store, system_clock, tenant_id=tenant_id, version_id=version_id, tune_seconds=tune_seconds
        )


async def _train_many(answers: TextIO) -> None:
    """A task a line, until the input ends."""
    async with open_training_tools(_settings()) as (db, store):
        while line := await asyncio.to_thread(sys.stdin.readline):
            task = json.loads(line)
            await do_task(db, store, system_clock, tenant_id=UUID(task["tenant"]), run_id=UUID(task["run"]))
            _say(answers, task)


def _settings() -> Settings:
    settings = read_settings()
    if settings.database_url is None:
        raise SystemExit("DATABASE_URL is needed: the training process starts no database of its own.")
    return settings


def _answers() -> TextIO:
    """Where the parent reads. What a library prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _say(to: TextIO, document: dict[str, str | None]) -> None:
    to.write(json.dumps(document) + "\n")
    to.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m recommender.training", description=__doc__)
    parser.add_argument("--many", action="store_true", help="do tasks from standard input")
    parser.add_argument("--tenant", type=UUID)
    parser.add_argument("--version", type=UUID, help="the new model version's id")
    parser.add_argument("--tune", type=int, default=0, help="seconds to look for better parameters")
    arguments = parser.parse_args()
    if not arguments.many and (arguments.tenant is None or arguments.version is None):
        parser.error("--tenant and --version are needed, or --many")
    return arguments


if __name__ == "__main__":
    main()
