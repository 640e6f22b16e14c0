-- What a preorder froze: what the product was called and was like, and of what is made to measure also the measures.

-- attributes: of the variant, or, of what is made to order, the values and numbers that were chosen, by option. Texts that a
-- shopper wrote, and measures, stand in made_preorders alone, so that these columns can outlive the person.
alter table preorders
    add column product_title text not null default '',
    add column variant_title text not null default '',
    add column attributes jsonb not null default '{}';

-- What was preordered before is frozen as the catalogue has it now. The owner sees all tenants' rows only unforced.
alter table preorders no force row level security;
alter table products no force row level security;
update preorders
set product_title = products.title,
    variant_title = coalesce(
        (select one ->> 'title' from jsonb_array_elements(variants) as one where one ->> 'id' = variant_id limit 1), ''
    ),
    attributes = coalesce(
        (select one -> 'attributes' from jsonb_array_elements(variants) as one where one ->> 'id' = variant_id limit 1),
        '{}'
    )
from products
where (products.tenant_id, products.product_id) = (preorders.tenant_id, preorders.product_id);
alter table products force row level security;
alter table preorders force row level security;

-- A quote is for one order line or for one preorder.
create unique index preorders_quote on preorders (tenant_id, quote_id) where quote_id is not null;

create function refuse_changed_agreement() returns trigger language plpgsql as $$
begin
    raise exception 'what was agreed to with preorder % stays as it is', old.preorder_id;
end
$$;
create trigger preorders_agreed before update on preorders
    for each row
    when (
        (
            old.campaign_id, old.product_id, old.quote_id, old.currency, old.terms_version, old.terms_locale, old.agreed_at
        ) is distinct from (
            new.campaign_id, new.product_id, new.quote_id, new.currency, new.terms_version, new.terms_locale, new.agreed_at
        )
        or old.variant_id is not distinct from new.variant_id
        and (old.product_title, old.variant_title, old.attributes)
            is distinct from (new.product_title, new.variant_title, new.attributes)
    )
    execute function refuse_changed_agreement();

-- Preorders name the version and language of terms that stand with their campaign.
create function refuse_changed_terms() returns trigger language plpgsql as $$
begin
    raise exception 'the terms of campaign % are published and stay as they are', old.campaign_id;
end
$$;
create trigger campaigns_terms_stay before update on campaigns
    for each row
    when (
        old.published_at is not null
        and (old.document -> 'terms', old.document -> 'terms_version', old.document #> '{checklist,withdrawal_notice}')
        is distinct from
        (new.document -> 'terms', new.document -> 'terms_version', new.document #> '{checklist,withdrawal_notice}')
    )
    execute function refuse_changed_terms();

-- Personal data of the preorder's shopper. Beside measurement_values and made_lines the only place where measurements stand,
-- in the form of made_lines. price_minor is of one, before what is off for coming early.
create table made_preorders (
    tenant_id uuid not null default current_tenant() references tenants on delete cascade,
    preorder_id uuid not null,
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
    withdrawal_exempt boolean not null,
    withdrawal_notice text not null,
    frozen_at timestamptz not null,
    primary key (tenant_id, preorder_id),
    unique (tenant_id, quote_id),
    foreign key (tenant_id, preorder_id) references preorders on delete cascade,
    foreign key (tenant_id, document_id, version) references option_versions
);
create index made_preorders_version on made_preorders (tenant_id, document_id, version);
alter table made_preorders enable row level security;
alter table made_preorders force row level security;
create policy made_preorders_tenant on made_preorders using (tenant_id = current_tenant());

create function refuse_changed_made_preorder() returns trigger language plpgsql as $$
begin
    raise exception 'preorder % is made to order and stays as it is', old.preorder_id;
end
$$;
create trigger made_preorders_stay before update on made_preorders
    for each row
    when (to_jsonb(old) - 'tenant_id' is distinct from to_jsonb(new) - 'tenant_id')
    execute function refuse_changed_made_preorder();
