using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Tests.Reports;

public sealed class WorkAheadTests
{
    [Fact]
    public async Task Results_come_in_the_order_of_the_items_and_no_more_are_begun_than_asked_for()
    {
        TaskCompletionSource<int>[] works = [.. Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource<int>())];
        List<int> begun = [];
        await using IAsyncEnumerator<int> results = WorkAhead.InOrderAsync([0, 1, 2, 3], 2, Begin, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        ValueTask<bool> first = results.MoveNextAsync();
        works[1].SetResult(11);
        Assert.False(first.IsCompleted);
        Assert.Equal([0, 1], begun);
        works[0].SetResult(10);
        Assert.True(await first);
        Assert.Equal(10, results.Current);
        Assert.True(await results.MoveNextAsync());
        Assert.Equal((11, 3), (results.Current, begun.Count));
        works[2].SetResult(12);
        works[3].SetResult(13);
        Assert.True(await results.MoveNextAsync() && await results.MoveNextAsync());
        Assert.Equal(13, results.Current);
        Assert.False(await results.MoveNextAsync());

        Task<int> Begin(int item, CancellationToken stop)
        {
            begun.Add(item);
            return works[item].Task;
        }
    }

    [Fact]
    public async Task When_one_fails_the_others_are_stopped_and_waited_for()
    {
        bool ended = false;
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (int _ in WorkAhead.InOrderAsync([0, 1], 2, WorkAsync, TestContext.Current.CancellationToken))
            {
            }
        });
        Assert.True(ended);

        async Task<int> WorkAsync(int item, CancellationToken stop)
        {
            if (item == 0)
            {
                throw new InvalidDataException();
            }

            try
            {
                await Task.Delay(Timeout.Infinite, stop);
            }
            finally
            {
                ended = true;
            }

            return item;
        }
    }
}
