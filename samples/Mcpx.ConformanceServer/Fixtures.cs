using System.Collections.Concurrent;
using System.ComponentModel;
using System.Reflection;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>Everything that the suite looks for, shared by all sessions and requests.</summary>
internal sealed class Fixtures
{
    private readonly McpServerPrimitiveCollection<McpServerTool> _tools;
    private readonly McpServerPrimitiveCollection<McpServerPrompt> _prompts;
    private readonly McpServerResourceCollection _resources;
    private readonly ConcurrentDictionary<(string? Session, string Uri), bool> _subscribed = new();
    private readonly ListSubscriptions _lists;

    public Fixtures()
    {
        _tools =
        [
            .. MethodsOf<McpServerToolAttribute>(typeof(ContentTools), typeof(ClientTools), typeof(InputTools), typeof(DiagnosticTools)).Select(method => McpServerTool.Create(method)),
            SchemaTool.Create(), McpServerTool.Create(ChangeTools), McpServerTool.Create(ChangePrompts),
        ];
        _prompts = [.. MethodsOf<McpServerPromptAttribute>(typeof(Prompts)).Select(method => McpServerPrompt.Create(method))];
        _resources = [.. MethodsOf<McpServerResourceAttribute>(typeof(Resources)).Select(method => McpServerResource.Create(method))];
        _lists = new ListSubscriptions(_tools, _prompts);
    }

    public McpServerOptions CreateOptions()
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "mcpx-conformance", Title = "Conformance fixtures", Version = "1.0.0" },
            ToolCollection = _tools,
            PromptCollection = _prompts,
            ResourceCollection = _resources,
            ScopeRequests = false,
            Capabilities = new ServerCapabilities { Resources = new ResourcesCapability { Subscribe = true } },
            Handlers = new McpServerHandlers
            {
                CompleteHandler = (request, _) => ValueTask.FromResult(Complete(request.Params)),
                SubscribeToResourcesHandler = (request, _) => Subscribe(request.Server.SessionId, request.Params.Uri, subscribed: true),
                UnsubscribeFromResourcesHandler = (request, _) => Subscribe(request.Server.SessionId, request.Params.Uri, subscribed: false),
                SetLoggingLevelHandler = (_, _) => ValueTask.FromResult(new EmptyResult()),
                SubscriptionsListenHandler = _lists.ListenAsync,
            },
        };
        Caching.AddTo(options.Filters.Request);
        options.Filters.Request.CallToolFilters.Add(ClientTools.CloseStreamBeforeAnswer);
        return options;
    }

    [McpServerTool(Name = "test_trigger_tool_change"), Description("Adds a tool to the list, and the next time takes it away.")]
    private string ChangeTools()
    {
        var passing = McpServerTool.Create(() => "", new McpServerToolCreateOptions { Name = "test_passing", Description = "Here and gone." });
        if (!_tools.TryAdd(passing) && _tools.TryGetPrimitive("test_passing", out var there)) _tools.Remove(there);
        return "The list of tools changed.";
    }

    [McpServerTool(Name = "test_trigger_prompt_change"), Description("Adds a prompt to the list, and the next time takes it away.")]
    private string ChangePrompts()
    {
        var passing = McpServerPrompt.Create(() => "", new McpServerPromptCreateOptions { Name = "test_passing", Description = "Here and gone." });
        if (!_prompts.TryAdd(passing) && _prompts.TryGetPrimitive("test_passing", out var there)) _prompts.Remove(there);
        return "The list of prompts changed.";
    }

    private ValueTask<EmptyResult> Subscribe(string? session, string uri, bool subscribed)
    {
        if (subscribed)
            _subscribed[(session, uri)] = true;
        else
            _subscribed.TryRemove((session, uri), out _);
        return ValueTask.FromResult(new EmptyResult());
    }

    private static CompleteResult Complete(CompleteRequestParams request)
    {
        string[] values = [.. new[] { "paris", "park", "party" }.Where(word => word.StartsWith(request.Argument.Value, StringComparison.Ordinal))];
        return new CompleteResult { Completion = new Completion { Values = values, Total = values.Length, HasMore = false } };
    }

    private static IEnumerable<MethodInfo> MethodsOf<TAttribute>(params Type[] types) where TAttribute : Attribute =>
        types.SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static)).Where(method => method.IsDefined(typeof(TAttribute)));
}
