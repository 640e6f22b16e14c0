-- Placements as they change: what was ever in force, and drafts of what is to be. What pages get stays in `placements`.

-- One row a change, for good. Without a document: it was deleted, and a standard one is as shipped since.
create table placement_versions (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 100),
    version integer not null check (version >= 1),
    document jsonb,
    act text not null check (act in ('store', 'publish', 'rollback', 'delete')),
    -- Of a rollback: the version that is in force again.
    restored integer,
    actor text not null,
    published_at timestamptz not null default now(),
    primary key (tenant_id, document_id, version),
    check ((act = 'rollback') = (restored is not null) and (act <> 'delete' or document is null))
);

-- What was stored before there were versions is the first one. Row by row security is off for its owner meanwhile.
alter table placements no force row level security;
insert into placement_versions (tenant_id, document_id, version, document, act, actor, published_at)
select tenant_id, document_id, 1, document, 'store', 'unknown', updated_at
from placements
where deleted_at is null;
alter table placements force row level security;

alter table placement_versions enable row level security;
alter table placement_versions force row level security;
create policy placement_versions_tenant on placement_versions using (tenant_id = current_tenant());

create function refuse_changed_placement_version() returns trigger language plpgsql as $$
begin
    raise exception 'version % of a placement stays as it is', old.version;
end
$$;
create trigger placement_versions_stay before update on placement_versions
    for each row
    when (
        (old.document_id, old.version, old.document, old.act, old.restored, old.actor, old.published_at)
        is distinct from
        (new.document_id, new.version, new.document, new.act, new.restored, new.actor, new.published_at)
    )
    execute function refuse_changed_placement_version();

-- One a placement. `base` is the version that was in force when it was stored, 0 for none: another one may be by now.
create table placement_drafts (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    document_id text collate "C" not null check (length(document_id) between 1 and 100),
    document jsonb not null,
    digest bytea not null,
    base integer not null check (base >= 0),
    actor text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, document_id)
);
alter table placement_drafts enable row level security;
alter table placement_drafts force row level security;
create policy placement_drafts_tenant on placement_drafts using (tenant_id = current_tenant());
