using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging.Console;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;

namespace Serverless.App;

/// <summary>The process around the gateway: where it listens and how it logs.</summary>
internal static class HostSetup
{
    /// <summary>True when lines of the log are read by a machine.</summary>
    public static bool LogsJson(ListenAddress address) =>
        address.BehindFunctionsHost || Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER") == "true";

    /// <summary>Kestrel and the log.</summary>
    public static void Apply(WebApplicationBuilder builder, GatewaySettings settings)
    {
        builder.WebHost.UseUrls([.. settings.Address.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (settings.Address.BehindFunctionsHost)
            {
                // Forgets the section Kestrel:Endpoints, which would win over the address that the host has chosen.
                kestrel.Configure();
            }

            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.Limits.MaxBodyBytes;
            kestrel.Limits.MinRequestBodyDataRate = null;       // an agent's upload may stall while its laptop does something else
        });

        ConfigureLog(builder.Logging, settings.Address);
    }

    /// <summary>Lines for people, or one JSON object a line for machines.</summary>
    public static void ConfigureLog(ILoggingBuilder logging, ListenAddress address)
    {
        logging.ClearProviders();
        if (LogsJson(address))
        {
            logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
                console.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            });

            // The Functions host takes lines of the error stream for errors and warnings, all others for information.
            logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Warning);
        }
        else
        {
            logging.AddSimpleConsole(console => console.SingleLine = true);
        }

        // ASP.NET Core's own lines name whole URLs, in which Gemini's clients may put their key.
        logging.AddFilter("Microsoft", LogLevel.Warning);
    }

    /// <summary>What every request passes, outermost first.</summary>
    public static void Apply(WebApplication app)
    {
        app.UseGateway();
        app.MapGateway();
    }
}
