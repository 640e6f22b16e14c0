-- Rules and placements: what the merchant decides about what is shown.
select 1;
