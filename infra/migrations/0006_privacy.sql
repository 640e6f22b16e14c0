-- Privacy: consents, contact preferences, suppressions, erasures, exports, retention rules.

-- The salt keys the hashes of suppressed identifiers. It is the tenant's from birth, so that every backup that holds the
-- tenant holds it too: a ledger of erasures can be replayed after any restore.
alter table tenants add column privacy_salt bytea not null
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    check (length(privacy_salt) = 32);

create table privacy_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    personalised_by_default boolean not null default true,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id)
);
alter table privacy_settings enable row level security;
alter table privacy_settings force row level security;
create policy privacy_settings_tenant on privacy_settings using (tenant_id = current_tenant());

-- Every decision is kept; the newest of a shopper and purpose counts.
create table consents (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    consent_id uuid not null,
    shopper_id uuid not null,
    purpose text not null check (purpose in ('personalisation', 'measurements', 'contact')),
    granted boolean not null,
    source text not null,
    text_version text not null default '',
    at timestamptz not null,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, consent_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade
);
create index consents_newest on consents (tenant_id, shopper_id, purpose, at desc, consent_id desc);
create index consents_changed on consents (tenant_id, changed_in);
alter table consents enable row level security;
alter table consents force row level security;
create policy consents_tenant on consents using (tenant_id = current_tenant());

create table contact_preferences (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    shopper_id uuid not null,
    channel text not null check (channel in ('email', 'sms', 'post', 'push', 'phone')),
    allowed boolean not null,
    at timestamptz not null default now(),
    primary key (tenant_id, shopper_id, channel),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade
);
alter table contact_preferences enable row level security;
alter table contact_preferences force row level security;
create policy contact_preferences_tenant on contact_preferences using (tenant_id = current_tenant());

-- What was done and when; nothing of whom.
create table erasures (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    erasure_id uuid not null,
    requested_at timestamptz not null default now(),
    finished_at timestamptz,
    counts jsonb not null default '{}',
    primary key (tenant_id, erasure_id)
);
create index erasures_requested on erasures (tenant_id, requested_at);
alter table erasures enable row level security;
alter table erasures force row level security;
create policy erasures_tenant on erasures using (tenant_id = current_tenant());

-- Who may not come back, as keyed SHA-256 of each identifier. A row that was lifted stays, so that serving hears of it.
create table suppressions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    kind text not null,
    sha256 bytea not null check (length(sha256) = 32),
    erasure_id uuid not null,
    erased_at timestamptz not null default now(),
    lifted_at timestamptz,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, kind, sha256)
);
create index suppressions_changed on suppressions (tenant_id, changed_in);
alter table suppressions enable row level security;
alter table suppressions force row level security;
create policy suppressions_tenant on suppressions using (tenant_id = current_tenant());

-- An archive made for a shopper. When the shopper goes, the row stays without a name until its file is deleted.
create table exports (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    export_id uuid not null,
    shopper_id uuid,
    requested_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (tenant_id, export_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete set null (shopper_id)
);
create index exports_requested on exports (tenant_id, requested_at);
create index exports_shopper on exports (tenant_id, shopper_id);
alter table exports enable row level security;
alter table exports force row level security;
create policy exports_tenant on exports using (tenant_id = current_tenant());

create table retention_rules (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    kind text not null,
    days integer not null check (days between 1 and 36500),
    primary key (tenant_id, kind)
);
alter table retention_rules enable row level security;
alter table retention_rules force row level security;
create policy retention_rules_tenant on retention_rules using (tenant_id = current_tenant());

-- A merge moves consents and a setting is changed: whoever updates, a reader that remembers a mark sees it.
create function mark_change() returns trigger language plpgsql as $$
begin
    new.changed_in := pg_current_xact_id();
    return new;
end $$;
create trigger consents_mark before update on consents for each row execute function mark_change();
create trigger suppressions_mark before update on suppressions for each row execute function mark_change();
create trigger privacy_settings_mark before update on privacy_settings for each row execute function mark_change();
