-- The chain over calls and entries of the audit log, one for each organisation. Links are added in the transaction that writes
-- their records and never changed. No foreign keys: the chain must say what is gone.
CREATE TABLE audit_links (
    org_id       uuid        NOT NULL,
    seq          bigint      NOT NULL,
    kind         smallint    NOT NULL, -- 1 a call, 2 an entry
    version      smallint    NOT NULL, -- which of the record's columns are hashed
    record_id    uuid        NOT NULL,
    time         timestamptz NOT NULL, -- the record's
    payload_hash bytea,                -- stays when the payload goes
    leaf         bytea       NOT NULL,
    link         bytea       NOT NULL,
    seal         bytea       NOT NULL,
    PRIMARY KEY (org_id, seq)
);

-- “The chain was so long, and its last link was this”, signed.
CREATE TABLE audit_checkpoints (
    org_id    uuid        NOT NULL,
    seq       bigint      NOT NULL,
    link      bytea       NOT NULL,
    begins    timestamptz,
    at        timestamptz NOT NULL,
    key_id    text        NOT NULL,
    signature bytea       NOT NULL,
    PRIMARY KEY (org_id, seq)
);

-- What is left of what retention removed, signed.
CREATE TABLE audit_stubs (
    org_id    uuid        NOT NULL,
    kind      smallint    NOT NULL, -- 1 a period with its links, 2 payloads only
    first_seq bigint      NOT NULL,
    last_seq  bigint      NOT NULL,
    before    bytea       NOT NULL, -- the link before the first
    link      bytea       NOT NULL, -- the last
    calls     bigint      NOT NULL,
    entries   bigint      NOT NULL,
    from_time timestamptz NOT NULL,
    to_time   timestamptz NOT NULL,
    at        timestamptz NOT NULL,
    key_id    text        NOT NULL,
    signature bytea       NOT NULL,
    PRIMARY KEY (org_id, kind, last_seq)
);

-- One row: what seals and signs. The secret half is sealed by the key ring.
CREATE TABLE audit_keys (
    position   integer     PRIMARY KEY CHECK (position = 0),
    id         text        NOT NULL,
    public_key bytea       NOT NULL,
    secret     bytea       NOT NULL,
    created_at timestamptz NOT NULL
);

-- One row: until when records may stand without a link. Null for a database that is new; else an hour from now, for replicas
-- of the previous release that go on writing while the others are restarted.
CREATE TABLE audit_begin (at timestamptz);
INSERT INTO audit_begin SELECT CASE WHEN EXISTS (SELECT FROM organizations) THEN now() + interval '1 hour' END;

CREATE FUNCTION audit_chain_begin() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT at FROM audit_begin $$;

-- Where chains end, one after the other for all who write: each takes the locks of its organisations in one order, and keeps
-- them until it commits. Of a chain's end nobody hears who may not add to it: whoever appends calls may to all.
CREATE FUNCTION audit_heads(p_orgs uuid[]) RETURNS TABLE (head_org uuid, head_seq bigint, head_link bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o uuid;
    k bigint;
BEGIN
    FOR o, k IN SELECT DISTINCT u, hashtextextended('mcpx/audit/' || u, 0) FROM unnest(p_orgs) u ORDER BY 2, 1 LOOP
        IF NOT (has_table_privilege(session_user, 'calls', 'INSERT') OR o IS NOT DISTINCT FROM mcpx_org()
                OR EXISTS (SELECT FROM members m WHERE m.org_id = o AND m.user_id = mcpx_user())) THEN
            RAISE EXCEPTION 'The chain of organization % is not this use''s.', o USING ERRCODE = 'insufficient_privilege';
        END IF;
        PERFORM pg_advisory_xact_lock(k);
    END LOOP;
    -- Behind the locks, so that it sees what those committed who had them before.
    RETURN QUERY
        SELECT u, coalesce(l.seq, s.last_seq), coalesce(l.link, s.link)
        FROM unnest(p_orgs) u
        LEFT JOIN LATERAL (SELECT seq, link FROM audit_links WHERE org_id = u ORDER BY seq DESC LIMIT 1) l ON true
        LEFT JOIN LATERAL (SELECT last_seq, link FROM audit_stubs WHERE org_id = u AND kind = 1 ORDER BY last_seq DESC LIMIT 1) s ON true
        WHERE coalesce(l.seq, s.last_seq) IS NOT NULL;
END $$;

-- The first link that a stub of the kind may be about: of those that stand, and for payloads of those that still have theirs.
CREATE FUNCTION audit_period_start(p_org uuid, p_kind smallint) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce(max(last_seq) + 1, 1) FROM audit_stubs WHERE org_id = p_org AND (kind = 1 OR p_kind = 2) $$;

-- Deletes a batch of the calls of an organisation that is gone, and its chain with the last; refuses any other. Returns how
-- many calls. Payloads go by the keys of their calls: only the calls have an index by organisation.
CREATE FUNCTION audit_delete_ended(p_org uuid, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    deleted integer;
BEGIN
    IF p_org = '00000000-0000-0000-0000-000000000000' OR EXISTS (SELECT FROM organizations WHERE id = p_org) THEN
        RAISE EXCEPTION 'Organization % is not gone.', p_org USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    WITH batch AS MATERIALIZED (SELECT time, id FROM calls WHERE org_id = p_org ORDER BY time DESC, id DESC LIMIT p_limit),
         payloads AS (DELETE FROM call_payloads p USING batch b WHERE p.id = b.id AND p.time = b.time)
    DELETE FROM calls c USING batch b WHERE c.id = b.id AND c.time = b.time;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted = 0 THEN
        DELETE FROM audit_links WHERE org_id = p_org;
        DELETE FROM audit_checkpoints WHERE org_id = p_org;
        DELETE FROM audit_stubs WHERE org_id = p_org;
    END IF;
    RETURN deleted;
END $$;
