namespace Mcpx.Bench.Baselines;

/// <summary>
/// nginx as its documentation sets up a reverse proxy in front of an MCP server: a worker per core, connections to the
/// upstream kept, nothing buffered (an answer may be an event stream). No access log: nginx is the harder to match.
/// </summary>
internal static class NginxConfig
{
    // Its limit of 1,000 requests per connection would close one under a caller; a client would open another one.
    private const int RequestsPerConnection = 100_000_000;

    public static string Text(int port, Uri upstream) => $$"""
        daemon off;
        worker_processes auto;
        worker_rlimit_nofile 25000;
        pid nginx.pid;
        error_log stderr warn;
        events { worker_connections 12000; }
        http {
            access_log off;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            client_max_body_size 16m;
            keepalive_requests {{RequestsPerConnection}};
            upstream mcp {
                server {{upstream.Host}}:{{upstream.Port}};
                keepalive 128;
                keepalive_requests {{RequestsPerConnection}};
            }
            server {
                listen 127.0.0.1:{{port}} backlog=4096;
                location / {
                    proxy_pass http://mcp;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Host $host;
                    proxy_buffering off;
                    proxy_read_timeout 1h;
                }
            }
        }

        """;
}
