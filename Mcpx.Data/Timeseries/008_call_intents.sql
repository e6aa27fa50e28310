-- Calls of organisations that record strictly, while they are under way: written before the server sees them, deleted with
-- the record of how they ended. What stays was interrupted. The columns of calls, so that one COPY writes both.
CREATE TABLE call_intents (LIKE calls, PRIMARY KEY (id));
CREATE INDEX call_intents_time ON call_intents (time);
CREATE TABLE call_intent_payloads (LIKE call_payloads, PRIMARY KEY (id));
