using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports.Export;

namespace Serverless.App;

/// <summary>
/// <code>
/// Serverless.App export --month 2026-11 [--format csv|jsonl|parquet] [--out FILE]    writes a month's usage records to a file; - for the output
/// Serverless.App prune [--keep MONTHS] [--unexported] [--dry-run]                   drops months that are old enough and were exported
/// </code>
/// Settings such as <c>--Gateway:usage:path=usage.db</c> may follow.
/// </summary>
internal static class UsageCommands
{
    private const int Done = 0;
    private const int Failed = 1;

    /// <summary>Not all that is due could be dropped.</summary>
    private const int Kept = 3;

    /// <summary>The command was given wrongly (EX_USAGE of sysexits.h).</summary>
    private const int BadUsage = 64;

    /// <summary>The configuration cannot be used (EX_CONFIG).</summary>
    private const int BadConfiguration = 78;

    private const int Interrupted = 130;

    private const string Usage = """
        usage: Serverless.App export --month 2026-11 [--format csv|jsonl|parquet] [--out FILE]
               Serverless.App prune [--keep MONTHS] [--unexported] [--dry-run]
        """;

    /// <summary>Runs the command that the arguments name; null when they name none, else its exit code.</summary>
    public static async Task<int?> TryRunAsync(string[] args, Func<Stream> stdout, TextWriter output, TextWriter error)
    {
        if (args is not ["export" or "prune", ..])
        {
            return null;
        }

        var options = new CommandOptions(args[1..], args[0] == "export" ? ["--month", "--format", "--out"] : ["--keep"], args[0] == "export" ? [] : ["--unexported", "--dry-run"]);
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            if (options.Fault is { } fault)
            {
                throw new CommandException(BadUsage, $"{fault}\n{Usage}");
            }

            var configuration = new ConfigurationManager();
            configuration.AddEnvironmentVariables().AddCommandLine(options.Settings);
            configuration.AddGatewayFile();
            UsageSettings settings = UsageSettingsReader.ReadAlone(configuration);
            return args[0] == "export"
                ? await ExportAsync(settings, options, stdout, output, error, stop.Token)
                : await PruneAsync(settings, options, output, error, stop.Token);
        }
        catch (CommandException e)
        {
            error.WriteLine(e.Message);
            return e.ExitCode;
        }
        catch (GatewayConfigurationException e)
        {
            error.WriteLine(e.Message);
            return BadConfiguration;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            error.WriteLine("Interrupted.");
            return Interrupted;
        }
        catch (Exception e)
        {
            error.WriteLine($"{args[0]} has failed: {e.Message.Split('\n')[0].Trim()} ({e.GetType().Name})");
            return Failed;
        }
    }

    private static UsageStorage Open(UsageSettings settings)
    {
        if (settings.Store == UsageStoreKind.Sqlite && !File.Exists(settings.Path))
        {
            throw new CommandException(Failed, $"There is no file {Path.GetFullPath(settings.Path)} (usage.path).");
        }

        return UsageStorage.Open(settings) ?? throw new CommandException(BadConfiguration, "Usage records go to the log (usage.store), so there is nothing to read.");
    }

    private static async Task<int> ExportAsync(UsageSettings settings, CommandOptions options, Func<Stream> stdout, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        string named = options["--month"] ?? throw new CommandException(BadUsage, $"--month is missing, such as 2026-11.\n{Usage}");
        string month = DateTime.TryParseExact(named, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime parsed)
            ? parsed.ToString("yyyyMM", CultureInfo.InvariantCulture)
            : throw new CommandException(BadUsage, $"--month must be a month such as 2026-11, not '{named}'.");
        string? file = options["--out"];
        string ending = Path.GetExtension(file ?? "").TrimStart('.');
        string format = (options["--format"] ?? (ExportFormats.ByName.ContainsKey(ending) ? ending : "csv")).ToLowerInvariant();
        if (!ExportFormats.ByName.ContainsKey(format))
        {
            throw new CommandException(BadUsage, $"--format must be one of {string.Join(", ", ExportFormats.ByName.Keys)}, not '{format}'.");
        }

        using UsageStorage storage = Open(settings);
        var export = new UsageExport(storage, TimeProvider.System);
        using var progress = new ProgressLine(error);
        void Told(long count, DateTimeOffset at) => progress.Report($"{named}:", count, at);
        long count;
        if (file == "-")
        {
            await using Stream stream = stdout();
            count = await export.ToStreamAsync(month, format, stream, Told, cancellationToken);
        }
        else
        {
            file ??= $"usage-{named}.{format}";
            count = await export.ToFileAsync(month, format, file, Told, cancellationToken);
        }

        progress.End();
        if (count == 0)
        {
            error.WriteLine($"There are no records of {named}; nothing was written.");
            return Failed;
        }

        if (file != "-")
        {
            string part = export.IsClosed(month) ? "" : ", as far as the month has come";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count:N0} records of {named} are in {file}{part}"));
        }

        return Done;
    }

    private static async Task<int> PruneAsync(UsageSettings settings, CommandOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        int keep = options["--keep"] is not { } given ? settings.RetentionMonths ?? throw new CommandException(BadUsage, "Say how many whole months to keep besides the current one: usage.retentionMonths, or --keep.")
            : int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 1200 ? number
            : throw new CommandException(BadUsage, $"--keep must be a number of months of at least 1, not '{given}'.");
        using UsageStorage storage = Open(settings);
        var export = new UsageExport(storage, TimeProvider.System);
        using var progress = new ProgressLine(error);
        IReadOnlyList<DueMonth> due = await export.DueAsync(
            keep, options.Has("--unexported"), cancellationToken, (month, count, at) => progress.Report($"{Named(month)}: counted", count, at));
        bool kept = false;
        foreach (DueMonth month in due)
        {
            string name = Named(month.Month.Name);
            string? obstacle = month.Obstacle;
            if (obstacle is null && !options.Has("--dry-run"))
            {
                obstacle = await export.DropAsync(month, cancellationToken, (count, at) => progress.Report($"{name}: summed before they go,", count, at));
            }

            progress.End();
            if (obstacle is not null)
            {
                kept = true;
                error.WriteLine($"{name} is kept: {obstacle}.");
                continue;
            }

            string where = month.Month.Exported is { } mark ? string.Create(CultureInfo.InvariantCulture, $"; its {mark.Records:N0} records are in {mark.File} (SHA-256 {mark.Sha256})") : "; it was not exported";
            output.WriteLine($"{name} {(options.Has("--dry-run") ? "would be" : "was")} dropped{where}");
        }

        if (due.Count == 0)
        {
            output.WriteLine($"No month is older than {keep} whole months before this one.");
        }

        return kept ? Kept : Done;
    }

    private static string Named(string month) => month.Insert(4, "-");

    /// <summary>Ends a command with a message.</summary>
    private sealed class CommandException(int exitCode, string message) : Exception(message)
    {
        public int ExitCode { get; } = exitCode;
    }

    /// <summary>Tells of long work: on a terminal in one line that is written over, elsewhere a line now and then.</summary>
    private sealed class ProgressLine(TextWriter error) : IDisposable
    {
        private const int Width = 72;
        private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

        private readonly bool _terminal = !Console.IsErrorRedirected;
        private readonly long _start = Stopwatch.GetTimestamp();
        private TimeSpan _next = Quiet;
        private bool _written;

        public void Report(string what, long count, DateTimeOffset at)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
            if (elapsed < _next)
            {
                return;
            }

            _next = elapsed + (_terminal ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(15));
            _written = true;
            string line = string.Create(CultureInfo.InvariantCulture, $"{what} {count:N0} records, at {at.UtcDateTime:yyyy-MM-dd HH:mm}");
            error.Write(_terminal ? "\r" + line.PadRight(Width) : line + Environment.NewLine);
        }

        /// <summary>Makes room for what is said next.</summary>
        public void End()
        {
            if (_written && _terminal)
            {
                error.Write("\r" + new string(' ', Width) + "\r");
                _written = false;
            }
        }

        public void Dispose() => End();
    }
}
