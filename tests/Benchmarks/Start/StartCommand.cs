using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Serverless.Benchmarks.Load;
using Serverless.Tests;

namespace Serverless.Benchmarks.Start;

/// <summary>
/// What an instance costs before it has earned anything, as a Functions host would see it: size, the time from the start of the process to its
/// first answers, resident memory. Each executable is started anew for every figure, all in turn, in an empty working directory.
/// </summary>
internal static class StartCommand
{
    private const int Runs = 15;
    private const int Requests = 2000;
    private const string Key = "sk-start-key-0123456789";
    private const string Body = """{"model":"stub/e100","max_tokens":256,"system":"You are terse.","messages":[{"role":"user","content":"Hello"}]}""";

    public static async Task<int> RunAsync(string[] executables)
    {
        if (executables.Length == 0)
        {
            executables = [Path.Combine(AppContext.BaseDirectory, "Serverless.App.dll")];
        }

        int stubPort = AppProcess.FreePort();
        using Process stub = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["stub", $"http://127.0.0.1:{stubPort}"]) { RedirectStandardOutput = true })!;
        try
        {
            await AskAsync(stubPort, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            Console.WriteLine($"{Environment.ProcessorCount} cores, medians of {Runs} starts (fastest and slowest in brackets)\n");
            Console.WriteLine("| executable | folder MB | zipped MB | ready ms | first translated answer ms | first durable record ms | MB resident then | after " + Requests + " more |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|");
            Dictionary<string, List<Figures>> figures = executables.ToDictionary(executable => executable, _ => new List<Figures>());
            for (int run = -1; run < Runs; run++)
            {
                foreach (string executable in executables)
                {
                    Figures all = await MeasureAsync(executable, stubPort, last: run == Runs - 1);
                    if (run >= 0)
                    {
                        // The first only brought the files into memory.
                        figures[executable].Add(all);
                    }
                }
            }

            foreach ((string executable, List<Figures> all) in figures)
            {
                (double folder, double zipped) = Size(Path.GetDirectoryName(Path.GetFullPath(executable))!);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {executable} | {folder:0.0} | {zipped:0.0} | {Summary(all, f => f.Ready)} | {Summary(all, f => f.Answer)} | {Summary(all, f => f.Record)} | {Summary(all, f => f.Megabytes)} | {all[^1].Loaded:0} |"));
            }

            return 0;
        }
        finally
        {
            stub.Kill();
            await stub.WaitForExitAsync();
        }
    }

    /// <summary>Two starts: one whose records go to the log, for the first answer; one whose records go to a file, for the first durable record, before which its answer does not end.</summary>
    private static async Task<Figures> MeasureAsync(string executable, int stubPort, bool last)
    {
        (double ready, double answer, _, _) = await StartAsync(executable, stubPort, "log", 0);
        (_, double record, double megabytes, double loaded) = await StartAsync(executable, stubPort, "sqlite", last ? Requests : 0);
        return new Figures(ready, answer, record, megabytes, loaded);
    }

    private static async Task<(double Ready, double Answer, double Megabytes, double Loaded)> StartAsync(string executable, int stubPort, string store, int more)
    {
        string folder = Directory.CreateTempSubdirectory("serverless-start-").FullName;
        int port = AppProcess.FreePort();
        bool managed = executable.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(managed ? "dotnet" : executable, managed ? [executable] : []) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in ((string, string)[])[
            ("FUNCTIONS_CUSTOMHANDLER_PORT", $"{port}"),
            ("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
            ("Gateway__discover", "false"),
            ("Gateway__usage__store", store),
            ("Gateway__usage__path", Path.Combine(folder, "usage.db")),
            ("Gateway__usage__journalFolder", folder),
            ("Gateway__providers__stub__kind", "openai"),
            ("Gateway__providers__stub__dialects", "openai.chat-completions"),
            ("Gateway__providers__stub__baseUrl", $"http://127.0.0.1:{stubPort}/v1"),
            ("Gateway__providers__stub__apiKey", "none"),
            ("Gateway__callers__0__id", "start"),
            ("Gateway__callers__0__keySha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key))))])
        {
            start.Environment[name] = value;
        }

        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        try
        {
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, e) => Console.Error.Write(e.Data is null ? "" : e.Data + "\n");
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            await AskAsync(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            double ready = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            using LoadClient client = await LoadClient.ConnectAsync(new Uri($"http://127.0.0.1:{port}"), "/anthropic/v1/messages", $"x-api-key: {Key}\r\n", Body);
            await client.SendAsync();
            double answer = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            double megabytes = Megabytes(process);
            for (int i = 0; i < more; i++)
            {
                await client.SendAsync();
            }

            return (ready, answer, megabytes, Megabytes(process));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Connects as soon as somebody listens, asks, and returns with the first bytes of the answer.</summary>
    private static async Task AskAsync(int port, string request)
    {
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30); Thread.Sleep(TimeSpan.FromMicroseconds(300)))
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(IPAddress.Loopback, port);
            }
            catch (SocketException)
            {
                continue;
            }

            await socket.SendAsync(Encoding.ASCII.GetBytes(request));
            await socket.ReceiveAsync(new byte[1024]);
            return;
        }

        throw new TimeoutException("Nothing has listened within 30 s.");
    }

    private static (double Folder, double Zipped) Size(string folder)
    {
        using var zip = new MemoryStream();
        ZipFile.CreateFromDirectory(folder, zip, CompressionLevel.SmallestSize, includeBaseDirectory: false);
        return (new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) / 1e6, zip.Length / 1e6);
    }

    private static double Megabytes(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1048576.0;
    }

    private static string Summary(List<Figures> all, Func<Figures, double> of)
    {
        double[] sorted = [.. all.Select(of).Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:0} ({sorted[0]:0}–{sorted[^1]:0})");
    }

    private sealed record Figures(double Ready, double Answer, double Record, double Megabytes, double Loaded);
}
