using Mcpx.Core.Identity;

namespace Mcpx.Data.Credentials;

internal sealed class DataProtectionKeyStore(ScopedContexts contexts, TimeProvider time) : IDataProtectionKeyStore
{
    public IReadOnlyList<string> List()
    {
        using McpxDbContext context = contexts.Open(DataScope.Everything);
        return [.. context.DataProtectionKeys.OrderBy(k => k.Id).Select(k => k.Xml)];
    }

    public void Add(string name, string xml)
    {
        using McpxDbContext context = contexts.Open(DataScope.Everything);
        context.DataProtectionKeys.Add(new DataProtectionKeyRow { Id = Guid.CreateVersion7(time.GetUtcNow()), Name = name, Xml = xml });
        context.SaveChanges();
    }
}
