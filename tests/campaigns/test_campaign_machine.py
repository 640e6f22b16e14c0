"""A campaign and its preorders after any sequence of acts: publish, time jumps, reserve, pay, change, cancel, expire,
pause, close, make, ship, several at once (P1, P2, P3, P5).

`LASTBOOK_STATE_STEPS=20000 pytest tests/campaigns/test_campaign_machine.py` runs it long.
"""

import asyncio
import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.campaigns.campaign_machine import CampaignMachine
from tests.identity.record_machine import Ground
from tests.support.service import Service

STEPS = int(os.environ.get("LASTBOOK_STATE_STEPS", "400"))
STEPS_EACH = 50


async def test_p1_p2_p3_any_sequence_of_acts_ends_in_the_state_of_the_model(service: Service) -> None:
    CampaignMachine.ground = Ground(service.db, service.settings, asyncio.get_running_loop())
    CampaignMachine.steps = 0
    # A quarter more than enough: now and then a run ends early.
    how = settings(
        max_examples=STEPS // STEPS_EACH * 5 // 4 + 2, stateful_step_count=STEPS_EACH, derandomize=True, database=None,
        deadline=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    await asyncio.to_thread(run_state_machine_as_test, CampaignMachine, settings=how)
    print(f"{CampaignMachine.steps} steps: {CampaignMachine.seen}")
    assert CampaignMachine.steps >= STEPS
