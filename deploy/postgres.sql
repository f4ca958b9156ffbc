-- Two roles: one owns the tables and changes them with a release, the other works with what is in them.
-- Once, as a superuser of Postgres:  psql --set ON_ERROR_STOP=1 --file deploy/postgres.sql postgres
-- Then a password for each:          psql postgres, and there \password s11flow_owner and \password s11flow_app

CREATE ROLE s11flow_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;  -- for `s11flow init` and `s11flow migrate`
CREATE ROLE s11flow_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;    -- for everything else

CREATE DATABASE s11flow OWNER s11flow_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE s11flow FROM PUBLIC;
GRANT CONNECT ON DATABASE s11flow TO s11flow_app;

\connect s11flow
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO s11flow_owner;
GRANT USAGE ON SCHEMA public TO s11flow_app;
ALTER DEFAULT PRIVILEGES FOR ROLE s11flow_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO s11flow_app;
ALTER DEFAULT PRIVILEGES FOR ROLE s11flow_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO s11flow_app;
