-- What a made-to-order product would cost, and what was ordered by it: the configuration and the measures as they were.

-- A tenant without a row has the defaults that the code ships. notices: {"<locale>": "<text>"}.
create table quote_settings (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    valid_days integer not null default 14 check (valid_days between 1 and 365),
    notices jsonb not null default '{}',
    primary key (tenant_id)
);
alter table quote_settings enable row level security;
alter table quote_settings force row level security;
create policy quote_settings_tenant on quote_settings using (tenant_id = current_tenant());

-- Personal data where a shopper is named: goes with them. measured holds which values of which profile versions it is made
-- by, [{option, key, side, profile, version}], and no value. copied: the line whose measures are taken again.
create table quotes (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    quote_id uuid not null,
    shopper_id uuid,
    person_id uuid,
    product_id text not null,
    document_id text collate "C" not null,
    version integer not null,
    configuration_id text not null,
    answers jsonb not null,
    summary jsonb not null,
    measured jsonb not null,
    copied_order_id text,
    copied_line_id text,
    quantity integer not null check (quantity >= 1),
    region text,
    locale text not null,
    price_minor bigint not null check (price_minor >= 0),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    lead_days integer not null check (lead_days >= 0),
    confirm_by timestamptz not null,
    starts_on date not null,
    ready_on date not null,
    withdrawal_exempt boolean not null,
    withdrawal_notice text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, quote_id),
    foreign key (tenant_id, shopper_id) references shoppers on delete cascade,
    foreign key (tenant_id, person_id) references people on delete set null (person_id),
    foreign key (tenant_id, document_id, version) references option_versions,
    check (num_nulls(copied_order_id, copied_line_id) in (0, 2))
);
create index quotes_shopper on quotes (tenant_id, shopper_id) where shopper_id is not null;
create index quotes_person on quotes (tenant_id, person_id) where person_id is not null;
create index quotes_version on quotes (tenant_id, document_id, version);
create index quotes_expired on quotes (tenant_id, expires_at);
alter table quotes enable row level security;
alter table quotes force row level security;
create policy quotes_tenant on quotes using (tenant_id = current_tenant());

-- Personal data of the order's shopper. Besides measurement_values the only place where measurements stand: measurements is
-- [{option, key, side, value_tenth_mm, profile_id, version, source, measured_at}]. A quote serves one line only, also when
-- it is deleted in time.
create table made_lines (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    order_id text not null,
    line_id text not null check (length(line_id) between 1 and 200),
    quote_id uuid not null,
    product_id text not null,
    person_id text,
    document_id text collate "C" not null,
    version integer not null,
    configuration_id text not null,
    answers jsonb not null,
    summary jsonb not null,
    measurements jsonb not null,
    region text,
    locale text not null,
    price_minor bigint not null,
    currency char(3) not null,
    lead_days integer not null,
    confirm_by timestamptz not null,
    starts_on date not null,
    ready_on date not null,
    withdrawal_exempt boolean not null,
    withdrawal_notice text not null,
    frozen_at timestamptz not null,
    primary key (tenant_id, order_id, line_id),
    unique (tenant_id, quote_id),
    foreign key (tenant_id, order_id) references orders on delete cascade,
    foreign key (tenant_id, document_id, version) references option_versions
);
create index made_lines_version on made_lines (tenant_id, document_id, version);
alter table made_lines enable row level security;
alter table made_lines force row level security;
create policy made_lines_tenant on made_lines using (tenant_id = current_tenant());

create function refuse_changed_line() returns trigger language plpgsql as $$
begin
    raise exception 'line % of order % is made to order and stays as it is', old.line_id, old.order_id;
end
$$;
create trigger made_lines_stay before update on made_lines
    for each row
    when (to_jsonb(old) - 'tenant_id' is distinct from to_jsonb(new) - 'tenant_id')
    execute function refuse_changed_line();
