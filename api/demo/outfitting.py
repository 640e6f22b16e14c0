"""Outfitting: what a merchant tells beside catalogue and orders, call by call: measures, options, calendar, places."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx2
from rich.console import Console

from api.demo.failures import DemoFailed
from widgets.examples import made_shoes, shoe_sizes, themes


class Call(NamedTuple):
    """One request to the server API. Sending it again is harmless."""

    method: str
    path: str
    body: dict[str, Any]


def outfit_shoemaker() -> Iterator[Call]:
    """In the order in which each needs the ones before."""
    yield Call("PUT", "/v1/theme", themes.SHOEMAKER)
    yield Call("POST", "/v1/measurement-definitions:standard", {"sets": list(made_shoes.measurement_sets())})
    yield Call("PUT", "/v1/work-calendar", made_shoes.work_calendar())
    for shopper, consent in made_shoes.consents():
        yield Call("PUT", f"/v1/consents/{shopper}", consent)
    for profile in made_shoes.measurement_profiles():
        yield Call("PUT", f"/v1/measurement-profiles/{profile['id']}", profile)
    for shopper, wishes in made_shoes.wishes():
        yield Call("PUT", f"/v1/wishes/{shopper}", wishes)
    for document in made_shoes.option_documents():
        yield Call("PUT", f"/v1/option-documents/{document['id']}", document)
        yield Call("POST", "/v1/option-documents:publish", {"id": document["id"]})
    yield Call("PUT", "/v1/size-charts/shoes", shoe_sizes.size_chart())
    for collection in shoe_sizes.collections():
        yield Call("PUT", f"/v1/collections/{collection['id']}", collection)
    yield Call("PUT", "/v1/placements/home-collection", shoe_sizes.collection_placement())


def outfit_grocery() -> Iterator[Call]:
    """Ready-made goods in one size need no more than a look."""
    yield Call("PUT", "/v1/theme", themes.GROCERY)


async def send_calls(calls: Iterator[Call], *, name: str, url: str, key: str, console: Console) -> None:
    """Raises DemoFailed for a call that is refused."""
    headers = {"Authorization": f"Bearer {key}"}
    count = 0
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        for call in calls:
            answer = await client.request(call.method, call.path, json=call.body)
            if answer.is_error:
                raise DemoFailed(f"{call.method} {call.path} was refused: {answer.text}")
            count += 1
    if count:
        console.print(f"{name}: measures, options and calendar in place ({count} calls)", highlight=False)
