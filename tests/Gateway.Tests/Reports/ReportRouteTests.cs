using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Gateway.Tests.Storage;

namespace Serverless.Gateway.Tests.Reports;

/// <summary>The reports as they are asked for over HTTP: who sees what, in which format, page by page, and what is told of bad questions.</summary>
public sealed class ReportRouteTests : IAsyncLifetime
{
    private const string Hostile = "a,b\"c\n=1+1'; DROP TABLE record;--&x=ü👩‍👧 %2e";

    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-routes-").FullName;
    private readonly List<UsageRecord> _records = [];
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string path = Path.Combine(_folder, "usage.db");
        DateTimeOffset at = DateTimeOffset.UtcNow.AddMinutes(-30);
        for (int i = 0; i < 60; i++)
        {
            _records.Add(Records.Full(at.AddSeconds(i)) with
            {
                Principal = i % 3 == 0 ? "alice" : "bob",
                Endpoint = i % 20 == 0 ? Hostile : $"e{i % 4}",
                Tags = new Dictionary<string, string> { ["team"] = i % 20 == 0 ? Hostile : "red" },
                StatusCode = i % 10 == 0 ? 429 : 200,
            });
        }

        using (var sink = new SqliteUsageSink(path))
        {
            await sink.PrepareAsync(Stop);
            await sink.WriteAsync([.. _records.Select(UsageRow.OfCompleted)], Stop);
        }

