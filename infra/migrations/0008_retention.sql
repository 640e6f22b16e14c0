-- Retention: what the daily round needs to end what is over.
select 1;
