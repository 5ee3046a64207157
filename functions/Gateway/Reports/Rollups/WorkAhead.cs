using System.Runtime.CompilerServices;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Works on some items ahead of whoever takes the results.</summary>
internal static class WorkAhead
{
    /// <summary>The results in the order of the items, which whoever takes them may rely on.</summary>
    /// <param name="items">What is worked on.</param>
    /// <param name="atOnce">Most items that are worked on at once.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<TResult> InOrderAsync<TItem, TResult>(
        IEnumerable<TItem> items, int atOnce, Func<TItem, CancellationToken, Task<TResult>> work, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Queue<Task<TResult>> begun = new(atOnce);
        try
        {
            foreach (TItem item in items)
            {
                begun.Enqueue(work(item, stop.Token));
                if (begun.Count == atOnce)
                {
                    yield return await begun.Dequeue();
                }
            }

            while (begun.Count > 0)
            {
                yield return await begun.Dequeue();
            }
        }
        finally
        {
            // Nothing goes on unseen when one has failed, or nobody wants the rest.
            await stop.CancelAsync();
            foreach (Task left in begun)
            {
                await left.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
