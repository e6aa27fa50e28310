-- Calls that a rule which is not enforced would have refused. Nullable, so that a replica of the previous release writes
-- and reads as before.
ALTER TABLE calls ADD COLUMN would_rule text;
-- Of these calls only, so that the others pay nothing for it.
CREATE INDEX calls_would_rule_time ON calls (org_id, time DESC, id DESC) WHERE would_rule IS NOT NULL;
