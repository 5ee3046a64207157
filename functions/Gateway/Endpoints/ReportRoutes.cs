using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Access;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Pipeline;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Export;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Endpoints;

/// <summary>Governance reports over the usage records, as JSON and CSV. A caller who is no reader sees only its own requests.</summary>
internal sealed partial class ReportRoutes(IAccessControl access, TimeProvider time, UsageReport? report, IUsageReader? reader, RequestsInFlight? writer, ILogger<ReportRoutes> log)
{
    private const string PageToken = "page_token";

    public static void Map(IEndpointRouteBuilder endpoints, string root)
    {
        IServiceProvider services = endpoints.ServiceProvider;
        var routes = new ReportRoutes(
            services.GetRequiredService<IAccessControl>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetService<UsageReport>(),
            services.GetService<IUsageReader>(),
            services.GetService<RequestsInFlight>(),
            services.GetRequiredService<ILogger<ReportRoutes>>());
        var family = new RouteFamily(endpoints, OperatorAnswer.Envelope);
        DashboardRoutes.Map(family, root);
        family.Get($"{root}/reports/usage", http => routes.RunAsync(http, routes.UsageAsync));
        family.Get($"{root}/reports/dimensions", http => routes.RunAsync(http, routes.DimensionsAsync));
        family.Get($"{root}/reports/requests", http => routes.RunAsync(http, routes.RequestsAsync));
        family.Get($"{root}/reports/requests/{{id}}", http => routes.RunAsync(http, routes.RequestAsync));
    }

    private Task RunAsync(HttpContext http, Func<HttpContext, Principal, PooledBuffer, Task<string>> write) => OperatorAnswer.WriteAsync(http, access, time, async (principal, body) =>
    {
        if (reader is null)
        {
            throw new GatewayException(new GatewayError(ErrorKind.NotFound, StatusCodes.Status404NotFound, "This gateway keeps no usage records: its setting 'usage.store' is 'log'.") { Code = "no_usage_store" });
        }

        if (writer is not null)
        {
            await writer.SettleAsync(http.RequestAborted);
        }

        try
        {
            return await write(http, principal, body);
        }
        catch (Exception e) when (IsOfStore(e))
        {
            Log.StoreAway(log, e);
            throw new GatewayException(new GatewayError(ErrorKind.Overloaded, StatusCodes.Status503ServiceUnavailable, "The store of usage records does not answer. Try again in a little while.") { Code = "usage_store_unavailable", RetryAfter = TimeSpan.FromSeconds(10) });
        }
    });

    /// <summary>True for what a store throws when it is away, throttles, or cannot be read.</summary>
    private static bool IsOfStore(Exception e) => e is RequestFailedException or AuthenticationFailedException or DbException or IOException or HttpRequestException || (e is AggregateException { InnerException: { } inner } && IsOfStore(inner));

    private async Task<string> UsageAsync(HttpContext http, Principal principal, PooledBuffer body)
    {
        List<string> faults = [];
        ReportQuery? query = ReportQuery.Parse(http.Request.Query, time.GetUtcNow(), faults);
        bool csv = WantsCsv(http, faults);
        ThrowIfAny(faults);
        if (!principal.ReadsAll)
        {
            query = query! with { Filters = OnlyOwn(query.Filters, principal) };
        }

        // A file is the whole report, unless a part of it is asked for.
        if (csv && !http.Request.Query.ContainsKey("limit"))
        {
            query = query! with { Limit = int.MaxValue };
        }

        UsageReportResult result = await report!.RunAsync(query!, http.RequestAborted);
        if (query!.Order is { } order && order != ReportPage.OrderOf(result))
        {
            throw new GatewayException(new GatewayError(ErrorKind.Conflict, StatusCodes.Status409Conflict, "The report has other rows than when its first page was given. Begin anew, without 'page_token'; one whose 'to' is some minutes ago stays as it is.")
            {
                Param = "page_token",
                Code = "report_changed",
            });
        }

        LeadOn(http, ReportFormat.NextPage(result));
        if (!csv)
        {
            ReportFormat.WriteJson(result, body);
            return "application/json";
        }

        http.Response.Headers["x-row-count"] = result.Rows.Count.ToString(CultureInfo.InvariantCulture);
        if (result.FoldedTags.Count > 0)
        {
            http.Response.Headers["x-folded-tags"] = string.Join(", ", result.FoldedTags.Select(Uri.EscapeDataString));
        }

        ReportFormat.WriteCsv(result, body);
        return Attachment(http, "usage", ReportFormat.NextPage(result));
    }

