using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Makes sure that the upstream's credential can be had, and gets its token where that takes a request. It is put on where
/// the message is sent; the client's own ends here: nothing after this filter reads it.
/// </summary>
public sealed class InjectFilter(CredentialBroker broker) : IProxyFilter
{
    internal const string Unreadable = "The server's credential can't be read; an administrator has to enter it again.";

    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context.Route is null) return next(context);
        try
        {
            ValueTask<(string Header, Secret Value)?> obtained = broker.ObtainAsync(context.Route.Server, context.Route.Credential, context.ClientGone);
            // Consumed here or awaited there, never both.
            return obtained.IsCompletedSuccessfully ? next(context) : WaitAsync(context, next, obtained);
        }
        catch (Exception e) when (Refuse(context, e))
        {
            return ValueTask.CompletedTask;
        }
    }

    private static async ValueTask WaitAsync(ProxyContext context, ProxyStep next, ValueTask<(string Header, Secret Value)?> obtained)
    {
        try
        {
            await obtained;
        }
        catch (Exception e) when (Refuse(context, e))
        {
            return;
        }

        await next(context);
    }

    private static bool Refuse(ProxyContext context, Exception exception)
    {
        (string Reason, string Message)? refusal = exception switch
        {
            CredentialUnreadableException => (UpstreamFailures.Credential, Unreadable),
            UpstreamTokenException e => (UpstreamFailures.Of(e), e.Sentence(context.Route!.Server.Slug)),
            _ => null,
        };
        if (refusal is not { } known) return false;
        context.Cause = known.Reason;
        context.Refuse(CallOutcome.UpstreamError, ProxyErrors.Upstream(known.Reason, known.Message), exception.Message);
        return true;
    }
}
