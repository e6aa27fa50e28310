-- What retention takes out of the chains, and what legal holds keep from it.

CREATE FUNCTION call_is_held(p_org uuid, p_server uuid, p_user uuid, p_account uuid, p_tool text, p_upstream_tool text, p_time timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM legal_holds h WHERE h.org_id = p_org
        AND (h.server_id IS NULL OR h.server_id = p_server)
        AND (h.user_id IS NULL OR h.user_id = p_user)
        AND (h.service_account_id IS NULL OR h.service_account_id = p_account)
        AND (h.tool IS NULL OR h.tool = p_tool OR h.tool = p_upstream_tool)
        AND (h.from_time IS NULL OR p_time >= h.from_time)
        AND (h.to_time IS NULL OR p_time < h.to_time))
$$;

-- Takes out what the stub says, and leaves it; the lock is the writers', see audit_heads. A period with a held call is not
-- closed, and of payloads the held ones stay. The organisation's row is locked first, as every change of its holds locks it: what is taken out was held by nobody at that moment.
CREATE FUNCTION audit_close(
    p_org uuid, p_kind smallint, p_first bigint, p_last bigint, p_before bytea, p_link bytea, p_calls bigint, p_entries bigint,
    p_from timestamptz, p_to timestamptz, p_at timestamptz, p_key text, p_signature bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_calls bigint;
    found_entries bigint;
    found_last bytea;
BEGIN
    PERFORM FROM organizations WHERE id = p_org FOR SHARE;
    PERFORM pg_advisory_xact_lock(hashtextextended('mcpx/audit/' || p_org, 0));
    SELECT count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 2) INTO found_calls, found_entries
        FROM audit_links WHERE org_id = p_org AND seq BETWEEN p_first AND p_last;
    SELECT link INTO found_last FROM audit_links WHERE org_id = p_org AND seq = p_last;
    IF p_first <> audit_period_start(p_org, p_kind) OR found_last IS DISTINCT FROM p_link OR (found_calls, found_entries) IS DISTINCT FROM (p_calls, p_entries) THEN
        RAISE EXCEPTION 'The chain is not as the stub says.' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF p_kind = 1 AND EXISTS (SELECT FROM legal_holds WHERE org_id = p_org) AND EXISTS (
        SELECT FROM audit_links l JOIN calls c ON c.id = l.record_id AND c.time = l.time
        WHERE l.org_id = p_org AND l.seq BETWEEN p_first AND p_last AND l.kind = 1
          AND call_is_held(p_org, c.server_id, c.user_id, c.service_account_id, c.tool, c.upstream_tool, c.time)) THEN
        RAISE EXCEPTION 'A call of the period is held.' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM retention_delete_payloads(p_org, p_first, p_last);
    IF p_kind = 1 THEN
        DELETE FROM calls c USING audit_links l WHERE l.org_id = p_org AND l.seq BETWEEN p_first AND p_last AND l.kind = 1
            AND c.id = l.record_id AND c.time = l.time AND c.org_id = p_org;
        DELETE FROM admin_entries e USING audit_links l WHERE l.org_id = p_org AND l.seq BETWEEN p_first AND p_last AND l.kind = 2
            AND e.id = l.record_id AND e.org_id = p_org;
        DELETE FROM audit_links WHERE org_id = p_org AND seq BETWEEN p_first AND p_last;
        DELETE FROM audit_checkpoints WHERE org_id = p_org AND seq <= p_last;
        -- What they said is of no more use.
        DELETE FROM audit_stubs WHERE org_id = p_org AND kind = 2 AND last_seq <= p_last;
    END IF;
    INSERT INTO audit_stubs (org_id, kind, first_seq, last_seq, before, link, calls, entries, from_time, to_time, at, key_id, signature)
        VALUES (p_org, p_kind, p_first, p_last, p_before, p_link, p_calls, p_entries, p_from, p_to, p_at, p_key, p_signature);
END $$;

-- For the functions here: the payloads of these links, except held ones.
CREATE FUNCTION retention_delete_payloads(p_org uuid, p_first bigint, p_last bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM call_payloads p USING audit_links l
    WHERE l.org_id = p_org AND l.seq BETWEEN p_first AND p_last AND l.kind = 1 AND p.id = l.record_id AND p.time = l.time AND p.org_id = p_org
      AND (NOT EXISTS (SELECT FROM legal_holds WHERE org_id = p_org) OR NOT EXISTS (
        SELECT FROM calls c WHERE c.id = l.record_id AND c.time = l.time
          AND call_is_held(p_org, c.server_id, c.user_id, c.service_account_id, c.tool, c.upstream_tool, c.time)))
$$;

-- After a hold was released: what it alone kept, among payloads whose time had come already. From link to link; returns the
-- last that was looked at, null behind the end.
CREATE FUNCTION retention_sweep_released(p_org uuid, p_after bigint, p_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ends bigint;
BEGIN
    PERFORM FROM organizations WHERE id = p_org FOR SHARE;
    SELECT max(seq) INTO ends FROM (
        SELECT seq FROM audit_links WHERE org_id = p_org AND seq > p_after AND seq <= (SELECT max(last_seq) FROM audit_stubs WHERE org_id = p_org)
        ORDER BY seq LIMIT p_most) page;
    IF ends IS NOT NULL THEN
        PERFORM retention_delete_payloads(p_org, p_after + 1, ends);
    END IF;
    RETURN ends;
END $$;

-- What has no link: refused calls that named no organisation, and calls of the time before there were chains. Returns how
-- many records and payloads went; 0 when there is nothing left to do.
CREATE FUNCTION retention_delete_unlinked(p_org uuid, p_records_before timestamptz, p_payloads_before timestamptz, p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    strangers constant uuid := '00000000-0000-0000-0000-000000000000';
    ends      timestamptz := CASE WHEN p_org = strangers THEN 'infinity' ELSE audit_chain_begin() END;
    payloads  integer;
    records   integer;
BEGIN
    IF ends IS NULL OR NOT EXISTS (SELECT FROM calls WHERE org_id = p_org AND time < least(ends, greatest(p_records_before, p_payloads_before))) THEN
        RETURN 0;
    END IF;
    PERFORM FROM organizations WHERE id = p_org FOR SHARE;
    WITH batch AS MATERIALIZED (
        SELECT c.time, c.id, c.time < p_records_before AS whole FROM calls c
        WHERE c.org_id = p_org AND c.time < least(ends, greatest(p_records_before, p_payloads_before))
          AND NOT EXISTS (SELECT FROM audit_links l WHERE l.org_id = p_org AND l.kind = 1 AND l.record_id = c.id)
          AND NOT call_is_held(p_org, c.server_id, c.user_id, c.service_account_id, c.tool, c.upstream_tool, c.time)
          AND (c.time < p_records_before OR EXISTS (SELECT FROM call_payloads p WHERE p.id = c.id AND p.time = c.time))
        ORDER BY c.time, c.id LIMIT p_most),
    gone AS (DELETE FROM call_payloads p USING batch b WHERE p.id = b.id AND p.time = b.time RETURNING 1),
    ended AS (DELETE FROM calls c USING batch b WHERE b.whole AND c.id = b.id AND c.time = b.time RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM ended) INTO payloads, records;
    RETURN payloads + records;
END $$;
