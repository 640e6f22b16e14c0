-- Fleet and verticals: trainings of many tenants at once, and what tenants share with others of their kind.

-- A tenant's part in a fleet's run: the truth about it, whoever trains. version_id is that of the newest attempt; only
-- the attempt that it belongs to may end the task, so that one that was thought dead and is not changes nothing.
create table training_tasks (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    run_id uuid not null,
    status text not null default 'waiting' check (status in ('waiting', 'running', 'done', 'failed')),
    orders bigint not null,
    attempt integer not null default 0,
    version_id uuid,
    outcome text check (outcome in ('active', 'candidate', 'nothing', 'overtaken')),
    error text,
    cpu_seconds real,
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    primary key (tenant_id, run_id),
    check ((status = 'done') = (outcome is not null)),
    check ((status in ('done', 'failed')) = (finished_at is not null))
);
alter table training_tasks enable row level security;
alter table training_tasks force row level security;
create policy training_tasks_tenant on training_tasks using (tenant_id = current_tenant());

create table vertical_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    vertical text not null check (length(vertical) between 1 and 200),
    shares_statistics boolean not null default false,
    primary key (tenant_id)
);
alter table vertical_settings enable row level security;
alter table vertical_settings force row level security;
create policy vertical_settings_tenant on vertical_settings using (tenant_id = current_tenant());

-- A system table: what is usual in a vertical, from at least three tenants that agreed to share; see recommender/priors.py.
-- It holds nothing of a tenant, so each may read it; only the directory's road may write it.
create table vertical_priors (
    vertical text not null,
    item_type text not null,
    share double precision not null check (share between 0 and 1),
    tenants integer not null check (tenants >= 3),
    computed_at timestamptz not null default now(),
    primary key (vertical, item_type)
);
alter table vertical_priors enable row level security;
alter table vertical_priors force row level security;
create policy vertical_priors_read on vertical_priors for select using (true);
create policy vertical_priors_write on vertical_priors
    using (current_setting('app.system', true) = 'on')
    with check (current_setting('app.system', true) = 'on');
