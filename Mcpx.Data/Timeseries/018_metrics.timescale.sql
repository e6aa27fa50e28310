-- Metrics on TimescaleDB: the events as a hypertable, and continuous aggregates with the names and columns of the views of
-- 018_metrics.plain.sql. Those are real-time: what is not yet materialized comes out of the level below.
CREATE TABLE metric_events (
    time            timestamptz NOT NULL,
    org_id          uuid        NOT NULL,
    server_id       uuid        NOT NULL,
    gateway_id      uuid        NOT NULL,
    caller_id       uuid        NOT NULL,
    method          text        NOT NULL,
    tool            text        NOT NULL,
    outcome         smallint    NOT NULL,
    request_bytes   integer     NOT NULL,
    response_bytes  bigint      NOT NULL,
    total_us        bigint      NOT NULL,
    upstream_us     bigint      NOT NULL,
    gateway_us      bigint      NOT NULL,
    total_bucket    smallint,
    upstream_bucket smallint,
    gateway_bucket  smallint
);
SELECT create_hypertable('metric_events', by_range('time', interval '1 day'), create_default_indexes => false);
CREATE INDEX metric_events_server_time ON metric_events (server_id, time DESC);
CREATE INDEX metric_events_org_time ON metric_events (org_id, time DESC);
ALTER TABLE metric_events SET (timescaledb.enable_columnstore = true, timescaledb.segmentby = 'org_id, server_id', timescaledb.orderby = 'time DESC');

DO $$
DECLARE
    kind record;
    step record;
    name text;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        FOR step IN SELECT * FROM (VALUES ('1m', '1 minute', 'metric_events', 'time', metric_measures_of_events(kind.histograms), '1 day'),
                                          ('1h', '1 hour', kind.view || '1m', 'bucket', metric_measures_of_rollups(kind.histograms), '7 days'),
                                          ('1d', '1 day', kind.view || '1h', 'bucket', metric_measures_of_rollups(kind.histograms), '90 days')) steps (level, width, source, at, measures, chunk) LOOP
            name := kind.view || step.level;
            EXECUTE format('CREATE MATERIALIZED VIEW %I WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false, timescaledb.chunk_interval = %L)
                AS SELECT time_bucket(interval %L, %s) AS bucket, %s, %s FROM %I GROUP BY 1, %5$s WITH NO DATA',
                name, step.chunk, step.width, step.at, kind.keys, step.measures, step.source);
            EXECUTE format('CREATE INDEX ON %I (org_id, bucket DESC)', name);
            EXECUTE format('CREATE INDEX ON %I (server_id, bucket DESC)', name);
            EXECUTE format('ALTER MATERIALIZED VIEW %I SET (timescaledb.enable_columnstore = true, timescaledb.segmentby = ''org_id, server_id'', timescaledb.orderby = ''bucket DESC'')', name);
        END LOOP;
    END LOOP;
END $$;

-- How far back a refresh looks must lie inside what its source keeps: refreshed over a range whose source is gone, an aggregate loses
-- it. Events may come six days late and are kept at least seven, minutes at least eight. One batch: versions before 2.29 may skip
-- the last of several.
DO $$
DECLARE
    kind record;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        PERFORM add_continuous_aggregate_policy(kind.view || '1m', start_offset => interval '6 days', end_offset => interval '1 minute', schedule_interval => interval '30 seconds', buckets_per_batch => 0);
        PERFORM add_continuous_aggregate_policy(kind.view || '1h', start_offset => interval '7 days', end_offset => interval '1 hour', schedule_interval => interval '5 minutes', buckets_per_batch => 0);
        PERFORM add_continuous_aggregate_policy(kind.view || '1d', start_offset => interval '9 days', end_offset => interval '1 day', schedule_interval => interval '30 minutes', buckets_per_batch => 0);
        CALL add_columnstore_policy(kind.view || '1m', after => interval '7 days');
        CALL add_columnstore_policy(kind.view || '1h', after => interval '14 days');
    END LOOP;
    CALL add_columnstore_policy('metric_events', after => interval '7 days');
END $$;

-- Chunks make themselves, what comes late is noted by the extension, and its policies roll up: the application says the same on both.
CREATE FUNCTION metrics_make_partitions(p_from timestamptz, p_to timestamptz) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$;
CREATE FUNCTION metrics_note_late(p_minutes timestamptz[]) RETURNS void LANGUAGE sql AS $$ SELECT $$;
CREATE FUNCTION metrics_close(p_now timestamptz, p_most interval) RETURNS void LANGUAGE sql AS $$ SELECT $$;
CREATE FUNCTION metrics_roll_up(p_level text) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$;

-- The tables of a level: of an aggregate, that in which it is materialized.
CREATE FUNCTION metric_tables(p_level text) RETURNS TABLE (name text, materialized regclass, hypertable integer) LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT 'metric_events', 'metric_events'::regclass, NULL::integer WHERE p_level = 'events'
    UNION ALL
    SELECT c.user_view_name::text, format('%I.%I', h.schema_name, h.table_name)::regclass, h.id
    FROM _timescaledb_catalog.continuous_agg c JOIN _timescaledb_catalog.hypertable h ON h.id = c.mat_hypertable_id
    WHERE c.user_view_schema = 'public' AND c.user_view_name::text IN (SELECT k.view || p_level FROM metric_kinds() k)
$$;

CREATE FUNCTION metrics_rolled_up() RETURNS TABLE (level text, until timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l, (SELECT min(_timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(hypertable))) FROM metric_tables(l)) FROM unnest(ARRAY['1m', '1h', '1d']) l
$$;

CREATE FUNCTION metrics_drop(p_level text, p_before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept    text;
    dropped integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    FOR kept IN SELECT name FROM metric_tables(p_level) LOOP
        dropped := dropped + (SELECT count(*) FROM drop_chunks(kept::regclass, older_than => p_before));
    END LOOP;
    RETURN dropped;
END $$;

CREATE FUNCTION metrics_ended(p_level text) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    stands regclass;
BEGIN
    FOR stands IN SELECT materialized FROM metric_tables(p_level) LOOP
        RETURN QUERY EXECUTE format('SELECT DISTINCT m.org_id FROM %s m
            WHERE m.org_id <> ''00000000-0000-0000-0000-000000000000'' AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = m.org_id)', stands);
    END LOOP;
END $$;
