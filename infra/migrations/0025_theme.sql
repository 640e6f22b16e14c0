-- How a shop's widgets look.

-- A tenant without a row has the looks that the code ships.
create table themes (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document jsonb not null,
    primary key (tenant_id)
);
alter table themes enable row level security;
alter table themes force row level security;
create policy themes_tenant on themes using (tenant_id = current_tenant());
