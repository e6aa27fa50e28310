-- Calls on TimescaleDB Community: the tables of 001_calls.plain.sql as hypertables, chunks of a day made by the extension.
CREATE TABLE calls (
    time            timestamptz NOT NULL,
    id              uuid        NOT NULL,
    org_id          uuid        NOT NULL, -- all zero: a refused call that named no organisation that exists
    endpoint        text        NOT NULL,
    server_id       uuid,
    server_slug     text,
    user_id         uuid,
    user_name       text,
    token_id        uuid,
    token_name      text,
    client_name     text,
    client_version  text,
    era             smallint    NOT NULL,
    method          text,
    tool            text,
    outcome         smallint    NOT NULL,
    status          integer     NOT NULL,
    rule            text,
    reason          text,
    total_us        bigint      NOT NULL,
    upstream_us     bigint      NOT NULL,
    request_bytes   integer     NOT NULL,
    response_bytes  bigint      NOT NULL,
    PRIMARY KEY (id, time)
);
SELECT create_hypertable('calls', by_range('time', interval '1 day'), create_default_indexes => false);
CREATE INDEX calls_org_time ON calls (org_id, time DESC, id DESC);
CREATE INDEX calls_server_time ON calls (org_id, server_id, time DESC, id DESC);

CREATE TABLE call_payloads (
    time       timestamptz NOT NULL,
    id         uuid        NOT NULL,
    org_id     uuid        NOT NULL,
    request    bytea,
    response   bytea,
    truncated  boolean     NOT NULL,
    PRIMARY KEY (id, time)
);
SELECT create_hypertable('call_payloads', by_range('time', interval '1 day'), create_default_indexes => false);

-- Chunks make themselves; the application says the same on both back ends.
CREATE FUNCTION calls_make_partitions(p_from timestamptz, p_to timestamptz) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$;
