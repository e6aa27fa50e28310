-- What people look for in calls. Nullable, so that a replica of the previous release writes and reads as before.
-- The words of the payloads' first values, with the organisation and the caller as two words more, so that the index leads
-- to no rows of others; without positions, which would double them.
ALTER TABLE calls ADD COLUMN words tsvector;
ALTER TABLE call_intents ADD COLUMN words tsvector;
CREATE INDEX calls_words ON calls USING gin (words);
-- Each with the order of the page. Names may be longer than an index takes, so of those it holds the hashes.
CREATE INDEX calls_user_time ON calls (org_id, user_id, time DESC, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX calls_token_time ON calls (org_id, token_id, time DESC, id DESC) WHERE token_id IS NOT NULL;
CREATE INDEX calls_tool_time ON calls (org_id, hashtextextended(tool, 0), time DESC, id DESC) WHERE tool IS NOT NULL;
CREATE INDEX calls_rule_time ON calls (org_id, hashtextextended(rule, 0), time DESC, id DESC) WHERE rule IS NOT NULL;
-- Of what is rare, so that the others pay nothing for it.
CREATE INDEX calls_failed_time ON calls (org_id, time DESC, id DESC) WHERE outcome <> 0;
CREATE INDEX calls_slow_time ON calls (org_id, time DESC, id DESC) WHERE total_us >= 1000000;
