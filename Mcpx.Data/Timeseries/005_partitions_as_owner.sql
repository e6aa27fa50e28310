-- Whoever appends calls may need a new day's partition, and must not own the tables for that.
ALTER FUNCTION calls_make_partitions(timestamptz, timestamptz) SECURITY DEFINER;
ALTER FUNCTION calls_make_partitions(timestamptz, timestamptz) SET search_path = public, pg_temp;
