using System.Diagnostics;
using System.Globalization;

namespace Serverless.Benchmarks.Usage;

/// <summary>How long the App's commands take over a month, how large its files are, and how much memory the command has at its peak.</summary>
internal static class ExportCommand
{
    private static readonly string Month = SyntheticMonth.Start.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public static async Task<int> RunAsync(string[] arguments)
    {
        int records = Arguments.Number(arguments, "--records", 1_000_000);
        string folder = Arguments.Text(arguments, "--out") ?? Directory.CreateTempSubdirectory("serverless-export-").FullName;
        foreach (string kind in Arguments.Stores(arguments))
        {
            await using BenchmarkStore? store = await BenchmarkStore.OpenAsync(kind);
            if (store is not null)
            {
                await MeasureAsync(kind, store, records, Directory.CreateDirectory(Path.Combine(folder, kind)).FullName);
            }
        }

        if (Arguments.Text(arguments, "--out") is null)
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task MeasureAsync(string kind, BenchmarkStore store, int records, string folder)
    {
        await SyntheticMonth.WriteAsync(store.Storage.Sink, kind, records);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: a month of {records:N0} records\n"));
        Console.WriteLine("| command | s | processor s | MB written | MB resident at the peak | lines of progress |");
        Console.WriteLine("|---|---|---|---|---|---|");
        string[] settings = kind == "sqlite"
            ? [$"--Gateway:usage:path={store.Settings.Path}"]
            : ["--Gateway:usage:store=table", $"--Gateway:usage:connectionString={store.Settings.ConnectionString}"];
        foreach (string format in (string[])["csv", "jsonl", "parquet"])
        {
            string file = Path.Combine(folder, $"month.{format}");
            await TimeAsync($"export to {format}", file, "export", "--month", Month, "--out", file);
        }

        await TimeAsync("prune", null, "prune", "--keep", "1");
        Console.WriteLine();

        async Task TimeAsync(string name, string? file, params string[] command)
        {
            string app = Environment.GetEnvironmentVariable("SERVERLESS_APP") ?? Path.Combine(AppContext.BaseDirectory, "Serverless.App.dll");
            bool managed = app.EndsWith(".dll", StringComparison.Ordinal);
            long start = Stopwatch.GetTimestamp();
            using Process process = Process.Start(new ProcessStartInfo(managed ? "dotnet" : app, [.. managed ? (string[])[app] : [], .. command, .. settings])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            long peak = 0;
            TimeSpan busy = TimeSpan.Zero;
            Task ended = process.WaitForExitAsync();
            while (!ended.IsCompleted)
            {
                process.Refresh();
                if (!process.HasExited)
                {
                    (peak, busy) = (Math.Max(peak, process.WorkingSet64), process.TotalProcessorTime);
                }

                await Task.WhenAny(ended, Task.Delay(50));
            }

            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{name} ended with {process.ExitCode}: {await output}{await errors}");
            }

            double written = file is null ? 0 : new FileInfo(file).Length / 1048576.0;
            int lines = (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {seconds:0.0} | {busy.TotalSeconds:0.0} | {written:0} | {peak / 1048576.0:0} | {lines} |"));
        }
    }
}
