-- Preorder campaigns: what is only made when enough shoppers want it, and who joined.

-- The document is a draft until it is published; from then on only its dates change. The dates in force stand beside it,
-- for the job that moves campaigns by the clock.
create table campaigns (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    campaign_id text collate "C" not null check (length(campaign_id) between 1 and 200),
    document jsonb not null,
    digest bytea not null,
    state text not null default 'draft' check (state in (
        'draft', 'scheduled', 'early_access', 'open', 'paused', 'closed', 'confirmed', 'failed', 'charging',
        'in_production', 'shipping', 'completed', 'cancelled'
    )),
    early_from timestamptz,
    starts_at timestamptz,
    ends_at timestamptz,
    first_ends_at timestamptz,
    published_at timestamptz,
    decided_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, campaign_id),
    check ((state = 'draft') <= (published_at is null)),
    check (state = 'cancelled' or (state in ('draft', 'scheduled', 'early_access', 'open', 'paused', 'closed'))
        = (decided_at is null))
);
create index campaigns_moving on campaigns (tenant_id, campaign_id)
    where state in ('scheduled', 'early_access', 'open', 'paused', 'closed');
alter table campaigns enable row level security;
alter table campaigns force row level security;
create policy campaigns_tenant on campaigns using (tenant_id = current_tenant());

create table campaign_transitions (
    tenant_id uuid not null default current_tenant(),
    transition_id uuid not null,
    campaign_id text collate "C" not null,
    from_state text not null,
    to_state text not null,
    at timestamptz not null,
    actor text not null,
    reason text not null default '',
    changes jsonb not null default '{}',
    place bigint generated always as identity,
    primary key (tenant_id, transition_id),
    foreign key (tenant_id, campaign_id) references campaigns on delete cascade
);
create index campaign_transitions_campaign on campaign_transitions (tenant_id, campaign_id, place);
alter table campaign_transitions enable row level security;
alter table campaign_transitions force row level security;
create policy campaign_transitions_tenant on campaign_transitions using (tenant_id = current_tenant());

-- How much there is of a campaign and how much of it live preorders hold. Every reservation locks the row 'total', so
-- this row also knows whether any is accepted: one that waited for the lock sees that the campaign was paused meanwhile.
create table campaign_caps (
    tenant_id uuid not null default current_tenant(),
    campaign_id text collate "C" not null,
    scope text not null,
    cap bigint check (cap >= 0),
    taken bigint not null default 0 check (taken >= 0 and (cap is null or taken <= cap)),
    accepts boolean not null default false,
    primary key (tenant_id, campaign_id, scope),
    foreign key (tenant_id, campaign_id) references campaigns on delete cascade
) with (fillfactor = 50);
alter table campaign_caps enable row level security;
alter table campaign_caps force row level security;
create policy campaign_caps_tenant on campaign_caps using (tenant_id = current_tenant());

-- Who asked to be told, and so comes first.
create table campaign_interest (
    tenant_id uuid not null default current_tenant(),
    interest_id uuid not null,
    campaign_id text collate "C" not null,
    shopper_id uuid not null,
    at timestamptz not null,
    primary key (tenant_id, interest_id),
    foreign key (tenant_id, campaign_id) references campaigns on delete cascade,
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade
);
create index campaign_interest_shopper on campaign_interest (tenant_id, campaign_id, shopper_id, at);
alter table campaign_interest enable row level security;
alter table campaign_interest force row level security;
create policy campaign_interest_tenant on campaign_interest using (tenant_id = current_tenant());

-- fulfilment and payment move apart: tenants/preorder_states.py. The campaign's terms are frozen when it is published, so
-- a preorder names version and language of what was agreed to.
create table preorders (
    tenant_id uuid not null default current_tenant(),
    preorder_id uuid not null,
    campaign_id text collate "C" not null,
    shopper_id uuid,
    guest_email text,
    product_id text not null check (length(product_id) between 1 and 200),
    variant_id text,
    quote_id uuid,
    quantity integer not null check (quantity >= 1),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    list_price_minor bigint not null check (list_price_minor >= 0),
    unit_prices jsonb not null,
    total_minor bigint not null check (total_minor >= 0),
    deposit_minor bigint not null check (deposit_minor between 0 and total_minor),
    paid_minor bigint not null default 0 check (paid_minor between 0 and total_minor),
    owed_back_minor bigint not null default 0 check (owed_back_minor >= 0),
    returned_minor bigint not null default 0 check (returned_minor between 0 and owed_back_minor),
    charge_on date,
    region text not null default '',
    fulfilment text not null default 'reserved' check (fulfilment in (
        'reserved', 'joined', 'confirmed', 'in_production', 'shipped', 'completed', 'expired', 'cancelled'
    )),
    payment text not null default 'none' check (payment in (
        'none', 'pending', 'card_saved', 'deposit_paid', 'charging', 'action_required', 'failed', 'dropped', 'paid',
        'refund_pending', 'refunded', 'partly_refunded', 'disputed'
    )),
    terms_version text not null,
    terms_locale text not null,
    agreed_at timestamptz not null,
    reserved_until timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, preorder_id),
    foreign key (tenant_id, campaign_id) references campaigns on delete cascade,
    foreign key (tenant_id, shopper_id) references shoppers on delete set null (shopper_id),
    check (owed_back_minor <= paid_minor)
);
create index preorders_campaign on preorders (tenant_id, campaign_id, fulfilment) include (quantity);
create index preorders_shopper on preorders (tenant_id, shopper_id, campaign_id) where shopper_id is not null;
create index preorders_guest on preorders (tenant_id, guest_email, campaign_id) where guest_email is not null;
create index preorders_reserved on preorders (tenant_id, reserved_until) where fulfilment = 'reserved';
alter table preorders enable row level security;
alter table preorders force row level security;
create policy preorders_tenant on preorders using (tenant_id = current_tenant());

create table preorder_transitions (
    tenant_id uuid not null default current_tenant(),
    transition_id uuid not null,
    preorder_id uuid not null,
    side text not null check (side in ('fulfilment', 'payment', 'units')),
    from_state text not null,
    to_state text not null,
    at timestamptz not null,
    reason text not null default '',
    place bigint generated always as identity,
    primary key (tenant_id, transition_id),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade
);
create index preorder_transitions_preorder on preorder_transitions (tenant_id, preorder_id, place);
alter table preorder_transitions enable row level security;
alter table preorder_transitions force row level security;
create policy preorder_transitions_tenant on preorder_transitions using (tenant_id = current_tenant());

-- Links by which a shopper comes back to a preorder, one a message that was sent; of each secret its SHA-256.
create table preorder_links (
    tenant_id uuid not null default current_tenant(),
    sha256 bytea not null check (length(sha256) = 32),
    preorder_id uuid not null,
    primary key (tenant_id, sha256),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade
);
create index preorder_links_preorder on preorder_links (tenant_id, preorder_id);
alter table preorder_links enable row level security;
alter table preorder_links force row level security;
create policy preorder_links_tenant on preorder_links using (tenant_id = current_tenant());
