-- Roles: the owner, who migrates, and the app, which lives under row-level security. Run once in any database by an
-- administrator (psql -f roles.sql postgres), then give both a password (\password lastbook_owner), create the database
-- (create database lastbook owner lastbook_owner) and run database.sql in it. Running it again is harmless.
do $$
begin
    if not exists (select from pg_roles where rolname = 'lastbook_owner') then
        create role lastbook_owner login nosuperuser nocreatedb nocreaterole nobypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'lastbook_app') then
        create role lastbook_app login nosuperuser nocreatedb nocreaterole nobypassrls noinherit;
    end if;
end
$$;

-- A migration that cannot have its lock gives way to the shop instead of queueing everybody behind it.
alter role lastbook_owner set lock_timeout = '5s';

alter role lastbook_app set statement_timeout = '30s';
alter role lastbook_app set idle_in_transaction_session_timeout = '60s';
