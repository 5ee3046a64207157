using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Measures the memory of the process, so it runs alone.</summary>
[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryTests : GatewayTest
{
    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task A_long_stream_needs_no_more_memory_than_a_short_one(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub));
        string delta = string.Concat(Enumerable.Repeat(provider.Content[0].Replace(Family.Said, "word ", StringComparison.Ordinal), 20));
        Stub.Answer = _ => StubAnswer.Sse([.. provider.Head.Select(StubStep.Write), .. Enumerable.Repeat(StubStep.Write(delta), 1000), .. provider.Tail.Select(StubStep.Write)]);
        HttpResponseMessage response = await SendAsync(client.Request("m", stream: true));
        Stream body = await response.Content.ReadAsStreamAsync(Stop);
        byte[] buffer = new byte[64 * 1024];
        long read = 0;
        long early = 0;
        long most = 0;
        for (int reads = 1; ; reads++)
        {
            int count = await body.ReadAsync(buffer, Stop);
            if (count == 0)
            {
                break;
            }

            read += count;
            if (reads % 50 == 0)
            {
                long memory = GC.GetTotalMemory(forceFullCollection: true);
                early = early == 0 ? memory : early;
                most = Math.Max(most, memory);
            }
        }

        Assert.True(read > 1_000_000, $"{read} bytes");
        Assert.True(most - early < 4_000_000, $"{early} bytes at first, {most} later");
        Assert.Equal((RequestOutcome.Success, 4), ((await RecordAsync()).Outcome, Gateway.Usage.All[0].Usage!.OutputTokens));
    }
}
