using System.Globalization;
using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Configuration;

/// <summary>
/// Reads <c>telemetry</c>, and the variables that OpenTelemetry and Azure have for it: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/,
/// https://opentelemetry.io/docs/specs/otel/protocol/exporter/, https://learn.microsoft.com/azure/azure-monitor/app/connection-strings. Off unless an exporter
/// is named or one of them says where to export to.
/// </summary>
internal static class TelemetrySettingsReader
{
    private const string ConnectionStringVariable = "APPLICATIONINSIGHTS_CONNECTION_STRING";
    private const string AuthenticationVariable = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";
    private const string OtlpVariable = "OTEL_EXPORTER_OTLP_";
    private const string ConventionsVariable = "OTEL_SEMCONV_STABILITY_OPT_IN";
    private const string SamplerVariable = "OTEL_TRACES_SAMPLER";

    /// <summary>What a variable of the exporter may be called after: for both signals, or for one.</summary>
    private static readonly string[] Signals = ["", "TRACES_", "METRICS_"];

    private static readonly IReadOnlyDictionary<string, Exporter> Exporters = new Dictionary<string, Exporter>
    {
        ["otlp"] = Exporter.Otlp,
        ["azureMonitor"] = Exporter.AzureMonitor,
    };

    private static readonly IReadOnlyDictionary<string, TracePropagation> Propagations = new Dictionary<string, TracePropagation>
    {
        ["traceparent"] = TracePropagation.TraceParent,
        ["all"] = TracePropagation.All,
        ["none"] = TracePropagation.None,
    };

    private static readonly IReadOnlyDictionary<string, OtlpProtocol> Protocols = new Dictionary<string, OtlpProtocol>
    {
        ["grpc"] = OtlpProtocol.Grpc,
        ["http/protobuf"] = OtlpProtocol.HttpProtobuf,
    };

    private static readonly string[] Samplers =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    /// <summary>Samplers that only Azure's exporter knows, https://learn.microsoft.com/azure/azure-monitor/app/opentelemetry-sampling.</summary>
    private static readonly string[] AzureSamplers = ["microsoft.rate_limited", "microsoft.fixed_percentage"];

    private enum Exporter
    {
        Otlp,
        AzureMonitor,
    }

    /// <summary>The settings.</summary>
    /// <param name="section">The section <c>telemetry</c>.</param>
    /// <param name="configuration">Where the variables are looked up.</param>
    /// <param name="faults">Takes the faults of the variables.</param>
    public static TelemetrySettings Read(SettingsSection section, IConfiguration configuration, List<ConfigurationFault> faults)
    {
        IReadOnlyList<Exporter>? named = section.Choices("exporters", Exporters);
        bool disabled = IsTrue(configuration["OTEL_SDK_DISABLED"]);
        OtlpSettings? otlp = ReadOtlp(section, configuration, named, faults, disabled);
        AzureMonitorSettings? azure = ReadAzure(section, configuration, named, faults, disabled);
        var settings = new TelemetrySettings
        {
            Propagate = section.Choice("propagate", Propagations) ?? TracePropagation.TraceParent,
            LatestConventions = (configuration[ConventionsVariable] ?? "").Split(',', StringSplitOptions.TrimEntries).Contains("gen_ai_latest_experimental"),
            Otlp = otlp,
            AzureMonitor = azure,
        };
        section.Close();
        return settings.IsOn ? ReadSampler(settings, configuration, faults) : settings;
    }

    private static OtlpSettings? ReadOtlp(SettingsSection section, IConfiguration configuration, IReadOnlyList<Exporter>? named, List<ConfigurationFault> faults, bool disabled)
    {
        Uri? endpoint = null;
        if (section.Text("otlpEndpoint") is { } address && ProviderSettingsReader.FaultOf(address, out endpoint) is { } fault)
        {
            section.Fault("otlpEndpoint", fault);
        }

        OtlpProtocol? protocol = section.Choice("otlpProtocol", Protocols);
        Secret? headers = section.Secret("otlpHeaders");
        if (headers is not null && !IsHeaders(headers.Reveal()))
        {
            section.Fault("otlpHeaders", "must be a list such as 'api-key=…,tenant=…'.");
        }

        bool configured = section.Has("otlpEndpoint") || Signals.Any(signal => Variable(configuration, $"{OtlpVariable}{signal}ENDPOINT") is not null);
        if (disabled || !(named?.Contains(Exporter.Otlp) ?? configured))
        {
            return null;
        }

        CheckVariables(configuration, faults);
        var settings = new OtlpSettings
        {
            Endpoint = endpoint,
            Protocol = protocol,
            Headers = headers,
            Traces = Exports(configuration, "OTEL_TRACES_EXPORTER", faults) ? ReadSignal(configuration, "TRACES_") : null,
            Metrics = Exports(configuration, "OTEL_METRICS_EXPORTER", faults) ? ReadSignal(configuration, "METRICS_") : null,
        };
        return settings is { Traces: null, Metrics: null } ? null : settings;
    }

    /// <summary>The variables of one signal, whose faults have been told.</summary>
    private static OtlpSignal ReadSignal(IConfiguration configuration, string signal)
    {
        string? Of(string name) => Variable(configuration, OtlpVariable + signal + name);

        return new OtlpSignal(
            Of("ENDPOINT") is { } endpoint && ProviderSettingsReader.FaultOf(endpoint, out Uri? address) is null ? address : null,
            Of("PROTOCOL") is { } protocol && Protocols.TryGetValue(protocol, out OtlpProtocol known) ? known : null,
            Of("HEADERS") is { } headers ? new Secret(headers) : null,
            Of("TIMEOUT") is { } timeout && IsCount(timeout) ? int.Parse(timeout, CultureInfo.InvariantCulture) : null);
    }

