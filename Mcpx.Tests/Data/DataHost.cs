using Mcpx.Core;
using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Mcpx.Data;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mcpx.Tests.Data;

/// <summary>One replica's data layer on a migrated database; several may share one.</summary>
internal sealed class DataHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly HashSet<OrganizationId> _keptWhole = [];

    /// <param name="time">Null takes the system's.</param>
    /// <param name="keys">Null takes a ring of one key that is all zeros.</param>
    public DataHost(string connectionString, TimeProvider? time = null, KeyRing? keys = null)
    {
        ConnectionString = connectionString;
        ServiceCollection services = new();
        services.AddLogging();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSingleton(keys ?? new KeyRing([new byte[KeyRing.MinimumKeyBytes]]));
        services.AddSingleton<TokenHasher>();
        services.AddSingleton<ChangeFeed>();
        services.AddAuditChain();
        services.AddSingleton<CallerDirectory>();
        services.AddSingleton<SessionDirectory>();
        services.AddSingleton<IRedactionSource>(provider => new BuiltInRules(provider.GetRequiredService<Databases>(), _keptWhole)).AddSingleton<RedactionKeys>().AddSingleton<CallRedactor>();
        services.AddSingleton(provider => new RedactionVault(new AesGcmSecretProtector(provider.GetRequiredService<KeyRing>(), RedactionVault.Purpose)));
        services.AddMcpxData(_ => new DatabaseConnections(connectionString));
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public string ConnectionString { get; }

    public IServiceProvider Services => _services;

    /// <summary>What PostgreSQL keeps of the present moment.</summary>
    public static DateTimeOffset Now
    {
        get
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            return new DateTimeOffset(now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerMillisecond, TimeSpan.Zero);
        }
    }

    public static async Task<DataHost> StartAsync(PostgresFixture postgres)
    {
        string template = await postgres.GetOrCreateTemplateAsync("data", async connectionString =>
        {
            await using DataHost host = new(connectionString);
            await host.Get<DatabaseMigrator>().MigrateAsync(CancellationToken.None);
        });
        return await JoinAsync(await postgres.CreateDatabaseAsync(template));
    }

    /// <summary>Another replica on a database that was migrated.</summary>
    public static async Task<DataHost> JoinAsync(string connectionString, TimeProvider? time = null, KeyRing? keys = null)
    {
        DataHost joined = new(connectionString, time, keys);
        await joined.Get<DatabaseMigrator>().MigrateAsync(CancellationToken.None);
        return joined;
    }

    public static TId NewId<TId>() where TId : struct, IEntityId<TId> => EntityId.New<TId>(TimeProvider.System);

    /// <summary>What a replica has in memory that has read just this.</summary>
    public static ProxySnapshot Known(OrganizationSnapshot read) => new(GatewaySnapshot.Empty, GovernanceSnapshot.Empty.With(read.Organization, read.Policies))
    {
        Pins = PinSnapshot.Empty.With(read.Organization, read.Pins),
    };

    /// <summary>The owner of the schema, who sees every row.</summary>
    public NpgsqlDataSource Owner => Get<Databases>().Owner!;

    /// <summary>The store of calls, which keeps the payloads of an organisation that there need not be as they are.</summary>
    public ICallStore CallsOf(OrganizationId organization)
    {
        _keptWhole.Add(organization);
        return Get<ICallStore>();
    }

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public Task<Membership> AddOrganizationAsync(string slug) => Get<IMembershipStore>().EnsureOwnerAsync(
        new Organization(NewId<OrganizationId>(), slug, slug.ToUpperInvariant()),
        new User(NewId<UserId>(), $"Owner of {slug}", $"owner@{slug}.example"),
        CancellationToken.None);

    public async Task<UpstreamServer> AddServerAsync(OrganizationId organization, string slug, byte[]? ciphertext = null)
    {
        UpstreamServer server = NewServer(organization, slug);
        await Get<IServerStore>().AddAsync(server, ciphertext is null ? null : Sealed(server, ciphertext), CancellationToken.None);
        return server;
    }

    public static UpstreamServer NewServer(OrganizationId organization, string slug) => new(NewId<ServerId>(), organization, slug, slug,
        Description: "", new Uri($"https://{slug}.example/mcp"), UpstreamServer.DefaultTimeoutSeconds, Enabled: true, Now, Now);

    public static StoredCredential Sealed(UpstreamServer server, byte[] ciphertext) =>
        new(server.Organization, server.Id, CredentialKind.ApiKey, "X-API-Key", ciphertext, "••••1234");

    public static PersonalAccessToken NewToken(Membership membership, string name) => new(NewId<TokenId>(), membership.Organization.Id,
        membership.User.Id, name, "abcd", TokenScopes.Mcp | TokenScopes.ApiRead, Now, Now.AddDays(90), RevokedAt: null, LastUsedAt: null);

    public static CallRecord NewCall(OrganizationId organization, DateTimeOffset at, CallOutcome outcome = CallOutcome.Ok, ServerId? server = null) => new()
    {
        Id = CallId.From(Guid.CreateVersion7(at)),
        Time = at,
        Organization = organization,
        Endpoint = "/mcp/acme/server/finance",
        Server = server,
        Outcome = outcome,
        Status = 200,
        TotalMicroseconds = 1500,
        RequestBytes = 10,
        ResponseBytes = 20,
    };

    public async Task<bool> IsTimescaleAsync() => await QueryAsync("SELECT edition FROM schema_scripts LIMIT 1") is nameof(DatabaseEdition.Timescale);

    /// <summary>As the owner of the schema, with all the time it takes.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Owner.CreateCommand(sql);
        command.CommandTimeout = 3600;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>As if the roll-up of figures had come as far as the day of an instant; on TimescaleDB there is nothing to say.</summary>
    public async Task BeginRollUpAsync(DateTimeOffset at)
    {
        if (!await IsTimescaleAsync())
            await ExecuteAsync($"UPDATE metric_rollup_state SET closing = date_bin('1 day', '{at:O}', '2000-01-01 00:00+00'), visible = date_bin('1 day', '{at:O}', '2000-01-01 00:00+00')");
    }

    public async Task<object?> QueryAsync(string sql)
    {
        await using NpgsqlCommand command = Owner.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    /// <summary>Knows the organisations that the database has.</summary>
    private sealed class BuiltInRules(Databases databases, IEnumerable<OrganizationId> keptWhole) : IRedactionSource
    {
        public async ValueTask<RedactionSnapshot> GetAsync(CancellationToken cancellationToken)
        {
            List<OrganizationRedaction> all = [.. keptWhole.Select(o => new OrganizationRedaction(o, new OrganizationRules([], null), [], []))];
            await using NpgsqlCommand command = databases.Owner!.CreateCommand("SELECT id FROM organizations");
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) all.Add(new OrganizationRedaction(OrganizationId.From(reader.GetGuid(0)), OrganizationRules.Default, [], []));
            return new RedactionSnapshot(all.DistinctBy(o => o.Organization));
        }
    }
}

/// <summary>A class of tests, each with a database of its own.</summary>
public abstract class DataTests(PostgresFixture postgres) : Xunit.IAsyncLifetime
{
    private protected DataHost Host { get; private set; } = null!;

    protected PostgresFixture Postgres { get; } = postgres;

    protected static CancellationToken Cancelled => Xunit.TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Host = await DataHost.StartAsync(Postgres);

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
