"""Experiments as documents: drafts, one start, one stop, no two in one place, and the arm that is promoted."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from tenants.experiment_documents import Changes, Experiment
from tenants.experiments import start_experiment, upsert_experiments
from tenants.placements import Placement
from tests.experiments.lab import HELD, ONE, PLACE, THREE, act, experiment, later, run, see, store
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def refusal(shop: ShopClient, what: str, **body: object) -> tuple[int, str]:
    answer = await shop.api.post(f"/v1/experiments:{what}", json={"id": "trial", **body})
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


def test_r8_an_arm_may_change_all_of_a_placement_but_its_name_and_filter() -> None:
    assert {*Changes.__struct_fields__} == {*Placement.__struct_fields__} - {"id", "filter"}


async def test_r8_a_draft_is_stored_read_changed_and_deleted(shop: ShopClient) -> None:
    document = experiment(HELD, THREE, note="Does it earn anything?")
    put = await shop.api.put("/v1/experiments/trial", json=document)
    assert put.json() == {"id": "trial", "result": "created"}
    stored = (await shop.api.get("/v1/experiments/trial")).json()
    assert {name: stored[name] for name in ("placement", "unit", "window_days", "state", "note")} == {
        "placement": PLACE, "unit": "shopper", "window_days": 7, "state": "draft", "note": "Does it earn anything?",
    }  # fmt: skip
    assert (await shop.api.put("/v1/experiments/trial", json=document)).json()["result"] == "unchanged"
    assert (await shop.api.put("/v1/experiments/trial", json=experiment())).json()["result"] == "updated"
    assert (await shop.api.delete("/v1/experiments/trial")).status_code == 204
    assert (await shop.api.get("/v1/experiments/trial")).status_code == 404


@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        (experiment(ONE), "arms"),
        (experiment(ONE, ONE), "arms must have different ids"),
        (experiment(HELD, {**HELD, "id": "other"}), "more than one hold-out"),
        (experiment({**HELD, "changes": {"limit": 1}}, ONE), "hold-out show nothing"),
        (experiment(ONE, THREE, {"id": "more", "share": 0.2}), "shares of more than 1"),
        (experiment(starts_at="2030-01-02T00:00:00Z", ends_at="2030-01-01T00:00:00Z"), "must start before it ends"),
        (experiment({"id": "a", "share": 0.5, "changes": {"filter": "true"}}, ONE), "filter"),
        (experiment({"id": "a", "share": 0.5, "changes": {"strategy": "none such"}}, ONE), "strategy"),
        (experiment(window_days=0), "window_days"),
    ],
)
async def test_r8_a_wrong_document_is_refused_with_its_reason(shop: ShopClient, document: Document, wrong: str) -> None:
    answer = await shop.api.put("/v1/experiments/trial", json=document)

    assert answer.status_code == 422
    assert wrong in answer.text
    assert (await shop.api.get("/v1/experiments/trial")).status_code == 404


async def test_r8_thirds_and_tenths_are_a_whole(shop: ShopClient) -> None:
    thirds = [{"id": f"a{n}", "share": 1 / 3} for n in range(3)]
    await store(shop, *thirds)
    await store(shop, *({"id": f"a{n}", "share": share} for n, share in enumerate((0.7, 0.2, 0.1))))


async def test_r8_a_started_experiment_stands(shop: ShopClient) -> None:
    await store(shop)
    await act(shop, "start")

    assert (await shop.api.put("/v1/experiments/trial", json=experiment())).json()["result"] == "unchanged"
    changed = await shop.api.put("/v1/experiments/trial", json=experiment(window_days=3))
    assert (changed.status_code, "stands as it is" in changed.text) == (422, True)
    deleted = await shop.api.delete("/v1/experiments/trial")
    assert (deleted.status_code, deleted.json()["type"].rpartition("/")[2]) == (409, "experiment_stands")
    assert await refusal(shop, "start") == (409, "experiment_step")


async def test_r8_what_is_stored_while_the_draft_before_is_started_is_refused(shop: ShopClient) -> None:
    await store(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await start_experiment(conn, "trial", now=shop.service.clock(), actor="a test")
        storing = asyncio.create_task(shop.api.put("/v1/experiments/trial", json=experiment(window_days=3)))
        await asyncio.sleep(0.3)

    assert "stands as it is" in (await storing).text
    assert (await shop.api.get("/v1/experiments/trial")).json()["window_days"] == 7


async def test_r8_a_draft_is_not_exchanged_while_it_is_started(shop: ShopClient) -> None:
    await store(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await upsert_experiments(conn, [msgspec.convert(experiment(placement="nowhere"), Experiment)])
        starting = asyncio.create_task(refusal(shop, "start"))
        await asyncio.sleep(0.3)

    assert (await starting)[0] == 422  # it has no such placement


async def test_r8_an_arm_that_no_longer_fits_its_placement_is_not_promoted(shop: ShopClient) -> None:
    await store(shop, {"id": "bestsellers", "share": 0.5, "changes": {"strategy": "popular"}}, ONE)
    await act(shop, "start")
    front = {"id": PLACE, "strategy": "new", "fallbacks": ["popular"]}
    assert (await shop.api.put(f"/v1/placements/{PLACE}", json=front)).status_code == 200

    answer = await shop.api.post("/v1/experiments:promote", json={"id": "trial", "arm": "bestsellers"})
    assert check_problem(answer, 422)["errors"][0]["field"] == "arm"
    assert (await shop.api.get("/v1/experiments/trial")).json()["state"] == "running"


async def test_r8_it_goes_from_draft_to_running_to_stopped_and_no_other_way(shop: ShopClient) -> None:
    assert (await refusal(shop, "start"))[0] == 404
    await store(shop)
    assert await refusal(shop, "stop") == (409, "experiment_step")
    assert await refusal(shop, "promote", arm="one") == (409, "experiment_step")
    assert (await act(shop, "start"))["state"] == "running"
    assert (await act(shop, "stop"))["state"] == "stopped"
    for what in ("start", "stop"):
        assert await refusal(shop, what) == (409, "experiment_step")


async def test_r8_an_experiment_that_cannot_run_is_not_started(shop: ShopClient) -> None:
    await store(shop, placement="no-such-place")
    answer = await shop.api.post("/v1/experiments:start", json={"id": "trial"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "placement")
    past = (shop.service.clock() - timedelta(hours=1)).isoformat()
    await store(shop, ends_at=past)
    answer = await shop.api.post("/v1/experiments:start", json={"id": "trial"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ends_at")
    assert (await shop.api.get("/v1/experiments/trial")).json()["state"] == "draft"


async def test_r8_two_that_overlap_in_one_place_are_refused(shop: ShopClient) -> None:
    now = shop.service.clock()
    first, second, third = ((now + timedelta(days=days)).isoformat() for days in (1, 2, 3))
    await store(shop, starts_at=first, ends_at=second)
    await act(shop, "start")
    for name, period, wanted in (
        ("into", {"ends_at": third}, 409),
        ("inside", {"starts_at": first, "ends_at": second}, 409),
        ("open", {}, 409),
        ("behind", {"starts_at": second, "ends_at": third}, 200),
        ("before", {"ends_at": first}, 200),
        ("elsewhere", {"placement": "home-for-you"}, 200),
    ):
        await store(shop, **{"id": name, **period})
        answer = await shop.api.post("/v1/experiments:start", json={"id": name})
        assert answer.status_code == wanted, name
        assert wanted == 200 or answer.json()["type"].endswith("/experiments_overlap")


async def test_r8_of_two_that_are_started_at_once_one_is_refused(shop: ShopClient) -> None:
    names = [f"trial-{n}" for n in range(5)]
    for name in names:
        await store(shop, id=name)
    answers = await asyncio.gather(*(shop.api.post("/v1/experiments:start", json={"id": name}) for name in names))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


async def test_r8_an_ended_one_leaves_its_place_to_the_next(shop: ShopClient) -> None:
    await store(shop, ends_at=(shop.service.clock() + timedelta(hours=1)).isoformat())
    await act(shop, "start")
    await store(shop, id="next")
    assert await refusal(shop, "start", id="next") == (409, "experiments_overlap")
    async with later(shop, hours=2):
        assert (await act(shop, "start", id="next"))["state"] == "running"


async def test_r8_the_winning_arm_becomes_the_placement(shop: ShopClient) -> None:
    await run(shop, HELD, THREE)
    assert await refusal(shop, "promote", arm="held") == (422, "holdout_promoted")
    assert (await refusal(shop, "promote", arm="nobody"))[0] == 422
    promoted = await act(shop, "promote", arm="three")

    assert (promoted["limit"], promoted["heading"], promoted["strategy"]) == (3, "Three", "new")
    stored = (await shop.api.get("/v1/experiments/trial")).json()
    assert (stored["state"], stored["promoted_arm"]) == ("stopped", "three")

    async def published() -> bool:
        slots = [await see(shop, visitor=f"visitor-{n:04}") for n in range(6)] + [await see(shop)]
        return all(len(slot["products"]) == 3 and "exposure" not in slot for slot in slots)

    await until(published, seconds=5)


async def test_r8_starts_stops_and_promotions_are_audited(shop: ShopClient) -> None:
    await run(shop)
    await act(shop, "promote", arm="three")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select action from audit_log where subject = 'trial' order by audit_id")

    assert [row["action"] for row in rows] == ["store experiment", "start experiment", "promote arm"]
