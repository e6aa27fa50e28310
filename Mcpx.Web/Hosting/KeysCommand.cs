using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Jobs;
using Mcpx.Data;

namespace Mcpx.Web.Hosting;

/// <summary>
/// <c>keys rotate</c> seals whatever is stored with the first key of <c>ENCRYPTION_KEY</c>; <c>keys status</c> tells what is
/// under which. Beside running gateways, one of which may do the work instead.
/// </summary>
internal static class KeysCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Returns the exit code: 0 when nothing is left under an older key of the ring.</summary>
    public static async Task<int> RunAsync(string verb, string[] settings)
    {
        if (verb is not ("rotate" or "status")) throw new ConfigurationException(["Use: keys rotate, or keys status."]);
        WebApplicationBuilder builder = McpxApp.CreateBuilder(settings);
        List<string> mistakes = [];
        // Which of the connections are there is all that matters: what serving would miss is no mistake here.
        DatabaseSettings database = DatabaseSettings.Read(builder.Configuration, []);
        string? connection = database.Engine ?? database.Owner;
        if (connection is null)
            mistakes.Add("Neither ConnectionStrings__McpxEngine nor ConnectionStrings__Mcpx is set. An embedded database is rotated from the settings page or by POST /api/keys/rotate.");
        KeySettings keys = new KeyReader(builder.Configuration, mistakes).Read(isEmbedded: false, isRequired: true);
        if (mistakes.Count > 0) throw new ConfigurationException(mistakes);

        ServiceCollection services = new();
        services.AddLogging(log => log.AddConsole());
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(KeyRing.Parse(keys.Keys!));
        services.AddSingleton<KeyRotation>();
        services.AddMcpxData(_ => new DatabaseConnections(Owner: null, App: connection, Engine: connection));
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<DatabaseMigrator>().AttachForCommandAsync(CancellationToken.None);
        KeyRotation rotation = provider.GetRequiredService<KeyRotation>();
        bool succeeded = verb is "status" || await RotateAsync(provider, rotation);
        IReadOnlyList<KeyUse> uses = await rotation.CountAsync(CancellationToken.None);
        foreach (KeyUse use in uses) await Console.Out.WriteLineAsync(Describe(use));
        return succeeded && uses.All(u => u.Position is not > 0 || u.MayGo) ? 0 : 1;
    }

    private static async Task<bool> RotateAsync(IServiceProvider provider, KeyRotation rotation)
    {
        IJobStore jobs = provider.GetRequiredService<IJobStore>();
        JobRunner runner = new([new KeyRotationJob(rotation)], jobs, provider.GetRequiredService<ILogger<JobRunner>>(), TimeProvider.System);
        await jobs.RequestAsync(KeyRotationJob.JobName,
            AdminChange.ByInstallation("command line", AdminAction.KeysRotate, SubjectKinds.Installation, subject: null, TimeProvider.System), CancellationToken.None);
        using PeriodicTimer timer = new(LookEvery);
        while (true)
        {
            // A gateway may have taken it, or a process that was killed may still hold it for a while.
            await Task.WhenAll(await runner.StartDueAsync(CancellationToken.None));
            JobState? state = await jobs.FindAsync(KeyRotationJob.JobName, CancellationToken.None);
            if (state is { IsPending: false })
            {
                await Console.Out.WriteLineAsync(state.Result);
                return state.Succeeded is true;
            }

            await timer.WaitForNextTickAsync();
        }
    }

    private static string Describe(KeyUse use)
    {
        string values = string.Join(", ", use.Values.Select(v => $"{v.Value} {v.Key}"));
        return use switch
        {
            { Position: 0 } => $"{use.Key} seals: {values}",
            { MayGo: true } => $"{use.Key} is no longer needed: take it out of ENCRYPTION_KEY",
            { Position: null } => $"{use.Key} is not in ENCRYPTION_KEY, and what it sealed can't be read: {values}",
            _ => $"{use.Key} is still needed: {values}",
        };
    }
}
