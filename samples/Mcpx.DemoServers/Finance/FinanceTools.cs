using System.ComponentModel;
using Mcpx.SampleHosting;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers.Finance;

/// <summary>The server that wants an API key in a header, and the only one with a tool that destroys.</summary>
internal sealed class FinanceTools
{
    private readonly Ledger _ledger = new();

    public static SampleServer Server(DemoOptions options)
    {
        var tools = new FinanceTools();
        return DemoServer.Create(
            "finance",
            "Finance (demo)",
            "Balances of and transfers between the company's accounts, FIN-1001 and so on.",
            new Guard.ApiKey("X-API-Key", options.FinanceKey),
            tools.Balance,
            tools.Transfer);
    }

    [McpServerTool(Name = "balance", Title = "Account balance", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("The balance of one account.")]
    public Account Balance([Description("Account number, e.g. FIN-1001")] string account) => _ledger.Find(account);

    [McpServerTool(Name = "transfer", Title = "Transfer money", ReadOnly = false, Destructive = true, Idempotent = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Moves money between two accounts of the same currency.")]
    public TransferReceipt Transfer(
        [Description("Account to take from")] string from,
        [Description("Account to give to")] string to,
        [Description("Positive, at most two decimals")] decimal amount,
        [Description("ISO 4217 code; both accounts must be held in it")] string currency) => _ledger.Transfer(from, to, amount, currency);
}
