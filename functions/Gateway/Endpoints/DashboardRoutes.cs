using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Serverless.Gateway.Reports.Dashboard;

namespace Serverless.Gateway.Endpoints;

/// <summary>
/// The dashboard at <c>/reports</c>: a page and its files, the same for everyone and without any data, so without a key. What it shows it
/// asks of the reports, with the reader's key.
/// </summary>
internal static class DashboardRoutes
{
    private static readonly Lazy<DashboardAssets> Assets = new();

    // Only what comes from here runs, styles or is asked; nothing may frame it, nothing is sent anywhere, and no text becomes a script.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    public static void Map(RouteFamily family, string root)
    {
        family.Get($"{root}/reports", http =>
        {
            bool inFolder = http.Request.Path.Value!.EndsWith('/');
            return WriteAsync(http, inFolder ? Assets.Value.PageInFolder : Assets.Value.PageAtName, "no-cache");
        });
        family.Get($"{root}/reports/assets/{{version}}/{{**file}}", http =>
        {
            if (Assets.Value.Find((string)http.Request.RouteValues["file"]!) is not { } asset)
            {
                return family.NotFound(http);
            }

            // While two versions are being exchanged, one may be asked for the other's file.
            bool same = (string?)http.Request.RouteValues["version"] == Assets.Value.Version;
            return WriteAsync(http, asset, same ? "public, max-age=31536000, immutable" : "no-cache");
        });
    }

    private static Task WriteAsync(HttpContext http, DashboardAsset asset, string cacheControl)
    {
        (byte[] content, string? encoding, string tag) = asset.For(http.Request.Headers.AcceptEncoding.ToString());
        IHeaderDictionary headers = http.Response.Headers;
        headers.ETag = tag;
        headers.CacheControl = cacheControl;
        headers.Vary = "Accept-Encoding";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (IsKnown(http.Request, tag))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        headers.ContentEncoding = encoding;
        http.Response.ContentType = asset.ContentType;
        http.Response.ContentLength = content.Length;
        return http.Response.Body.WriteAsync(content, http.RequestAborted).AsTask();
    }

    private static bool IsKnown(HttpRequest request, string tag)
    {
        var wanted = new EntityTagHeaderValue(tag);
        return EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out IList<EntityTagHeaderValue>? known)
            && known.Any(k => k.Equals(EntityTagHeaderValue.Any) || k.Compare(wanted, useStrongComparison: false));
    }
}
