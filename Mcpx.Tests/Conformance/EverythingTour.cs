using System.Collections.Concurrent;
using System.Text.Json;
using Mcpx.Tests.Fixtures;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

// Sampling, roots and logging are deprecated, and must work for as long as servers offer them.
#pragma warning disable MCP9005

namespace Mcpx.Tests.Conformance;

/// <summary>The C# client through all that server-everything offers; what it sees comes back step by step, without ids of the run.</summary>
internal static class EverythingTour
{
    /// <param name="prefix">What stands before the names of tools and prompts; it is taken out of what is seen.</param>
    /// <param name="canBeAsked">False for a client without sampling, elicitation and roots.</param>
    public static async Task<IReadOnlyDictionary<string, string>> TakeAsync(
        Uri url, string? authorization, string? version, CancellationToken cancellationToken, string prefix = "", bool canBeAsked = true)
    {
        var told = new ConcurrentQueue<string>();
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = url,
            AdditionalHeaders = authorization is null ? [] : new Dictionary<string, string> { ["Authorization"] = authorization },
        });
        await using var client = await McpClient.CreateAsync(transport, Options(version, told, canBeAsked), cancellationToken: cancellationToken);
        var seen = new Dictionary<string, string>();
        void See(string step, object? value) =>
            seen.Add(step, JsonSerializer.Serialize(value, McpJsonUtilities.DefaultOptions)
                .Replace(prefix.Length > 0 ? prefix : "\0", "", StringComparison.Ordinal)
                // Only the stateless era says that an answer is one.
                .Replace(",\"resultType\":\"complete\"", "", StringComparison.Ordinal));
        ValueTask<CallToolResult> CallAsync(string tool, params (string Name, object Value)[] arguments) =>
            client.CallToolAsync(prefix + tool, Arguments(arguments), cancellationToken: cancellationToken);

        // In the stateless era there is no ping, and a server of the session era can't ask the client or tell it anything.
        var isStateless = client.NegotiatedProtocolVersion == ConformanceRuns.Stateless;
        See("version", client.NegotiatedProtocolVersion);
        See("server", client.ServerInfo);
        See("capabilities", client.ServerCapabilities);
        See("instructions", client.ServerInstructions);
        if (!isStateless) await client.PingAsync(cancellationToken: cancellationToken);
        See("tools", (await client.ListToolsAsync(cancellationToken: cancellationToken)).Select(tool => tool.ProtocolTool).ToList());
        See("echo", await CallAsync("echo", ("message", "Grüße, 世界")));
        See("sum", await CallAsync("get-sum", ("a", 2), ("b", 3)));
        See("structured", await CallAsync("get-structured-content", ("location", "Chicago")));
        if (canBeAsked && !isStateless)
        {
            See("sampling", await CallAsync("trigger-sampling-request", ("prompt", "Hello?")));
            See("elicitation", await CallAsync("trigger-elicitation-request"));
            See("roots", await CallAsync("get-roots-list"));
        }

        var progress = new ConcurrentQueue<float>();
        See("long", await client.CallToolAsync(prefix + "trigger-long-running-operation", Arguments(("duration", 0.3), ("steps", 3)), new Steps(progress), cancellationToken: cancellationToken));
        // The client hears notifications beside the answer, so the last one may come when it listens no more.
        See("progress", progress.Where(step => step < 3).Order());
        await ReadAsync(client, prefix, See, cancellationToken);
        if (isStateless) return seen;

        await client.SetLoggingLevelAsync(LoggingLevel.Debug, cancellationToken: cancellationToken);
        await CallAsync("toggle-simulated-logging");
        await CallAsync("gzip-file-as-resource", ("name", "c.gz"), ("data", "data:text/plain,hello"));
        string[] wanted = [NotificationMethods.LoggingMessageNotification, NotificationMethods.ResourceListChangedNotification];
        await Eventually.TrueAsync(() => wanted.All(told.Contains), $"the notifications {string.Join(", ", wanted)} came", cancellationToken);
        return seen;
    }

    private static async Task ReadAsync(McpClient client, string prefix, Action<string, object?> see, CancellationToken cancellationToken)
    {
        var resources = await client.ListResourcesAsync(cancellationToken: cancellationToken);
        see("resources", resources.Select(resource => resource.ProtocolResource).ToList());
        see("templates", (await client.ListResourceTemplatesAsync(cancellationToken: cancellationToken)).Select(template => template.ProtocolResourceTemplate).ToList());
        see("read", (await client.ReadResourceAsync(resources[0].Uri, cancellationToken: cancellationToken)).Contents);
        see("prompts", (await client.ListPromptsAsync(cancellationToken: cancellationToken)).Select(prompt => prompt.ProtocolPrompt).ToList());
        see("prompt", await client.GetPromptAsync(prefix + "args-prompt", Arguments(("city", "Zürich")), cancellationToken: cancellationToken));
        see("completion", await client.CompleteAsync(new PromptReference { Name = prefix + "completable-prompt" }, "department", "S", cancellationToken: cancellationToken));
        see("missing", (await Record(() => client.ReadResourceAsync("demo://nothing", cancellationToken: cancellationToken).AsTask())).Message);
    }

    private static McpClientOptions Options(string? version, ConcurrentQueue<string> told, bool canBeAsked)
    {
        KeyValuePair<string, Func<JsonRpcNotification, CancellationToken, ValueTask>> Hear(string method) => new(method, (_, _) =>
        {
            told.Enqueue(method);
            return ValueTask.CompletedTask;
        });

        return new McpClientOptions
        {
            ProtocolVersion = version,
            Capabilities = canBeAsked ? new ClientCapabilities { Elicitation = new ElicitationCapability { Form = new FormElicitationCapability(), Url = new UrlElicitationCapability() } } : null,
            Handlers = new McpClientHandlers
            {
                SamplingHandler = !canBeAsked ? null : (_, _, _) => ValueTask.FromResult(new CreateMessageResult { Model = "a-model", Role = Role.Assistant, Content = [new TextContentBlock { Text = "Grüße" }] }),
                ElicitationHandler = !canBeAsked ? null : (_, _) => ValueTask.FromResult(new ElicitResult { Action = "accept", Content = new Dictionary<string, JsonElement> { ["name"] = JsonSerializer.SerializeToElement("Zoë") } }),
                RootsHandler = !canBeAsked ? null : (_, _) => ValueTask.FromResult(new ListRootsResult { Roots = [new Root { Uri = "file:///one", Name = "One" }] }),
                NotificationHandlers = [Hear(NotificationMethods.LoggingMessageNotification), Hear(NotificationMethods.ResourceListChangedNotification)],
            },
        };
    }

    private static Dictionary<string, object?> Arguments(params (string Name, object Value)[] arguments) => arguments.ToDictionary(each => each.Name, each => (object?)each.Value);

    private static async Task<McpException> Record(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (McpException refused)
        {
            return refused;
        }

        throw new InvalidOperationException("It was expected to be refused.");
    }

    // Not Progress<T>: that one reports on another thread, later than the call ends.
    private sealed class Steps(ConcurrentQueue<float> steps) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => steps.Enqueue(value.Progress);
    }
}
