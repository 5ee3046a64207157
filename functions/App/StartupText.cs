using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Routing;

namespace Serverless.App;

/// <summary>What the gateway says when it starts, or when it does not.</summary>
internal static partial class StartupText
{
    /// <summary>Exit code of a start that was refused because of the configuration (EX_CONFIG of sysexits.h).</summary>
    private const int BadConfiguration = 78;

    private const int CannotStart = 1;

    /// <summary>Lists the configuration's faults.</summary>
    public static int Refuse(GatewayConfigurationException exception, ListenAddress address, TextWriter error)
    {
        Fail(address, error, $"""
            {exception.Message}
            A setting such as limits.keepAlive stands in gateway.json, or in the environment as Gateway__limits__keepAlive.
            """);
        return BadConfiguration;
    }

    /// <summary>Says that the address cannot be had.</summary>
    public static int CannotListen(GatewaySettings settings, IOException exception, TextWriter error)
    {
        Fail(settings.Address, error, $"""
            The gateway cannot listen on {string.Join(", ", settings.Address.Urls)}: {exception.Message}
            Choose another address with --urls http://127.0.0.1:8080.
            """);
        return CannotStart;
    }

    /// <summary>Says what is served: to people in words with a line to try, to machines in a line of the log.</summary>
    public static void Announce(WebApplication app, GatewaySettings settings, string? file, TextWriter output)
    {
        if (HostSetup.LogsJson(settings.Address))
        {
            Log.Serving(
                app.Logger,
                RequestTraits.GatewayVersion,
                settings.Endpoints.Count,
                settings.Providers.Count,
                settings.Address.First,
                settings.Callers.Count,
                settings.Usage.Store,
                Exporters(settings.Telemetry),
                file ?? "no file");
            foreach (string note in settings.Notes)
            {
                Log.Note(app.Logger, note);
            }

            return;
        }

        output.WriteLine();
        output.WriteLine($"Serving on {settings.Address.First}, {(file is null ? "without a gateway.json" : "configured by " + file)}");
        output.WriteLine();
        foreach ((string name, string what) in Served(settings))
        {
            output.WriteLine($"  {name,-28} {what}");
        }

        output.WriteLine();
        output.WriteLine(settings.IsOpen
            ? "No key is needed: only this machine can reach it."
            : $"A key is needed; {settings.Callers.Count} {(settings.Callers.Count == 1 ? "caller has" : "callers have")} one.");
        if (settings.Telemetry.IsOn)
        {
            output.WriteLine($"Telemetry goes to {Exporters(settings.Telemetry)}.");
        }

        foreach (string note in settings.Notes)
        {
            output.WriteLine($"Note: {note}");
        }

        output.WriteLine();
        output.WriteLine("Try it:");
        output.WriteLine("  " + Curl(settings));
        output.WriteLine();
        output.Flush();
    }

    /// <summary>Says that it has ended as it should, where the lines of the log are all that is left of a process.</summary>
    public static void Leave(WebApplication app, GatewaySettings settings)
    {
        if (HostSetup.LogsJson(settings.Address))
        {
            Log.Stopped(app.Logger);
        }
    }

    private static string Exporters(TelemetrySettings telemetry)
    {
        string?[] names = [telemetry.Otlp is null ? null : "otlp", telemetry.AzureMonitor is null ? null : "azureMonitor"];
        return telemetry.IsOn ? string.Join(" and ", names.OfType<string>()) : "off";
    }

    private static IEnumerable<(string Name, string What)> Served(GatewaySettings settings)
    {
        foreach (EndpointSettings endpoint in settings.Endpoints)
        {
            yield return (endpoint.Name, "→ " + string.Join(", then ", endpoint.Destinations.Select(destination => destination.Name)));
        }

        foreach (ProviderSettings provider in settings.Providers.Where(provider => provider.Models is not { Count: 0 }))
        {
            string models = provider.Models is null ? $"{provider.Name}/<model>" : $"{provider.Name}/{{{string.Join(',', provider.Models)}}}";
            string where = provider.BaseUrl?.GetLeftPart(UriPartial.Authority) ?? "in this process, offline";
            yield return (models, provider.FoundBy is null ? where : $"{where} ({provider.FoundBy})");
        }
    }

    private static string Curl(GatewaySettings settings)
    {
        string model = settings.Endpoints.FirstOrDefault(endpoint => endpoint.Task != EndpointTask.Embeddings)?.Name
            ?? $"{settings.Providers[0].Name}/{settings.Providers[0].Models?.FirstOrDefault() ?? "<model>"}";
        string key = settings.IsOpen ? "" : """-H "Authorization: Bearer $KEY" """;
        return $$"""curl -N {{settings.Address.First}}/v1/chat/completions {{key}}-H 'Content-Type: application/json' """
            + $$"""-d '{"model":"{{model}}","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'""";
    }

    // The host in front takes every line for an entry of its own.
    private static void Fail(ListenAddress address, TextWriter error, string reason)
    {
        if (!HostSetup.LogsJson(address))
        {
            error.WriteLine(reason);
            return;
        }

        using ILoggerFactory loggers = LoggerFactory.Create(logging => HostSetup.ConfigureLog(logging, address));
        Log.NotStarted(loggers.CreateLogger("Serverless.App"), reason);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Serverless {Version} serves {Endpoints} endpoints and {Providers} providers on {Address} for {Callers} callers; usage records: {Store}, telemetry: {Telemetry}, configured by {File}")]
        public static partial void Serving(ILogger logger, string? version, int endpoints, int providers, string address, int callers, UsageStoreKind store, string telemetry, string file);

        [LoggerMessage(4, LogLevel.Information, "Stopped serving")]
        public static partial void Stopped(ILogger logger);

        [LoggerMessage(2, LogLevel.Warning, "{Note}")]
        public static partial void Note(ILogger logger, string note);

        [LoggerMessage(3, LogLevel.Critical, "{Reason}")]
        public static partial void NotStarted(ILogger logger, string reason);
    }
}
