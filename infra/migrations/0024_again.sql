-- Buying again: what all shoppers together tell of how long a product lasts, and what a shopper said of being reminded.

-- Made anew by a job. A row is over so many shoppers that it tells of none of them. Days are days that a unit lasted.
create table consumption_pools (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    product_id text not null,
    shoppers integer not null check (shoppers >= 5),
    returning_share double precision not null,
    mean_days double precision not null check (mean_days > 0),
    variance double precision not null,
    mean_inverse_units double precision not null,
    scatter double precision not null,
    weight double precision not null,
    primary key (tenant_id, product_id)
);
alter table consumption_pools enable row level security;
alter table consumption_pools force row level security;
create policy consumption_pools_tenant on consumption_pools using (tenant_id = current_tenant());

-- The newest of a shopper and product counts; merged shoppers may have one each.
create table replenishment_choices (
    tenant_id uuid not null default current_tenant(),
    choice_id uuid not null,
    shopper_id uuid not null,
    product_id text not null,
    act text not null check (act in ('snooze', 'stop')),
    said_at timestamptz not null,
    until timestamptz,
    primary key (tenant_id, choice_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade,
    check ((act = 'snooze') = (until is not null))
);
create index replenishment_choices_shopper on replenishment_choices (tenant_id, shopper_id, product_id);
create index replenishment_choices_said on replenishment_choices (tenant_id, said_at);
alter table replenishment_choices enable row level security;
alter table replenishment_choices force row level security;
create policy replenishment_choices_tenant on replenishment_choices using (tenant_id = current_tenant());
