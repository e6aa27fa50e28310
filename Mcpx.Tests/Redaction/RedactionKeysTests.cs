using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

public sealed class RedactionKeysTests
{
    [Fact]
    public async Task For_an_organisation_that_is_gone_the_database_is_asked_once_in_a_while()
    {
        TestClock clock = new();
        KeyStore store = new();
        RedactionKeys keys = new(store, new RedactionVault(new AesGcmSecretProtector(new KeyRing([new byte[KeyRing.MinimumKeyBytes]]), RedactionVault.Purpose)), NullLogger<RedactionKeys>.Instance, clock);
        OrganizationId gone = DataHost.NewId<OrganizationId>(), here = DataHost.NewId<OrganizationId>();
        store.There.Add(here);

        for (int i = 0; i < 10; i++) (await keys.GetAsync(gone, TestContext.Current.CancellationToken)).ShouldBeNull();
        store.Asked.ShouldBe(1);
        (await keys.GetAsync(here, TestContext.Current.CancellationToken)).ShouldNotBeNull();
        store.Asked.ShouldBe(2);

        clock.Advance(TimeSpan.FromMinutes(10));
        (await keys.GetAsync(gone, TestContext.Current.CancellationToken)).ShouldBeNull();
        store.Asked.ShouldBe(3);
    }

    /// <summary>Keeps the keys of organisations that are there.</summary>
    private sealed class KeyStore : IRedactionStore
    {
        public HashSet<OrganizationId> There { get; } = [];

        public int Asked { get; private set; }

        public Task<byte[]?> KeepKeyAsync(OrganizationId organization, byte[] sealedKey, CancellationToken cancellationToken)
        {
            Asked++;
            return Task.FromResult(There.Contains(organization) ? sealedKey : null);
        }

        public Task<OrganizationRules?> FindRulesAsync(OrganizationId organization, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<ServerRedaction>> ListServersAsync(OrganizationId organization, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ServerRedaction?> FindServerAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> SaveRulesAsync(OrganizationId organization, OrganizationRules rules, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> DeleteRulesAsync(OrganizationId organization, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> SaveServerAsync(OrganizationId organization, ServerRedaction settings, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
