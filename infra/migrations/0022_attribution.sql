-- Attribution: what the token of a shown product said of an event, and how long a click counts.

-- Signs the tokens of products that are shown. The tenant's from birth; not the privacy salt, which keys other things.
alter table tenants add column shown_token_key bytea not null
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    check (length(shown_token_key) = 32);

-- Columns of the event itself, so that they are exported, erased, moved and kept as it is. Null without a token.
-- shown_state: what became of the token; of a good one the others are set.
-- told_shopper: the external id that a page proved when the record did not know it yet. Personal data.
-- by_visitor: told of a browser alone. Whose it is say the browser's links, not shopper_id, which is who signed in first.
alter table events
    add column shown_state text check (shown_state in ('good', 'wrong', 'other_time', 'other_product')),
    add column placement text,
    add column position integer,
    add column strategy text,
    add column shown_source text,
    add column shown_on date,
    add column experiment_id text,
    add column arm_id text,
    add column told_shopper text,
    add column by_visitor boolean not null default false;
create index events_shown on events (tenant_id, product_id, occurred_at) where shown_state = 'good';
create index events_told on events (tenant_id, told_shopper) where told_shopper is not null;

create table attribution_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    click_days integer not null check (click_days between 1 and 30),
    view_days integer not null check (view_days between 0 and 30),
    primary key (tenant_id)
);
alter table attribution_settings enable row level security;
alter table attribution_settings force row level security;
create policy attribution_settings_tenant on attribution_settings using (tenant_id = current_tenant());
