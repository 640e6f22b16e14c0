-- Limited collections: products that are shown together for a time, to everybody or to some.

-- As in 0009. Whom an audience names stands in a table of its own, because it goes with the shopper.
create table collections (
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
create index collections_changed on collections (tenant_id, changed_in);
alter table collections enable row level security;
alter table collections force row level security;
create policy collections_tenant on collections using (tenant_id = current_tenant());

-- Personal data. The row of the external id that was told, whoever stands for it: a merge moves nothing.
create table collection_shoppers (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    collection_id text collate "C" not null,
    shopper_id uuid not null,
    primary key (tenant_id, collection_id, shopper_id),
    foreign key (tenant_id, collection_id) references collections on delete cascade,
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade
);
create index collection_shoppers_shopper on collection_shoppers (tenant_id, shopper_id);
alter table collection_shoppers enable row level security;
alter table collection_shoppers force row level security;
create policy collection_shoppers_tenant on collection_shoppers using (tenant_id = current_tenant());
