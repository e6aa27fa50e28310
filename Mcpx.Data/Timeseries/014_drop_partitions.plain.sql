-- Drops the partitions of days before p_before that hold nothing any more; returns how many. As the owner: whoever
-- removes calls must not own the tables for that. The wait is bounded, because writers queue behind us.
CREATE FUNCTION calls_drop_empty_partitions(p_before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part    record;
    filled  boolean;
    dropped integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    PERFORM pg_advisory_xact_lock(7411101);
    FOR part IN
        SELECT c.relname AS name, p.relname AS parent FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
        WHERE p.relnamespace = 'public'::regnamespace AND p.relname IN ('calls', 'call_payloads')
          AND c.relname < p.relname || to_char(p_before AT TIME ZONE 'UTC', '"_p"YYYYMMDD')
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', part.name) INTO filled;
        CONTINUE WHEN filled;
        -- Nothing is written into it between the look and the drop: the lock comes first, and then the look again.
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', part.name);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', part.name) INTO filled;
        CONTINUE WHEN filled;
        EXECUTE format('DROP TABLE %I', part.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
