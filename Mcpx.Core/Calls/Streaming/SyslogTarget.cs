using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Mcpx.Core.Egress;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>
/// Sends batches as syslog messages (RFC 5424), each behind its length (RFC 6587, section 3.4.1; RFC 5425, section 4.3). The
/// protocol has no acknowledgement: what was written may lie unread when a connection breaks. So each batch has a connection
/// of its own, whose end we say and wait to see answered; a receiver that closes after our end has read all of it.
/// </summary>
internal sealed class SyslogTarget(LogStream stream, LogTarget.Syslog target, string hostName, EgressHandlerFactory egress) : ILogTarget
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>For a receiver that keeps its side open: it had so long to complain.</summary>
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(3);

    public async Task SendAsync(LogBatch batch, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await using Stream connection = await ConnectAsync(patience.Token);
            await using Stream channel = target.Tls ? await EncryptAsync(connection, patience.Token) : connection;
            await channel.WriteAsync(Frame(batch), patience.Token);
            await channel.FlushAsync(patience.Token);
            await EndAsync(connection, channel, patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LogTargetException($"The syslog server did not take the batch within {Patience.TotalSeconds:0} seconds.", e);
        }
        catch (EgressDeniedException e)
        {
            throw new LogTargetException(e.Message, e);
        }
        catch (AuthenticationException e)
        {
            throw new LogTargetException("No encrypted connection came about: the certificate is not trusted here, is for another host, or the port does not speak TLS.", e);
        }
        catch (SocketException e)
        {
            throw new LogTargetException("The syslog server can't be reached.", e);
        }
        catch (IOException e)
        {
            throw new LogTargetException("The syslog server closed the connection before it had read everything.", e);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Addresses and the organisation's list are checked at each connection, as for every way out.</summary>
    private async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        egress.DemandListed(stream.Organization, target.Host);
        IPAddress[] addresses = await egress.LookUpAsync(target.Host, cancellationToken);
        egress.DemandAllowed(target.Host, addresses);
        return await egress.ConnectAsync(addresses, target.Port, cancellationToken);
    }

    private async Task<SslStream> EncryptAsync(Stream connection, CancellationToken cancellationToken)
    {
        SslStream tls = new(connection, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = target.Host }, cancellationToken);
        return tls;
    }

    /// <summary>All messages in one piece: a small write each would be a packet each, or a TLS record.</summary>
    private ReadOnlyMemory<byte> Frame(LogBatch batch)
    {
        ArrayBufferWriter<byte> frames = new();
        foreach (LogMessage message in batch.Messages)
        {
            string header = SyslogHeader.Of(message, hostName);
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{header.Length + message.Line.Length} {header}"), frames);
            frames.Write(message.Line.Span);
        }

        return frames.WrittenMemory;
    }

    private static async Task EndAsync(Stream connection, Stream channel, CancellationToken cancellationToken)
    {
        if (channel is SslStream tls) await tls.ShutdownAsync();
        if (connection is NetworkStream network) network.Socket.Shutdown(SocketShutdown.Send);
        using CancellationTokenSource farewell = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        farewell.CancelAfter(FarewellPatience);
        byte[] nothing = new byte[256];
        try
        {
            while (await channel.ReadAsync(nothing, farewell.Token) > 0)
            {
                // A receiver has nothing to say; its end is what counts.
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It keeps its side open, and has not complained.
        }
    }
}