    private static AzureMonitorSettings? ReadAzure(SettingsSection section, IConfiguration configuration, IReadOnlyList<Exporter>? named, List<ConfigurationFault> faults, bool disabled)
    {
        Secret? own = section.Secret("connectionString");
        string? variable = section.Has("connectionString") ? null : Variable(configuration, ConnectionStringVariable);
        bool wanted = named?.Contains(Exporter.AzureMonitor) ?? (own is not null || variable is not null);
        if (disabled || !wanted)
        {
            return null;
        }

        string? unresolved = null;
        Secret? connection = own ?? (variable is null ? null : Secret.Resolve(variable, configuration, out unresolved));
        if (unresolved is not null)
        {
            faults.Add(new ConfigurationFault(ConnectionStringVariable, unresolved));
        }
        else if (connection is null && !section.Has("connectionString"))
        {
            section.Fault("connectionString", $"is missing: the connection string of Application Insights (or set {ConnectionStringVariable}).");
        }

        if (connection is null)
        {
            return null;
        }

        Dictionary<string, string> parts = Parts(connection.Reveal());
        string? fault = !Guid.TryParse(parts.GetValueOrDefault("InstrumentationKey"), out _)
            ? "holds no InstrumentationKey: it is the connection string of Application Insights, such as 'InstrumentationKey=…;IngestionEndpoint=https://…'."
            : parts.TryGetValue("IngestionEndpoint", out string? ingestion) && ProviderSettingsReader.FaultOf(ingestion, out _) is { } bad
                ? $"its IngestionEndpoint {bad}"
                : null;
        if (fault is not null)
        {
            faults.Add(new ConfigurationFault(own is null ? ConnectionStringVariable : section.PathOf("connectionString"), fault));
        }

        Dictionary<string, string> authentication = Parts(Variable(configuration, AuthenticationVariable) ?? "");
        bool identity = authentication.GetValueOrDefault("Authorization") is { } scheme && scheme.Equals("AAD", StringComparison.OrdinalIgnoreCase);
        if (authentication.Count > 0 && !identity)
        {
            faults.Add(new ConfigurationFault(AuthenticationVariable, "must be 'Authorization=AAD', with 'ClientId=…' for a user-assigned identity."));
        }

        return new AzureMonitorSettings(connection, identity, authentication.GetValueOrDefault("ClientId"));
    }

    /// <summary>The exporter passes over what it does not understand, and exports nothing or to where nobody listens.</summary>
    private static void CheckVariables(IConfiguration configuration, List<ConfigurationFault> faults)
    {
        foreach (string signal in Signals)
        {
            Check($"{OtlpVariable}{signal}ENDPOINT", value => ProviderSettingsReader.FaultOf(value, out _));
            Check($"{OtlpVariable}{signal}PROTOCOL", value => Protocols.ContainsKey(value) ? null : $"'{value}' is not one of {string.Join(", ", Protocols.Keys)}.");
            Check($"{OtlpVariable}{signal}TIMEOUT", value => IsCount(value) ? null : $"must be a number of milliseconds; it is '{value}'.");
            Check($"{OtlpVariable}{signal}HEADERS", value => IsHeaders(value) ? null : "must be a list such as 'api-key=…,tenant=…'.");
        }

        void Check(string name, Func<string, string?> faultOf)
        {
            if (Variable(configuration, name) is { } value && faultOf(value) is { } fault)
            {
                faults.Add(new ConfigurationFault(name, fault));
            }
        }
    }

    private static TelemetrySettings ReadSampler(TelemetrySettings settings, IConfiguration configuration, List<ConfigurationFault> faults)
    {
        string? sampler = Variable(configuration, SamplerVariable);
        string? argument = Variable(configuration, SamplerVariable + "_ARG");
        if (sampler is null || (settings.AzureMonitor is not null && AzureSamplers.Contains(sampler)))
        {
            return settings with { Sampler = sampler };
        }

        if (!Samplers.Contains(sampler))
        {
            faults.Add(new ConfigurationFault(SamplerVariable, $"'{sampler}' is not one of {string.Join(", ", Samplers)}.{NearestName.Question(sampler, Samplers)}"));
        }

        double ratio = 1;
        if (sampler.EndsWith("traceidratio", StringComparison.Ordinal) && argument is not null
            && !(double.TryParse(argument, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out ratio) && ratio <= 1))
        {
            faults.Add(new ConfigurationFault(SamplerVariable + "_ARG", $"must be a number from 0 to 1; it is '{argument}'."));
        }

        return settings with { Sampler = sampler, SamplerRatio = ratio };
    }

    private static bool Exports(IConfiguration configuration, string name, List<ConfigurationFault> faults)
    {
        string? value = Variable(configuration, name);
        if (value is not (null or "otlp" or "none"))
        {
            faults.Add(new ConfigurationFault(name, $"'{value}' is not one of otlp, none."));
        }

        return value != "none";
    }

    private static string? Variable(IConfiguration configuration, string name) => configuration[name]?.Trim() is { Length: > 0 } value ? value : null;

    private static bool IsTrue(string? text) => bool.TryParse(text, out bool value) && value;

    private static bool IsCount(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static bool IsHeaders(string text) => text.Split(',').All(header => header.IndexOf('=', StringComparison.Ordinal) > 0);

    private static Dictionary<string, string> Parts(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                parts[part[..equals].Trim()] = part[(equals + 1)..].Trim();
            }
        }

        return parts;
    }
}
