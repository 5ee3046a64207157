using System.Text;
using Microsoft.AspNetCore.Http;

namespace Serverless.Gateway.Access;

/// <summary>
/// Where clients put their credential. SDKs often send a placeholder beside the real one, so the order decides: <c>Authorization</c>
/// (<c>Bearer</c>, or <c>Basic</c> with the user name <c>token</c>), <c>x-api-key</c>, <c>api-key</c>, <c>x-goog-api-key</c>, <c>?key=</c>.
/// </summary>
internal static class Credentials
{
    private static readonly string[] KeyHeaders = ["x-api-key", "api-key", "x-goog-api-key"];

    /// <summary>The credential of a request; null when it carries none.</summary>
    public static string? Read(HttpRequest request)
    {
        if (FromAuthorization(request.Headers.Authorization.ToString()) is { } authorized)
        {
            return authorized;
        }

        foreach (string name in KeyHeaders)
        {
            if (request.Headers[name].ToString().Trim() is { Length: > 0 } key)
            {
                return key;
            }
        }

        return request.Query["key"].ToString() is { Length: > 0 } query ? query : null;
    }

    private static string? FromAuthorization(string header)
    {
        int space = header.IndexOf(' ');
        if (space < 0)
        {
            return null;
        }

        string value = header[(space + 1)..].Trim();
        ReadOnlySpan<char> scheme = header.AsSpan(0, space);
        if (scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return value.Length == 0 ? null : value;
        }

        return scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) ? FromBasic(value) : null;
    }

    private static string? FromBasic(string value)
    {
        Span<byte> bytes = value.Length <= 4096 ? stackalloc byte[4096] : default;
        if (!Convert.TryFromBase64String(value, bytes, out int length))
        {
            return null;
        }

        string pair = Encoding.UTF8.GetString(bytes[..length]);
        return pair.StartsWith("token:", StringComparison.Ordinal) && pair.Length > "token:".Length ? pair["token:".Length..] : null;
    }
}
