-- The calls of the last days as events, so that figures do not begin with this release. What is older than an event may come late
-- is in the audit log only. Outcomes above 3 and standing streams have no latency, see MetricEvent.
SELECT metrics_make_partitions(now() - interval '7 days', now() + interval '3 days');
INSERT INTO metric_events (time, org_id, server_id, gateway_id, caller_id, method, tool, outcome, request_bytes, response_bytes, total_us, upstream_us, gateway_us, total_bucket, upstream_bucket, gateway_bucket)
SELECT time, org_id, coalesce(server_id, none), coalesce(gateway_id, none), coalesce(user_id, service_account_id, none),
    CASE WHEN method IN ('tools/call', 'tools/list', 'initialize', 'ping', 'server/discover', 'prompts/get', 'prompts/list', 'resources/list', 'resources/read', 'GET', 'DELETE') THEN method ELSE '_OTHER' END,
    CASE WHEN method = 'tools/call' THEN coalesce(upstream_tool, tool, '') ELSE '' END, outcome, request_bytes, response_bytes, total_us, upstream_us, greatest(total_us - upstream_us, 0),
    CASE WHEN timed THEN ceil(ln(greatest(total_us, 1)) / ln(1.04::float8)) END,
    CASE WHEN timed AND upstream_us > 0 THEN ceil(ln(upstream_us) / ln(1.04::float8)) END,
    CASE WHEN timed THEN ceil(ln(greatest(total_us - upstream_us, 1)) / ln(1.04::float8)) END
FROM (SELECT *, outcome <= 3 AND coalesce(method, '') NOT IN ('GET', 'subscriptions/listen') AS timed, '00000000-0000-0000-0000-000000000000'::uuid AS none
      FROM calls WHERE time >= now() - interval '6 days' AND time < now() + interval '1 day') recent;
