-- Deletes what an organisation's calls of before an instant left at one level ('events', '1m', '1h', '1d'); returns how many rows.
-- Out of the level's tables; of an aggregate of TimescaleDB, out of that in which it is materialized.
CREATE FUNCTION metrics_delete(p_org uuid, p_level text, p_before timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    stands  regclass;
    deleted bigint;
    total   bigint := 0;
BEGIN
    FOR stands IN SELECT materialized FROM metric_tables(p_level) LOOP
        EXECUTE format('DELETE FROM %s WHERE org_id = $1 AND %I < $2', stands, CASE p_level WHEN 'events' THEN 'time' ELSE 'bucket' END) USING p_org, p_before;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        total := total + deleted;
    END LOOP;
    RETURN total;
END $$;
