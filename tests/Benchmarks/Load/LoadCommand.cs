using System.Diagnostics;
using System.Globalization;

namespace Serverless.Benchmarks.Load;

/// <summary>
/// The whole gateway under load, in one run on this machine: the provider's stub directly, a bare reverse proxy before it, and the
/// gateway, each in a process of its own, passed through (Chat Completions) and translated (Anthropic Messages), the latter also without records.
/// </summary>
internal static class LoadCommand
{
    private const string Chat = """{"model":"MODEL","messages":[{"role":"system","content":"You are terse."},{"role":"user","content":"PROMPT"}],"max_completion_tokens":256,"temperature":0.5STREAM}""";
    private const string Messages = """{"model":"MODEL","max_tokens":256,"system":"You are terse.","messages":[{"role":"user","content":"PROMPT"}],"temperature":0.5STREAM}""";

    private const int Rounds = 6;

    private static readonly string Prompt = string.Concat(Enumerable.Repeat("The quick brown fox jumps over the lazy dog. ", 20));

    public static async Task<int> RunAsync(string[] arguments)
    {
        TimeSpan time = TimeSpan.FromSeconds(arguments.Contains("--short") ? 2 : 6);
        await using var servers = new LoadServers(arguments.SkipWhile(a => a != "--store").Skip(1).FirstOrDefault() ?? "sqlite");
        await servers.StartAsync();
        Target[] targets =
        [
            new("stub", servers.Stub, "/v1/chat/completions", Chat, "e"),
            new("YARP", servers.Proxy, "/v1/chat/completions", Chat, "e"),
            new("gateway, passed through", servers.Gateway, "/openai/v1/chat/completions", Chat, "load-e"),
            new("gateway, translated", servers.Gateway, "/anthropic/v1/messages", Messages, "load-e"),
            new("the same, no records", servers.Silent, "/anthropic/v1/messages", Messages, "load-e"),
        ];

        Console.WriteLine($"{Environment.ProcessorCount} cores, usage records in {servers.Store}, {time.TotalSeconds:0} s a figure, request of {Body(targets[0], "100", false).Length} bytes\n");
        Console.WriteLine("| JSON answers | connections | requests/s | × YARP | p50 ms | p99 ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (int connections in (int[])[1, 32, 128])
        {
            await TableAsync(targets, connections, "100", stream: false, time);
        }

        Console.WriteLine("\n| streams of 100 events | connections | streams/s | × YARP | p50 ms | p99 ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        await TableAsync(targets, 32, "100", stream: true, time);

        Console.WriteLine("\n| a stream of 10,000 events | MB resident before | peak during | after |");
        Console.WriteLine("|---|---|---|---|");
        foreach (Target target in targets[2..4])
        {
            await MemoryAsync(servers, target);
        }

        Console.WriteLine($"\nResident memory of the gateway after all: {servers.GatewayMegabytes():0} MB");
        return 0;
    }

    private static async Task TableAsync(Target[] targets, int connections, string events, bool stream, TimeSpan time)
    {
        // Every target is warmed up first; then all are measured in turn, several times, so that a drift of the machine's speed meets all alike.
        foreach (Target target in targets)
        {
            await MeasureAsync(target, connections, events, stream, TimeSpan.FromSeconds(1));
        }

        Dictionary<Target, List<Figures>> rounds = targets.ToDictionary(t => t, _ => new List<Figures>());
        for (int round = 0; round < Rounds; round++)
        {
            foreach (Target target in targets)
            {
                rounds[target].Add(await MeasureAsync(target, connections, events, stream, time / Rounds));
            }
        }

        double yarp = rounds[targets[1]].Average(f => f.PerSecond);
        foreach (Target target in targets)
        {
            double perSecond = rounds[target].Average(f => f.PerSecond);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {target.Name} | {connections} | {perSecond:0} | {perSecond / yarp:0.00} | {rounds[target].Average(f => f.P50):0.000} | {rounds[target].Average(f => f.P99):0.000} |"));
        }
    }

    private static async Task<Figures> MeasureAsync(Target target, int connections, string events, bool stream, TimeSpan time)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        long start = Stopwatch.GetTimestamp();
        List<double>[] times = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            using LoadClient client = await ConnectAsync(target, events, stream);
            List<double> mine = [];
            do
            {
                mine.Add((await client.SendAsync()).Time.TotalMilliseconds);
            }
            while (Stopwatch.GetTimestamp() < end);
            return mine;
        })));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double[] all = [.. times.SelectMany(t => t).Order()];
        return new Figures(all.Length / seconds, all[all.Length / 2], all[Math.Min(all.Length - 1, all.Length * 99 / 100)]);
    }

    private static async Task MemoryAsync(LoadServers servers, Target target)
    {
        double before = servers.GatewayMegabytes();
        double peak = before;
        using LoadClient client = await ConnectAsync(target, "10000", stream: true);
        Task<(TimeSpan, long)> streaming = client.SendAsync().AsTask();
        while (!streaming.IsCompleted)
        {
            peak = Math.Max(peak, servers.GatewayMegabytes());
            await Task.WhenAny(streaming, Task.Delay(20));
        }

        await streaming;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {target.Name} | {before:0.0} | {peak:0.0} | {servers.GatewayMegabytes():0.0} |"));
    }

    private static Task<LoadClient> ConnectAsync(Target target, string events, bool stream) =>
        LoadClient.ConnectAsync(target.Url, target.Path, $"Authorization: Bearer {LoadServers.Key}\r\n", Body(target, events, stream));

    private static string Body(Target target, string events, bool stream) => target.Body
        .Replace("MODEL", target.ModelPrefix + events, StringComparison.Ordinal)
        .Replace("PROMPT", Prompt, StringComparison.Ordinal)
        .Replace("STREAM", stream ? ",\"stream\":true" : "", StringComparison.Ordinal);

    private sealed record Target(string Name, Uri Url, string Path, string Body, string ModelPrefix);

    private sealed record Figures(double PerSecond, double P50, double P99);
}
