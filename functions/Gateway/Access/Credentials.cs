using System.Text;
using Microsoft.AspNetCore.Http;

namespace Serverless.Gateway.Access;

/// <summary>
/// Where clients put their credential. SDKs often send a placeholder beside the real one, so the order decides: <c>Authorization</c>
/// (<c>Bearer</c>, or <c>Basic</c> with the user name <c>token</c>), <c>x-api-key</c>, <c>api-key</c>, <c>x-goog-api-key</c>, <c>?key=</c>.
/// Behind the platform's own authentication <c>Authorization</c> comes last.
/// </summary>
internal static class Credentials
{
    // Set by the platform's own authentication (Easy Auth), which has then taken the token in Authorization for itself.
    private const string PlatformPrincipal = "x-ms-client-principal-id";

    private static readonly string[] KeyHeaders = ["x-api-key", "api-key", "x-goog-api-key"];

    /// <summary>The credential of a request; null when it carries none.</summary>
    public static string? Read(HttpRequest request)
    {
        string? authorized = FromAuthorization(request.Headers.Authorization.ToString());

        // Whoever forges the platform's header chooses no more than which of their own credentials counts.
        if (authorized is not null && !request.Headers.ContainsKey(PlatformPrincipal))
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

        return request.Query["key"].ToString() is { Length: > 0 } query ? query : authorized;
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
