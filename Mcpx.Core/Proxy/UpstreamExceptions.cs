namespace Mcpx.Core.Proxy;

/// <summary>An upstream's answer that can't be used; the message is safe to show.</summary>
public sealed class UpstreamAnswerException(string message) : Exception(message);

/// <summary>The upstream does not accept the credential that the gateway shows it.</summary>
public sealed class UpstreamRefusedException(int status) : Exception($"The server refused the gateway's credential ({status}).");
