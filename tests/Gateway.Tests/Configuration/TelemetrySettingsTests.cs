using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Tests.Configuration;

/// <summary>Whom the gateway exports to, by its own settings and by the variables that everybody uses.</summary>
public sealed class TelemetrySettingsTests
{
    private const string Insights = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://example.in.applicationinsights.azure.com/";

    [Fact]
    public void Without_a_word_it_is_off()
    {
        TelemetrySettings telemetry = Settings.Read().Telemetry;
        Assert.False(telemetry.IsOn);
        Assert.Equal(TracePropagation.TraceParent, telemetry.Propagate);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317", true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces", true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://collector:4318/v1/metrics", true, true)]
    [InlineData("OTEL_TRACES_SAMPLER", "nonsense, but nobody asks", false, false)]
    public void The_standard_variables_switch_it_on(string name, string value, bool traces, bool metrics)
    {
        OtlpSettings? otlp = Settings.Read("{}", (name, value)).Telemetry.Otlp;
        Assert.Equal((traces, metrics), (otlp?.Traces is not null, otlp?.Metrics is not null));
    }

    [Fact]
    public void One_signal_can_be_left_out_and_all_of_it_switched_off()
    {
        (string, string) endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
        Assert.Equal((false, true), Signals(endpoint, ("OTEL_TRACES_EXPORTER", "none")));
        Assert.Equal((true, false), Signals(endpoint, ("OTEL_METRICS_EXPORTER", "none")));
        Assert.False(Settings.Read("{}", endpoint, ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")).Telemetry.IsOn);
        Assert.False(Settings.Read("{}", endpoint, ("APPLICATIONINSIGHTS_CONNECTION_STRING", Insights), ("OTEL_SDK_DISABLED", "true")).Telemetry.IsOn);
        Assert.False(Settings.Read("""{ "telemetry": { "exporters": [] } }""", endpoint, ("APPLICATIONINSIGHTS_CONNECTION_STRING", Insights)).Telemetry.IsOn);

        static (bool, bool) Signals(params (string, string)[] environment)
        {
            OtlpSettings otlp = Settings.Read("{}", environment).Telemetry.Otlp!;
            return (otlp.Traces is not null, otlp.Metrics is not null);
        }
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("http, gen_ai_latest_experimental", true)]
    [InlineData("database", false)]
    public void The_newest_conventions_are_for_who_asks_for_them(string? optIn, bool latest) =>
        Assert.Equal(latest, Settings.Read("{}", ("OTEL_SEMCONV_STABILITY_OPT_IN", optIn ?? "")).Telemetry.LatestConventions);

    [Fact]
    public void A_signal_can_have_variables_of_its_own()
    {
        OtlpSettings otlp = Settings.Read(
            "{}",
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/v1/traces"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=secret"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500")).Telemetry.Otlp!;

        Assert.Equal((new Uri("http://traces:4318/v1/traces"), OtlpProtocol.HttpProtobuf, "api-key=secret", 2500), (otlp.Traces!.Endpoint, otlp.Traces.Protocol, otlp.Traces.Headers?.Reveal(), otlp.Traces.TimeoutMilliseconds));
        Assert.Equal(new OtlpSignal(null, null, null, null), otlp.Metrics);
        Assert.DoesNotContain("secret", otlp.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_go_over_the_variables()
    {
        TelemetrySettings telemetry = Settings.Read(
            """{ "telemetry": { "otlpEndpoint": "http://mine:4318", "otlpProtocol": "http/protobuf", "otlpHeaders": "env:OTLP_KEY", "connectionString": "env:AI", "propagate": "none" } }""",
            ("OTLP_KEY", "api-key=secret"),
            ("AI", Insights),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://theirs:4317")).Telemetry;
        Assert.Equal((new Uri("http://mine:4318"), OtlpProtocol.HttpProtobuf, TracePropagation.None), (telemetry.Otlp!.Endpoint, telemetry.Otlp.Protocol, telemetry.Propagate));
        Assert.Equal(("api-key=secret", Insights), (telemetry.Otlp.Headers!.Reveal(), telemetry.AzureMonitor!.ConnectionString.Reveal()));
        Assert.DoesNotContain("secret", telemetry.ToString());
        Assert.DoesNotContain("00000001", telemetry.ToString());
    }

    [Theory]
    [InlineData(null, false, null)]
    [InlineData("Authorization=AAD", true, null)]
    [InlineData("ClientId=11111111-1111-1111-1111-111111111111;Authorization=AAD", true, "11111111-1111-1111-1111-111111111111")]
    public void Azure_Monitor_takes_the_identity_that_the_infrastructure_names(string? authentication, bool identity, string? client)
    {
        AzureMonitorSettings azure = Settings.Read("{}", ("APPLICATIONINSIGHTS_CONNECTION_STRING", Insights), ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", authentication ?? "")).Telemetry.AzureMonitor!;
        Assert.Equal((identity, client), (azure.UseIdentity, azure.ClientId));
    }

    [Theory]
    [InlineData("telemetry.exporters", """{ "telemetry": { "exporters": ["zipkin"] } }""", "otlp, azureMonitor")]
    [InlineData("telemetry.otlpEndpoint", """{ "telemetry": { "otlpEndpoint": "collector:4317" } }""", "whole address")]
    [InlineData("telemetry.otlpProtocol", """{ "telemetry": { "otlpEndpoint": "http://c:4317", "otlpProtocol": "http/json" } }""", "grpc, http/protobuf")]
    [InlineData("telemetry.otlpHeaders", """{ "telemetry": { "otlpEndpoint": "http://c:4317", "otlpHeaders": "hunter2" } }""", "api-key=")]
    [InlineData("telemetry.propagate", """{ "telemetry": { "propagate": "some" } }""", "traceparent, all, none")]
    [InlineData("telemetry.connectionString", """{ "telemetry": { "exporters": ["azureMonitor"] } }""", "APPLICATIONINSIGHTS_CONNECTION_STRING")]
    [InlineData("telemetry.connectionString", """{ "telemetry": { "connectionString": "hunter2" } }""", "InstrumentationKey")]
    public void Faults_of_settings_are_told(string setting, string json, string expected)
    {
        string message = Settings.FaultOf(setting, json);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "whole address")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "nowhere", "whole address")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc, http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "udp", "grpc, http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "hunter2", "api-key=")]
    [InlineData("OTEL_TRACES_EXPORTER", "console", "otlp, none")]
    [InlineData("OTEL_TRACES_SAMPLER", "traceidratios", "Did you mean 'traceidratio'?")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=hunter2", "InstrumentationKey")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)", "Key Vault reference")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=nowhere", "whole address")]
    public void Faults_of_variables_are_told_by_their_names(string name, string value, string expected)
    {
        Dictionary<string, string> environment = new() { ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = Insights, [name] = value };
        string message = Settings.FaultOf(name, """{ "telemetry": { "exporters": ["otlp", "azureMonitor"] } }""", [.. environment.Select(v => (v.Key, v.Value))]);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Samplers_of_Azures_are_for_its_exporter_alone()
    {
        (string, string) sampler = ("OTEL_TRACES_SAMPLER", "microsoft.fixed_percentage");
        Assert.Equal("microsoft.fixed_percentage", Settings.Read("{}", ("APPLICATIONINSIGHTS_CONNECTION_STRING", Insights), sampler, ("OTEL_TRACES_SAMPLER_ARG", "0.5")).Telemetry.Sampler);
        Assert.Contains("always_on", Settings.FaultOf("OTEL_TRACES_SAMPLER", "{}", ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"), sampler), StringComparison.Ordinal);
    }

    [Fact]
    public void A_ratio_must_be_one()
    {
        (string, string) on = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
        (string, string) sampler = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        Assert.Contains("from 0 to 1", Settings.FaultOf("OTEL_TRACES_SAMPLER_ARG", "{}", on, sampler, ("OTEL_TRACES_SAMPLER_ARG", "10%")), StringComparison.Ordinal);
        TelemetrySettings telemetry = Settings.Read("{}", on, sampler, ("OTEL_TRACES_SAMPLER_ARG", "0.1")).Telemetry;
        Assert.Equal(("parentbased_traceidratio", 0.1), (telemetry.Sampler, telemetry.SamplerRatio));
        Assert.Contains("Authorization=AAD", Settings.FaultOf("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "{}", ("APPLICATIONINSIGHTS_CONNECTION_STRING", Insights), ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "Authorization=Basic")), StringComparison.Ordinal);
    }
}
