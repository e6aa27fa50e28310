-- A minute is found by a tree. Of what came since the last vacuum a BRIN index knows nothing, and the last minute always did.
DROP INDEX metric_events_time;
CREATE INDEX metric_events_time ON metric_events (time);

-- A group of up to 128 calls is not packed: they fall into some eighty buckets, so that little is saved, and a function costs more than all the
-- rest of them. See latency_pack in 025_metric_minutes.timescale.sql.
CREATE OR REPLACE FUNCTION metric_measures_of_events(p_histograms text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'count(*) AS calls, count(*) FILTER (WHERE outcome = 0) AS ok, count(*) FILTER (WHERE outcome = 1) AS tool_errors, '
        'count(*) FILTER (WHERE outcome = 2) AS upstream_errors, count(*) FILTER (WHERE outcome = 3) AS timeouts, '
        'count(*) FILTER (WHERE outcome = 4) AS denied, count(*) FILTER (WHERE outcome = 5) AS rate_limited, '
        'count(*) FILTER (WHERE outcome = 6) AS unauthenticated, count(*) FILTER (WHERE outcome = 7) AS aborted, '
        'count(*) FILTER (WHERE outcome = 8) AS interrupted, '
        'sum(request_bytes)::bigint AS request_bytes, sum(response_bytes)::bigint AS response_bytes, count(total_bucket) AS timed, '
        'sum(total_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS total_us, sum(upstream_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS upstream_us, '
        'sum(gateway_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS gateway_us, max(total_us) FILTER (WHERE total_bucket IS NOT NULL) AS max_us, '
        || string_agg(format('CASE WHEN count(%1$s_bucket) <= 128 THEN array_agg((%1$s_bucket::bigint << 40) | 1) FILTER (WHERE %1$s_bucket IS NOT NULL) '
            'ELSE latency_compact(array_agg((%1$s_bucket::bigint << 40) | 1) FILTER (WHERE %1$s_bucket IS NOT NULL)) END AS %1$s_hist', h), ', ' ORDER BY at)
    FROM unnest(p_histograms) WITH ORDINALITY listed (h, at)
$$;

-- Grouped by hash first (metrics_roll_up has sorting off), and then the groups are put in order: asked for both at once, the planner sorts the calls.
CREATE OR REPLACE FUNCTION metrics_fill(p_level text, p_from timestamptz, p_to timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kind    record;
    below   constant text := CASE p_level WHEN '1h' THEN '1m' WHEN '1d' THEN '1h' END;
    width   constant text := CASE p_level WHEN '1m' THEN '1 minute' WHEN '1h' THEN '1 hour' ELSE '24 hours' END;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        EXECUTE format('WITH grouped AS MATERIALIZED (SELECT date_bin(%4$L, %5$s, ''2000-01-01 00:00+00'') AS starts, %2$s, %6$s FROM %7$I WHERE %5$s >= $1 AND %5$s < $2 GROUP BY starts, %2$s)
            INSERT INTO %1$I (bucket, %2$s, %3$s) SELECT starts, %2$s, %3$s FROM grouped ORDER BY starts, org_id, server_id',
            kind.rollup || p_level, kind.keys, metric_measures(kind.histograms), width, CASE WHEN below IS NULL THEN 'time' ELSE 'bucket' END,
            CASE WHEN below IS NULL THEN metric_measures_of_events(kind.histograms) ELSE metric_measures_of_rollups(kind.histograms) END,
            coalesce(kind.rollup || below, 'metric_events')) USING p_from, p_to;
    END LOOP;
END $$;
