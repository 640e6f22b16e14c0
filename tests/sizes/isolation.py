"""Isolation of sizes: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import httpx2

from tests.sizes.charts import CSV, shirts
from tests.support.shop import Document, ShopClient


class HasB(Protocol):
    """The other shop, and words that stand in its rows only."""

    @property
    def b(self) -> ShopClient: ...

    @property
    def canaries(self) -> list[str]: ...


def voice(name: str, size: str) -> Document:
    return {"id": name, "product_id": "same", "size": size[:50], "verdict": "small", "source": "return"}


async def ask_sizes(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B has a chart and a voice of its own, with a canary in each."""
    word = pair.canaries[0]
    theirs: Mapping[str, Document] = {
        "size-charts": shirts("only-b", title=word, products=["same", "only-b"]), "fit-feedback": voice("only-b", word),
    }  # fmt: skip
    ours: Mapping[str, Document] = {
        "size-charts": shirts("mine", products=["same"]),
        "fit-feedback": voice("mine", "M"),
    }
    for kind, document in theirs.items():
        assert (await pair.b.api.put(f"/v1/{kind}/only-b", json=document)).status_code == 200
        assert word in (await pair.b.api.get(f"/v1/{kind}/only-b")).text
        many, one = f"/v1/{kind}", f"/v1/{kind}/{{id:path}}"
        yield f"PUT {one}", "mine", await a.api.put(f"{many}/mine", json=ours[kind])
        yield f"POST {many}:batch", "mine", await a.push(kind, [ours[kind], {"id": "only-b"}])
        yield f"GET {many}", "", await a.api.get(many)
        for name in ("only-b", "mine"):
            yield f"GET {one}", name, await a.api.get(f"{many}/{name}")
        yield f"DELETE {one}", "only-b", await a.api.delete(f"{many}/only-b")
    answer = await a.api.post("/v1/size-charts:import", content=CSV, headers={"Content-Type": "text/csv"})
    yield "POST /v1/size-charts:import", "", answer
    size = {"system": "eu", "size": "42"}
    yield "GET /v1/footwear-sizes", "", await a.api.get("/v1/footwear-sizes", params=size)
    typed = [{"key": "chest_girth", "value": 98, "unit": "cm"}]
    for name in ("same", "only-b"):
        for shopper in ({}, {"shopper_id": "same"}, {"shopper_id": "only-b"}):
            asked = {"product_id": name, "measurements": typed, **shopper}
            yield "POST /v1/size-advice", name, await a.api.post("/v1/size-advice", json=asked)
        for token in ({}, {"token": a.token("only-b")}, {"token": pair.b.token("same")}):
            body = {"key": a.keys.publishable.secret, "product": name, "measurements": typed, **token}
            yield "POST /public/v1/size-advice", name, await a.page.post("/public/v1/size-advice", json=body)
    headers = {"Origin": "https://x.example"}
    yield "OPTIONS /public/v1/size-advice", "", await a.page.options("/public/v1/size-advice", headers=headers)
