-- “What failed at this server”: without it all of the server's calls are walked through, or all that failed. Of what is rare, so that the
-- others pay nothing for it.
CREATE INDEX calls_server_failed_time ON calls (org_id, server_id, time DESC, id DESC) WHERE outcome <> 0;
