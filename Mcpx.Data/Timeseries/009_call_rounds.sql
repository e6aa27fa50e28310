-- When the first byte of the answer left, the client's trace, and which calls are one to the client. Nullable, so that a
-- replica of the previous release writes and reads as before.
ALTER TABLE calls ADD COLUMN first_byte_us bigint, ADD COLUMN trace_id text, ADD COLUMN first_round uuid;
ALTER TABLE call_intents ADD COLUMN first_byte_us bigint, ADD COLUMN trace_id text, ADD COLUMN first_round uuid;
-- Of these calls only, so that the others pay nothing for it.
CREATE INDEX calls_first_round ON calls (org_id, first_round, time DESC, id DESC) WHERE first_round IS NOT NULL;
