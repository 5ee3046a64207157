using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Access;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering.Storage;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Endpoints;

/// <summary>
/// What an administrator asks an instance: which version runs, what it serves, whether its usage records reach their store. Names and numbers,
/// never a secret.
/// </summary>
internal sealed class AdminRoutes(IServiceProvider services)
{
    private static readonly string Version =
        typeof(AdminRoutes).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static void Map(IEndpointRouteBuilder endpoints, string root) =>
        new RouteFamily(endpoints, OperatorAnswer.Envelope).Get($"{root}/admin/status", new AdminRoutes(endpoints.ServiceProvider).StatusAsync);

    private Task StatusAsync(HttpContext http)
    {
        TimeProvider time = services.GetRequiredService<TimeProvider>();
        return OperatorAnswer.WriteAsync(http, services.GetRequiredService<IAccessControl>(), time, (principal, body) =>
        {
            if (principal.Role != PrincipalRole.Admin)
            {
                throw new GatewayException(new GatewayError(ErrorKind.Permission, StatusCodes.Status403Forbidden, "Only a caller with the role 'admin' may see this.") { Code = "admin_only" });
            }

            using var json = new Utf8JsonWriter(body, Json.WriterOptions);
            Write(json, time.GetUtcNow());
            return Task.FromResult("application/json");
        });
    }

    private void Write(Utf8JsonWriter json, DateTimeOffset now)
    {
        GatewaySettings settings = services.GetRequiredService<GatewaySettings>();
        DateTimeOffset started = new(Process.GetCurrentProcess().StartTime);
        json.WriteStartObject();
        json.WriteString("version", Version);
        json.WriteString("started_at", Moment(started));
        json.WriteNumber("uptime_seconds", (long)Math.Max(0, (now - started).TotalSeconds));
        json.WriteBoolean("behind_functions_host", settings.Address.BehindFunctionsHost);
        json.WriteBoolean("open", settings.IsOpen);
        json.WriteNumber("callers", settings.Callers.Count);
        WriteEndpoints(json, settings.Endpoints);
        WriteProviders(json, settings.Providers);
        WriteUsage(json, settings.Usage);
        WriteTexts(json, "notes", settings.Notes);
        json.WriteEndObject();
    }

    private static void WriteEndpoints(Utf8JsonWriter json, IReadOnlyList<EndpointSettings> endpoints)
    {
        json.WriteStartArray("endpoints");
        foreach (EndpointSettings endpoint in endpoints)
        {
            json.WriteStartObject();
            json.WriteString("name", endpoint.Name);
            WriteTexts(json, "destinations", endpoint.Destinations.Select(destination => $"{destination.Provider}/{destination.Model}"));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteProviders(Utf8JsonWriter json, IReadOnlyList<ProviderSettings> providers)
    {
        json.WriteStartArray("providers");
        foreach (ProviderSettings provider in providers)
        {
            json.WriteStartObject();
            json.WriteString("name", provider.Name);
            json.WriteString("kind", provider.Kind.Name);
            json.WriteString("base_url", provider.BaseUrl?.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));
            json.WriteBoolean("has_key", provider.ApiKey is not null);
            json.WriteString("found_by", provider.FoundBy);
            WriteTexts(json, "dialects", (provider.Dialects ?? provider.Kind.Dialects).Select(dialect => dialect.ToString()));
            WriteTexts(json, "models", provider.Models);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The store <c>table</c> or <c>sqlite</c> is <c>away</c> while rows go to the journal; what waits there is counted in bytes. Records are counted from the start of the process.</summary>
    private void WriteUsage(Utf8JsonWriter json, UsageSettings usage)
    {
        json.WriteStartObject("usage");
        json.WriteString("store", usage.Store.ToString().ToLowerInvariant());
        if (services.GetService<GroupCommitStore>() is { } store)
        {
            (int files, long bytes) = services.GetRequiredService<UsageJournal>().Backlog();
            json.WriteString("state", store.IsOpen ? "away" : "storing");
            json.WriteStartObject("journal");
            json.WriteNumber("files", files);
            json.WriteNumber("bytes", bytes);
            json.WriteEndObject();
            json.WriteStartObject("records");
            json.WriteNumber("waiting", store.Queued);
            json.WriteNumber("stored", store.Stored);
            json.WriteNumber("journaled", store.Journaled);
            json.WriteNumber("lost", store.Lost);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string>? texts)
    {
        if (texts is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static string Moment(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
