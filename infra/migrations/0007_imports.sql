-- Files: imports with their progress, the rows they refused, and the feeds that are fetched on a schedule.
-- No value of a file is kept here: a refused row is its line, the field and a reason.

-- The counts are written in the transaction that stores their batch, so they are exact at every moment.
create table imports (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    import_id uuid not null,
    kind text not null check (kind in ('products', 'orders', 'events', 'shoppers')),
    mode text not null check (mode in ('incremental', 'full')),
    dry_run boolean not null,
    url text,
    feed text,
    options jsonb not null default '{}',
    plan jsonb,
    status text not null default 'waiting' check (status in ('waiting', 'running', 'done', 'failed')),
    bytes_total bigint not null default 0,
    bytes_read bigint not null default 0,
    rows_read bigint not null default 0,
    created bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    duplicate bigint not null default 0,
    rejected bigint not null default 0,
    missing bigint,
    archived bigint,
    error text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    primary key (tenant_id, import_id),
    check (created + updated + unchanged + duplicate + rejected = rows_read)
);
alter table imports enable row level security;
alter table imports force row level security;
create policy imports_tenant on imports using (tenant_id = current_tenant());

create table import_rejects (
    tenant_id uuid not null default current_tenant(),
    import_id uuid not null,
    number bigint not null,
    line bigint not null,
    field text not null,
    reason text not null,
    primary key (tenant_id, import_id, number),
    foreign key (tenant_id, import_id) references imports on delete cascade
);
alter table import_rejects enable row level security;
alter table import_rejects force row level security;
create policy import_rejects_tenant on import_rejects using (tenant_id = current_tenant());

-- The ids that a running import has met, when it must know them all; emptied at its end.
create table import_seen (
    tenant_id uuid not null default current_tenant(),
    import_id uuid not null,
    document_id text not null,
    primary key (tenant_id, import_id, document_id),
    foreign key (tenant_id, import_id) references imports on delete cascade
);
alter table import_seen enable row level security;
alter table import_seen force row level security;
create policy import_seen_tenant on import_seen using (tenant_id = current_tenant());

create table feeds (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    name text not null check (length(name) between 1 and 100),
    kind text not null check (kind in ('products', 'orders', 'events', 'shoppers')),
    mode text not null check (mode in ('incremental', 'full')),
    url text not null,
    options jsonb not null default '{}',
    interval_minutes integer not null check (interval_minutes between 15 and 44640),
    next_run_at timestamptz not null,
    last_import_id uuid,
    created_at timestamptz not null default now(),
    primary key (tenant_id, name)
);
alter table feeds enable row level security;
alter table feeds force row level security;
create policy feeds_tenant on feeds using (tenant_id = current_tenant());
