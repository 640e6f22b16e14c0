-- What a tenant's attributes mean, when each value was last told, and the people around a shopper.

-- Definitions hold no personal data. digest is as in 0002: a replay changes nothing.
create table attribute_definitions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    name text not null check (length(name) between 1 and 100),
    type text not null check (type in ('text', 'integer', 'number', 'boolean', 'date', 'choice', 'place')),
    classes text[] not null check (classes <> '{}' and classes <@ array['shopper', 'person', 'product', 'event']),
    purpose text not null check (purpose in ('personalisation', 'measurements', 'contact', 'none')),
    choices text[] not null default '{}' check ((type = 'choice') = (choices <> '{}')),
    unit text not null default '',
    required_for_completeness boolean not null default false,
    weight integer not null default 1 check (weight between 1 and 1000),
    stale_after_days integer check (stale_after_days >= 1),
    ask_text jsonb not null default '{}',
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, name)
);
alter table attribute_definitions enable row level security;
alter table attribute_definitions force row level security;
create policy attribute_definitions_tenant on attribute_definitions using (tenant_id = current_tenant());

-- strict: the classes that take defined attributes only. A tenant without a row has none.
create table attribute_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    strict text[] not null check (strict <@ array['shopper', 'person', 'product', 'event']),
    primary key (tenant_id)
);
alter table attribute_settings enable row level security;
alter table attribute_settings force row level security;
create policy attribute_settings_tenant on attribute_settings using (tenant_id = current_tenant());

-- Personal data: goes with its shopper.
create table people (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    person_id uuid not null,
    external_id text not null check (length(external_id) between 1 and 200),
    shopper_id uuid not null,
    relation text not null check (relation in ('self', 'partner', 'child', 'other')),
    name text not null default '',
    anchor_date date,
    attributes jsonb not null default '{}',
    attribute_times jsonb not null default '{}',
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, person_id),
    unique (tenant_id, external_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade
);
create index people_shopper on people (tenant_id, shopper_id);
alter table people enable row level security;
alter table people force row level security;
create policy people_tenant on people using (tenant_id = current_tenant());

-- When an attribute's value was last told, if that was later than the row was made: {"<name>": "<timestamp>"}.
alter table shoppers add column attribute_times jsonb not null default '{}';

-- A trigger, because attributes are written from several places, and a time that one of them forgot would stay wrong.
-- A time moves only when the value changes. A writer that sets attribute_times as well knows better.
create function keep_attribute_times() returns trigger language plpgsql as $$
declare
    told jsonb := to_jsonb(now());
begin
    if new.attribute_times = old.attribute_times then
        new.attribute_times := coalesce(
            (
                select jsonb_object_agg(
                    key, case when old.attributes -> key = value then old.attribute_times -> key else told end
                )
                from jsonb_each(new.attributes)
                where old.attributes -> key is distinct from value or old.attribute_times ? key
            ),
            '{}'
        );
    end if;
    return new;
end $$;

create trigger shoppers_attribute_times before update of attributes on shoppers
    for each row when (old.attributes <> new.attributes) execute function keep_attribute_times();
create trigger people_attribute_times before update of attributes on people
    for each row when (old.attributes <> new.attributes) execute function keep_attribute_times();
