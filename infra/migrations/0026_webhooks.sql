-- Where a merchant's servers hear of what happened, and what they were told.

create table webhooks (
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
alter table webhooks enable row level security;
alter table webhooks force row level security;
create policy webhooks_tenant on webhooks using (tenant_id = current_tenant());

-- What both sides sign with. The one before stays good for a day, so that a receiver can change over.
create table webhook_secrets (
    tenant_id uuid not null default current_tenant(),
    webhook_id text collate "C" not null,
    secret bytea not null check (length(secret) = 32),
    previous bytea,
    previous_until timestamptz,
    primary key (tenant_id, webhook_id),
    foreign key (tenant_id, webhook_id) references webhooks on delete cascade,
    check ((previous is null) = (previous_until is null))
);
alter table webhook_secrets enable row level security;
alter table webhook_secrets force row level security;
create policy webhook_secrets_tenant on webhook_secrets using (tenant_id = current_tenant());

-- One message to one address. It names what happened by ids alone: who it was is asked for with a key that may.
create table webhook_deliveries (
    tenant_id uuid not null default current_tenant(),
    delivery_id uuid not null,
    webhook_id text collate "C" not null,
    message_id uuid not null,
    kind text not null,
    occurred_at timestamptz not null,
    data jsonb not null,
    status text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed')),
    attempts integer not null default 0,
    next_try_at timestamptz not null,
    answered integer,
    error text,
    done_at timestamptz,
    primary key (tenant_id, delivery_id),
    unique (tenant_id, webhook_id, message_id),
    foreign key (tenant_id, webhook_id) references webhooks on delete cascade,
    check ((status = 'waiting') = (done_at is null))
);
create index webhook_deliveries_waiting on webhook_deliveries (tenant_id, next_try_at) where status = 'waiting';
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy webhook_deliveries_tenant on webhook_deliveries using (tenant_id = current_tenant());
