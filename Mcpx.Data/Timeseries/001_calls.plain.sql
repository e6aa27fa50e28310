-- Calls on plain PostgreSQL: one partition a day (UTC). The key's id comes first, for look-ups; time must be in it.
CREATE TABLE calls (
    time            timestamptz NOT NULL,
    id              uuid        NOT NULL,
    org_id          uuid        NOT NULL, -- all zero: a refused call that named no organisation that exists
    endpoint        text        NOT NULL,
    server_id       uuid,
    server_slug     text,
    user_id         uuid,
    user_name       text,
    token_id        uuid,
    token_name      text,
    client_name     text,
    client_version  text,
    era             smallint    NOT NULL,
    method          text,
    tool            text,
    outcome         smallint    NOT NULL,
    status          integer     NOT NULL,
    rule            text,
    reason          text,
    total_us        bigint      NOT NULL,
    upstream_us     bigint      NOT NULL,
    request_bytes   integer     NOT NULL,
    response_bytes  bigint      NOT NULL,
    PRIMARY KEY (id, time)
) PARTITION BY RANGE (time);

CREATE INDEX calls_org_time ON calls (org_id, time DESC, id DESC);
CREATE INDEX calls_server_time ON calls (org_id, server_id, time DESC, id DESC);

-- Apart from the calls: payloads are a hundred times their size, are read one at a time, and may expire earlier.
CREATE TABLE call_payloads (
    time       timestamptz NOT NULL,
    id         uuid        NOT NULL,
    org_id     uuid        NOT NULL,
    request    bytea,
    response   bytea,
    truncated  boolean     NOT NULL,
    PRIMARY KEY (id, time)
) PARTITION BY RANGE (time);

-- Makes the partitions of the days from p_from to p_to, both included; returns how many were new.
-- Attached rather than created in place: ATTACH lets writers go on, PARTITION OF locks them out.
-- The waits are bounded, because a writer that needs another day would queue behind us.
CREATE FUNCTION calls_make_partitions(p_from timestamptz, p_to timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day    timestamptz := date_bin('1 day', p_from, '2000-01-01 00:00+00');
    parent text;
    part   text;
    made   integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    PERFORM pg_advisory_xact_lock(7411101);
    WHILE day <= p_to LOOP
        FOREACH parent IN ARRAY ARRAY['calls', 'call_payloads'] LOOP
            part := parent || to_char(day AT TIME ZONE 'UTC', '"_p"YYYYMMDD');
            IF to_regclass(quote_ident(part)) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)', part, parent);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, day, day + interval '24 hours');
                made := made + 1;
            END IF;
        END LOOP;
        day := day + interval '24 hours';
    END LOOP;
    RETURN made;
END $$;
