using System.Security.Cryptography;

namespace Mcpx.Bench.Load;

/// <summary>Many clients with sessions, each on its connection, doing nothing.</summary>
internal sealed class OpenClients : IDisposable
{
    // Few at once: it is the open clients that are measured, not the rush of opening them.
    private const int OpenedAtOnce = 16;

    private readonly OpenClient?[] _clients;

    private OpenClients(int count) => _clients = new OpenClient[count];

    public int StillOpen => _clients.Count(client => client is { IsOpen: true });

    public static async Task<OpenClients> OpenAsync(LoadTarget target, int count, CancellationToken cancellationToken)
    {
        var all = new OpenClients(count);
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        try
        {
            await Parallel.ForAsync(
                0, count, new ParallelOptions { MaxDegreeOfParallelism = OpenedAtOnce, CancellationToken = cancellationToken },
                async (index, token) => all._clients[index] = await OpenClient.OpenAsync(target, CallNumber.Of(index, seed), token));
            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients) client?.Dispose();
    }
}
