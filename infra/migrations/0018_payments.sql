-- Payments of preorders on Stripe: whose account, what was asked of a card, what was given back, what Stripe told us.
-- Amounts are in the currency's smallest unit. Nothing here names a person: Stripe's ids stand for card and customer.

-- Which tenant an account of Stripe belongs to, and nothing else: a webhook says only the account.
-- Read by db.system before the tenant is known; written by the tenant's own transaction.
create table stripe_accounts (
    account_id text primary key check (length(account_id) between 1 and 255),
    tenant_id uuid not null default current_tenant() references tenants on delete cascade
);
create index stripe_accounts_tenant on stripe_accounts (tenant_id);
alter table stripe_accounts enable row level security;
alter table stripe_accounts force row level security;
create policy stripe_accounts_own on stripe_accounts
    using (tenant_id = current_tenant() or current_setting('app.system', true) = 'on')
    with check (tenant_id = current_tenant());

-- The merchant's account: money goes there, our share is the application fee.
create table payment_accounts (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    account_id text not null check (length(account_id) between 1 and 255),
    livemode boolean not null,
    charges_enabled boolean not null default false,
    details_submitted boolean not null default false,
    fee_basis_points integer not null default 0 check (fee_basis_points between 0 and 5000),
    told_at timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id)
);
alter table payment_accounts enable row level security;
alter table payment_accounts force row level security;
create policy payment_accounts_tenant on payment_accounts using (tenant_id = current_tenant());

-- How long a card that does not pay is tried, where the merchant has said so.
create table payment_retries (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    every_hours integer not null check (every_hours between 1 and 168),
    for_days integer not null check (for_days between 0 and 30),
    primary key (tenant_id)
);
alter table payment_retries enable row level security;
alter table payment_retries force row level security;
create policy payment_retries_tenant on payment_retries using (tenant_id = current_tenant());

-- What Stripe knows a preorder's shopper by, and when a charge that failed is tried again.
create table preorder_payments (
    tenant_id uuid not null default current_tenant(),
    preorder_id uuid not null,
    account_id text not null,
    customer_id text,
    payment_method_id text,
    first_failed_at timestamptz,
    next_try_at timestamptz,
    primary key (tenant_id, preorder_id),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade
);
create index preorder_payments_due on preorder_payments (tenant_id, next_try_at) where next_try_at is not null;
alter table preorder_payments enable row level security;
alter table preorder_payments force row level security;
create policy preorder_payments_tenant on preorder_payments using (tenant_id = current_tenant());

-- Written before Stripe is asked, so that a crash can be picked up again: the key is Stripe's idempotency key and stands
-- in the metadata. A setup charge saves the card and takes nothing.
create table charges (
    tenant_id uuid not null default current_tenant(),
    charge_key text not null
        generated always as ('preorder:' || preorder_id::text || ':' || purpose || ':' || attempt::text) stored,
    preorder_id uuid not null,
    purpose text not null check (purpose in ('setup', 'deposit', 'upfront', 'balance', 'full')),
    attempt integer not null check (attempt >= 1),
    road text not null check (road in ('checkout', 'off_session')),
    account_id text not null,
    amount_minor bigint not null check (amount_minor >= 0 and (amount_minor = 0) = (purpose = 'setup')),
    fee_minor bigint not null check (fee_minor between 0 and amount_minor),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    status text not null default 'pending'
        check (status in ('pending', 'failed', 'action_required', 'cancelled', 'succeeded')),
    intent_id text,
    session_id text,
    session_url text,
    session_expires_at timestamptz,
    error_code text,
    sends integer not null default 0,
    sent_at timestamptz,
    created_at timestamptz not null,
    settled_at timestamptz,
    primary key (tenant_id, charge_key),
    unique (tenant_id, preorder_id, purpose, attempt),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade,
    check ((status = 'pending') = (settled_at is null))
);
-- A preorder is charged in one way at a time: no retry runs beside a checkout that is open.
create unique index charges_one_live on charges (tenant_id, preorder_id) where status = 'pending';
create index charges_pending on charges (tenant_id, sent_at) where status = 'pending';
create index charges_session on charges (tenant_id, session_id);
create index charges_intent on charges (tenant_id, intent_id);
alter table charges enable row level security;
alter table charges force row level security;
create policy charges_tenant on charges using (tenant_id = current_tenant());

-- A row counts as returned as soon as it is written, so nothing is given back twice.
create table refunds (
    tenant_id uuid not null default current_tenant(),
    refund_key text not null generated always as ('refund:' || charge_key || ':' || number::text) stored,
    charge_key text not null,
    number integer not null check (number >= 1),
    preorder_id uuid not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    reason text not null check (reason in ('owed', 'outside')),
    status text not null default 'pending' check (status in ('pending', 'failed', 'succeeded')),
    stripe_refund_id text,
    error_code text,
    sends integer not null default 0,
    sent_at timestamptz,
    created_at timestamptz not null,
    settled_at timestamptz,
    primary key (tenant_id, refund_key),
    unique (tenant_id, charge_key, number),
    unique (tenant_id, stripe_refund_id),
    foreign key (tenant_id, charge_key) references charges on delete cascade,
    foreign key (tenant_id, preorder_id) references preorders on delete cascade,
    check ((status = 'pending') = (settled_at is null))
);
create index refunds_preorder on refunds (tenant_id, preorder_id);
create index refunds_pending on refunds (tenant_id, sent_at) where status = 'pending';
alter table refunds enable row level security;
alter table refunds force row level security;
create policy refunds_tenant on refunds using (tenant_id = current_tenant());

create table disputes (
    tenant_id uuid not null default current_tenant(),
    dispute_id text not null check (length(dispute_id) between 1 and 255),
    preorder_id uuid not null,
    charge_key text not null,
    amount_minor bigint not null check (amount_minor >= 0),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    reason text not null,
    status text not null,
    evidence_due_at timestamptz,
    opened_at timestamptz not null,
    closed_at timestamptz,
    primary key (tenant_id, dispute_id),
    foreign key (tenant_id, charge_key) references charges on delete cascade,
    foreign key (tenant_id, preorder_id) references preorders on delete cascade
);
create index disputes_preorder on disputes (tenant_id, preorder_id);
alter table disputes enable row level security;
alter table disputes force row level security;
create policy disputes_tenant on disputes using (tenant_id = current_tenant());

-- What Stripe told us, each once. Of an event only the facts that we act on are kept: no name, no address, no card.
create table stripe_events (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    event_id text not null check (length(event_id) between 1 and 255),
    type text not null,
    account_id text not null,
    livemode boolean not null,
    created_at timestamptz not null,
    received_at timestamptz not null,
    fact jsonb not null,
    handled_at timestamptz,
    outcome text,
    primary key (tenant_id, event_id)
);
create index stripe_events_received on stripe_events (tenant_id, received_at);
create index stripe_events_waiting on stripe_events (tenant_id, received_at) where handled_at is null;
alter table stripe_events enable row level security;
alter table stripe_events force row level security;
create policy stripe_events_tenant on stripe_events using (tenant_id = current_tenant());
