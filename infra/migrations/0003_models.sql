-- What was learned: one row a training, which becomes a candidate, then active, then retired.
create table model_versions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    version_id uuid not null,
    status text not null check (status in ('training', 'candidate', 'active', 'retired', 'failed')),
    stage text not null default '',
    progress real not null default 0 check (progress between 0 and 1),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    promoted_at timestamptz,
    metrics jsonb not null default '{}',
    manifest_sha256 bytea check (length(manifest_sha256) = 32),
    error text,
    primary key (tenant_id, version_id)
);
create unique index model_versions_one_active on model_versions (tenant_id) where status = 'active';
create index model_versions_started on model_versions (tenant_id, started_at desc);
alter table model_versions enable row level security;
alter table model_versions force row level security;
create policy model_versions_tenant on model_versions using (tenant_id = current_tenant());
