using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Serverless.Gateway.Endpoints;

/// <summary>An endpoint's name at the end of a path, the route value <c>name</c>.</summary>
internal static class PathName
{
    /// <summary>
    /// The name. Kestrel decodes the path but for <c>%2F</c>, which would change its shape; the Functions host encodes that a second time
    /// (<c>%252F</c>). In either case one encoded slash is left.
    /// </summary>
    public static string Read(HttpContext http) =>
        (http.GetRouteValue("name") as string ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
