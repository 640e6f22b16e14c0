-- Rules and placements: what the merchant decides about what is shown. A document is stored whole, for it is only ever read
-- whole; a deleted one stays as a tombstone, so that every process hears of it. Ids
-- are ordered by code point, as Python orders them: the standard placements are sorted in among the stored ones.

create table rules (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 200),
    document jsonb not null,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, document_id)
);
create index rules_changed on rules (tenant_id, changed_in);
alter table rules enable row level security;
alter table rules force row level security;
create policy rules_tenant on rules using (tenant_id = current_tenant());

-- Only those that the merchant stored: the standard ones are in the code.
create table placements (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 100),
    document jsonb not null,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, document_id)
);
create index placements_changed on placements (tenant_id, changed_in);
alter table placements enable row level security;
alter table placements force row level security;
create policy placements_tenant on placements using (tenant_id = current_tenant());
