-- Who may see which rows. Safe to repeat: it runs again whenever it, the tables or the logins change.
-- "app" serves people and the API, one organisation or one person at a time; "engine" serves the whole installation.
-- The owner stands outside: it migrates, and a migration has to see every row.

-- The organisation and the person that this use of the connection is for. Unset gives null, and null equals nothing.
CREATE OR REPLACE FUNCTION mcpx_org() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('mcpx.org_id', true), '')::uuid $$;
CREATE OR REPLACE FUNCTION mcpx_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('mcpx.user_id', true), '')::uuid $$;

GRANT USAGE ON SCHEMA public TO "{app}", "{engine}";

-- What belongs to an organisation: every table with its id, found in the catalogue, so that a new one is guarded from
-- its first day. Calls are apart, see below.
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
          AND c.relname NOT IN ('calls', 'call_payloads', 'call_intents', 'call_intent_payloads', 'metric_events')
          AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('DROP POLICY IF EXISTS tenant ON %I', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO "{app}" USING (org_id = mcpx_org()) WITH CHECK (org_id = mcpx_org())', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO "{app}", "{engine}"', t);
    END LOOP;

    -- What belongs to a person and to no organisation.
    FOREACH t IN ARRAY ARRAY['external_logins', 'sessions', 'sign_in_links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('DROP POLICY IF EXISTS person ON %I', t);
        EXECUTE format('CREATE POLICY person ON %I TO "{app}" USING (user_id = mcpx_user()) WITH CHECK (user_id = mcpx_user())', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO "{app}", "{engine}"', t);
    END LOOP;

    FOREACH t IN ARRAY ARRAY['organizations', 'users'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;

-- People see their own memberships in every organisation; changing one is the organisation's.
DROP POLICY IF EXISTS person ON members;
CREATE POLICY person ON members FOR SELECT TO "{app}" USING (user_id = mcpx_user());

DROP POLICY IF EXISTS tenant ON organizations;
DROP POLICY IF EXISTS person ON organizations;
CREATE POLICY tenant ON organizations TO "{app}" USING (id = mcpx_org()) WITH CHECK (id = mcpx_org());
CREATE POLICY person ON organizations FOR SELECT TO "{app}" USING (EXISTS (SELECT 1 FROM members m WHERE m.org_id = organizations.id AND m.user_id = mcpx_user()));
GRANT SELECT, INSERT, UPDATE, DELETE ON organizations TO "{app}";

DROP POLICY IF EXISTS tenant ON users;
DROP POLICY IF EXISTS person ON users;
-- Who left is still named beside the tokens that they made.
CREATE POLICY tenant ON users FOR SELECT TO "{app}" USING (
    EXISTS (SELECT 1 FROM members m WHERE m.user_id = users.id AND m.org_id = mcpx_org())
    OR EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = users.id AND t.org_id = mcpx_org()));
CREATE POLICY person ON users TO "{app}" USING (id = mcpx_user()) WITH CHECK (id = mcpx_user());
GRANT SELECT, UPDATE ON users TO "{app}";
GRANT SELECT, INSERT, UPDATE, DELETE ON organizations, users TO "{engine}";

-- The audit log is added to and never changed, by nobody who serves; old lines of the installation's are the engine's to
-- sweep, and an organisation's go with it. What is a person's own is noted in their organisations, or nowhere's; the end
-- of an organisation is noted where its own log does not go with it.
REVOKE UPDATE, DELETE ON admin_entries FROM "{app}";
REVOKE UPDATE ON admin_entries FROM "{engine}";
DROP POLICY IF EXISTS person ON admin_entries;
CREATE POLICY person ON admin_entries FOR INSERT TO "{app}" WITH CHECK (actor_id = mcpx_user() AND (
    org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = mcpx_user())
    OR org_id IS NULL AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = mcpx_user())));
DROP POLICY IF EXISTS ended ON admin_entries;
CREATE POLICY ended ON admin_entries FOR INSERT TO "{app}" WITH CHECK (org_id IS NULL AND action = 'organization.delete' AND subject_id = mcpx_org());

