using System.Net.Sockets;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Load;

/// <summary>A client's first steps: its connection, and a session where its era has them.</summary>
internal static class ClientOpening
{
    public static async Task<(HttpConnection Connection, string? Session)> OpenAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await HttpConnection.OpenAsync(target.Endpoint, cancellationToken);
            return (connection, target.Era == WireEra.Session ? await OpenSessionAsync(connection, target, cancellationToken) : null);
        }
        catch (Exception problem) when (problem is SocketException or InvalidDataException)
        {
            throw new BenchException($"{target.Endpoint} does not answer: {problem.Message}");
        }
    }

    private static async Task<string?> OpenSessionAsync(HttpConnection connection, LoadTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var opened = await connection.SendAsync(CallTemplate.Initialize(target), cancellationToken);
            if (opened.Status != 200) throw new BenchException($"initialize was answered with {opened.Status}: {opened.Excerpt}");
            await connection.SendAsync(CallTemplate.Initialized(target, opened.Session), cancellationToken);
            return opened.Session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