    private async Task<string> DimensionsAsync(HttpContext http, Principal principal, PooledBuffer body)
    {
        List<string> faults = [];
        ReportQuery? query = ReportQuery.Parse(http.Request.Query, time.GetUtcNow(), faults);
        ThrowIfAny(faults);
        if (!principal.ReadsAll)
        {
            query = query! with { Filters = OnlyOwn(query.Filters, principal) };
        }

        ReportFormat.WriteValues(await report!.ValuesAsync(query!, http.RequestAborted), principal, query!.Limit, body);
        return "application/json";
    }

    private async Task<string> RequestsAsync(HttpContext http, Principal principal, PooledBuffer body)
    {
        List<string> faults = [];
        RequestQuery? query = RequestQuery.Parse(http.Request.Query, time.GetUtcNow(), faults);
        bool csv = WantsCsv(http, faults);
        ThrowIfAny(faults);
        if (!principal.ReadsAll)
        {
            query = query! with { Filters = OnlyOwn(query.Filters, principal) };
        }

        (IReadOnlyList<UsageRecord> records, string? last) = await query!.RunAsync(reader!, http.RequestAborted);
        string? next = query.TokenAfter(last);
        LeadOn(http, next);
        if (csv)
        {
            CsvRecordWriter.WriteHeader(body);
            foreach (UsageRecord record in records)
            {
                CsvRecordWriter.Write(record, body);
            }

            return Attachment(http, "requests", next);
        }

        using var json = new Utf8JsonWriter(body, Json.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("requests");
        foreach (UsageRecord record in records)
        {
            UsageRowJson.Write(record, json);
        }

        json.WriteEndArray();
        if (next is not null)
        {
            json.WriteString("next_page_token", next);
        }

        json.WriteEndObject();
        return "application/json";
    }

    private async Task<string> RequestAsync(HttpContext http, Principal principal, PooledBuffer body)
    {
        string id = (string)http.Request.RouteValues["id"]!;
        UsageRecord? record = await reader!.FindAsync(id, http.RequestAborted);
        if (record is null || (!principal.ReadsAll && record.Principal != principal.Id))
        {
            throw new GatewayException(new GatewayError(ErrorKind.NotFound, StatusCodes.Status404NotFound, $"There is no request '{(UsageKey.IsValid(id) ? id : "of that id")}'.") { Code = "request_not_found" });
        }

        UsageRowJson.Write(record, body);
        return "application/json";
    }

    private static bool WantsCsv(HttpContext http, List<string> faults)
    {
        string format = http.Request.Query["format"].ToString();
        if (format is not ("" or "json" or "csv"))
        {
            faults.Add($"'format' must be json or csv, not '{format}'.");
        }

        return format == "csv" || (format == "" && http.Request.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.Ordinal));
    }

    /// <summary>A link to the next page, as scripts follow it in any format (RFC 8288).</summary>
    private static void LeadOn(HttpContext http, string? nextPage)
    {
        if (nextPage is not null)
        {
            var query = QueryString.Create(http.Request.Query.Where(q => q.Key != PageToken).SelectMany(q => q.Value, (q, value) => KeyValuePair.Create(q.Key, value))).Add(PageToken, nextPage);
            http.Response.Headers.Link = $"<{http.Request.PathBase}{http.Request.Path}{query}>; rel=\"next\"";
        }
    }

    /// <summary>CSV has no place for the token of the next page; it stands in a header, and the file's name says that it is a part.</summary>
    private static string Attachment(HttpContext http, string name, string? nextPage)
    {
        if (nextPage is not null)
        {
            http.Response.Headers["x-next-page-token"] = nextPage;
        }

        http.Response.Headers.ContentDisposition = $"attachment; filename={name}{(nextPage is null && !http.Request.Query.ContainsKey(PageToken) ? "" : ".part")}.csv";
        return "text/csv; charset=utf-8";
    }

    private static Dictionary<string, IReadOnlySet<string>> OnlyOwn(IReadOnlyDictionary<string, IReadOnlySet<string>> filters, Principal principal) =>
        new(filters) { ["principal"] = new HashSet<string> { principal.Id } };

    private static void ThrowIfAny(List<string> faults)
    {
        if (faults.Count > 0)
        {
            string param = faults[0].Split('\'')[1];
            throw new GatewayException(GatewayError.Invalid(string.Join(" ", faults), param, "invalid_parameter"));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A report could not be read from the store of usage records.")]
        public static partial void StoreAway(ILogger logger, Exception exception);
    }
}
