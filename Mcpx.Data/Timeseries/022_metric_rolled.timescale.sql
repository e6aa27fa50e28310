-- See 022_metric_rolled.plain.sql. Here the whole views are told where they end by the extension itself.
DO $$
DECLARE
    kind  record;
    level text;
BEGIN
    FOR kind IN SELECT * FROM metric_kinds() LOOP
        FOREACH level IN ARRAY ARRAY['1m', '1h', '1d'] LOOP
            EXECUTE format('CREATE VIEW %I AS SELECT bucket, %s, %s FROM %I', kind.view || 'rolled_' || level, kind.keys, metric_measures(kind.histograms), kind.view || level);
        END LOOP;
    END LOOP;
END $$;
