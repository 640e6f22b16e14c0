-- What shoppers are told of their preorders by e-mail, and what they answer to a delay.

-- Written with the step that it tells of, once: the occasion is that step, a day, or a change of dates. A job sends it.
-- What was said stays as evidence; the secret of its link is in the mail alone.
create table notices (
    tenant_id uuid not null default current_tenant(),
    notice_id uuid not null,
    preorder_id uuid not null,
    kind text not null check (kind in (
        'joined', 'upcoming_charge', 'charged', 'charge_failed', 'action_required', 'dropped', 'delayed',
        'dates_changed', 'shipped', 'refunded', 'cancelled', 'campaign_failed'
    )),
    occasion text not null check (length(occasion) between 1 and 100),
    status text not null default 'waiting' check (status in ('waiting', 'sent', 'failed', 'no_address', 'overtaken')),
    recipient text,
    subject text not null default '',
    body text not null default '',
    attempts integer not null default 0,
    next_try_at timestamptz not null,
    error text,
    created_at timestamptz not null,
    done_at timestamptz,
    primary key (tenant_id, notice_id),
    unique (tenant_id, preorder_id, kind, occasion),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade,
    check ((status = 'waiting') = (done_at is null))
);
create index notices_waiting on notices (tenant_id, next_try_at) where status = 'waiting';
create index notices_created on notices (tenant_id, created_at);
alter table notices enable row level security;
alter table notices force row level security;
create policy notices_tenant on notices using (tenant_id = current_tenant());

-- One row for each later ship date that a preorder's shopper was told: whether silence is consent, and what they said.
create table preorder_delays (
    tenant_id uuid not null default current_tenant(),
    preorder_id uuid not null,
    change_id uuid not null,
    from_day date not null,
    to_day date not null check (to_day > from_day),
    needs text not null check (needs in ('silence', 'consent')),
    answer_until timestamptz not null,
    answer text check (answer in ('accepted', 'declined', 'silence', 'lapsed', 'replaced')),
    answered_at timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id, preorder_id, change_id),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade,
    check ((answer is null) = (answered_at is null))
);
-- A shopper is asked one thing at a time.
create unique index preorder_delays_open on preorder_delays (tenant_id, preorder_id) where answer is null;
alter table preorder_delays enable row level security;
alter table preorder_delays force row level security;
create policy preorder_delays_tenant on preorder_delays using (tenant_id = current_tenant());

-- How long before a charge its shopper is told, and how long they have to answer, where the merchant has said so.
create table notice_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    upcoming_days integer not null check (upcoming_days between 1 and 60),
    answer_days integer not null check (answer_days between 1 and 90),
    primary key (tenant_id)
);
alter table notice_settings enable row level security;
alter table notice_settings force row level security;
create policy notice_settings_tenant on notice_settings using (tenant_id = current_tenant());

-- For the round that looks for charges to come.
create index preorders_uncharged on preorders (tenant_id, campaign_id)
    where payment in ('card_saved', 'deposit_paid') and fulfilment in ('joined', 'confirmed');
