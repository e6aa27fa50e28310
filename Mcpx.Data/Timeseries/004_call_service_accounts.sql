-- Calls of service accounts. Nullable, so that a replica of the previous release writes and reads as before.
ALTER TABLE calls ADD COLUMN service_account_id uuid;
ALTER TABLE calls ADD COLUMN service_account_name text;
-- A service account's newest calls. Only of the calls that one made, so that the others pay nothing for it.
CREATE INDEX calls_service_account_time ON calls (org_id, service_account_id, time DESC, id DESC) WHERE service_account_id IS NOT NULL;
