using System.Text;
using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Configuration;

namespace Serverless.Gateway.Tests.Configuration;

public sealed class GatewayFileTests
{
    [Fact]
    public void Command_line_goes_over_environment_over_file()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, """{ "limits": { "keepAlive": "1s", "connect": "1s", "silence": "1s" } }""");
        try
        {
            var configuration = new ConfigurationManager();
            configuration.AddInMemoryCollection([new("GATEWAY_CONFIG", path), new("Gateway:limits:connect", "2s"), new("Gateway:limits:silence", "2s")]);
            configuration.AddCommandLine(["--Gateway:limits:silence=3s"]);

            Assert.Equal(path, configuration.AddGatewayFile());
            GatewayLimits limits = GatewaySettingsReader.Read(configuration).Limits;
            Assert.Equal((1.0, 2.0, 3.0), (limits.KeepAlive.TotalSeconds, limits.Connect.TotalSeconds, limits.Silence.TotalSeconds));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_named_file_must_be_there()
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection([new("GATEWAY_CONFIG", "/no/such/gateway.json")]);

        ConfigurationFault fault = Assert.Single(Assert.Throws<GatewayConfigurationException>(() => configuration.AddGatewayFile()).Faults);
        Assert.Equal("GATEWAY_CONFIG", fault.Setting);
    }

    [Fact]
    public void A_syntax_error_names_its_line() =>
        Assert.Contains("line 2", FaultsOf("{\n  \"providers\": oops }").Single().Message);

    [Fact]
    public void A_key_that_stands_twice_is_a_fault_whatever_its_case() =>
        Assert.Equal(["limits.keepalive", "limits.Connect"], FaultsOf("""{ "limits": { "keepAlive": "1s", "keepalive": "2s", "connect": "1s", "Connect": "1s" } }""").Select(f => f.Setting));

    [Fact]
    public void The_file_must_hold_an_object() => Assert.Single(FaultsOf("[]"));

    private static IReadOnlyList<ConfigurationFault> FaultsOf(string json) =>
        Assert.Throws<GatewayConfigurationException>(() => GatewayFile.Flatten(Encoding.UTF8.GetBytes(json), "gateway.json")).Faults;
}
