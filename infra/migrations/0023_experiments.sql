-- Experiments: what a place shows to whom, for a time, so that what it earns can be told.

-- The document of a draft as it was sent; from its start it stands. salt keys who gets which arm, and the arms' tokens:
-- nothing is stored to assign. running: from began_at until ends_at or stopped_at, whichever comes first.
create table experiments (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    experiment_id text collate "C" not null check (length(experiment_id) between 1 and 200),
    document jsonb not null,
    digest bytea not null,
    salt bytea not null check (length(salt) = 32),
    state text not null default 'draft' check (state in ('draft', 'running', 'stopped')),
    placement text not null,
    began_at timestamptz,
    ends_at timestamptz,
    stopped_at timestamptz,
    promoted_arm text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, experiment_id),
    check ((state = 'draft') = (began_at is null)),
    check ((state = 'stopped') = (stopped_at is not null))
);
create index experiments_running on experiments (tenant_id, placement) where state = 'running';
alter table experiments enable row level security;
alter table experiments force row level security;
create policy experiments_tenant on experiments using (tenant_id = current_tenant());

-- Personal data. Who saw an arm, from the first time on. digest is a keyed hash of the shopper or browser to whom the arm
-- was given, so that each has one row; the columns say who that is, as far as the record knows.
-- told_shopper: the external id of one whom the record did not know yet.
create table experiment_subjects (
    tenant_id uuid not null default current_tenant(),
    subject_id uuid not null,
    experiment_id text collate "C" not null,
    digest bytea not null check (length(digest) = 16),
    arm text not null,
    exposed_at timestamptz not null,
    shopper_id uuid,
    told_shopper text,
    visitor_id text,
    primary key (tenant_id, subject_id),
    unique (tenant_id, experiment_id, digest),
    foreign key (tenant_id, experiment_id) references experiments on delete cascade,
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade,
    check (num_nonnulls(shopper_id, told_shopper, visitor_id) > 0)
);
create index experiment_subjects_time on experiment_subjects (tenant_id, exposed_at);
create index experiment_subjects_shopper on experiment_subjects (tenant_id, shopper_id);
create index experiment_subjects_visitor on experiment_subjects (tenant_id, visitor_id) where visitor_id is not null;
create index experiment_subjects_told on experiment_subjects (tenant_id, told_shopper) where told_shopper is not null;
alter table experiment_subjects enable row level security;
alter table experiment_subjects force row level security;
create policy experiment_subjects_tenant on experiment_subjects using (tenant_id = current_tenant());
