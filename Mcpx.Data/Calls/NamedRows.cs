using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Calls;

/// <summary>Something of an organisation that people gave a name, which no other of its kind has there.</summary>
internal interface INamedRow
{
    OrganizationId OrgId { get; }

    string Name { get; }
}

/// <summary>Adds and deletes such things, of which an organisation has so many at most.</summary>
internal static class NamedRows
{
    /// <param name="kind">What people call the kind.</param>
    /// <param name="make">Within the transaction, when it is clear that it may be.</param>
    /// <param name="entry">Of the row that was added.</param>
    /// <returns>Null when there are <paramref name="most"/> already.</returns>
    /// <exception cref="RefusalException.Conflict">The name is taken.</exception>
    public static async Task<TRow?> AddNamedAsync<TRow>(
        this McpxDbContext context, OrganizationId organization, string kind, string name, int most, Func<Task<TRow>> make, Func<TRow, AdminEntry?> entry, CancellationToken cancellationToken)
        where TRow : class, INamedRow
    {
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // One after the other, so that what is counted is what there is.
        await OrganizationLock.TakeAsync(context, organization, cancellationToken);
        IQueryable<TRow> all = context.Set<TRow>().Where(r => r.OrgId == organization);
        if (await all.AnyAsync(r => r.Name == name, cancellationToken)) throw new RefusalException.Conflict("name", $"There is a {kind} of this name already.");
        if (await all.CountAsync(cancellationToken) >= most) return null;
        TRow row = await make();
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(entry(row)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row;
    }

    /// <param name="one">The row, if it is there and may be deleted.</param>
    /// <param name="entry">Of the row that was there.</param>
    /// <returns>False when it is not.</returns>
    public static async Task<bool> DeleteNamedAsync<TRow>(this McpxDbContext context, IQueryable<TRow> one, Func<TRow, AdminEntry?> entry, CancellationToken cancellationToken)
        where TRow : class, INamedRow
    {
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Of two who delete it at once, one did.
        if (await one.AsNoTracking().SingleOrDefaultAsync(cancellationToken) is not { } row || await one.ExecuteDeleteAsync(cancellationToken) == 0) return false;
        await Written.As(entry(row)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
