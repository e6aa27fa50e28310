-- Calls through virtual gateways. Nullable, so that a replica of the previous release writes and reads as before.
ALTER TABLE calls ADD COLUMN gateway_id uuid;
ALTER TABLE calls ADD COLUMN gateway_slug text;
ALTER TABLE calls ADD COLUMN upstream_tool text;
