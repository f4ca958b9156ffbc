-- What happened is only ever added to: take from the working role the power to change or remove it.
-- After `s11flow init` and after each `s11flow migrate`, as the owner:
--   psql --set ON_ERROR_STOP=1 --file deploy/postgres-history.sql --username s11flow_owner s11flow

REVOKE UPDATE, DELETE, TRUNCATE ON history FROM s11flow_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON alembic_version FROM s11flow_app;
