using Serverless.Gateway.Configuration;

namespace Serverless.Gateway.Tests.Configuration;

public sealed class StartRulesTests
{
    private static readonly (string, string)[] Caller = [("Gateway__callers__0__id", "a"), ("Gateway__callers__0__keySha256", new string('a', 64))];

    [Theory]
    [InlineData("urls", "http://127.0.0.1:8080")]
    [InlineData("urls", "http://localhost:8080;http://[::1]:8080")]
    public void Loopback_is_open(string setting, string value) => Assert.True(Settings.Read("{}", (setting, value)).IsOpen);

    [Fact]
    public void The_default_is_loopback()
    {
        GatewaySettings settings = Settings.Read();
        Assert.True(settings.IsOpen);
        Assert.Equal(["http://127.0.0.1:7071"], settings.Address.Urls);
    }

    [Theory]
    [InlineData("urls", "http://0.0.0.0:8080")]
    [InlineData("urls", "http://*:8080")]
    [InlineData("urls", "http://+:80")]
    [InlineData("urls", "http://[::]:8080")]
    [InlineData("urls", "http://127.0.0.1:8080;http://192.168.1.5:8080")]
    [InlineData("urls", "http://unix:/tmp/gateway.sock")]
    [InlineData("http_ports", "8080")]
    [InlineData("PORT", "8080")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://*:9000")]
    [InlineData("FUNCTIONS_CUSTOMHANDLER_PORT", "5000")]
    public void Elsewhere_it_needs_callers(string setting, string value)
    {
        string message = Settings.FaultOf("callers", "{}", (setting, value));
        Assert.Contains("new-key", message);
        Assert.Contains("Gateway__callers__0__keySha256", message);

        Assert.False(Settings.Read("{}", [(setting, value), .. Caller]).IsOpen);
    }

    [Fact]
    public void A_developers_own_functions_host_is_open() =>
        Assert.True(Settings.Read("{}", ("FUNCTIONS_CUSTOMHANDLER_PORT", "5000"), ("AZURE_FUNCTIONS_ENVIRONMENT", "Development")).IsOpen);

    [Fact]
    public void Development_alone_opens_nothing() =>
        Assert.NotEmpty(Settings.FaultOf("callers", "{}", ("urls", "http://*:80"), ("AZURE_FUNCTIONS_ENVIRONMENT", "Development")));

    [Fact]
    public void Behind_a_functions_host_only_its_port_counts()
    {
        GatewaySettings settings = Settings.Read("{}", [("FUNCTIONS_CUSTOMHANDLER_PORT", "5000"), ("urls", "http://+:80"), ("PORT", "1"), .. Caller]);
        Assert.Equal(["http://127.0.0.1:5000"], settings.Address.Urls);
        Assert.True(settings.Address.BehindFunctionsHost);
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("localhost.", true)]
    [InlineData("gateway.localhost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.2", true)]
    [InlineData("::1", true)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.nip.io", false)]
    [InlineData("evil.example", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("", false)]
    public void Loopback_names(string host, bool loopback) => Assert.Equal(loopback, ListenAddress.IsLoopbackHost(host));
}
