-- What figures are of outlives what it was called: the names of servers, gateways, service accounts and members that are gone.
CREATE TABLE metric_names (
    org_id uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id     uuid        NOT NULL,
    name   text        NOT NULL,
    gone   timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- By the database itself, because there are many ways for something to go. Not with its organisation, whose figures go too.
CREATE FUNCTION metric_keep_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended jsonb := to_jsonb(OLD);
    ended_org uuid := (ended ->> 'org_id')::uuid;
BEGIN
    INSERT INTO metric_names (org_id, id, name, gone)
        SELECT ended_org, coalesce(ended ->> 'user_id', ended ->> 'id')::uuid,
            coalesce(ended ->> 'name', (SELECT u.name FROM users u WHERE u.id = (ended ->> 'user_id')::uuid), ''), now()
        WHERE EXISTS (SELECT FROM organizations WHERE id = ended_org)
        ON CONFLICT (org_id, id) DO UPDATE SET name = excluded.name, gone = excluded.gone;
    RETURN NULL;
END $$;
CREATE TRIGGER metric_keep_name AFTER DELETE ON servers FOR EACH ROW EXECUTE FUNCTION metric_keep_name();
CREATE TRIGGER metric_keep_name AFTER DELETE ON gateways FOR EACH ROW EXECUTE FUNCTION metric_keep_name();
CREATE TRIGGER metric_keep_name AFTER DELETE ON service_accounts FOR EACH ROW EXECUTE FUNCTION metric_keep_name();
CREATE TRIGGER metric_keep_name AFTER DELETE ON members FOR EACH ROW EXECUTE FUNCTION metric_keep_name();
