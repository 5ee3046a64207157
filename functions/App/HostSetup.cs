using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Logging.Console;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;

namespace Serverless.App;

/// <summary>The process around the gateway: where it listens, how it logs, whose headers it believes.</summary>
internal static class HostSetup
{
    /// <summary>True when lines of the log are read by a machine.</summary>
    public static bool LogsJson(GatewaySettings settings) =>
        settings.Address.BehindFunctionsHost || Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER") == "true";

    /// <summary>Kestrel and the log.</summary>
    public static void Apply(WebApplicationBuilder builder, GatewaySettings settings)
    {
        builder.WebHost.UseUrls([.. settings.Address.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.Limits.MaxBodyBytes;
            kestrel.Limits.MinRequestBodyDataRate = null;       // an agent's upload may stall while its laptop does something else
        });

        builder.Logging.ClearProviders();
        if (LogsJson(settings))
        {
            builder.Logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
                console.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            });

            // The Functions host takes lines of the error stream for errors and warnings, all others for information.
            builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Warning);
        }
        else
        {
            builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        }

        // ASP.NET Core's own lines name whole URLs, in which Gemini's clients may put their key.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
    }

    /// <summary>What every request passes, outermost first.</summary>
    public static void Apply(WebApplication app, GatewaySettings settings)
    {
        if (settings.Address.BehindFunctionsHost)
        {
            // The host in front overwrites these; elsewhere a client could write into them what it likes.
            app.UseForwardedHeaders(new ForwardedHeadersOptions
            {
                ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto,
                ForwardedForHeaderName = "client-ip",
                ForwardLimit = 1,
            });
            app.Use(InvocationScope.Middleware(app.Logger));
        }

        app.UseGatewayGuard();
        app.MapGateway();
    }
}