-- Nor is a chain ever changed: links, checkpoints and stubs are added, and what retention takes out goes by a function that
-- leaves a stub. What is a person's own is linked where it is noted.
REVOKE UPDATE, DELETE ON audit_links, audit_checkpoints, audit_stubs FROM "{app}", "{engine}";
DROP POLICY IF EXISTS person ON audit_links;
CREATE POLICY person ON audit_links FOR INSERT TO "{app}" WITH CHECK (org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = mcpx_user()));

-- The engine sees every row of the tables above, by name and not by an attribute of its role.
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relrowsecurity LOOP
        EXECUTE format('DROP POLICY IF EXISTS engine ON %I', t);
        EXECUTE format('CREATE POLICY engine ON %I TO "{engine}" USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- Of the audit log the engine sweeps what anybody may cause, and nothing else.
DROP POLICY IF EXISTS sweep ON admin_entries;
CREATE POLICY sweep ON admin_entries AS RESTRICTIVE FOR DELETE TO "{engine}" USING (org_id IS NULL AND action = 'session.refused');

-- The installation's own. Revocations hold ids only, and are written in the transaction that revokes. What was revoked
-- stays so: the app can neither change nor delete one, and old ones are the engine's to sweep.
GRANT SELECT, INSERT ON revocations TO "{app}";
REVOKE UPDATE, DELETE ON revocations FROM "{app}";
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition AND NOT c.relrowsecurity
          AND c.relname NOT IN ('calls', 'call_payloads', 'call_intents', 'call_intent_payloads', 'metric_events', 'database_logins')
          AND c.relname NOT LIKE 'schema\_%' AND c.relname NOT LIKE 'metric\_rollup%'
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO "{engine}"', t);
    END LOOP;
END $$;
GRANT SELECT ON schema_migrations, schema_scripts TO "{engine}";
-- The audit's key is sealed anew when the ring turns, and is never taken away.
REVOKE DELETE ON audit_keys FROM "{engine}";
REVOKE INSERT, UPDATE, DELETE ON audit_begin FROM "{engine}";

-- Calls: the engine appends them by COPY, which PostgreSQL refuses under row-level security, as TimescaleDB refuses that
-- on what it compresses. The app has no right on the tables and reads these. A barrier keeps conditions of the query,
-- which might tell what they saw, behind the organisation's.
-- Nobody who serves changes or deletes a call: retention and the end of an organisation have functions for that.
GRANT SELECT, INSERT ON calls, call_payloads, call_intents, call_intent_payloads TO "{engine}";
GRANT DELETE ON call_intents, call_intent_payloads TO "{engine}";
REVOKE UPDATE, DELETE ON calls, call_payloads FROM "{engine}";
DROP VIEW IF EXISTS tenant_calls;
CREATE VIEW tenant_calls WITH (security_barrier) AS SELECT * FROM calls WHERE org_id = mcpx_org();
DROP VIEW IF EXISTS tenant_call_payloads;
CREATE VIEW tenant_call_payloads WITH (security_barrier) AS SELECT * FROM call_payloads WHERE org_id = mcpx_org();
GRANT SELECT ON tenant_calls, tenant_call_payloads TO "{app}";

-- Figures: the same. The engine appends events and reads all; the app reads its organisation's. Both roll-ups and what they are
-- made from belong to the owner, whose functions turn the crank.
GRANT SELECT, INSERT ON metric_events TO "{engine}";
REVOKE UPDATE, DELETE ON metric_events FROM "{engine}";
DO $$
DECLARE
    v text;
BEGIN
    FOR v IN SELECT 'metric_events' UNION ALL SELECT k.view || l FROM metric_kinds() k, unnest(ARRAY['1m', '1h', '1d', 'rolled_1m', 'rolled_1h', 'rolled_1d']) l LOOP
        EXECUTE format('DROP VIEW IF EXISTS tenant_%1$s', v);
        EXECUTE format('CREATE VIEW tenant_%1$s WITH (security_barrier) AS SELECT * FROM %1$s WHERE org_id = (SELECT mcpx_org())', v);
        EXECUTE format('GRANT SELECT ON tenant_%1$s TO "{app}"', v);
        EXECUTE format('GRANT SELECT ON %1$s TO "{engine}"', v);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION metrics_make_partitions, metrics_note_late, metrics_close, metrics_roll_up, metrics_rolled_up, metrics_delete, metrics_expire, metrics_drop, metrics_ended, metric_keep_name FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metrics_make_partitions, metrics_note_late, metrics_close, metrics_roll_up, metrics_rolled_up, metrics_delete, metrics_expire, metrics_drop, metrics_ended TO "{engine}";
-- Where to read on: a time, the same for all.
GRANT EXECUTE ON FUNCTION metrics_rolled_up TO "{app}";

-- What a filter of calls asks for, as a condition: see CallFilterJson. Written out rather than passed, so that the planner
-- sees the values, and knows of each how many rows have it; every one of them is quoted. Tools and rules are compared by
-- their hashes too, since those are what the indexes hold: a name may be longer than an index takes.
CREATE OR REPLACE FUNCTION calls_condition(f jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat('org_id = mcpx_org()',
        ' AND server_id = ' || quote_literal(f ->> 'server'),
        ' AND gateway_id = ' || quote_literal(f ->> 'gateway'),
        ' AND user_id = ' || quote_literal(f ->> 'user'),
        ' AND service_account_id = ' || quote_literal(f ->> 'serviceAccount'),
        ' AND token_id = ' || quote_literal(f ->> 'token'),
        ' AND method = ' || quote_literal(f ->> 'method'),
        ' AND hashtextextended(tool, 0) = ' || hashtextextended(f ->> 'tool', 0) || ' AND tool = ' || quote_literal(f ->> 'tool'),
        ' AND hashtextextended(rule, 0) = ' || hashtextextended(f ->> 'rule', 0) || ' AND rule = ' || quote_literal(f ->> 'rule'),
        ' AND outcome = ANY (' || quote_literal(f ->> 'outcomes') || '::smallint[])',
        CASE WHEN f ->> 'isFailed' = 'true' THEN ' AND outcome <> 0' END,
        ' AND total_us >= ' || (f ->> 'minMicroseconds')::bigint,
        CASE WHEN (f ->> 'minMicroseconds')::bigint >= 1000000 THEN ' AND total_us >= 1000000' END,
        ' AND total_us <= ' || (f ->> 'maxMicroseconds')::bigint,
        CASE WHEN f ->> 'wouldBeDenied' = 'true' THEN ' AND would_rule IS NOT NULL' END,
        ' AND (id = ' || quote_literal(f ->> 'firstRound') || ' OR first_round = ' || quote_literal(f ->> 'firstRound') || ')',
        ' AND words @@ ' || quote_literal(f ->> 'words') || '::tsquery',
        ' AND coalesce(user_id, service_account_id) = ' || quote_literal(f ->> 'caller'),
        ' AND time >= ' || quote_literal(f ->> 'from') || '::timestamptz',
        ' AND time < ' || quote_literal(f ->> 'to') || '::timestamptz',
        -- Said twice: only the plain comparison spares the partitions that are too new.
        ' AND time <= ' || quote_literal(f ->> 'beforeTime') || '::timestamptz AND (time, id) < ('
            || quote_literal(f ->> 'beforeTime') || '::timestamptz, ' || quote_literal(f ->> 'beforeId') || '::uuid)')
$$;

-- Calls with words, out of the index of those and by no other way: left to choose, the planner takes a word that it has no
-- figures of for one that is soon met on the way through all calls.
DROP FUNCTION IF EXISTS calls_by_words;
CREATE FUNCTION calls_by_words(p_condition text, p_limit integer) RETURNS SETOF calls LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET jit = off SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM calls WHERE ' || p_condition || ' ORDER BY time DESC, id DESC LIMIT ' || p_limit;
END $$;

-- A page of calls, newest first. Through the view the newest page would cost a sort of everything behind the barrier, and
-- no index of words would be used; here the index gives the order, and the organisation is still this use's and no argument.
-- Compiling a query that ends after fifty rows costs more than running it.
DROP FUNCTION IF EXISTS tenant_calls_page;
CREATE FUNCTION tenant_calls_page(p_filter jsonb, p_limit integer)
RETURNS SETOF calls LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    walk   constant integer := 20000;
    bounds text;
    met    integer;
    reached record;
BEGIN
    IF p_filter ->> 'words' IS NULL THEN
        RETURN QUERY EXECUTE 'SELECT * FROM calls WHERE ' || calls_condition(p_filter) || ' ORDER BY time DESC, id DESC LIMIT ' || p_limit;
        RETURN;
    END IF;

    -- A word that many calls have is met among the newest; one that few have costs little in the index of words.
    bounds := calls_condition(jsonb_build_object('from', p_filter -> 'from', 'to', p_filter -> 'to', 'beforeTime', p_filter -> 'beforeTime', 'beforeId', p_filter -> 'beforeId'));
    RETURN QUERY EXECUTE 'SELECT * FROM (SELECT * FROM calls WHERE ' || bounds || ' ORDER BY time DESC, id DESC LIMIT ' || walk || ') newest WHERE ' || calls_condition(p_filter) || ' LIMIT ' || p_limit;
    GET DIAGNOSTICS met = ROW_COUNT;
    IF met >= p_limit THEN RETURN; END IF;
    EXECUTE 'SELECT time, id FROM calls WHERE ' || bounds || ' ORDER BY time DESC, id DESC OFFSET ' || walk - 1 || ' LIMIT 1' INTO reached;
    IF reached.time IS NULL THEN RETURN; END IF;
    RETURN QUERY SELECT * FROM calls_by_words(calls_condition(p_filter || jsonb_build_object('beforeTime', reached.time, 'beforeId', reached.id)), p_limit - met);
END $$;

-- How many there are, counted no further than p_most.
DROP FUNCTION IF EXISTS tenant_calls_count;
CREATE FUNCTION tenant_calls_count(p_filter jsonb, p_most integer)
RETURNS integer LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    found integer;
BEGIN
    EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM calls WHERE ' || calls_condition(p_filter) || ' LIMIT ' || p_most || ') counted' INTO found;
    RETURN found;
END $$;

-- Calls by their places in the organisation's chain, which is the order in which they came on record. Each is looked up by its
-- key; through the views, everything behind the barriers might be read for them.
DROP FUNCTION IF EXISTS tenant_calls_linked;
CREATE FUNCTION tenant_calls_linked(p_filter jsonb, p_after bigint, p_last bigint)
RETURNS TABLE (seq bigint, call calls) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET jit = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT l.seq, c.whole FROM audit_links l JOIN LATERAL (SELECT calls AS whole FROM calls WHERE id = l.record_id AND time = l.time AND ' || calls_condition(p_filter) || ') c ON true'
        || ' WHERE l.org_id = mcpx_org() AND l.kind = 1 AND l.seq > ' || p_after || ' AND l.seq <= ' || p_last || ' ORDER BY l.seq';
END $$;

-- What some calls carried. Joined in the view, all payloads behind the barrier might be read for them.
DROP FUNCTION IF EXISTS tenant_payloads;
CREATE FUNCTION tenant_payloads(p_ids uuid[], p_from timestamptz, p_to timestamptz)
RETURNS SETOF call_payloads LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM call_payloads WHERE org_id = mcpx_org() AND id = ANY (p_ids) AND time BETWEEN p_from AND p_to
$$;

-- What the calls of some links carried, each by its key, which is the only index that payloads have: looked for by their times,
-- all of a day's would be read for every page of its chain.
DROP FUNCTION IF EXISTS tenant_payloads_linked;
CREATE FUNCTION tenant_payloads_linked(p_first bigint, p_last bigint)
RETURNS SETOF call_payloads LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET jit = off SET enable_nestloop = on SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    -- Each once, also where somebody has repeated a link: the second one is to be found, and not the first one twice.
    SELECT p.* FROM (SELECT DISTINCT record_id, time FROM audit_links WHERE org_id = mcpx_org() AND kind = 1 AND seq BETWEEN p_first AND p_last) l
    JOIN call_payloads p ON p.id = l.record_id AND p.time = l.time AND p.org_id = mcpx_org()
$$;

-- A server's calls of tools with what was asked, newest first: rules are tried on them. Apart from the page of calls,
-- because it carries payloads; what was refused for other reasons than rules would tell nothing.
DROP FUNCTION IF EXISTS tenant_tool_calls;
CREATE FUNCTION tenant_tool_calls(p_server uuid, p_from timestamptz, p_before_time timestamptz, p_before_id uuid, p_limit integer)
RETURNS TABLE (call_time timestamptz, call_id uuid, call_user uuid, call_account uuid, call_token uuid, call_by text, call_tool text, call_outcome smallint, call_request bytea, call_truncated boolean, call_redacted boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.time, c.id, c.user_id, c.service_account_id, c.token_id, coalesce(c.user_name, c.service_account_name), coalesce(c.upstream_tool, c.tool), c.outcome,
            p.request,
            -- What was redacted has another length; then the mark of both payloads says it.
            coalesce(CASE WHEN p.redactions IS NULL THEN octet_length(p.request) < c.request_bytes ELSE p.truncated END, false),
            coalesce(p.redactions LIKE '%"part":"request"%', false)
        FROM (SELECT * FROM calls WHERE org_id = mcpx_org() AND server_id = p_server AND time >= p_from
                -- Said twice: only the plain comparison is one that the index begins at.
                AND time <= coalesce(p_before_time, 'infinity') AND (p_before_time IS NULL OR (time, id) < (p_before_time, p_before_id))
                AND method = 'tools/call' AND tool IS NOT NULL AND outcome NOT IN (5, 6)
                AND (outcome <> 4 OR rule LIKE 'allowlist%' OR rule LIKE 'blocklist%')
            ORDER BY time DESC, id DESC LIMIT p_limit) c
        LEFT JOIN call_payloads p ON p.id = c.id AND p.time = c.time AND p.org_id = c.org_id
        ORDER BY c.time DESC, c.id DESC;
END $$;
REVOKE ALL ON FUNCTION tenant_calls_page, tenant_calls_count, tenant_calls_linked, tenant_payloads, tenant_payloads_linked, tenant_tool_calls, calls_condition, calls_by_words, calls_make_partitions, calls_drop_empty_partitions, retention_delete_payloads, retention_sweep_released, retention_delete_unlinked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_calls_page, tenant_calls_count, tenant_calls_linked, tenant_payloads, tenant_payloads_linked, tenant_tool_calls TO "{app}";
GRANT EXECUTE ON FUNCTION calls_make_partitions, calls_drop_empty_partitions, retention_sweep_released, retention_delete_unlinked TO "{engine}";
REVOKE ALL ON FUNCTION audit_heads, audit_period_start, audit_chain_begin, audit_close, audit_delete_ended FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_heads, audit_chain_begin, audit_period_start TO "{app}";
GRANT EXECUTE ON FUNCTION audit_heads, audit_chain_begin, audit_period_start, audit_close, audit_delete_ended TO "{engine}";

DO $$ BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO "{app}", "{engine}"', current_database());
    -- Payloads of some kilobytes are compressed as they are written: lz4 takes a fifth of the time that pglz takes. Not every
    -- PostgreSQL was built with it.
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER ROLE "{engine}" SET default_toast_compression = 'lz4';
    END IF;
    -- A batch of calls that may have been written before is merged through a temporary table.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO "{engine}"', current_database());
END $$;
