"""The record after any sequence of acts: upserts, merges, undos, deletes, replays and simultaneous duplicates (B4).

`LASTBOOK_STATE_STEPS=20000 pytest tests/identity/test_record_states.py` runs it long.
"""

import asyncio
import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.identity.record_machine import Ground, RecordMachine
from tests.support.service import Service

STEPS = int(os.environ.get("LASTBOOK_STATE_STEPS", "400"))
STEPS_EACH = 50


async def test_b4_any_sequence_of_acts_ends_in_the_state_of_the_model(service: Service) -> None:
    RecordMachine.ground = Ground(service.db, service.settings, asyncio.get_running_loop())
    RecordMachine.steps = 0
    # A quarter more than enough: now and then a run ends early.
    how = settings(
        max_examples=STEPS // STEPS_EACH * 5 // 4 + 2, stateful_step_count=STEPS_EACH, derandomize=True, database=None,
        deadline=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    await asyncio.to_thread(run_state_machine_as_test, RecordMachine, settings=how)
    print(f"{RecordMachine.steps} steps")
    assert RecordMachine.steps >= STEPS
