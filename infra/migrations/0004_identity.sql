-- Identity: one person under several of the merchant's ids, and the identifiers that tell so.

-- A merged shopper keeps its row and with it its external id; merged_into is who stands for it, who is never merged itself.
-- A row without merged_into holds what is shown of the person. When that was told under a merged id, shown_from names
-- that row, and told keeps the row's own document, so that undoing the merge can put it back.
alter table shoppers
    add column phone_verified boolean not null default false,
    add column merged_into uuid check (merged_into <> shopper_id),
    add column shown_from uuid,
    add column told jsonb,
    add foreign key (tenant_id, merged_into) references shoppers on delete cascade;
create index shoppers_merged on shoppers (tenant_id, merged_into) where merged_into is not null;

-- A tenant without a row for a kind has the default.
create table identifier_kinds (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    kind text not null check (kind in ('external', 'email', 'phone', 'visitor')),
    priority integer not null check (priority >= 1),
    shopper_limit integer not null check (shopper_limit >= 1),
    primary key (tenant_id, kind)
);
alter table identifier_kinds enable row level security;
alter table identifier_kinds force row level security;
create policy identifier_kinds_tenant on identifier_kinds using (tenant_id = current_tenant());

-- Personal data: goes with its shopper. shopper_id is the row of the external id it was told for, merged or not, so that a
-- merge moves nothing here. External ids themselves are in shoppers.
create table shopper_identifiers (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    kind text not null check (kind in ('email', 'phone', 'visitor')),
    value text not null check (length(value) between 1 and 320),
    shopper_id uuid not null,
    verified boolean not null,
    source text not null check (source in ('document', 'server')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, kind, value, shopper_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade
);
create index shopper_identifiers_shopper on shopper_identifiers (tenant_id, shopper_id);
alter table shopper_identifiers enable row level security;
alter table shopper_identifiers force row level security;
create policy shopper_identifiers_tenant on shopper_identifiers using (tenant_id = current_tenant());

create table shopper_merges (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    merge_id uuid not null,
    kept_id uuid not null,
    absorbed_id uuid not null,
    cause text not null check (cause in ('server', 'email', 'phone')),
    merged_at timestamptz not null default now(),
    undone_at timestamptz,
    primary key (tenant_id, merge_id),
    foreign key (tenant_id, kept_id) references shoppers on delete cascade,
    foreign key (tenant_id, absorbed_id) references shoppers on delete cascade
);
create index shopper_merges_kept on shopper_merges (tenant_id, kept_id);
create index shopper_merges_absorbed on shopper_merges (tenant_id, absorbed_id);
alter table shopper_merges enable row level security;
alter table shopper_merges force row level security;
create policy shopper_merges_tenant on shopper_merges using (tenant_id = current_tenant());

-- What a merge that holds has moved: rows by their key within the shopper.
create table shopper_merge_moves (
    tenant_id uuid not null default current_tenant(),
    table_name text not null,
    row_key text not null,
    merge_id uuid not null,
    primary key (tenant_id, table_name, row_key, merge_id),
    foreign key (tenant_id, merge_id) references shopper_merges on delete cascade
);
create index shopper_merge_moves_merge on shopper_merge_moves (tenant_id, merge_id, table_name);
alter table shopper_merge_moves enable row level security;
alter table shopper_merge_moves force row level security;
create policy shopper_merge_moves_tenant on shopper_merge_moves using (tenant_id = current_tenant());

-- Counts the changes of who is who, so that a process sees by one number whether it must read them again.
create table identity_versions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    version bigint not null,
    primary key (tenant_id)
);
alter table identity_versions enable row level security;
alter table identity_versions force row level security;
create policy identity_versions_tenant on identity_versions using (tenant_id = current_tenant());

-- What a visitor did before they were known.
create index events_visitor on events (tenant_id, visitor_id) where shopper_id is null and visitor_id is not null;
