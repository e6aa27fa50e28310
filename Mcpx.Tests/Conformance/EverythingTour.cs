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
    public static async Task<IReadOnlyDictionary<string, string>> TakeAsync(Uri url, string? authorization, string? version, CancellationToken cancellationToken)
    {
        var told = new ConcurrentQueue<string>();
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = url,
            AdditionalHeaders = authorization is null ? [] : new Dictionary<string, string> { ["Authorization"] = authorization },
        });
        await using var client = await McpClient.CreateAsync(transport, Options(version, told), cancellationToken: cancellationToken);
        var seen = new Dictionary<string, string>();
        void See(string step, object? value) => seen.Add(step, JsonSerializer.Serialize(value, McpJsonUtilities.DefaultOptions));

        See("version", client.NegotiatedProtocolVersion);
        See("server", client.ServerInfo);
        See("capabilities", client.ServerCapabilities);
        await client.PingAsync(cancellationToken: cancellationToken);
        See("tools", (await client.ListToolsAsync(cancellationToken: cancellationToken)).Select(tool => tool.ProtocolTool).ToList());
        See("echo", await client.CallToolAsync("echo", Arguments(("message", "Grüße, 世界")), cancellationToken: cancellationToken));
        See("sum", await client.CallToolAsync("get-sum", Arguments(("a", 2), ("b", 3)), cancellationToken: cancellationToken));
        See("structured", await client.CallToolAsync("get-structured-content", Arguments(("location", "Chicago")), cancellationToken: cancellationToken));
        See("sampling", await client.CallToolAsync("trigger-sampling-request", Arguments(("prompt", "Hello?")), cancellationToken: cancellationToken));
        See("elicitation", await client.CallToolAsync("trigger-elicitation-request", cancellationToken: cancellationToken));
        See("roots", await client.CallToolAsync("get-roots-list", cancellationToken: cancellationToken));
        var progress = new ConcurrentQueue<float>();
        See("long", await client.CallToolAsync("trigger-long-running-operation", Arguments(("duration", 0.3), ("steps", 3)), new Steps(progress), cancellationToken: cancellationToken));
        // The client hears notifications beside the answer, so the last one may come when it listens no more.
        See("progress", progress.Where(step => step < 3).Order());

        var resources = await client.ListResourcesAsync(cancellationToken: cancellationToken);
        See("resources", resources.Select(resource => resource.ProtocolResource).ToList());
        See("templates", (await client.ListResourceTemplatesAsync(cancellationToken: cancellationToken)).Select(template => template.ProtocolResourceTemplate).ToList());
        See("read", await client.ReadResourceAsync(resources[0].Uri, cancellationToken: cancellationToken));
        See("prompts", (await client.ListPromptsAsync(cancellationToken: cancellationToken)).Select(prompt => prompt.ProtocolPrompt).ToList());
        See("prompt", await client.GetPromptAsync("args-prompt", Arguments(("city", "Zürich")), cancellationToken: cancellationToken));
        See("completion", await client.CompleteAsync(new PromptReference { Name = "completable-prompt" }, "department", "S", cancellationToken: cancellationToken));
        See("missing", (await Record(() => client.ReadResourceAsync("demo://nothing", cancellationToken: cancellationToken).AsTask())).Message);

        await client.SetLoggingLevelAsync(LoggingLevel.Debug, cancellationToken: cancellationToken);
        await client.CallToolAsync("toggle-simulated-logging", cancellationToken: cancellationToken);
        await client.CallToolAsync("gzip-file-as-resource", Arguments(("name", "c.gz"), ("data", "data:text/plain,hello")), cancellationToken: cancellationToken);
        string[] wanted = [NotificationMethods.LoggingMessageNotification, NotificationMethods.ResourceListChangedNotification];
        await Eventually.TrueAsync(() => wanted.All(told.Contains), $"the notifications {string.Join(", ", wanted)} came", cancellationToken);
        return seen;
    }

    private static McpClientOptions Options(string? version, ConcurrentQueue<string> told)
    {
        KeyValuePair<string, Func<JsonRpcNotification, CancellationToken, ValueTask>> Hear(string method) => new(method, (_, _) =>
        {
            told.Enqueue(method);
            return ValueTask.CompletedTask;
        });

        return new McpClientOptions
        {
            ProtocolVersion = version,
            Handlers = new McpClientHandlers
            {
                SamplingHandler = (_, _, _) => ValueTask.FromResult(new CreateMessageResult { Model = "a-model", Role = Role.Assistant, Content = [new TextContentBlock { Text = "Grüße" }] }),
                ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "accept", Content = new Dictionary<string, JsonElement> { ["name"] = JsonSerializer.SerializeToElement("Zoë") } }),
                RootsHandler = (_, _) => ValueTask.FromResult(new ListRootsResult { Roots = [new Root { Uri = "file:///one", Name = "One" }] }),
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
