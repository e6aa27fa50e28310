-- See 025_metric_minutes.plain.sql: without a tree of times a refresh of one minute reads the whole day's chunk.
CREATE INDEX metric_events_time ON metric_events (time);

-- A group of up to 128 calls is not packed, as there.
CREATE OR REPLACE FUNCTION latency_pack(smallint[]) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF pg_catalog.cardinality($1) <= 128 THEN
        RETURN ARRAY(SELECT (bucket::bigint << 40) | 1 FROM pg_catalog.unnest($1) bucket);
    END IF;
    RETURN (SELECT pg_catalog.array_agg((bucket::bigint << 40) | n ORDER BY bucket)
            FROM (SELECT bucket, pg_catalog.count(*) AS n FROM pg_catalog.unnest($1) bucket GROUP BY bucket) counted);
END $$;

-- What is rolled up and nothing else, as the names say: the extension's own views look at the level below, too.
DO $$
DECLARE
    kind  record;
    level text;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        FOREACH level IN ARRAY ARRAY['1m', '1h', '1d'] LOOP
            EXECUTE format('CREATE OR REPLACE VIEW %I AS SELECT bucket, %s, %s FROM %s', kind.view || 'rolled_' || level, kind.keys, metric_measures(kind.histograms),
                (SELECT materialized FROM metric_tables(level) WHERE name = kind.view || level));
        END LOOP;
    END LOOP;
END $$;
