using Microsoft.Extensions.Time.Testing;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>A stream that goes wrong after its first content never looks like one that was completed.</summary>
public sealed class StreamFailureTests : GatewayTest
{
    public static TheoryData<string, string, string> Breaks
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (Family client in Family.All)
            {
                foreach (Family provider in Family.All)
                {
                    foreach (string way in (string[])["end", "reset", "half-frame", "error", "malformed", "stall"])
                    {
                        data.Add(client.Name, provider.Name, way);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task It_ends_in_one_error_frame(string clientName, string providerName, string way)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub, Second), new GatewayLimits { Silence = TimeSpan.FromMilliseconds(way == "stall" ? 300 : 60_000) });
        StubStep[] begun = [.. provider.Head.Concat(provider.Content).Select(StubStep.Write)];
        StubStep[] broken = way switch
        {
            "end" => [],
            "reset" => [StubStep.Reset],
            "half-frame" => [StubStep.Write(provider.Tail[0][..20])],
            "error" => [StubStep.Write(provider.ErrorFrame), StubStep.Write(string.Concat(provider.Tail))],
            "malformed" => [StubStep.Write("data: {\"nope\n\n"), StubStep.Write(string.Concat(provider.Tail))],
            _ => [StubStep.Hang],
        };
        var begins = new TaskCompletionSource();
        Stub.Enqueue(StubAnswer.Sse([.. begun, StubStep.Await(begins.Task), .. broken]));
        HttpResponseMessage response = await SendAsync(client.Request("m", stream: true));
        Assert.Equal(200, (int)response.StatusCode);
        var reader = new Reading(await response.Content.ReadAsStreamAsync(Stop));
        await reader.UntilAsync(Family.Said);
        begins.SetResult();
        string body = await reader.ToEndAsync();
        Assert.DoesNotContain(client.EndMark, body, StringComparison.Ordinal);
        Assert.Single(body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries), f => f.Contains(client.ErrorMark, StringComparison.Ordinal));
        Assert.Equal(way == "error", body.Contains("The engine is on fire", StringComparison.Ordinal));
        Assert.Empty(Second.Requests);

        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.Truncated, 200), (record.Outcome, record.StatusCode));
        Assert.NotNull(record.Attempts.Single().Reason);
        Assert.True(record.Usage!.Estimated);
        Assert.True(record.Usage.InputTokens > 0);
        Assert.True(record.Usage.OutputTokens > 0);
        if (way == "stall")
        {
            await Stub.Request.Aborted.WaitAsync(TimeSpan.FromSeconds(2), Stop);
        }
    }

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task Silence_is_filled_with_keep_alives(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        var time = new FakeTimeProvider();
        await StartAsync(provider.Endpoint("m", Stub), time: time);
        var go = new TaskCompletionSource();
        Stub.Enqueue(StubAnswer.Sse([.. provider.Head.Concat(provider.Content).Select(StubStep.Write), StubStep.Await(go.Task), .. provider.Tail.Select(StubStep.Write)]));
        HttpResponseMessage response = await SendAsync(client.Request("m", stream: true));
        var reader = new Reading(await response.Content.ReadAsStreamAsync(Stop));
        await reader.UntilAsync(Family.Said);
        int before = reader.Text.Length;
        await Task.Delay(50, Stop);
        time.Advance(TimeSpan.FromSeconds(14));
        await Task.Delay(100, Stop);
        Assert.Equal(before, reader.Text.Length);
        time.Advance(TimeSpan.FromSeconds(1));
        await reader.UntilAsync("\n\n", from: before);
        int once = reader.Text.Length;
        time.Advance(TimeSpan.FromSeconds(15));
        await reader.UntilAsync("\n\n", from: once);
        string kept = reader.Text[before..once];
        Assert.True(kept.StartsWith(':') || kept.Contains("ping", StringComparison.Ordinal) || client == Family.Gemini, kept);
        go.SetResult();
        string text = await reader.ToEndAsync();
        Assert.Contains(client.EndMark, text, StringComparison.Ordinal);
        Assert.Equal(RequestOutcome.Success, (await RecordAsync()).Outcome);
    }

    [Fact]
    public async Task A_silent_beginning_is_kept_alive_and_can_still_go_elsewhere()
    {
        var time = new FakeTimeProvider();
        await StartAsync(Family.Messages.Endpoint("m", Stub, Second), time: time);
        var asked = new TaskCompletionSource();
        var fail = new TaskCompletionSource();
        Stub.Answer = _ =>
        {
            asked.SetResult();
            return StubAnswer.Sse([StubStep.Await(fail.Task), StubStep.Reset]);
        };
        Second.Enqueue(StubAnswer.Sse([.. Family.Messages.Frames]));
        Task<HttpResponseMessage> pending = SendAsync(Family.Messages.Request("m", stream: true));
        await asked.Task.WaitAsync(Stop);
        await Task.Delay(100, Stop);
        time.Advance(TimeSpan.FromSeconds(44));
        await Task.Delay(100, Stop);
        Assert.False(pending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        HttpResponseMessage response = await pending.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        Assert.Equal(200, (int)response.StatusCode);
        var reader = new Reading(await response.Content.ReadAsStreamAsync(Stop));
        await reader.UntilAsync("\n\n");
        string ping = reader.Text;
        Assert.StartsWith(":", ping, StringComparison.Ordinal);
        fail.SetResult();
        Assert.Equal(ping + Family.Messages.Stream, await reader.ToEndAsync());
        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.Success, 2), (record.Outcome, record.Attempts.Count));
    }

    [Fact]
    public async Task Lifecycle_frames_are_held_back_while_the_client_is_kept_alive()
    {
        var time = new FakeTimeProvider();
        await StartAsync(Family.Responses.Endpoint("m", Stub), time: time);
        var go = new TaskCompletionSource();
        Stub.Enqueue(StubAnswer.Sse([.. Family.Responses.Head.Select(StubStep.Write), StubStep.Await(go.Task), .. Family.Responses.Content.Concat(Family.Responses.Tail).Select(StubStep.Write)]));
        Task<HttpResponseMessage> pending = SendAsync(Family.Responses.Request("m", stream: true));
        await Task.Delay(300, Stop);
        Assert.False(pending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(15));
        HttpResponseMessage response = await pending.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        var reader = new Reading(await response.Content.ReadAsStreamAsync(Stop));
        await reader.UntilAsync("\n\n");
        Assert.StartsWith(":", reader.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("data:", reader.Text, StringComparison.Ordinal);
        int kept = reader.Text.Length;
        go.SetResult();
        Assert.Equal(Family.Responses.Stream, (await reader.ToEndAsync())[kept..]);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task When_nobody_answers_after_keep_alives_there_is_one_error_frame(string name)
    {
        Family client = Family.Named(name);
        var time = new FakeTimeProvider();
        await StartAsync(client.Endpoint("m", Stub), time: time);
        var fail = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        Stub.Answer = _ =>
        {
            asked.SetResult();
            return StubAnswer.Sse([StubStep.Await(fail.Task), StubStep.Reset]);
        };
        Task<HttpResponseMessage> pending = SendAsync(client.Request("m", stream: true));
        await asked.Task.WaitAsync(Stop);
        await Task.Delay(100, Stop);
        time.Advance(TimeSpan.FromSeconds(45));
        HttpResponseMessage response = await pending.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        fail.SetResult();
        string body = await response.Content.ReadAsStringAsync(Stop);
        Assert.Contains("\"error\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain(client.EndMark, body, StringComparison.Ordinal);
        Assert.Equal((RequestOutcome.UpstreamError, 200), ((await RecordAsync()).Outcome, Gateway.Usage.All[0].StatusCode));
    }

    [Fact]
    public async Task An_open_connection_after_the_end_does_not_hold_the_client()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Enqueue(StubAnswer.Sse([.. Family.Chat.Frames.Select(StubStep.Write), StubStep.Hang]));
        (_, string body) = await AskAsync(Family.Chat.Request("m", stream: true)).WaitAsync(TimeSpan.FromSeconds(5), Stop);
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        Assert.Equal(RequestOutcome.Success, (await RecordAsync()).Outcome);
        await Stub.Request.Aborted.WaitAsync(TimeSpan.FromSeconds(2), Stop);
    }
}
