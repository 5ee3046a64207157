using System.Text;
using System.Text.Json;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Tests.Storage;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>The commands over usage records, as they are given.</summary>
public sealed class UsageCommandTests(Azurite azurite) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-commands-").FullName;
    private string[] _settings = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_folder, "usage.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_month_of_a_gateway_that_runs_is_exported_in_every_format()
    {
        int port = AppProcess.FreePort();
        await using var gateway = AppProcess.Start(["--urls", $"http://127.0.0.1:{port}", $"--Gateway:usage:path={Database}"]);
        using HttpClient client = await gateway.ReadyAsync(port);
        using var body = new StringContent("""{"model":"demo","messages":[{"role":"user","content":"Hello"}]}""", Encoding.UTF8, "application/json");
        HttpResponseMessage answer = await client.PostAsync("/v1/chat/completions", body, Stop);
        string id = answer.Headers.GetValues("x-request-id").Single();
        string month = UsageKey.TimeOf(id).UtcDateTime.ToString("yyyy-MM");

        foreach (string format in (string[])["csv", "jsonl", "parquet"])
        {
            string file = Path.Combine(_folder, $"out.{format}");
            (int exitCode, string output, string errors) = await RunAsync("export", "--month", month, "--out", file);
            Assert.Equal((0, ""), (exitCode, errors.Trim()));
            Assert.Contains($"1 records of {month} are in {file}", output, StringComparison.Ordinal);
        }

        using JsonDocument line = JsonDocument.Parse(Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder, "out.jsonl"), Stop)));
        Assert.Equal((id, "demo", 0), (line.RootElement.GetProperty("request_id").GetString(), line.RootElement.GetProperty("provider").GetString(), line.RootElement.GetProperty("cost_nano_usd").GetInt64()));
        Assert.StartsWith("request_id,event_time,", await File.ReadAllTextAsync(Path.Combine(_folder, "out.csv"), Stop), StringComparison.Ordinal);
        Assert.Equal("PAR1"u8.ToArray(), (await File.ReadAllBytesAsync(Path.Combine(_folder, "out.parquet"), Stop))[..4]);

        (int piped, string lines, _) = await RunAsync("export", $"--month={month}", "--format=jsonl", "--out=-");
        Assert.Equal((0, id), (piped, JsonDocument.Parse(lines).RootElement.GetProperty("request_id").GetString()));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("table")]
    public async Task Old_months_go_after_they_were_exported(string store)
    {
        string prefix = azurite.NextPrefix();
        _settings = store == "sqlite" ? _settings : ["--Gateway:usage:store=table", $"--Gateway:usage:connectionString={azurite.ConnectionString}", $"--Gateway:usage:tablePrefix={prefix}"];

        DateTimeOffset old = new(DateTimeOffset.UtcNow.Year - 1, 3, 5, 6, 0, 0, TimeSpan.Zero);
        string month = old.ToString("yyyy-MM");
        IUsageSink sink = store == "sqlite" ? new SqliteUsageSink(Database) : new TableUsageSink(new UsageTables(azurite.Connect(), prefix));
        await sink.PrepareAsync(Stop);
        await sink.WriteAsync([UsageRow.OfCompleted(Records.Full(old))], Stop);
        (sink as IDisposable)?.Dispose();

        (int kept, string none, string why) = await RunAsync("prune", "--keep", "2");
        Assert.Equal((3, ""), (kept, none.Trim()));
        Assert.Contains($"{month} is kept: it was not exported, or records came since.", why, StringComparison.Ordinal);

        Assert.Contains("There are no records of 2020-01; nothing was written.", (await RunAsync("export", "--month", "2020-01")).Errors, StringComparison.Ordinal);
        string file = Path.Combine(_folder, "old.parquet");
        Assert.Equal(0, (await RunAsync("export", "--month", month, "--out", file)).ExitCode);
        (int would, string dry, _) = await RunAsync("prune", "--keep", "2", "--dry-run");
        Assert.Equal(0, would);
        Assert.Contains($"{month} would be dropped; its 1 records are in old.parquet", dry, StringComparison.Ordinal);
        (int done, string dropped, _) = await RunAsync("prune", "--keep", "2");
        Assert.Equal(0, done);
        Assert.Contains($"{month} was dropped", dropped, StringComparison.Ordinal);
        Assert.Contains("usage.retentionMonths, or --keep", (await RunAsync("prune")).Errors, StringComparison.Ordinal);
        Assert.Contains("No month is older", (await RunAsync("prune", "--keep", "2")).Output, StringComparison.Ordinal);
        Assert.True(File.Exists(file));
    }

    [Theory]
    [InlineData(64, "--month is missing", "export")]
    [InlineData(64, "--month must be a month such as 2026-11, not 'november'", "export", "--month", "november")]
    [InlineData(64, "'--mnth' is no option", "export", "--mnth", "2026-11")]
    [InlineData(64, "--format must be one of csv, jsonl, parquet, not 'xml'", "export", "--month", "2026-11", "--format", "xml")]
    [InlineData(1, "usage.db (usage.path)", "export", "--month", "2020-01")]
    [InlineData(64, "--keep must be a number of months", "prune", "--keep", "0")]
    [InlineData(64, "--dry-run takes no value", "prune", "--keep", "1", "--dry-run=yes")]
    [InlineData(78, "usage.store", "export", "--month", "2026-11", "--Gateway:usage:store", "log")]
    [InlineData(78, "usage.tableEndpoint: is missing", "export", "--month", "2026-11", "--Gateway:usage:store", "table")]
    public async Task What_is_wrong_is_said_and_told_by_the_exit_code(int exitCode, string message, params string[] arguments)
    {
        (int code, string output, string errors) = await RunAsync(arguments);

        Assert.Equal((exitCode, ""), (code, output.Trim()));
        Assert.Contains(message, errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder, "*.csv*"));
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var app = AppProcess.Start([.. arguments, $"--Gateway:usage:path={Database}", .. _settings]);
        int exitCode = await app.ExitAsync();
        return (exitCode, app.Output, app.Errors);
    }
}
