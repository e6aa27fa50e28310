using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;

namespace Mcpx.Core.Proxy;

/// <summary>Obtains the upstream's credential. The client's own ends here: nothing after this filter reads it.</summary>
public sealed class InjectFilter(CredentialBroker broker) : IProxyFilter
{
    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context.Route is null) return next(context);
        try
        {
            context.UpstreamCredential = broker.Obtain(context.Route.Credential);
        }
        catch (CredentialUnreadableException e)
        {
            context.Refuse(CallOutcome.UpstreamError, ProxyErrors.Upstream(context.Era, UpstreamFailures.Credential,
                "The server's credential can't be read; an administrator has to enter it again."), e.Message);
            return ValueTask.CompletedTask;
        }

        return next(context);
    }
}
