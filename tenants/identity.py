"""Identity: who is who, decided from verified identifiers before a batch of shoppers is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict, FieldError, Invalid, NotFound
from tenants.audit import record_audit
from tenants.identifier_kinds import KindName, Rules, read_rules
from tenants.identifiers import Claim, NewIdentifier, ToldKind, add_claim, claim_of, drop_claim, normalise
from tenants.merges import Cause, lock_identity, merge_shoppers
from tenants.named import hold_named
from tenants.suppression import Kind, refuse_suppressed


class TooManyIds(Conflict):
    """The two would have more external ids than one shopper may have."""

    code = "too_many_ids"
    hint = "If they are one person all the same, raise the limit of 'external' with PUT /v1/identifier-kinds."


class ToldByDocument(Conflict):
    """The shopper's own document tells this identifier."""

    code = "told_by_document"
    hint = "Leave it out of the document: PUT /v1/shoppers/{id}."


Party = UUID | str
"""A person: our id of who stands for them, or the external id of one who is not stored yet."""
Name = tuple[KindName, str]


@dataclass(frozen=True, slots=True)
class Claimant:
    """A shopper and what is claimed of them now."""

    external_id: str
    claims: Sequence[Claim]
    digest: bytes | None = None
    """Of the document that claims this and takes the place of the one before; None when it adds to what there is."""


@dataclass(frozen=True, slots=True)
class Join:
    """Two people who turn out to be one."""

    keep: Party
    absorb: Party
    cause: Cause
    claimant: str
    """Whose claim it follows from, by external id."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to refuse, by external id, and whom to merge, in this order."""

    refused: dict[str, FieldError] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)


async def plan_identity(conn: Connection, claimants: Sequence[Claimant]) -> Plan:
    """Decide as if the claimants came one after the other; their external ids differ.

    A verified e-mail or telephone that somebody else has makes the two one. A claimant who would bring it over its
    limit is refused. When anything is verified, nobody else decides in this tenant until the transaction ends.
    """
    names = {claim.name for one in claimants for claim in one.claims if claim.verified}
    if not names:
        return Plan()
    await lock_identity(conn)
    known = await conn.fetch(_KNOWN, [one.external_id for one in claimants])
    holders = await conn.fetch(_HOLDERS, [kind for kind, _ in names], [value for _, value in names])
    people = {row["person"] for row in (*known, *holders)}
    sizes = await conn.fetch(_SIZES, list(people))
    planner = _Planner(
        rules=await read_rules(conn),
        digests={row["external_id"]: bytes(row["digest"]) for row in known},
        people={row["external_id"]: row["person"] for row in (*known, *holders)},
        sizes={row["person"]: row["size"] for row in sizes},
    )
    for row in holders:
        planner.hold((row["kind"], row["value"]), row["external_id"], told=row["told"])
    for one in claimants:
        planner.take(one)
    return planner.plan


async def carry_out(conn: Connection, joins: Sequence[Join], stored: Mapping[str, UUID]) -> None:
    """Merge as planned. `stored` has our ids of those who were not stored when the plan was made."""
    for join in joins:
        keep, absorb = (stored[one] if isinstance(one, str) else one for one in (join.keep, join.absorb))
        await merge_shoppers(conn, keep, absorb, cause=join.cause, actor=f"verified {join.cause}")


async def add_identifier(conn: Connection, external_id: str, new: NewIdentifier) -> None:
    """Let a shopper be known by one more; merges as a document of theirs does.

    Raises NotFound, and Invalid when the identifier is over its limit or names an erased person.
    """
    claim = claim_of(new)
    if claim is None:
        raise Invalid("The telephone number has too few digits.", errors=(FieldError("value", "has too few digits"),))
    kind: Kind = "email" if claim.kind == "email" else "phone"
    for error in (await refuse_suppressed(conn, [(external_id, ((claim.field, kind, claim.value),))])).values():
        raise Invalid(f"The identifier {error.reason}.", errors=(error,))
    plan = await plan_identity(conn, [Claimant(external_id, [claim])])
    named = await hold_named(conn, external_id)
    for error in plan.refused.values():
        raise Invalid(f"The identifier {error.reason}.", errors=(error,))
    await add_claim(conn, named.row_id, claim)
    await carry_out(conn, plan.joins, {external_id: named.row_id})


async def remove_identifier(conn: Connection, external_id: str, kind: ToldKind, value: str, *, actor: str) -> None:
    """Let a shopper no longer be known by what the merchant's server added, under whichever of their ids.

    Merges that came of it hold; undo them if they were wrong. A visitor's events stay the shopper's. Raises NotFound,
    and ToldByDocument when only the shopper's own document says so.
    """
    value = normalise(kind, value)
    await lock_identity(conn)
    named = await hold_named(conn, external_id)
    family = [row["shopper_id"] for row in await conn.fetch(_FAMILY, named.shopper_id)]
    if not await drop_claim(conn, family, kind, value):
        if await conn.fetchval(_IS_KNOWN, family, kind, value):
            raise ToldByDocument("The shopper's own document tells it.")
        hint = "GET /v1/shopper-identifiers/{id} lists those they have."
        raise NotFound("The shopper has no such identifier.", hint=hint)
    # No external id and no value: the audit outlives an erased shopper.
    await record_audit(conn, actor=actor, action="remove identifier", subject=f"{kind} of {named.shopper_id}")


