-- Database: what the app may do in the database lastbook. Run in it once, by an administrator, before the first
-- migration: the grants are defaults for what lastbook_owner will create. Running it again is harmless.
revoke all on database lastbook from public;
grant connect, temporary on database lastbook to lastbook_app;

revoke create on schema public from public;
grant usage, create on schema public to lastbook_owner;
grant usage on schema public to lastbook_app;

-- Not truncate: it passes by row-level security.
alter default privileges for role lastbook_owner in schema public
    grant select, insert, update, delete on tables to lastbook_app;
alter default privileges for role lastbook_owner in schema public
    grant usage on sequences to lastbook_app;
alter default privileges for role lastbook_owner in schema public
    grant execute on functions to lastbook_app;
