-- Measurements: what a shop measures, the profiles of its shoppers in versions, and their wishes. Lengths are tenths of a
-- millimetre.

-- What each key means. A document is stored whole, as in 0009; a deleted one stays as a tombstone.
create table measurement_definitions (
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
alter table measurement_definitions enable row level security;
alter table measurement_definitions force row level security;
create policy measurement_definitions_tenant on measurement_definitions using (tenant_id = current_tenant());

-- A tenant without a row has the default.
create table measurement_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    precedence text not null check (precedence in ('staff_first', 'newest')),
    stale_after_days integer not null check (stale_after_days between 1 and 36500),
    primary key (tenant_id)
);
alter table measurement_settings enable row level security;
alter table measurement_settings force row level security;
create policy measurement_settings_tenant on measurement_settings using (tenant_id = current_tenant());

-- So that what belongs to a person follows them to another shopper.
alter table people add unique (tenant_id, shopper_id, person_id);
drop index people_shopper;

-- Personal data: goes with its shopper, and with its person (null: the shopper). A profile is its newest version's number
-- and whom it measures; origin page: the one that a shopper keeps on the shop's pages.
create table measurement_profiles (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    profile_id uuid not null,
    external_id text not null check (length(external_id) between 1 and 200),
    shopper_id uuid not null,
    person_id uuid,
    kind text not null check (kind in ('foot', 'upper_body', 'lower_body', 'ring', 'head', 'wrist', 'custom')),
    basis text not null check (basis in ('body', 'garment')),
    origin text not null check (origin in ('api', 'page')),
    version integer not null check (version >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, profile_id),
    unique (tenant_id, external_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade,
    foreign key (tenant_id, shopper_id, person_id) references people (tenant_id, shopper_id, person_id)
        on update cascade on delete cascade
);
create index measurement_profiles_shopper on measurement_profiles (tenant_id, shopper_id, person_id);
alter table measurement_profiles enable row level security;
alter table measurement_profiles force row level security;
create policy measurement_profiles_tenant on measurement_profiles using (tenant_id = current_tenant());

-- Never updated. No digest: one of a few lengths can be guessed.
create table measurement_versions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    profile_id uuid not null,
    version integer not null check (version >= 1),
    source text not null check (source in ('staff', 'scan', 'order', 'self', 'import')),
    measured_by text not null,
    measured_at timestamptz not null,
    note text not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, profile_id, version),
    foreign key (tenant_id, profile_id) references measurement_profiles on delete cascade
);
create index measurement_versions_recorded on measurement_versions (tenant_id, recorded_at);
alter table measurement_versions enable row level security;
alter table measurement_versions force row level security;
create policy measurement_versions_tenant on measurement_versions using (tenant_id = current_tenant());

-- The only table that holds measurements. unit is the one in which a value was told. measured_at is the value's own: a page
-- may measure one key anew and keep the others.
create table measurement_values (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    profile_id uuid not null,
    version integer not null,
    key text collate "C" not null,
    side text not null check (side in ('left', 'right', 'none')),
    value_tenth_mm integer not null check (value_tenth_mm between 1 and 100000),
    tolerance_tenth_mm integer check (tolerance_tenth_mm between 0 and 100000),
    unit text not null check (unit in ('mm', 'cm', 'in')),
    measured_at timestamptz not null,
    primary key (tenant_id, profile_id, version, key, side),
    foreign key (tenant_id, profile_id, version) references measurement_versions on delete cascade
);
alter table measurement_values enable row level security;
alter table measurement_values force row level security;
create policy measurement_values_tenant on measurement_values using (tenant_id = current_tenant());

-- Personal data. Without a person, shopper_id is the row of the external id it was told for, merged or not; what was told
-- last for any of a shopper's ids counts.
create table wishes (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    wish_id uuid not null,
    shopper_id uuid not null,
    person_id uuid,
    preferences jsonb not null,
    special_needs text[] not null,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, wish_id),
    unique nulls not distinct (tenant_id, shopper_id, person_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade,
    foreign key (tenant_id, shopper_id, person_id) references people (tenant_id, shopper_id, person_id)
        on update cascade on delete cascade
);
alter table wishes enable row level security;
alter table wishes force row level security;
create policy wishes_tenant on wishes using (tenant_id = current_tenant());
