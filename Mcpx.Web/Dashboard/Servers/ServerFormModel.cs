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
    ClientCredentials,

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
        ["credential.clientId"] = nameof(ClientId),
        ["credential.issuer"] = nameof(Issuer),
        ["credential.tokenUrl"] = nameof(TokenUrl),
        ["credential.scope"] = nameof(Scope),
        ["credential.resource"] = nameof(Resource),
        ["credential.keyId"] = nameof(KeyId),
        ["tags"] = nameof(Tags),
        ["headers"] = nameof(Headers),
        ["owner"] = nameof(Owner),
        ["toolPrefix"] = nameof(ToolPrefix),
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

    public string? ClientId { get; set; }

    public ClientMethod Method { get; set; }

    public string? Issuer { get; set; }

    public string? TokenUrl { get; set; }

    public string? Scope { get; set; }

    public string? Resource { get; set; }

    public string? KeyId { get; set; }

    /// <summary>Words between blanks or commas.</summary>
    public string? Tags { get; set; }

    /// <summary>One a line, as <c>Name: value</c>.</summary>
    public string? Headers { get; set; }

    public string? ToolPrefix { get; set; }

    public bool PropagateTrace { get; set; }

    /// <summary>A user's id; empty for nobody.</summary>
    public string Owner { get; set; } = "";

    /// <summary>Null keeps the stored one.</summary>
    internal CredentialInput? CredentialInput => Credential switch
    {
        CredentialChoice.Keep => null,
        CredentialChoice.ApiKey => new CredentialInput(CredentialKind.ApiKey, Trimmed(Header), SecretOrNull),
        CredentialChoice.Bearer => new CredentialInput(CredentialKind.Bearer, Secret: SecretOrNull),
        CredentialChoice.ClientCredentials => new CredentialInput(CredentialKind.ClientCredentials, Secret: SecretOrNull,
            Client: new ClientInput(ClientId, Method, TokenUrl, Issuer, Scope, Resource, Method is ClientMethod.PrivateKeyJwt ? KeyId : null)),
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
        // For somebody who enters another secret: everything but that is there already.
        ClientId = details.Credential?.Client?.ClientId,
        Method = details.Credential?.Client?.Method ?? ClientMethod.ClientSecretBasic,
        Issuer = details.Credential?.Client?.Issuer,
        TokenUrl = details.Credential?.Client?.TokenUrl,
        Scope = details.Credential?.Client?.Scope,
        Resource = details.Credential?.Client?.Resource,
        KeyId = details.Credential?.Client?.KeyId,
        Tags = string.Join(", ", details.Server.Tags),
        Headers = string.Join('\n', details.Server.Headers.Select(h => $"{h.Name}: {h.Value}")),
        Owner = details.Server.Owner?.ToString() ?? "",
        ToolPrefix = details.Server.ToolPrefix,
        PropagateTrace = details.Server.PropagateTrace,
    };

    internal static IReadOnlyList<string> LimitFields { get; } = [nameof(FirstByte), nameof(LongestAnswer), nameof(CallsAtOnce), nameof(Headers)];

    internal NewServer ToNew() => new(Name, Trimmed(Slug), Url, Description, Whole(Timeout), CredentialInput, Limits: Limits)
    {
        Tags = TagList,
        Headers = HeaderList,
        Owner = OwnerInput,
        ToolPrefix = (ToolPrefix ?? "").Trim(),
        PropagateTrace = PropagateTrace,
    };

    internal ServerChange ToChange() => new(Name ?? "", Trimmed(Slug) ?? "", Url ?? "", Description ?? "", Whole(Timeout), Credential: CredentialInput, Limits: Limits)
    {
        Tags = TagList,
        Headers = HeaderList,
        Owner = OwnerInput,
        ToolPrefix = (ToolPrefix ?? "").Trim(),
        PropagateTrace = PropagateTrace,
    };

    private string[] TagList => (Tags ?? "").Split([' ', ',', ';', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A line without a colon becomes a name that Core refuses, so that it is not silently lost.</summary>
    private ServerHeader[] HeaderList => [.. (Headers ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line =>
        line.IndexOf(':', StringComparison.Ordinal) is var at and >= 0 ? new ServerHeader(line[..at].Trim(), line[(at + 1)..].Trim()) : new ServerHeader(line, ""))];

    private OwnerInput OwnerInput => new(EntityId.TryParse(Owner, out UserId user) ? user : null);

    /// <summary>A text that is no number is out of range, so that the field is refused and not silently the default.</summary>
    private static int? Whole(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    private LimitsInput Limits => new(Whole(FirstByte), Whole(LongestAnswer), Whole(CallsAtOnce));

    private static string? Trimmed(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
