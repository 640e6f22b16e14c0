-- When the maker works, and what shoppers ask for outside the configurator.

-- A tenant without a row has the calendar that the code ships.
create table work_calendars (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document jsonb not null,
    primary key (tenant_id)
);
alter table work_calendars enable row level security;
alter table work_calendars force row level security;
create policy work_calendars_tenant on work_calendars using (tenant_id = current_tenant());

-- Personal data: goes with its shopper. 'expired' is no stored state: it is 'quoted' after valid_until, by the clock of
-- whoever reads. A date stands from the acceptance on.
create table special_requests (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    request_id uuid not null,
    shopper_id uuid not null,
    person_id uuid,
    product_id text,
    wish text not null,
    state text not null check (state in ('requested', 'quoted', 'accepted', 'declined', 'in_production')),
    price_minor bigint check (price_minor >= 0),
    currency char(3) check (currency ~ '^[A-Z]{3}$'),
    lead_days integer check (lead_days >= 0),
    offer text not null default '',
    valid_until timestamptz,
    ready_on date,
    asked_at timestamptz not null,
    quoted_at timestamptz,
    decided_at timestamptz,
    started_at timestamptz,
    primary key (tenant_id, request_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade,
    foreign key (tenant_id, person_id) references people on delete set null (person_id),
    check ((state = 'requested') = (num_nulls(price_minor, currency, lead_days, valid_until, quoted_at) = 5)),
    check (num_nulls(price_minor, currency, lead_days, valid_until, quoted_at) in (0, 5)),
    check ((state in ('accepted', 'in_production')) = (ready_on is not null)),
    check ((state in ('requested', 'quoted')) = (decided_at is null)),
    check ((state = 'in_production') = (started_at is not null))
);
create index special_requests_shopper on special_requests (tenant_id, shopper_id);
create index special_requests_person on special_requests (tenant_id, person_id) where person_id is not null;
alter table special_requests enable row level security;
alter table special_requests force row level security;
create policy special_requests_tenant on special_requests using (tenant_id = current_tenant());
