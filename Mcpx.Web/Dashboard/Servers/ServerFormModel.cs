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
        ["limits.firstByteSeconds"] = nameof(FirstByte),
        ["limits.answerMebibytes"] = nameof(LongestAnswer),
        ["limits.concurrentCalls"] = nameof(CallsAtOnce),
        ["credential"] = nameof(Credential),
        ["credential.header"] = nameof(Header),
        ["credential.secret"] = nameof(Secret),
    };

    public string? Name { get; set; }

    public string? Slug { get; set; }

    public string? Url { get; set; }

    public string? Description { get; set; }

    public string? Timeout { get; set; } = UpstreamServer.DefaultTimeoutSeconds.ToString();

    public string? FirstByte { get; set; } = UpstreamLimits.Default.FirstByteSeconds.ToString();

    public string? LongestAnswer { get; set; } = UpstreamLimits.Default.AnswerMebibytes.ToString();

    public string? CallsAtOnce { get; set; } = UpstreamLimits.Default.ConcurrentCalls.ToString();

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
        FirstByte = details.Server.Limits.FirstByteSeconds.ToString(),
        LongestAnswer = details.Server.Limits.AnswerMebibytes.ToString(),
        CallsAtOnce = details.Server.Limits.ConcurrentCalls.ToString(),
        Credential = details.Credential is null ? CredentialChoice.None : CredentialChoice.Keep,
        Header = details.Credential?.Header ?? Core.Credentials.CredentialInput.DefaultHeader,
    };

    internal static IReadOnlyList<string> LimitFields { get; } = [nameof(FirstByte), nameof(LongestAnswer), nameof(CallsAtOnce)];

    internal NewServer ToNew() => new(Name, Trimmed(Slug), Url, Description, Whole(Timeout), CredentialInput, Limits: Limits);

    internal ServerChange ToChange() => new(Name ?? "", Trimmed(Slug) ?? "", Url ?? "", Description ?? "", Whole(Timeout), Credential: CredentialInput, Limits: Limits);

    /// <summary>A text that is no number is out of range, so that the field is refused and not silently the default.</summary>
    private static int? Whole(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    private LimitsInput Limits => new(Whole(FirstByte), Whole(LongestAnswer), Whole(CallsAtOnce));

    private static string? Trimmed(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
