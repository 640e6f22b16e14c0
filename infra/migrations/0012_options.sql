-- Option documents: drafts, their published versions, and which version a product has. A document is stored whole, for it
-- is only ever read whole. Ids are ordered by code point, as Python orders them.

create table option_documents (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 200),
    document jsonb not null,
    digest bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, document_id)
);
alter table option_documents enable row level security;
alter table option_documents force row level security;
create policy option_documents_tenant on option_documents using (tenant_id = current_tenant());

-- What orders refer to for good: versions stay when their draft is deleted. The salt keys their configuration ids. The
-- digest is of the draft that was published.
create table option_versions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 200),
    version integer not null check (version >= 1),
    document jsonb not null,
    digest bytea not null,
    salt bytea not null check (length(salt) = 32),
    published_at timestamptz not null,
    -- Since when another version, or none, is the one for new orders.
    retired_at timestamptz,
    changed_in xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, document_id, version)
);
create unique index option_versions_published on option_versions (tenant_id, document_id) where retired_at is null;
create index option_versions_changed on option_versions (tenant_id, changed_in);
alter table option_versions enable row level security;
alter table option_versions force row level security;
create policy option_versions_tenant on option_versions using (tenant_id = current_tenant());

-- A version that could change would change what was ordered by it.
create function refuse_changed_version() returns trigger language plpgsql as $$
begin
    raise exception 'version % of an option document is published and stays as it is', old.version;
end
$$;
create trigger option_versions_stay before update on option_versions
    for each row
    when (
        (old.document_id, old.version, old.document, old.digest, old.salt, old.published_at)
        is distinct from (new.document_id, new.version, new.document, new.digest, new.salt, new.published_at)
    )
    execute function refuse_changed_version();

-- A product has at most one published document: the key says so.
create table option_products (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    product_id text not null check (length(product_id) between 1 and 200),
    document_id text collate "C" not null,
    version integer not null,
    primary key (tenant_id, product_id),
    foreign key (tenant_id, document_id, version) references option_versions on delete cascade
);
create index option_products_document on option_products (tenant_id, document_id, version);
alter table option_products enable row level security;
alter table option_products force row level security;
create policy option_products_tenant on option_products using (tenant_id = current_tenant());
