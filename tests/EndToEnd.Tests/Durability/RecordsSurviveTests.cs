using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Serverless.EndToEnd.Tests.Provider;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests.Durability;

/// <summary>
/// The gateway as a process of its own under load, killed as a host kills (SIGKILL), before storage that hangs: every request whose answer
/// has ended has one record, every other that had come as far as a provider is visible.
/// </summary>
[Collection(nameof(RecordsSurviveTests))]
[CollectionDefinition(nameof(RecordsSurviveTests), DisableParallelization = true)]
public sealed partial class RecordsSurviveTests : IAsyncLifetime
{
    private const string Key = "sk-durability";
    private const int Kills = 10;
    private const int Clients = 40;
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-durability-").FullName;
    private readonly int _port = AppProcess.FreePort();
    private readonly List<Sent> _sent = [];
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private StandInProvider _provider = null!;
    private Storage? _storage;
    private AppProcess? _gateway;

    private string Journal => Path.Combine(_folder, "journal");

    private string Url => $"http://127.0.0.1:{_port}";

    public async ValueTask InitializeAsync() => _provider = await StandInProvider.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        if (_storage is not null)
        {
            await _storage.DisposeAsync();
        }

        await _provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("table")]
    public async Task Ten_kills_under_load(string store)
    {
        _storage = await Storage.StartAsync(store, _folder);
        for (int kill = 0; kill < Kills; kill++)
        {
            await StartAsync();
            using var load = new RequestLoad(Url, Key);
            Task running = load.RunAsync(Clients);
            await load.EndedAsync(100 + (11 * kill), running);
            await KillAsync(load, running);
        }

        await StartAsync();
        Recovered recovered = await RecoverAsync();
        Print($"{store}, killed {Kills} times under the load of {Clients} clients: {recovered}");
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("table")]
    public async Task Storage_that_hangs_and_a_kill_meanwhile(string store)
    {
        _storage = await Storage.StartAsync(store, _folder);
        await StartAsync();
        using var load = new RequestLoad(Url, Key);
        Task running = load.RunAsync(Clients);
        await load.EndedAsync(200, running);

        int before = load.Ended;
        _storage.Hang();
        await Task.Delay(Outage, TestContext.Current.CancellationToken);
        int meanwhile = load.Ended - before;
        JsonElement away = await StatusAsync();
        Assert.Equal(("away", 0), (away.GetProperty("state").GetString(), away.GetProperty("records").GetProperty("lost").GetInt32()));
        Assert.All([away.GetProperty("records").GetProperty("journaled"), away.GetProperty("journal").GetProperty("bytes")], figure => Assert.InRange(figure.GetInt64(), 1, long.MaxValue));
        _storage.Resume();
        await load.EndedAsync(100, running);

        _storage.Hang();
        await load.EndedAsync(100, running);
        await KillAsync(load, running);
        _storage.Resume();
        await StartAsync();
        Recovered recovered = await RecoverAsync();

        TimeSpan longest = load.Requests.Max(s => s.Time);
        Print(string.Create(CultureInfo.InvariantCulture,
            $"{store}, hung for {Outage.TotalSeconds:0} s under the load of {Clients} clients, killed while hanging again: {meanwhile} answers ended meanwhile, the longest took {longest.TotalSeconds:0.0} s; {recovered}"));
        Assert.True(meanwhile >= Clients, $"Only {meanwhile} answers ended while storage hung.");
    }

    [Theory]
    [InlineData("sqlite", false)]
    [InlineData("sqlite", true)]
    [InlineData("table", false)]
    public async Task An_end_that_is_asked_for_leaves_nothing_open(string store, bool host)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGTERM on Windows.");
        _storage = await Storage.StartAsync(store, _folder);
        await StartAsync(host ? [("FUNCTIONS_CUSTOMHANDLER_PORT", $"{_port}")] : []);
        using var load = new RequestLoad(Url, Key);
        Task running = load.RunAsync(Clients);
        await load.EndedAsync(300, running);

        await EndAsync(load, running);

        Assert.Empty(Directory.GetFiles(Journal));
        await StartAsync();
        Recovered recovered = await RecoverAsync();
        Print($"{store}, asked to end under the load of {Clients} clients{(host ? ", behind a host" : "")}: {recovered}");
        Assert.Equal((0, 0), (recovered.Open, recovered.OpenOfAll));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("table")]
    public async Task An_end_that_is_asked_for_while_storage_hangs_leaves_all_to_the_successor(string store)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGTERM on Windows.");
        _storage = await Storage.StartAsync(store, _folder);
        await StartAsync();
        using var load = new RequestLoad(Url, Key);
        Task running = load.RunAsync(Clients);
        await load.EndedAsync(200, running);
        _storage.Hang();
        await load.EndedAsync(50, running);

        TimeSpan took = await EndAsync(load, running);

        long left = Directory.GetFiles(Journal).Sum(f => new FileInfo(f).Length);
        _storage.Resume();
        await StartAsync();
        Recovered recovered = await RecoverAsync();
        Print(string.Create(CultureInfo.InvariantCulture, $"{store}, asked to end while it hung: took {took.TotalSeconds:0.0} s, left {left / 1024} KB to the successor; {recovered}"));
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal((0, 0), (recovered.Open, recovered.OpenOfAll));
    }

    [Fact]
    public async Task A_request_that_outlives_the_end_has_its_record()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGTERM on Windows.");
        _storage = await Storage.StartAsync("table", _folder);
        await StartAsync(("DOTNET_SHUTDOWNTIMEOUTSECONDS", "1"));
        using var load = new RequestLoad(Url, Key);
        Task<Sent> endless = load.SendEndlessAsync();
        while (_provider.Requests.Count == 0)
        {
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        load.Over();
        await _gateway!.TerminateAsync();
        _sent.Add(await endless);
        await StartAsync();
        Recovered recovered = await RecoverAsync();

        Print($"table, asked to end while a request ran on: {recovered}");
        Assert.Equal((1, 0), (recovered.InFlight, recovered.Open));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("table")]
    public async Task Kills_while_it_starts_and_takes_over(string store)
    {
        _storage = await Storage.StartAsync(store, _folder);
        await StartAsync();
        using var load = new RequestLoad(Url, Key);
        Task running = load.RunAsync(Clients);
        await load.EndedAsync(100, running);
        _storage.Hang();
        await load.EndedAsync(400, running);
        await KillAsync(load, running);
        _storage.Resume();

        for (int kill = 0; kill < Kills; kill++)
        {
            await using var starting = AppProcess.Start([], Configuration(), ("ASPNETCORE_URLS", Url), ("Logging__LogLevel__Default", "Error"));
            await Task.Delay(150 + (90 * kill), TestContext.Current.CancellationToken);
        }

        await StartAsync();
        Recovered recovered = await RecoverAsync();
        Print($"{store}, killed while hanging, and {Kills} times while starting: {recovered}");
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("table")]
    public async Task Two_share_a_store_and_a_folder_and_one_is_halted_goes_on_and_is_killed(string store)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A process cannot be halted on Windows.");
        _storage = await Storage.StartAsync(store, _folder);
        int port = AppProcess.FreePort();
        await using AppProcess first = AppProcess.Start([], Configuration(), ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}"), ("Logging__LogLevel__Default", "Error"));
        (await first.ReadyAsync(port)).Dispose();
        using var firstLoad = new RequestLoad($"http://127.0.0.1:{port}", Key);
        Task firstRunning = firstLoad.RunAsync(Clients / 2);
        await firstLoad.EndedAsync(100, firstRunning);

        await first.SuspendAsync();
        await StartAsync();
        using var load = new RequestLoad(Url, Key);
        Task running = load.RunAsync(Clients / 2);
        await load.EndedAsync(100, running);
        await first.ResumeAsync();
        await firstLoad.EndedAsync(100, firstRunning);
        firstLoad.Over();
        await first.DisposeAsync();
        await firstRunning;
        _sent.AddRange(firstLoad.Requests);
        await load.EndedAsync(100, running);
        load.Over();
        await running;
        _sent.AddRange(load.Requests);

        Recovered recovered = await RecoverAsync();
        Print($"{store}, shared by two, of which one was halted while the other started, and killed: {recovered}");
    }

    private async Task StartAsync(params (string Name, string Value)[] environment)
    {
        _gateway = AppProcess.Start([], Configuration(), [("ASPNETCORE_URLS", Url), ("Logging__LogLevel__Default", "Error"), .. environment]);
        (await _gateway.ReadyAsync(_port)).Dispose();
    }

    private async Task KillAsync(RequestLoad load, Task running)
    {
        load.Over();
        await _gateway!.DisposeAsync();
        _gateway = null;
        await running;
        _sent.AddRange(load.Requests);
    }

    private async Task<TimeSpan> EndAsync(RequestLoad load, Task running)
    {
        load.Over();
        long start = Stopwatch.GetTimestamp();
        await _gateway!.TerminateAsync();
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        await running;
        await _gateway.DisposeAsync();
        _gateway = null;
        _sent.AddRange(load.Requests);
        return took;
    }

    /// <summary>Waits until all that was left over is in the store, then judges every request that was sent.</summary>
    private async Task<Recovered> RecoverAsync()
    {
        HashSet<string> reached = [.. _provider.Requests.Select(r => Mark().Match(r.Body).Value)];
        var limit = Stopwatch.StartNew();
        while (JournalFiles() > 0 && limit.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, JournalFiles());
        ILookup<string, JsonElement> records = await RecordsAsync();

        string[] marks = [.. _sent.Select(s => s.Mark)];
        Sent[] ended = [.. _sent.Where(s => s.HasEnded)];
        Sent[] inFlight = [.. _sent.Where(s => !s.HasEnded && reached.Contains(s.Mark))];
        var recovered = new Recovered(
            ended.Length,
            ended.Count(s => !IsComplete(records[s.Mark])),
            marks.Count(m => records[m].Count() > 1),
            inFlight.Length,
            inFlight.Count(s => records[s.Mark].Any() && !IsComplete(records[s.Mark])),
            inFlight.Count(s => !records[s.Mark].Any()),
            records.Count(r => !IsComplete(r)));

        Assert.Equal((0, 0, 0), (recovered.Missing, recovered.Twice, recovered.Untraced));
        Assert.All(_sent.Where(s => s.RequestId is not null && records[s.Mark].Any()), s => Assert.Equal(s.RequestId, records[s.Mark].Single().GetProperty("request_id").GetString()));
        return recovered;
    }

    /// <summary>What an operator is told of the usage records.</summary>
    private async Task<JsonElement> StatusAsync()
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        return JsonDocument.Parse(await client.GetStringAsync($"{Url}/ai-gateway/admin/status")).RootElement.GetProperty("usage");
    }

    /// <summary>Files that wait to be moved into the store; the one of the running process is none.</summary>
    private int JournalFiles() => Directory.GetFiles(Journal, "*.journal").Length + Directory.GetFiles(Journal, "*.running").Length - 1;

    private static bool IsComplete(IEnumerable<JsonElement> records) => records.Any(r => r.GetProperty("outcome").GetString() != "open");

    /// <summary>All records as the report gives them, by their marks.</summary>
    private async Task<ILookup<string, JsonElement>> RecordsAsync()
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        List<JsonElement> found = [];
        string? token = null;
        do
        {
            string query = $"from={_start.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}&limit=1000" + (token is null ? "" : "&page_token=" + token);
            JsonElement page = JsonDocument.Parse(await client.GetStringAsync($"{Url}/reports/requests?{query}")).RootElement;
            found.AddRange(page.GetProperty("requests").EnumerateArray());
            token = page.TryGetProperty("next_page_token", out JsonElement next) ? next.GetString() : null;
        }
        while (token is not null);
        return found.ToLookup(r => r.GetProperty("request_tags").GetProperty("mark").GetString()!);
    }

    private string Configuration()
    {
        JsonObject usage = _storage!.Settings;
        usage["journalFolder"] = Journal;
        return new JsonObject
        {
            ["discover"] = false,
            ["usage"] = usage,
            ["providers"] = new JsonObject { ["chat"] = new JsonObject { ["kind"] = "openai-compatible", ["baseUrl"] = $"{_provider.Url}/chat/v1", ["apiKey"] = "none" } },
            ["callers"] = new JsonArray(new JsonObject { ["id"] = "load", ["role"] = "admin", ["keySha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key))) }),
        }.ToJsonString();
    }

    private static void Print(string line)
    {
        TestContext.Current.TestOutputHelper!.WriteLine("usage records: " + line);
        TestContext.Current.SendDiagnosticMessage(line);
    }

    [GeneratedRegex("mark-[0-9]+")]
    private static partial Regex Mark();

    /// <param name="Ended">Requests whose answer had ended for its client.</param>
    /// <param name="Missing">Those of them without the record of how they ended.</param>
    /// <param name="Twice">Requests with more than one record.</param>
    /// <param name="InFlight">Requests that a provider was working on when the gateway was killed, or whose client had hung up.</param>
    /// <param name="Open">Those of them that are visible as open.</param>
    /// <param name="Untraced">Those of them without a trace.</param>
    /// <param name="OpenOfAll">Records that are open, of whatever request.</param>
    private sealed record Recovered(int Ended, int Missing, int Twice, int InFlight, int Open, int Untraced, int OpenOfAll)
    {
        public override string ToString() =>
            $"{Ended} answers ended, {Missing} of them without their record, {Twice} with more than one; {InFlight} others had reached a provider, {Open} are visible as open, {InFlight - Open - Untraced} as ended, {Untraced} left no trace";
    }
}
