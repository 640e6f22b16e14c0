-- Retention: what the daily round needs to end what is over. Attributes of orders.

-- Since when a merge cannot be undone: what it had moved is no longer kept.
alter table shopper_merges add column undo_ended_at timestamptz;
create index shopper_merges_merged on shopper_merges (tenant_id, merged_at);
create index imports_created on imports (tenant_id, created_at);

-- Orders carry attributes of the merchant's own too. Null when there are none: most orders have none, and a column that
-- is null takes no room.
alter table orders add column attributes jsonb;
alter table attribute_definitions
    drop constraint attribute_definitions_classes_check,
    add check (classes <> '{}' and classes <@ array['shopper', 'person', 'product', 'event', 'order']);
alter table attribute_settings
    drop constraint attribute_settings_strict_check,
    add check (strict <@ array['shopper', 'person', 'product', 'event', 'order']);
