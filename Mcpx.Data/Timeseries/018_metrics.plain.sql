-- Metrics on plain PostgreSQL: events, and what a job rolls up from them. The views at the end have the names and columns of
-- 018_metrics.timescale.sql. Ids are all zero where a call has none.
CREATE TABLE metric_events (
    time            timestamptz NOT NULL,
    org_id          uuid        NOT NULL,
    server_id       uuid        NOT NULL,
    gateway_id      uuid        NOT NULL,
    caller_id       uuid        NOT NULL, -- a user or a service account
    method          text        NOT NULL,
    tool            text        NOT NULL, -- as its server calls it; empty for other methods than tools/call
    outcome         smallint    NOT NULL,
    request_bytes   integer     NOT NULL,
    response_bytes  bigint      NOT NULL,
    total_us        bigint      NOT NULL,
    upstream_us     bigint      NOT NULL,
    gateway_us      bigint      NOT NULL, -- of the total, what was not the server's
    total_bucket    smallint,             -- null: a latency that says nothing of the server, as that of a refused call
    upstream_bucket smallint,
    gateway_bucket  smallint
) PARTITION BY RANGE (time);
CREATE INDEX metric_events_server_time ON metric_events (server_id, time DESC);
CREATE INDEX metric_events_org_time ON metric_events (org_id, time DESC);

-- What was called, by the minute.
CREATE TABLE metric_rollup_1m (
    bucket          timestamptz NOT NULL,
    org_id          uuid        NOT NULL,
    server_id       uuid        NOT NULL,
    gateway_id      uuid        NOT NULL,
    method          text        NOT NULL,
    tool            text        NOT NULL,
    calls           bigint      NOT NULL,
    ok              bigint      NOT NULL,
    tool_errors     bigint      NOT NULL,
    upstream_errors bigint      NOT NULL,
    timeouts        bigint      NOT NULL,
    denied          bigint      NOT NULL,
    rate_limited    bigint      NOT NULL,
    unauthenticated bigint      NOT NULL,
    aborted         bigint      NOT NULL,
    interrupted     bigint      NOT NULL,
    request_bytes   bigint      NOT NULL,
    response_bytes  bigint      NOT NULL,
    timed           bigint      NOT NULL, -- how many calls the latencies are of
    total_us        bigint,               -- sums
    upstream_us     bigint,
    gateway_us      bigint,
    max_us          bigint,
    total_hist      bigint[],
    upstream_hist   bigint[],
    gateway_hist    bigint[]
) PARTITION BY RANGE (bucket);
CREATE INDEX metric_rollup_1m_server_bucket ON metric_rollup_1m (server_id, bucket DESC);
CREATE INDEX metric_rollup_1m_org_bucket ON metric_rollup_1m (org_id, bucket DESC);
CREATE TABLE metric_rollup_1h (LIKE metric_rollup_1m) PARTITION BY RANGE (bucket);
CREATE INDEX metric_rollup_1h_server_bucket ON metric_rollup_1h (server_id, bucket DESC);
CREATE INDEX metric_rollup_1h_org_bucket ON metric_rollup_1h (org_id, bucket DESC);
CREATE TABLE metric_rollup_1d (LIKE metric_rollup_1m) PARTITION BY RANGE (bucket);
CREATE INDEX metric_rollup_1d_server_bucket ON metric_rollup_1d (server_id, bucket DESC);
CREATE INDEX metric_rollup_1d_org_bucket ON metric_rollup_1d (org_id, bucket DESC);

-- Who called.
CREATE TABLE metric_caller_rollup_1m (LIKE metric_rollup_1m) PARTITION BY RANGE (bucket);
ALTER TABLE metric_caller_rollup_1m DROP COLUMN gateway_id, DROP COLUMN method, DROP COLUMN tool, DROP COLUMN upstream_hist, DROP COLUMN gateway_hist,
    ADD COLUMN caller_id uuid NOT NULL;
CREATE INDEX metric_caller_rollup_1m_org_bucket ON metric_caller_rollup_1m (org_id, bucket DESC);
CREATE TABLE metric_caller_rollup_1h (LIKE metric_caller_rollup_1m) PARTITION BY RANGE (bucket);
CREATE INDEX metric_caller_rollup_1h_org_bucket ON metric_caller_rollup_1h (org_id, bucket DESC);
CREATE TABLE metric_caller_rollup_1d (LIKE metric_caller_rollup_1m) PARTITION BY RANGE (bucket);
CREATE INDEX metric_caller_rollup_1d_org_bucket ON metric_caller_rollup_1d (org_id, bucket DESC);