        (string Id, string Role)[] people = [("root", "admin"), ("auditor", "reader"), ("alice", "none"), ("carol", "none")];
        string callers = string.Join(',', people.Select(c => $$"""{ "id": "{{c.Id}}", "role": "{{c.Role}}", "keySha256": "{{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("key-" + c.Id)))}}" }"""));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddGateway(Settings.Read($$"""{ "discover": false, "providers": { "demo": {} }, "usage": { "path": {{JsonSerializer.Serialize(path)}} }, "callers": [{{callers}}] }"""));
        _app = builder.Build();
        _app.MapGateway();
        await _app.StartAsync(Stop);
        _client = new HttpClient { BaseAddress = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("/reports/usage")]
    [InlineData("/reports/requests")]
    [InlineData("/reports/requests/x")]
    [InlineData("/reports/dimensions")]
    [InlineData("/ai-gateway/reports/usage")]
    public async Task Nobody_unknown_sees_anything(string path)
    {
        foreach (string? key in (string?[])[null, "key-nobody", "key-root2"])
        {
            using HttpResponseMessage response = await GetAsync(path, key);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("root", 60)]
    [InlineData("auditor", 60)]
    [InlineData("alice", 20)]
    [InlineData("carol", 0)]
    public async Task A_caller_sees_its_own_usage_and_a_reader_all(string caller, int requests)
    {
        JsonElement usage = await JsonAsync("/reports/usage?group_by=principal", caller);
        Assert.Equal(requests, usage.GetProperty("total").GetProperty("requests").GetInt64());
        Assert.All(usage.GetProperty("rows").EnumerateArray(), r => Assert.True(requests == 60 || r.GetProperty("principal").GetString() == caller));

        JsonElement single = await JsonAsync("/reports/requests?limit=1000", caller);
        Assert.Equal(requests, single.GetProperty("requests").GetArrayLength());

        JsonElement dimensions = await JsonAsync("/reports/dimensions", caller);
        Assert.Equal(requests == 60, dimensions.GetRawText().Contains("bob", StringComparison.Ordinal));

        // Not by asking for another either.
        JsonElement others = await JsonAsync("/reports/usage?principal=bob&group_by=principal", caller);
        Assert.Equal(requests == 60 ? 40 : requests, others.GetProperty("total").GetProperty("requests").GetInt64());
        foreach (UsageRecord record in _records.Take(3))
        {
            using HttpResponseMessage response = await GetAsync($"/reports/requests/{record.RequestId}", "key-" + caller);
            Assert.Equal(requests == 60 || record.Principal == caller ? HttpStatusCode.OK : HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("usage?from=yesterday", "from")]
    [InlineData("usage?from=0001-01-01", "from")]
    [InlineData("usage?to=9999-12-31", "to")]
    [InlineData("usage?from=2026-11-02&to=2026-11-01", "from")]
    [InlineData("usage?interval=week", "interval")]
    [InlineData("usage?group_by=principal,colour", "group_by")]
    [InlineData("usage?limit=0", "limit")]
    [InlineData("usage?limit=10001", "limit")]
    [InlineData("usage?limit=ten", "limit")]
    [InlineData("usage?page_token=-1", "page_token")]
    [InlineData("usage?page_token=2.0.0.x", "page_token")]
    [InlineData("usage?from=01/02/2026", "from")]
    [InlineData("usage?to=06:00", "to")]
    [InlineData("usage?from=2026-11-01&from=2026-11-02", "from")]
    [InlineData("usage?format=xml", "format")]
    [InlineData("usage?endpiont=e1", "endpiont")]
    [InlineData("requests?from=1969-01-01", "from")]
    [InlineData("requests?limit=1001", "limit")]
    [InlineData("requests?page_token=99", "page_token")]
    [InlineData("requests?page_token=zzzzzzzzzzzzzzzzzzzzzzzzzz.0", "page_token")]
    [InlineData("requests?format=xml", "format")]
    [InlineData("requests?x=%0a%22", "x")]
    [InlineData("dimensions?interval=never", "interval")]
    public async Task A_bad_parameter_is_named(string query, string parameter)
    {
        using HttpResponseMessage response = await GetAsync("/reports/" + query, "key-root");
        JsonElement error = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((parameter, "invalid_parameter"), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
        Assert.Contains($"'{parameter}'", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_bad_parameter_is_told_at_once()
    {
        using HttpResponseMessage response = await GetAsync("/reports/usage?limit=0&interval=week&nope=1", "key-root");
        string body = await response.Content.ReadAsStringAsync(Stop);
        Assert.All((string[])["'limit'", "'interval'", "'nope'"], name => Assert.Contains(name, body, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("usage", "json", "application/json")]
    [InlineData("usage", "csv", "text/csv")]
    [InlineData("requests", "json", "application/json")]
    [InlineData("requests", "csv", "text/csv")]
    public async Task A_report_comes_in_the_format_that_is_asked_for(string report, string format, string mediaType)
    {
        foreach (HttpRequestMessage request in (HttpRequestMessage[])[Request($"/reports/{report}?format={format}", "key-root"), Request($"/reports/{report}", "key-root", mediaType)])
        {
            using HttpResponseMessage response = await _client.SendAsync(request, Stop);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(mediaType, response.Content.Headers.ContentType!.MediaType);
            Assert.Equal(format == "csv" ? $"attachment; filename={report}.csv" : null, response.Content.Headers.ContentDisposition?.ToString());
            Assert.True(response.Headers.CacheControl!.NoStore);
            Assert.Equal(26, response.Headers.GetValues("x-request-id").Single().Length);
        }
    }

    [Fact]
    public async Task Pages_follow_each_other_and_hold_each_row_once()
    {
        foreach (string format in (string[])["json", "csv"])
        {
            List<string> seen = [];
            string? token = null;
            int pages = 0;
            do
            {
                using HttpResponseMessage response = await GetAsync($"/reports/requests?limit=13&format={format}{(token is null ? "" : "&page_token=" + token)}", "key-root");
                (IReadOnlyList<string> ids, token) = Read(format, await response.Content.ReadAsStringAsync(Stop), response);
                seen.AddRange(ids);
                pages++;
            }
            while (token is not null);
            Assert.Equal(5, pages);
            Assert.Equal(_records.Select(r => r.RequestId).OrderDescending(StringComparer.Ordinal), seen);
        }
    }

    [Fact]
    public async Task Pages_of_a_usage_report_add_up_to_its_total()
    {
        JsonElement whole = await JsonAsync("/reports/usage?group_by=endpoint,principal,status", "root");
        Assert.False(whole.TryGetProperty("next_page_token", out _));
        int rows = whole.GetProperty("row_count").GetInt32();
        long requests = 0;
        List<string> seen = [];
        for (string? token = ""; token is not null;)
        {
            JsonElement page = await JsonAsync($"/reports/usage?group_by=endpoint,principal,status&limit=2&page_token={token}", "root");
            Assert.InRange(page.GetProperty("rows").GetArrayLength(), 1, 2);
            requests += page.GetProperty("rows").EnumerateArray().Sum(r => r.GetProperty("requests").GetInt64());
            seen.AddRange(page.GetProperty("rows").EnumerateArray().Select(r => r.GetRawText()));
            using HttpResponseMessage csv = await GetAsync($"/reports/usage?group_by=endpoint,principal,status&limit=2&page_token={token}&format=csv", "key-root");
            token = page.TryGetProperty("next_page_token", out JsonElement next) ? next.GetString() : null;
            string? inCsv = csv.Headers.TryGetValues("x-next-page-token", out var values) ? values.Single() : null;
            Assert.Equal((token?.Split('.')[0], token?.Split('.')[3]), (inCsv?.Split('.')[0], inCsv?.Split('.')[3]));
            Assert.Equal(rows.ToString(System.Globalization.CultureInfo.InvariantCulture), csv.Headers.GetValues("x-row-count").Single());
            Assert.Equal("usage.part.csv", csv.Content.Headers.ContentDisposition!.FileName);
        }

        Assert.Equal((rows, 60), (seen.Distinct().Count(), requests));
    }

    [Theory]
    [InlineData("/reports/usage?group_by=endpoint,principal,status&limit=3", "json", 60)]
    [InlineData("/reports/usage?group_by=endpoint,principal,status&limit=3", "csv", 60)]
    [InlineData("/ai-gateway/reports/requests?limit=7&endpoint=e1&tag=team%3Dred", "json", 0)]
    [InlineData("/reports/requests?limit=7", "csv", 0)]
    public async Task A_script_that_follows_the_links_gets_everything_once(string first, string format, int requests)
    {
        List<string> rows = [];
        HashSet<(string, string)> spans = [];
        for (string? next = $"{first}&format={format}"; next is not null;)
        {
            using HttpResponseMessage response = await GetAsync(next, "key-root");
            string body = await response.Content.ReadAsStringAsync(Stop);
            Assert.True(response.IsSuccessStatusCode, body);
            if (format == "csv")
            {
                rows.AddRange(body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1));
            }
            else
            {
                JsonElement page = JsonDocument.Parse(body).RootElement;
                rows.AddRange((page.TryGetProperty("rows", out JsonElement its) ? its : page.GetProperty("requests")).EnumerateArray().Select(r => r.GetRawText()));
                if (requests > 0)
                {
                    spans.Add((page.GetProperty("from").GetRawText(), page.GetProperty("to").GetRawText()));
                    Assert.Equal(requests, page.GetProperty("total").GetProperty("requests").GetInt32());
                }
            }

            next = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
            Assert.True(next is null || links!.Single().EndsWith("; rel=\"next\"", StringComparison.Ordinal));
        }

        using HttpResponseMessage whole = await GetAsync($"{first.Replace("limit=3", "limit=1000").Replace("limit=7", "limit=1000")}&format={format}", "key-root");
        string all = await whole.Content.ReadAsStringAsync(Stop);
        Assert.False(whole.Headers.Contains("Link"));
        Assert.Equal(rows.Count, rows.Distinct().Count());
        Assert.All(rows, row => Assert.Contains(row, all, StringComparison.Ordinal));
        Assert.InRange(spans.Count, 0, 1);
        Assert.True(rows.Count > 7);
    }

    [Fact]
    public async Task A_file_of_a_report_has_all_its_rows_and_a_page_of_another_report_is_refused()
    {
        using HttpResponseMessage file = await GetAsync("/reports/usage?group_by=endpoint,principal,status&format=csv", "key-root");
        Assert.Equal("usage.csv", file.Content.Headers.ContentDisposition!.FileName);
        Assert.False(file.Headers.Contains("x-next-page-token"));

        string token = (await JsonAsync("/reports/usage?group_by=endpoint,principal,status&limit=2", "root")).GetProperty("next_page_token").GetString()!;
        using HttpResponseMessage other = await GetAsync($"/reports/usage?group_by=endpoint&limit=2&page_token={token}", "key-root");
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Contains("report_changed", await other.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        using HttpResponseMessage moved = await GetAsync($"/reports/usage?group_by=endpoint,principal,status&limit=2&from=2026-11-01&page_token={token}", "key-root");
        Assert.Equal(HttpStatusCode.BadRequest, moved.StatusCode);
    }

    [Theory]
    [InlineData("2026-11-24T06:00:00+02:00", "2026-11-24T04:00:00Z")]
    [InlineData("2026-11-24T06:00:00%2B02:00", "2026-11-24T04:00:00Z")]
    [InlineData("2026-11-24T06:00Z", "2026-11-24T06:00:00Z")]
    [InlineData("2026-11-24T06:00:00.5", "2026-11-24T06:00:00.5Z")]
    [InlineData("2026-11", "2026-11-01T00:00:00Z")]
    public async Task Times_are_in_UTC_unless_they_say_otherwise(string given, string meant)
    {
        JsonElement usage = await JsonAsync($"/reports/usage?from={given}&to=2199-01-01", "root");
        Assert.Equal(DateTimeOffset.Parse(meant, System.Globalization.CultureInfo.InvariantCulture), usage.GetProperty("from").GetDateTimeOffset());
    }

    [Fact]
    public async Task Hostile_names_are_filtered_by_and_given_back_as_they_are()
    {
        string hostile = Uri.EscapeDataString(Hostile);
        JsonElement usage = await JsonAsync($"/reports/usage?group_by=endpoint,tag&endpoint={hostile}", "root");
        Assert.Equal((3, 3), (usage.GetProperty("total").GetProperty("requests").GetInt64(), usage.GetProperty("rows")[0].GetProperty("requests").GetInt64()));
        Assert.Equal((Hostile, "team=" + Hostile), (usage.GetProperty("rows")[0].GetProperty("endpoint").GetString(), usage.GetProperty("rows")[0].GetProperty("tag").GetString()));

        JsonElement requests = await JsonAsync($"/reports/requests?tag={Uri.EscapeDataString("team=" + Hostile)}&endpoint=e1&endpoint={hostile}", "root");
        Assert.Equal(3, requests.GetProperty("requests").GetArrayLength());
        Assert.Equal(Hostile, requests.GetProperty("requests")[0].GetProperty("endpoint_name").GetString());

        using HttpResponseMessage csv = await GetAsync($"/reports/usage?group_by=endpoint&endpoint={hostile}&format=csv", "key-root");
        Assert.Contains("\"" + Hostile.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"", await csv.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Equal(0, (await JsonAsync($"/reports/usage?endpoint={Uri.EscapeDataString("' OR 1=1 --")}", "root")).GetProperty("total").GetProperty("requests").GetInt64());
    }

    [Theory]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("no-such-request")]
    [InlineData("01m866x69hevrvvtmthnaz5svp")]
    public async Task A_request_that_is_not_there_is_a_404(string id)
    {
        using HttpResponseMessage response = await GetAsync($"/reports/requests/{id}", "key-root");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task A_span_of_centuries_costs_no_more_than_what_is_in_it()
    {
        JsonElement usage = await JsonAsync("/reports/usage?from=2000-01-01&to=2200-01-01&interval=hour", "root");
        Assert.Equal(60, usage.GetProperty("total").GetProperty("requests").GetInt64());
        Assert.InRange(usage.GetProperty("rows").GetArrayLength(), 1, 2);
    }

    private static (IReadOnlyList<string> Ids, string? Next) Read(string format, string body, HttpResponseMessage response)
    {
        if (format == "json")
        {
            JsonElement page = JsonDocument.Parse(body).RootElement;
            return ([.. page.GetProperty("requests").EnumerateArray().Select(r => r.GetProperty("request_id").GetString()!)], page.TryGetProperty("next_page_token", out JsonElement next) ? next.GetString() : null);
        }

        // A record's line begins with its id; a hostile name may hold line breaks of its own.
        return ([.. body.Split('\n').Skip(1).Select(l => l.Split(',')[0]).Where(UsageKey.IsValid)], response.Headers.TryGetValues("x-next-page-token", out var token) ? token.Single() : null);
    }

    private async Task<JsonElement> JsonAsync(string path, string caller)
    {
        using HttpResponseMessage response = await GetAsync(path, "key-" + caller);
        string body = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement;
    }

    private Task<HttpResponseMessage> GetAsync(string path, string? key) => _client.SendAsync(Request(path, key), Stop);

    private static HttpRequestMessage Request(string path, string? key, string? accept = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        return request;
    }
}
