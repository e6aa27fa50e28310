-- Latencies as histograms that can be added up: over time, over tools, over anything. A latency of u microseconds is in bucket
-- ceil(ln(max(u, 1)) / ln(1.04)), which the writer computes (LatencyBuckets); the middle of bucket b, 2 * 1.04^b / 2.04, is within 1.97 % of
-- everything in it. A histogram is an array of bucket << 40 | count: two of them, one behind the other, are the histogram of both.
CREATE FUNCTION latency_pack(smallint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.array_agg((bucket::bigint << 40) | n ORDER BY bucket)
    FROM (SELECT bucket, pg_catalog.count(*) AS n FROM pg_catalog.unnest($1) bucket GROUP BY bucket) counted
$$;

-- One element for each bucket.
CREATE FUNCTION latency_compact(bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.array_agg((bucket << 40) | n ORDER BY bucket)
    FROM (SELECT element >> 40 AS bucket, pg_catalog.sum(element & 1099511627775)::bigint AS n FROM pg_catalog.unnest($1) element GROUP BY 1) counted
$$;

CREATE AGGREGATE latency_concat(bigint[]) (SFUNC = array_cat, STYPE = bigint[], COMBINEFUNC = array_cat, PARALLEL = SAFE);

-- What is kept of the calls of a minute, an hour or a day: the same text on both editions and at each level, so that there is no
-- figure that one of them counts otherwise. Numbers of outcomes are CallOutcome's.
CREATE FUNCTION metric_sums() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['calls', 'ok', 'tool_errors', 'upstream_errors', 'timeouts', 'denied', 'rate_limited', 'unauthenticated', 'aborted', 'interrupted',
        'request_bytes', 'response_bytes', 'timed', 'total_us', 'upstream_us', 'gateway_us']
$$;

-- What is rolled up by itself, by which columns, and which latencies have their histogram. Callers are apart, because tools times
-- callers are about as many as the calls.
CREATE FUNCTION metric_kinds() RETURNS TABLE (view text, rollup text, keys text, histograms text[]) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('metric_', 'metric_rollup_', 'org_id, server_id, gateway_id, method, tool', ARRAY['total', 'upstream', 'gateway']),
           ('metric_caller_', 'metric_caller_rollup_', 'org_id, caller_id, server_id', ARRAY['total'])
$$;

CREATE FUNCTION metric_measures(p_histograms text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT array_to_string(metric_sums(), ', ') || ', max_us, ' || string_agg(h || '_hist', ', ' ORDER BY at) FROM unnest(p_histograms) WITH ORDINALITY listed (h, at)
$$;

-- A group of one call is packed here: most are, and a function costs more than all the rest of them.
CREATE FUNCTION metric_measures_of_events(p_histograms text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'count(*) AS calls, count(*) FILTER (WHERE outcome = 0) AS ok, count(*) FILTER (WHERE outcome = 1) AS tool_errors, '
        'count(*) FILTER (WHERE outcome = 2) AS upstream_errors, count(*) FILTER (WHERE outcome = 3) AS timeouts, '
        'count(*) FILTER (WHERE outcome = 4) AS denied, count(*) FILTER (WHERE outcome = 5) AS rate_limited, '
        'count(*) FILTER (WHERE outcome = 6) AS unauthenticated, count(*) FILTER (WHERE outcome = 7) AS aborted, '
        'count(*) FILTER (WHERE outcome = 8) AS interrupted, '
        'sum(request_bytes)::bigint AS request_bytes, sum(response_bytes)::bigint AS response_bytes, count(total_bucket) AS timed, '
        'sum(total_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS total_us, sum(upstream_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS upstream_us, '
        'sum(gateway_us) FILTER (WHERE total_bucket IS NOT NULL)::bigint AS gateway_us, max(total_us) FILTER (WHERE total_bucket IS NOT NULL) AS max_us, '
        || string_agg(format('CASE count(%1$s_bucket) WHEN 0 THEN NULL WHEN 1 THEN ARRAY[(max(%1$s_bucket)::bigint << 40) | 1] '
            'ELSE latency_pack(array_agg(%1$s_bucket) FILTER (WHERE %1$s_bucket IS NOT NULL)) END AS %1$s_hist', h), ', ' ORDER BY at)
    FROM unnest(p_histograms) WITH ORDINALITY listed (h, at)
$$;

CREATE FUNCTION metric_measures_of_rollups(p_histograms text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (SELECT string_agg(format('sum(%1$s)::bigint AS %1$s', s), ', ' ORDER BY at) FROM unnest(metric_sums()) WITH ORDINALITY listed (s, at))
        || ', max(max_us) AS max_us, '
        || string_agg(format('CASE count(%1$s_hist) WHEN 0 THEN NULL WHEN 1 THEN max(%1$s_hist) ELSE latency_compact(latency_concat(%1$s_hist)) END AS %1$s_hist', h), ', ' ORDER BY at)
    FROM unnest(p_histograms) WITH ORDINALITY listed (h, at)
$$;
