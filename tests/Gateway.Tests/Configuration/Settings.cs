using System.Text;
using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Configuration;

namespace Serverless.Gateway.Tests.Configuration;

/// <summary>Configurations for tests: a gateway.json with an environment over it.</summary>
internal static class Settings
{
    public static IConfiguration Configuration(string json = "{}", params (string Name, string Value)[] environment)
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(GatewayFile.Flatten(Encoding.UTF8.GetBytes(json), "gateway.json"));
        configuration.AddInMemoryCollection(environment.Select(e => KeyValuePair.Create(e.Name.Replace("__", ":", StringComparison.Ordinal), (string?)e.Value)));
        return configuration;
    }

    public static GatewaySettings Read(string json = "{}", params (string Name, string Value)[] environment) =>
        GatewaySettingsReader.Read(Configuration(json, environment));

    public static IReadOnlyList<ConfigurationFault> Faults(string json = "{}", params (string Name, string Value)[] environment) =>
        Assert.Throws<GatewayConfigurationException>(() => Read(json, environment)).Faults;

    public static string FaultOf(string setting, string json, params (string Name, string Value)[] environment) =>
        Assert.Single(Faults(json, environment), fault => fault.Setting == setting).Message;
}
