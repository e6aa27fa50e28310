-- Deletes what has passed its time at one level ('events', '1m', '1h', '1d'), each organisation's of before an instant of its own, in one
-- statement for each of the level's tables; returns how many rows. The last condition says nothing new, but spares what is younger than all of them.
CREATE FUNCTION metrics_expire(p_level text, p_orgs uuid[], p_before timestamptz[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    stands  regclass;
    deleted bigint;
    total   bigint := 0;
BEGIN
    FOR stands IN SELECT materialized FROM metric_tables(p_level) LOOP
        EXECUTE format('DELETE FROM %1$s m USING unnest($1, $2) kept (org, before) WHERE m.org_id = kept.org AND m.%2$I < kept.before AND m.%2$I < $3',
            stands, CASE p_level WHEN 'events' THEN 'time' ELSE 'bucket' END) USING p_orgs, p_before, (SELECT max(b) FROM unnest(p_before) b);
        GET DIAGNOSTICS deleted = ROW_COUNT;
        total := total + deleted;
    END LOOP;
    RETURN total;
END $$;