CREATE TABLE metric_rollup_state (
    level   text        PRIMARY KEY CHECK (level IN ('1m', '1h', '1d')),
    closing timestamptz NOT NULL, -- who writes an event of before this notes it as late
    visible timestamptz NOT NULL  -- what is before this is rolled up; the views take the rest from the level below
);
INSERT INTO metric_rollup_state SELECT level, started, started
    FROM unnest(ARRAY['1m', '1h', '1d']) level, date_bin('1 day', now() - interval '7 days', '2000-01-01 00:00+00') started;

-- Minutes, hours and days that are rolled up already and have to be once more.
CREATE TABLE metric_rollup_late (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level  text        NOT NULL,
    bucket timestamptz NOT NULL
);

-- Makes the partitions that events of the days from p_from to p_to need; returns how many were new. See calls_make_partitions.
CREATE FUNCTION metrics_make_partitions(p_from timestamptz, p_to timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent record;
    starts timestamptz;
    part   text;
    made   integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    PERFORM pg_advisory_xact_lock(7411101);
    FOR parent IN SELECT * FROM metric_partitioned() LOOP
        starts := date_bin(parent.width, p_from, '2000-01-01 00:00+00');
        WHILE starts <= p_to LOOP
            part := parent.name || to_char(starts AT TIME ZONE 'UTC', '"_p"YYYYMMDD');
            IF to_regclass(quote_ident(part)) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)', part, parent.name);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent.name, part, starts, starts + parent.width);
                made := made + 1;
            END IF;
            starts := starts + parent.width;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

-- In hours, because a day of the session's time zone may have 23 or 25.
CREATE FUNCTION metric_partitioned() RETURNS TABLE (name text, level text, width interval) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('metric_events', 'events', interval '24 hours'),
           ('metric_rollup_1m', '1m', interval '24 hours'), ('metric_caller_rollup_1m', '1m', interval '24 hours'),
           ('metric_rollup_1h', '1h', interval '168 hours'), ('metric_caller_rollup_1h', '1h', interval '168 hours'),
           ('metric_rollup_1d', '1d', interval '2160 hours'), ('metric_caller_rollup_1d', '1d', interval '2160 hours')
$$;

