using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Access;

namespace Serverless.Gateway.Tests.Access;

/// <summary>Where clients put their credential, and which of several counts.</summary>
public sealed class CredentialsTests
{
    [Theory]
    [InlineData("Authorization: Bearer abc", "abc")]
    [InlineData("Authorization: bearer   abc ", "abc")]
    [InlineData("Authorization: Basic dG9rZW46YWJj", "abc")]                       // token:abc, as `curl -u token:abc`
    [InlineData("Authorization: Basic dG9rZW46YTpi", "a:b")]                       // token:a:b
    [InlineData("Authorization: Basic dXNlcjphYmM=", null)]                        // user:abc
    [InlineData("Authorization: Basic !!!", null)]
    [InlineData("Authorization: Bearer", null)]
    [InlineData("Authorization: Bearer abc|x-api-key: unused", "abc")]             // Anthropic's SDK
    [InlineData("Authorization: Bearer abc|x-goog-api-key: databricks", "abc")]    // Google's
    [InlineData("x-api-key: abc", "abc")]
    [InlineData("api-key: abc", "abc")]                                            // Azure's
    [InlineData("x-goog-api-key: abc", "abc")]
    [InlineData("x-api-key: one|api-key: two|x-goog-api-key: three|?key=four", "one")]
    [InlineData("api-key: two|x-goog-api-key: three|?key=four", "two")]
    [InlineData("x-goog-api-key: three|?key=four", "three")]
    [InlineData("?key=four", "four")]
    [InlineData("Authorization: Bearer |x-api-key: abc", "abc")]
    [InlineData("Authorization: Negotiate xyz|x-api-key: abc", "abc")]
    [InlineData("x-ms-client-principal-id: id|Authorization: Bearer platform|x-api-key: abc", "abc")]     // Easy Auth
    [InlineData("x-ms-client-principal-id: id|Authorization: Bearer abc", "abc")]
    [InlineData("x-api-key: ", null)]
    [InlineData("", null)]
    public void The_first_usable_one_counts(string sent, string? expected)
    {
        var http = new DefaultHttpContext();
        foreach (string part in sent.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part[0] == '?')
            {
                http.Request.QueryString = new QueryString(part);
                continue;
            }

            int colon = part.IndexOf(':');
            http.Request.Headers[part[..colon]] = part[(colon + 2)..];
        }

        Assert.Equal(expected, Credentials.Read(http.Request));
    }
}
