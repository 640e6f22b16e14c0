-- Sizes: the maker's size charts, and what those who wore a size said of it.

-- As in 0009: a chart is only ever read whole, and a deleted one stays as a tombstone. What it serves stands beside it, so
-- that looking for a product's chart reads no other.
create table size_charts (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 200),
    document jsonb not null,
    products jsonb not null generated always as (document -> 'products') stored,
    brand text not null generated always as (document ->> 'brand') stored,
    categories jsonb not null generated always as (document -> 'categories') stored,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, document_id)
);
alter table size_charts enable row level security;
alter table size_charts force row level security;
create policy size_charts_tenant on size_charts using (tenant_id = current_tenant());

-- Personal data where it names a shopper; what was said of the product outlives them without a name.
create table fit_feedback (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    feedback_id text collate "C" not null check (length(feedback_id) between 1 and 200),
    product_id text not null check (length(product_id) between 1 and 200),
    size text not null check (length(size) between 1 and 50),
    verdict text not null check (verdict in ('small', 'true', 'large')),
    source text not null check (source in ('return', 'rating')),
    order_id text check (length(order_id) between 1 and 200),
    shopper_id uuid,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, feedback_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete set null (shopper_id)
);
create index fit_feedback_product on fit_feedback (tenant_id, product_id);
create index fit_feedback_shopper on fit_feedback (tenant_id, shopper_id);
alter table fit_feedback enable row level security;
alter table fit_feedback force row level security;
create policy fit_feedback_tenant on fit_feedback using (tenant_id = current_tenant());
