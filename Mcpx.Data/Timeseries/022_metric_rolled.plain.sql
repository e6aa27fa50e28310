-- What is rolled up and nothing else: who asks knows by metrics_rolled_up where that ends, and takes the rest from the level below. The
-- planner of the whole views (metric_1m …) can't see that border, so it looks at each partition of events for any question.
DO $$
DECLARE
    kind  record;
    level text;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        FOREACH level IN ARRAY ARRAY['1m', '1h', '1d'] LOOP
            EXECUTE format('CREATE VIEW %I AS SELECT bucket, %s, %s FROM %I', kind.view || 'rolled_' || level, kind.keys, metric_measures(kind.histograms), kind.rollup || level);
            -- A minute is found among a day's events, and an hour among its roll-ups: they come in order of their time.
            EXECUTE format('CREATE INDEX %I ON %I USING brin (bucket) WITH (pages_per_range = 32, autosummarize = on)', kind.rollup || level || '_bucket', kind.rollup || level);
        END LOOP;
    END LOOP;
END $$;
CREATE INDEX metric_events_time ON metric_events USING brin (time) WITH (pages_per_range = 32, autosummarize = on);

-- A group of up to eight calls is not packed: most are, a function costs more than all the rest of them, and they seldom share a bucket.
CREATE OR REPLACE FUNCTION metric_measures_of_events(p_histograms text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'count(*) AS calls, count(*) FILTER (WHERE outcome = 0) AS ok, count(*) FILTER (WHERE outcome = 1) AS tool_errors, '
        'count(*) FILTER (WHERE outcome = 2) AS upstream_errors, count(*) FILTER (WHERE outcome = 3) AS timeouts, '
        'count(*) FILTER (WHERE outcome = 4) AS denied, count(*) FILTER (WHERE outcome = 5) AS rate_limited, '
        'count(*) FILTER (WHERE outcome = 6) AS unauthenticated, count(*) FILTER (WHERE outcome = 7) AS aborted, '
        'count(*) FILTER (WHERE outcome = 8) AS interrupted, '
        'sum(request_bytes)::bigint AS request_bytes, sum(response_bytes)::bigint AS response_bytes, count(total_bucket) AS timed, '
        'sum(total_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS total_us, sum(upstream_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS upstream_us, '
        'sum(gateway_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS gateway_us, max(total_us) FILTER (WHERE total_bucket IS NOT NULL) AS max_us, '
        || string_agg(format('CASE WHEN count(%1$s_bucket) <= 8 THEN array_agg((%1$s_bucket::bigint << 40) | 1) FILTER (WHERE %1$s_bucket IS NOT NULL) '
            'ELSE latency_compact(array_agg((%1$s_bucket::bigint << 40) | 1) FILTER (WHERE %1$s_bucket IS NOT NULL)) END AS %1$s_hist', h), ', ' ORDER BY at)
    FROM unnest(p_histograms) WITH ORDINALITY listed (h, at)
$$;

-- Groups are hashed: sorted by texts and ids, and by workers that take turns at the disk, a minute of 60,000 calls took three times as long.
ALTER FUNCTION metrics_roll_up(text) SET work_mem = '64MB';
ALTER FUNCTION metrics_roll_up(text) SET enable_sort = off;
ALTER FUNCTION metrics_roll_up(text) SET max_parallel_workers_per_gather = 0;

-- Rows of one organisation and server come to stand together: a question about a server over a day read most pages of that day.
CREATE OR REPLACE FUNCTION metrics_fill(p_level text, p_from timestamptz, p_to timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kind    record;
    below   constant text := CASE p_level WHEN '1h' THEN '1m' WHEN '1d' THEN '1h' END;
    width   constant text := CASE p_level WHEN '1m' THEN '1 minute' WHEN '1h' THEN '1 hour' ELSE '24 hours' END;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        EXECUTE format('INSERT INTO %1$I (bucket, %2$s, %3$s) SELECT date_bin(%4$L, %5$s, ''2000-01-01 00:00+00'') AS starts, %2$s, %6$s FROM %7$I WHERE %5$s >= $1 AND %5$s < $2 GROUP BY starts, %2$s ORDER BY starts, org_id, server_id',
            kind.rollup || p_level, kind.keys, metric_measures(kind.histograms), width, CASE WHEN below IS NULL THEN 'time' ELSE 'bucket' END,
            CASE WHEN below IS NULL THEN metric_measures_of_events(kind.histograms) ELSE metric_measures_of_rollups(kind.histograms) END,
            coalesce(kind.rollup || below, 'metric_events')) USING p_from, p_to;
    END LOOP;
END $$;
