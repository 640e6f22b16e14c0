"""Money after any sequence of acts, deaths, jumps of time, late, lost, shuffled and doubled webhooks (P1, P3, P4).

`LASTBOOK_PAYMENT_STEPS=20000 pytest tests/payments/test_money_states.py -s` runs it long.
"""

import asyncio
import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.payments.money_machine import Ground, MoneyMachine
from tests.support.service import Service

STEPS = int(os.environ.get("LASTBOOK_PAYMENT_STEPS", "300"))
STEPS_EACH = 50


async def test_p4_money_taken_less_money_returned_is_money_owed_at_every_rest(service: Service) -> None:
    MoneyMachine.ground = Ground(service, asyncio.get_running_loop())
    MoneyMachine.steps = MoneyMachine.rests = 0
    # A quarter more than enough: now and then a run ends early. Not shrunk: that would live through hundreds of them.
    how = settings(
        max_examples=STEPS // STEPS_EACH * 5 // 4 + 2, stateful_step_count=STEPS_EACH, derandomize=True, database=None,
        deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    await asyncio.to_thread(run_state_machine_as_test, MoneyMachine, settings=how)
    print(f"{MoneyMachine.steps} steps, {MoneyMachine.rests} rests, states at rest: {sorted(MoneyMachine.seen)}")
    assert MoneyMachine.steps >= STEPS
