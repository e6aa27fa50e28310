-- What is kept of payloads and why something of them is masked. Nullable, so that a replica of the previous release writes
-- and reads as before. Digests are HMACs under a key of the organisation.
ALTER TABLE call_payloads ADD COLUMN payloads smallint;
ALTER TABLE call_payloads ADD COLUMN request_digest bytea;
ALTER TABLE call_payloads ADD COLUMN response_digest bytea;
ALTER TABLE call_payloads ADD COLUMN redactions text;