async def merge_named(conn: Connection, keep: str, absorb: str, *, actor: str) -> UUID:
    """Merge by external ids, as the merchant's server says; returns the merge's id.

    Raises NotFound, SameShopper, TooManyIds.
    """
    await lock_identity(conn)
    kept, absorbed = await hold_named(conn, keep), await hold_named(conn, absorb)
    people = {kept.shopper_id, absorbed.shopper_id}
    limit = (await read_rules(conn))["external"].limit
    if sum(row["size"] for row in await conn.fetch(_SIZES, list(people))) > limit and len(people) > 1:
        raise TooManyIds(f"One shopper may come to have {limit} external ids.")
    return await merge_shoppers(conn, kept.row_id, absorbed.row_id, cause="server", actor=actor)


class _Planner:
    """Who holds which identifier, claimant by claimant."""

    def __init__(
        self, *, rules: Rules, digests: Mapping[str, bytes], people: Mapping[str, UUID], sizes: Mapping[Party, int]
    ) -> None:
        self.plan = Plan()
        self._rules = rules
        self._digests = digests
        self._people: Mapping[str, Party] = people
        self._sizes = dict(sizes)
        self._kept: dict[Party, Party] = {}
        self._holders: dict[Name, set[str]] = {}
        self._told: dict[str, list[Name]] = {}

    def hold(self, name: Name, external_id: str, *, told: bool) -> None:
        """The shopper has this verified identifier; a told one goes with the document that told it."""
        self._holders.setdefault(name, set()).add(external_id)
        if told:
            self._told.setdefault(external_id, []).append(name)

    def take(self, one: Claimant) -> None:
        """Refuse the claimant, or join them with everybody who has one of their identifiers."""
        if one.digest is not None and self._digests.get(one.external_id) == one.digest:
            return
        own = self._person(one.external_id)
        met = self._meet(own, one)
        refusal = self._refuse(own, met)
        if refusal is not None:
            self.plan.refused[one.external_id] = refusal
            return
        self._join(own, met, one.external_id)
        self._let_go(one)
        for claim in one.claims:
            if claim.verified:
                self.hold(claim.name, one.external_id, told=one.digest is not None)

    def _meet(self, own: Party, one: Claimant) -> dict[Party, Claim]:
        """Other people with one of the claimant's verified identifiers, each by the kind that counts first."""
        met: dict[Party, Claim] = {}
        claims = (claim for claim in one.claims if claim.verified)
        for claim in sorted(claims, key=lambda claim: (self._rules[claim.kind].priority, claim.kind)):
            for holder in sorted(self._holders.get(claim.name, ())):
                person = self._person(holder)
                if person != own:
                    met.setdefault(person, claim)
        return met

    def _refuse(self, own: Party, met: Mapping[Party, Claim]) -> FieldError | None:
        total = sum(self._sizes.get(person, 1) for person in (own, *met))
        for claim in met.values():
            limit = min(self._rules[claim.kind].limit, self._rules["external"].limit)
            if total > limit:
                return FieldError(claim.field, over_limit(claim.kind, limit))
        return None

    def _join(self, own: Party, met: Mapping[Party, Claim], claimant: str) -> None:
        """All become the one who counts first: the claimant when they were known, by the rank of external ids."""
        if not met:
            return
        ranks: list[tuple[int, Party]] = [(self._rules[claim.kind].priority, person) for person, claim in met.items()]
        ranks.append((self._rules["external"].priority if claimant in self._people else 1000, own))
        keep = min(ranks, key=lambda rank: rank[0])[1]
        causes: dict[Party, Claim] = {**met, own: next(iter(met.values()))}
        for person in (own, *met):
            if person != keep:
                cause: Cause = "email" if causes[person].kind == "email" else "phone"
                self.plan.joins.append(Join(keep, person, cause, claimant))
                self._sizes[keep] = self._sizes.get(keep, 1) + self._sizes.get(person, 1)
                self._kept[person] = keep

    def _let_go(self, one: Claimant) -> None:
        if one.digest is not None:
            for name in self._told.pop(one.external_id, ()):
                self._holders[name].discard(one.external_id)

    def _person(self, external_id: str) -> Party:
        person: Party = self._people.get(external_id, external_id)
        while person in self._kept:
            person = self._kept[person]
        return person


def over_limit(kind: KindName, limit: int) -> str:
    """Why an identifier is refused."""
    may = "1 external id" if limit == 1 else f"{limit} external ids"
    return (
        f"is shared: a {kind} may come to belong to {may} (limit), and this would be one more. "
        "Send it as not verified, or raise the limit with PUT /v1/identifier-kinds"
    )


_KNOWN = """
select external_id, coalesce(merged_into, shopper_id) as person, digest
from unnest($1::text[]) as claimants (external_id)
join shoppers using (external_id)
order by external_id collate "C"
for no key update of shoppers
"""

_HOLDERS = """
select kind, value, external_id, coalesce(merged_into, shopper_id) as person, source = 'document' as told
from unnest($1::text[], $2::text[]) as claimed (kind, value)
join shopper_identifiers using (kind, value)
join shoppers using (tenant_id, shopper_id)
where verified
"""

_SIZES = """
select coalesce(merged_into, shopper_id) as person, count(*) as size
from shoppers
where shopper_id = any($1::uuid[]) or merged_into = any($1::uuid[])
group by 1
"""

_FAMILY = "select shopper_id from shoppers where shopper_id = $1 or merged_into = $1"

_IS_KNOWN = """
select exists (
    select
    from shopper_identifiers
    where shopper_id = any($1::uuid[]) and kind = $2 and value = $3
)
"""
