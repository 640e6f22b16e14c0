-- What happened: products, shoppers, orders with lines, events. Merchant ids are text and unique within the tenant only.

-- digest is the BLAKE2b of the document as it was sent: a replay changes nothing.
-- changed_in is the writing transaction: a reader that remembers a snapshot's xmin misses no row, whatever the commit order.
create table products (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    product_id text not null check (length(product_id) between 1 and 200),
    title text not null check (length(title) between 1 and 500),
    description text not null default '',
    url text not null,
    image_urls text[] not null default '{}',
    price_minor bigint not null check (price_minor >= 0),
    sale_price_minor bigint check (sale_price_minor >= 0),
    sale_from timestamptz,
    sale_until timestamptz,
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    brand text not null default '',
    categories text[] not null default '{}',
    attributes jsonb not null default '{}',
    variants jsonb not null default '[]',
    status text not null default 'active' check (status in ('active', 'hidden', 'archived')),
    stock_quantity bigint,
    available_from timestamptz,
    available_until timestamptz,
    pack_size integer not null default 1 check (pack_size >= 1),
    minimum_order_quantity integer not null default 1 check (minimum_order_quantity >= 1),
    restricted_to_segments text[] not null default '{}',
    tax_class text not null default '',
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, product_id)
);
create index products_changed on products (tenant_id, changed_in, product_id);
alter table products enable row level security;
alter table products force row level security;
create policy products_tenant on products using (tenant_id = current_tenant());

create table shoppers (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    shopper_id uuid not null,
    external_id text not null check (length(external_id) between 1 and 200),
    email text,
    email_verified boolean not null default false,
    phone text,
    name text not null default '',
    locale text not null default '',
    attributes jsonb not null default '{}',
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, shopper_id),
    unique (tenant_id, external_id)
);
alter table shoppers enable row level security;
alter table shoppers force row level security;
create policy shoppers_tenant on shoppers using (tenant_id = current_tenant());

create table orders (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    order_id text not null check (length(order_id) between 1 and 200),
    shopper_id uuid,
    ordered_at timestamptz not null,
    status text not null default 'placed'
        check (status in ('placed', 'paid', 'shipped', 'completed', 'cancelled', 'returned')),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    total_minor bigint,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, order_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete set null (shopper_id)
);
create index orders_shopper on orders (tenant_id, shopper_id, ordered_at);
create index orders_time on orders (tenant_id, ordered_at);
alter table orders enable row level security;
alter table orders force row level security;
create policy orders_tenant on orders using (tenant_id = current_tenant());

create table order_lines (
    tenant_id uuid not null default current_tenant(),
    order_id text not null,
    line_id text not null check (length(line_id) between 1 and 200),
    product_id text not null check (length(product_id) between 1 and 200),
    variant_id text,
    quantity integer not null check (quantity >= 1),
    unit_price_minor bigint not null check (unit_price_minor >= 0),
    discount_minor bigint not null default 0 check (discount_minor >= 0),
    primary key (tenant_id, order_id, line_id),
    foreign key (tenant_id, order_id) references orders on delete cascade
) partition by hash (tenant_id);
alter table order_lines enable row level security;
alter table order_lines force row level security;
create policy order_lines_tenant on order_lines using (tenant_id = current_tenant());

create table events (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    event_id text not null check (length(event_id) between 1 and 200),
    type text not null,
    source text not null check (source in ('server', 'client')),
    occurred_at timestamptz not null,
    received_at timestamptz not null default now(),
    shopper_id uuid,
    visitor_id text,
    product_id text,
    slot text,
    value double precision,
    properties jsonb not null default '{}',
    digest bytea not null,
    primary key (tenant_id, event_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete set null (shopper_id)
) partition by hash (tenant_id);
create index events_shopper on events (tenant_id, shopper_id, occurred_at);
create index events_time on events (tenant_id, occurred_at);
alter table events enable row level security;
alter table events force row level security;
create policy events_tenant on events using (tenant_id = current_tenant());

-- Row-level security of a partitioned table does not reach a query that names a partition, so each partition has its own.
do $$
declare
    parent text;
    part text;
begin
    foreach parent in array array['order_lines', 'events'] loop
        for remainder in 0..15 loop
            part := parent || '_' || lpad(remainder::text, 2, '0');
            execute format('create table %I partition of %I for values with (modulus 16, remainder %s)', part, parent, remainder);
            execute format('alter table %I enable row level security', part);
            execute format('alter table %I force row level security', part);
            execute format('create policy %I on %I using (tenant_id = current_tenant())', part || '_tenant', part);
        end loop;
    end loop;
end $$;
