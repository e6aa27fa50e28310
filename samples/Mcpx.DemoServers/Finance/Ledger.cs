namespace Mcpx.DemoServers.Finance;

/// <summary>The accounts of an invented company, in memory: every start begins with the same balances.</summary>
internal sealed class Ledger
{
    private readonly Lock _lock = new();
    private int _transfers;
    private readonly Dictionary<string, Account> _accounts = new Account[]
    {
        new("FIN-1001", "Operating, Europe", "EUR", 482_310.55m),
        new("FIN-1002", "Payroll, Europe", "EUR", 196_400.00m),
        new("FIN-1003", "Travel and expenses", "EUR", 12_875.30m),
        new("FIN-2001", "Operating, United States", "USD", 1_204_877.12m),
        new("FIN-2002", "Payroll, United States", "USD", 88_150.75m),
        new("FIN-3001", "Reserve", "CHF", 350_000.00m),
    }.ToDictionary(account => account.Id, StringComparer.OrdinalIgnoreCase);

    public Account Find(string id)
    {
        lock (_lock)
            return Known(id);
    }

    /// <exception cref="ToolRefusedException">The transfer breaks a rule; nothing moved.</exception>
    public TransferReceipt Transfer(string from, string to, decimal amount, string currency)
    {
        lock (_lock)
        {
            var source = Known(from);
            var target = Known(to);
            if (source.Id == target.Id)
                throw new ToolRefusedException("The two accounts must differ.");
            if (amount <= 0 || decimal.Round(amount, 2) != amount)
                throw new ToolRefusedException($"The amount must be positive with at most two decimals, not {amount}.");
            foreach (var account in (Account[])[source, target])
            {
                if (!string.Equals(account.Currency, currency, StringComparison.OrdinalIgnoreCase))
                    throw new ToolRefusedException($"{account.Id} is held in {account.Currency}; this bank does not convert {currency}.");
            }
            if (amount > source.Balance)
                throw new ToolRefusedException($"Insufficient funds: {source.Id} holds {source.Balance:0.00} {source.Currency}, {amount:0.00} asked.");

            _accounts[source.Id] = source = source with { Balance = source.Balance - amount };
            _accounts[target.Id] = target = target with { Balance = target.Balance + amount };
            return new TransferReceipt($"TRF-{++_transfers:000000}", source.Id, target.Id, amount, source.Currency, source.Balance, target.Balance);
        }
    }

    private Account Known(string id) =>
        _accounts.TryGetValue(id, out var account) ? account : throw new ToolRefusedException($"No account '{id}'. Known: {string.Join(", ", _accounts.Keys)}.");
}

internal sealed record Account(string Id, string Name, string Currency, decimal Balance);

internal sealed record TransferReceipt(string Reference, string From, string To, decimal Amount, string Currency, decimal FromBalance, decimal ToBalance);
