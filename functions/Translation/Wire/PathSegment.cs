using Serverless.Translation.Canonical;

namespace Serverless.Translation.Wire;

/// <summary>
/// A name as one segment of a URL's path. Everything but RFC 3986's unreserved characters is percent-encoded, so that no name can leave
/// its place: no <c>/</c>, <c>?</c>, <c>#</c>, <c>%</c> or <c>:</c> of it reaches the path.
/// </summary>
internal static class PathSegment
{
    /// <summary>The encoded segment.</summary>
    /// <exception cref="GatewayException">Status 400: the name is empty or is a dot segment, which no encoding makes safe.</exception>
    public static string Encode(string name) => name switch
    {
        "" or "." or ".." => throw new GatewayException(GatewayError.Invalid($"'{name}' cannot be a model's name.", "model", "invalid_model")),
        _ => Uri.EscapeDataString(name),
    };
}