-- Who writes events calls this in the same transaction and in front of them, with the minutes that they are of.
CREATE FUNCTION metrics_note_late(p_minutes timestamptz[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Held until the commit: metrics_close waits for it, so that no event comes to stand before a border that its writer did not see.
    PERFORM pg_advisory_xact_lock_shared(7411201);
    INSERT INTO metric_rollup_late (level, bucket)
        SELECT '1m', m FROM unnest(p_minutes) m WHERE m < (SELECT closing FROM metric_rollup_state WHERE level = '1m');
END $$;

-- First step of the roll-up: moves the border up to which minutes are complete. Waits for the writers that are under way.
CREATE FUNCTION metrics_close(p_now timestamptz, p_most interval) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7411201);
    UPDATE metric_rollup_state SET closing = greatest(closing, least(date_bin('1 minute', p_now, '2000-01-01 00:00+00'), visible + p_most)) WHERE level = '1m';
END $$;

-- Second step, level by level: what came late, then what is new. Returns how many buckets of time were rolled up.
CREATE FUNCTION metrics_roll_up(p_level text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET jit = off AS $$
DECLARE
    origin constant timestamptz := '2000-01-01 00:00+00';
    width  constant interval := CASE p_level WHEN '1m' THEN interval '1 minute' WHEN '1h' THEN interval '1 hour' ELSE interval '24 hours' END;
    above  constant text := CASE p_level WHEN '1m' THEN '1h' WHEN '1h' THEN '1d' END;
    below  constant text := CASE p_level WHEN '1h' THEN '1m' WHEN '1d' THEN '1h' END;
    state  metric_rollup_state;
    ends   timestamptz;
    late   timestamptz;
    done   integer := 0;
BEGIN
    SELECT * INTO STRICT state FROM metric_rollup_state WHERE level = p_level FOR UPDATE;
    FOR late IN
        WITH noted AS (DELETE FROM metric_rollup_late WHERE level = p_level RETURNING bucket)
        SELECT DISTINCT date_bin(width, bucket, origin) FROM noted WHERE bucket < state.visible ORDER BY 1
    LOOP
        EXECUTE format('DELETE FROM metric_rollup_%s WHERE bucket = $1', p_level) USING late;
        EXECUTE format('DELETE FROM metric_caller_rollup_%s WHERE bucket = $1', p_level) USING late;
        PERFORM metrics_fill(p_level, late, late + width);
        IF above IS NOT NULL THEN
            INSERT INTO metric_rollup_late (level, bucket) VALUES (above, late);
        END IF;
        done := done + 1;
    END LOOP;

    ends := CASE WHEN below IS NULL THEN state.closing ELSE (SELECT date_bin(width, visible, origin) FROM metric_rollup_state WHERE level = below) END;
    IF ends > state.visible THEN
        PERFORM metrics_fill(p_level, state.visible, ends);
        UPDATE metric_rollup_state SET visible = ends, closing = greatest(closing, ends) WHERE level = p_level;
        done := done + (extract(epoch FROM ends - state.visible) / extract(epoch FROM width))::integer;
    END IF;
    RETURN done;
END $$;

-- Of all that is a moment of [p_from, p_to), what the level says of it.
CREATE FUNCTION metrics_fill(p_level text, p_from timestamptz, p_to timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kind    record;
    below   constant text := CASE p_level WHEN '1h' THEN '1m' WHEN '1d' THEN '1h' END;
    width   constant text := CASE p_level WHEN '1m' THEN '1 minute' WHEN '1h' THEN '1 hour' ELSE '24 hours' END;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        EXECUTE format('INSERT INTO %1$I (bucket, %2$s, %3$s) SELECT date_bin(%4$L, %5$s, ''2000-01-01 00:00+00''), %2$s, %6$s FROM %7$I WHERE %5$s >= $1 AND %5$s < $2 GROUP BY 1, %2$s',
            kind.rollup || p_level, kind.keys, metric_measures(kind.histograms), width, CASE WHEN below IS NULL THEN 'time' ELSE 'bucket' END,
            CASE WHEN below IS NULL THEN metric_measures_of_events(kind.histograms) ELSE metric_measures_of_rollups(kind.histograms) END,
            coalesce(kind.rollup || below, 'metric_events')) USING p_from, p_to;
    END LOOP;
END $$;

-- What is rolled up, and from there on what is not yet: each level's rest out of the level below.
DO $$
DECLARE
    kind record;
    step record;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        FOR step IN SELECT * FROM (VALUES ('1m', '1 minute', 'metric_events', 'time', metric_measures_of_events(kind.histograms)),
                                          ('1h', '1 hour', kind.view || '1m', 'bucket', metric_measures_of_rollups(kind.histograms)),
                                          ('1d', '24 hours', kind.view || '1h', 'bucket', metric_measures_of_rollups(kind.histograms))) steps (level, width, source, at, measures) LOOP
            EXECUTE format('CREATE VIEW %1$I AS SELECT bucket, %2$s, %3$s FROM %4$I WHERE bucket < (SELECT visible FROM metric_rollup_state WHERE level = %5$L)
                UNION ALL SELECT date_bin(%6$L, %7$s, ''2000-01-01 00:00+00''), %2$s, %8$s FROM %9$I WHERE %7$s >= (SELECT visible FROM metric_rollup_state WHERE level = %5$L) GROUP BY 1, %2$s',
                kind.view || step.level, kind.keys, metric_measures(kind.histograms), kind.rollup || step.level, step.level, step.width, step.at, step.measures, step.source);
        END LOOP;
    END LOOP;
END $$;

-- Until when each level is rolled up.
CREATE FUNCTION metrics_rolled_up() RETURNS TABLE (level text, until timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT level, visible FROM metric_rollup_state
$$;

-- The tables of a level, see 021_metric_deletion.sql.
CREATE FUNCTION metric_tables(p_level text) RETURNS TABLE (name text, materialized regclass) LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT p.name, p.name::regclass FROM metric_partitioned() p WHERE p.level = p_level
$$;

-- Drops the partitions of a level that end at or before an instant; returns how many.
CREATE FUNCTION metrics_drop(p_level text, p_before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part    text;
    dropped integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    PERFORM pg_advisory_xact_lock(7411101);
    FOR part IN
        SELECT c.relname FROM metric_partitioned() p
        JOIN pg_inherits i ON i.inhparent = to_regclass(p.name) JOIN pg_class c ON c.oid = i.inhrelid
        WHERE p.level = p_level AND to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') + p.width <= p_before
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

-- Organisations that a level knows and that are no more; calls that named none are no part of them. From one to the next by the
-- index.
CREATE FUNCTION metrics_ended(p_level text) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
BEGIN
    FOR parent IN SELECT name FROM metric_partitioned() WHERE level = p_level LOOP
        RETURN QUERY EXECUTE format('WITH RECURSIVE seen (org_id) AS (
                (SELECT org_id FROM %1$I ORDER BY org_id LIMIT 1)
                UNION ALL SELECT (SELECT m.org_id FROM %1$I m WHERE m.org_id > s.org_id ORDER BY m.org_id LIMIT 1) FROM seen s WHERE s.org_id IS NOT NULL)
            SELECT org_id FROM seen WHERE org_id <> ''00000000-0000-0000-0000-000000000000'' AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = org_id)', parent);
    END LOOP;
END $$;
