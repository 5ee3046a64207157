using System.Diagnostics;

namespace Serverless.Tests;

/// <summary>Programs that tests need the word of.</summary>
internal static class Programs
{
    /// <summary>Runs a program to its end, at most five minutes; the output is everything that it prints. A variable that is null is taken out of its environment.</summary>
    public static async Task<(int Exit, string Output)> RunAsync(string file, string[] arguments, string folder, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string? value) in environment)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }

        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, await output + await errors);
    }
}
