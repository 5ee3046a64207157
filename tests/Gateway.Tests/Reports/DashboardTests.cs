using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using Serverless.Gateway.Reports.Dashboard;
using Serverless.Gateway.Tests.Pipeline;

namespace Serverless.Gateway.Tests.Reports;

/// <summary>The dashboard's page and its files come from the gateway alone, under any prefix, and nothing else can get in.</summary>
public sealed partial class DashboardTests : GatewayTest
{
    [Theory]
    [InlineData("/reports")]
    [InlineData("/reports/")]
    [InlineData("/reports?view=cost&endpoint=demo")]
    [InlineData("/ai-gateway/reports")]
    [InlineData("/ai-gateway/reports/")]
    public async Task Every_file_that_the_page_leads_to_is_there(string path)
    {
        await StartAsync([]);
        var address = new Uri(Gateway.Address, path);
        (HttpResponseMessage page, string html) = await AskAsync(new HttpRequestMessage(HttpMethod.Get, address));
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-cache", page.Headers.CacheControl!.ToString());

        Queue<Uri> wanted = new(Addresses().Matches(html).Select(m => new Uri(address, m.Groups[1].Value)));
        Assert.Contains(wanted, a => a.AbsolutePath.EndsWith("/app.js", StringComparison.Ordinal));
        HashSet<Uri> seen = [];
        while (wanted.TryDequeue(out Uri? file))
        {
            if (!seen.Add(file))
            {
                continue;
            }

            (HttpResponseMessage response, string content) = await AskAsync(new HttpRequestMessage(HttpMethod.Get, file));
            Assert.True(response.StatusCode == HttpStatusCode.OK, file.ToString());
            Assert.Equal("public, max-age=31536000, immutable", response.Headers.CacheControl!.ToString());
            Assert.Equal(Path.GetExtension(file.AbsolutePath) switch { ".js" => "text/javascript", ".css" => "text/css", ".svg" => "image/svg+xml", _ => "text/plain" }, response.Content.Headers.ContentType!.MediaType);
            foreach (Match import in Imports().Matches(content))
            {
                wanted.Enqueue(new Uri(file, import.Groups[1].Value));
            }
        }

        Assert.Equal(new DashboardAssets().Names.Count(), seen.Count);
    }

    [Theory]
    [InlineData("/reports")]
    [InlineData("/ai-gateway/reports/")]
    [InlineData("/reports/assets/{version}/app.js")]
    public async Task Only_its_own_scripts_may_run_and_nothing_may_frame_it(string path)
    {
        await StartAsync([]);
        (HttpResponseMessage response, _) = await AskAsync(new HttpRequestMessage(HttpMethod.Get, path.Replace("{version}", new DashboardAssets().Version)));

        string policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self';", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task The_page_needs_no_script_or_style_of_its_own_text()
    {
        await StartAsync([]);
        (_, string html) = await AskAsync(new HttpRequestMessage(HttpMethod.Get, "/reports"));
        Assert.DoesNotMatch(@"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:|https?://", html);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    [InlineData("gzip, deflate, br;q=0")]
    [InlineData("")]
    public async Task What_is_kept_is_not_sent_again_in_any_encoding(string accepted)
    {
        await StartAsync([]);
        string path = $"/reports/assets/{new DashboardAssets().Version}/vendor/uplot/uPlot.iife.min.js";
        HttpResponseMessage response = await SendAsync(Get(path, accepted));
        byte[] content = await response.Content.ReadAsByteArrayAsync(Stop);
        string encoding = string.Join(",", response.Content.Headers.ContentEncoding);
        Assert.Equal(accepted.StartsWith("gzip", StringComparison.Ordinal) ? "gzip" : accepted, encoding);
        Assert.Contains("uPlot=function", encoding switch
        {
            "br" => Text(new BrotliStream(new MemoryStream(content), CompressionMode.Decompress)),
            "gzip" => Text(new GZipStream(new MemoryStream(content), CompressionMode.Decompress)),
            _ => Text(new MemoryStream(content)),
        });
        Assert.True(encoding == "" || content.Length < 26_000, $"{content.Length} bytes");

        HttpRequestMessage again = Get(path, accepted);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        HttpResponseMessage kept = await SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, kept.StatusCode);
        Assert.Empty(await kept.Content.ReadAsByteArrayAsync(Stop));
        Assert.Equal(response.Headers.ETag, kept.Headers.ETag);

        HttpRequestMessage other = Get(path, accepted);
        other.Headers.IfNoneMatch.ParseAdd("\"another\"");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(other)).StatusCode);
    }

    [Fact]
    public async Task A_file_of_another_version_is_answered_but_not_kept()
    {
        await StartAsync([]);
        (HttpResponseMessage response, _) = await AskAsync(new HttpRequestMessage(HttpMethod.Get, "/reports/assets/0000/app.js"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
    }

    [Theory]
    [InlineData("GET", "/reports/assets/0000/nothing.js", 404)]
    [InlineData("GET", "/reports/assets/0000/../../../gateway.json", 404)]
    [InlineData("GET", "/reports/nothing", 404)]
    [InlineData("POST", "/reports", 405)]
    [InlineData("HEAD", "/reports", 200)]
    public async Task Whatever_else_is_not_there(string method, string path, int status)
    {
        await StartAsync([]);
        (HttpResponseMessage response, _) = await AskAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(status, (int)response.StatusCode);
    }

    private static HttpRequestMessage Get(string path, string accepted)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accepted.Length > 0)
        {
            request.Headers.AcceptEncoding.ParseAdd(accepted);
        }

        return request;
    }

    private static string Text(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("(?:src|href)=\"([^\"#][^\"]*)\"")]
    private static partial Regex Addresses();

    [GeneratedRegex("""^import .* from '(\./[^']+|\.\./[^']+)';|^import '([^']+)';""", RegexOptions.Multiline)]
    private static partial Regex Imports();
}
