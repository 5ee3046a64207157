using Serverless.Gateway.Access;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Access;

public sealed class ConfiguredCallersTests
{
    private readonly ConfiguredCallers _callers = new(
    [
        new CallerSettings("alice", PrincipalType.User) { Keys = [KeyHash.Of("first-key"), KeyHash.Of("second-key")], Groups = ["ml"], Endpoints = ["fast", "openai/*"] },
        new CallerSettings("ci", PrincipalType.ServicePrincipal) { Keys = [KeyHash.Parse(KeyHash.Of("ci-key").ToHex().ToUpperInvariant())!] },
    ]);

    [Theory]
    [InlineData("first-key", "alice", "alice#1")]
    [InlineData("second-key", "alice", "alice#2")]
    [InlineData("ci-key", "ci", "ci#1")]
    public async Task A_key_names_its_caller(string key, string id, string keyId)
    {
        Principal principal = await _callers.AuthenticateAsync(key, TestContext.Current.CancellationToken);
        Assert.Equal((id, keyId), (principal.Id, principal.KeyId));
    }

    [Theory]
    [InlineData(null, "missing_api_key")]
    [InlineData("", "missing_api_key")]
    [InlineData("First-key", "invalid_api_key")]
    [InlineData("first-key ", "invalid_api_key")]
    public async Task Anything_else_is_a_401_that_does_not_repeat_the_key(string? key, string code)
    {
        GatewayException exception = await Assert.ThrowsAsync<GatewayException>(async () => await _callers.AuthenticateAsync(key, TestContext.Current.CancellationToken));

        Assert.Equal((ErrorKind.Authentication, 401, code), (exception.Error.Kind, exception.Error.Status, exception.Error.Code));
        Assert.DoesNotContain("irst-key", exception.Error.Message);
    }

    [Theory]
    [InlineData("first-key", "fast", true)]
    [InlineData("first-key", "fast2", false)]
    [InlineData("first-key", "openai/gpt-5.1", true)]
    [InlineData("first-key", "openaix/gpt", false)]
    [InlineData("ci-key", "anything", true)]
    public async Task A_caller_may_use_its_endpoints(string key, string endpoint, bool allowed)
    {
        Principal principal = await _callers.AuthenticateAsync(key, TestContext.Current.CancellationToken);
        Assert.Equal(allowed, _callers.MayUse(principal, new GatewayEndpoint(endpoint, [])));
    }

    [Fact]
    public void Keys_are_long_and_differ()
    {
        string[] keys = [.. Enumerable.Range(0, 50).Select(_ => KeyHash.NewKey())];
        Assert.Equal(50, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Matches("^gw-[A-Za-z0-9_-]{43}$", key));
    }

    [Fact]
    public void The_hash_is_plain_sha256() =>
        Assert.Equal("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", KeyHash.Of("hello").ToHex());

    [Theory]
    [InlineData("")]
    [InlineData("2cf24dba")]
    [InlineData("zcf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")]
    public void Anything_but_64_digits_is_no_hash(string hex) => Assert.Null(KeyHash.Parse(hex));
}
