-- A virtual gateway's newest calls. Only of the calls that came through one, so that the others pay nothing for it.
CREATE INDEX calls_gateway_time ON calls (org_id, gateway_id, time DESC, id DESC) WHERE gateway_id IS NOT NULL;
