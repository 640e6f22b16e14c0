-- Who there is: tenants, accounts, members, keys, audit.
-- Every tenant table: tenant_id first in every key, row-level security enabled and forced, its policy right under it.
-- Policies read app.tenant_id through nullif: after a transaction the setting is '' and not null.

create function current_tenant() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.tenant_id', true), '')::uuid;

-- A system table: the directory of tenants. db.tenant sees its own row, db.system sees all.
create table tenants (
    tenant_id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    name text not null check (length(name) between 1 and 200),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    time_zone text not null default 'UTC',
    created_at timestamptz not null default now()
);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenants_own on tenants
    using (tenant_id = current_tenant() or current_setting('app.system', true) = 'on')
    with check (current_setting('app.system', true) = 'on');

-- A system table: people who sign in to the portal; what they may see is in members.
create table accounts (
    account_id uuid primary key,
    email text not null unique check (email = lower(email) and position('@' in email) > 1),
    name text not null default '',
    created_at timestamptz not null default now()
);

create table members (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, account_id)
);
alter table members enable row level security;
alter table members force row level security;
create policy members_tenant on members using (tenant_id = current_tenant());

-- Secret and publishable keys are stored as SHA-256; of a signing key only the public half is.
create table api_keys (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    key_id uuid not null,
    kind text not null check (kind in ('publishable', 'secret', 'signing')),
    name text not null default '',
    hint text not null,
    sha256 bytea check (length(sha256) = 32),
    public_key bytea check (length(public_key) = 32),
    scopes text[] not null default '{}',
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    primary key (tenant_id, key_id),
    unique (tenant_id, sha256),
    check ((kind = 'signing') = (public_key is not null)),
    check ((kind = 'signing') = (sha256 is null))
);
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy api_keys_tenant on api_keys using (tenant_id = current_tenant());

create table audit_log (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    audit_id uuid not null,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject text not null,
    details jsonb not null default '{}',
    primary key (tenant_id, audit_id)
);
alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy audit_log_tenant on audit_log using (tenant_id = current_tenant());

-- The answer to a call that carried an Idempotency-Key, stored in the transaction of its effect.
create table idempotency_keys (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    idempotency_key text not null check (length(idempotency_key) between 1 and 200),
    request_sha256 bytea not null check (length(request_sha256) = 32),
    status smallint,
    answer bytea,
    created_at timestamptz not null default now(),
    primary key (tenant_id, idempotency_key)
);
create index idempotency_keys_created on idempotency_keys (tenant_id, created_at);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy idempotency_keys_tenant on idempotency_keys using (tenant_id = current_tenant());
