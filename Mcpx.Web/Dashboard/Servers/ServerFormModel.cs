using System.Globalization;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>What to do about a server's credential.</summary>
public enum CredentialChoice
{
    None,
    ApiKey,
    Bearer,

    /// <summary>Leave the stored one as it is; its secret is never brought back into a form.</summary>
    Keep,
}

/// <summary>The fields of the server form as they are typed; Core checks them.</summary>
public sealed class ServerFormModel
{
    /// <summary>From Core's field names to the properties here.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(Name),
        ["slug"] = nameof(Slug),
        ["url"] = nameof(Url),
        ["description"] = nameof(Description),
        ["timeoutSeconds"] = nameof(Timeout),
        ["credential"] = nameof(Credential),
        ["credential.header"] = nameof(Header),
        ["credential.secret"] = nameof(Secret),
    };

    public string? Name { get; set; }

    public string? Slug { get; set; }

    public string? Url { get; set; }

    public string? Description { get; set; }

    public string? Timeout { get; set; } = UpstreamServer.DefaultTimeoutSeconds.ToString();

    public CredentialChoice Credential { get; set; }

    public string? Header { get; set; } = CredentialInput.DefaultHeader;

    public string? Secret { get; set; }

    /// <summary>Null keeps the stored one.</summary>
    internal CredentialInput? CredentialInput => Credential switch
    {
        CredentialChoice.Keep => null,
        CredentialChoice.ApiKey => new CredentialInput(CredentialKind.ApiKey, Trimmed(Header), SecretOrNull),
        CredentialChoice.Bearer => new CredentialInput(CredentialKind.Bearer, Secret: SecretOrNull),
        _ => CredentialInput.None,
    };

    private Secret? SecretOrNull => string.IsNullOrEmpty(Secret) ? null : new Secret(Secret);

    public static ServerFormModel From(ServerDetails details) => new()
    {
        Name = details.Server.Name,
        Slug = details.Server.Slug,
        Url = details.Server.Url.OriginalString,
        Description = details.Server.Description,
        Timeout = details.Server.TimeoutSeconds.ToString(),
        Credential = details.Credential is null ? CredentialChoice.None : CredentialChoice.Keep,
        Header = details.Credential?.Header ?? Core.Credentials.CredentialInput.DefaultHeader,
    };

    internal NewServer ToNew() => new(Name, Trimmed(Slug), Url, Description, Seconds, CredentialInput);

    internal ServerChange ToChange() => new(Name ?? "", Trimmed(Slug) ?? "", Url ?? "", Description ?? "", Seconds, Credential: CredentialInput);

    /// <summary>A text that is no number is out of range, so that the field is refused and not silently the default.</summary>
    private int? Seconds => string.IsNullOrWhiteSpace(Timeout) ? null
        : int.TryParse(Timeout, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : -1;

    private static string? Trimmed(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
