-- Drops the chunks of days before p_before that hold nothing any more; returns how many.
CREATE FUNCTION calls_drop_empty_partitions(p_before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent  text;
    chunk   regclass;
    filled  boolean;
    dropped integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    PERFORM pg_advisory_xact_lock(7411101);
    FOREACH parent IN ARRAY ARRAY['calls', 'call_payloads'] LOOP
        FOR chunk IN SELECT c FROM show_chunks(parent::regclass, older_than => p_before) c LOOP
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', chunk);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', chunk) INTO filled;
            CONTINUE WHEN filled;
            EXECUTE format('DROP TABLE %s', chunk);
            dropped := dropped + 1;
        END LOOP;
    END LOOP;
    RETURN dropped;
END $$;
