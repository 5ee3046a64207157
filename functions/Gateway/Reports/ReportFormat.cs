using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Gateway.Access;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Reports;

/// <summary>Usage reports as JSON and CSV, the same columns in both.</summary>
internal static class ReportFormat
{
    /// <summary>The models whose requests the cost leaves out.</summary>
    private const string UnpricedModels = "unpriced_models";

    private static readonly double[] Shares = [0.5, 0.9, 0.99];

    /// <summary>A page of the report, and where the next one begins.</summary>
    public static void WriteJson(UsageReportResult report, IBufferWriter<byte> output)
    {
        ReportQuery query = report.Query;
        UsageReportRow[] page = Page(report);
        using var json = new Utf8JsonWriter(output, Json.WriterOptions);
        json.WriteStartObject();
        json.WriteString("from", query.From.UtcDateTime);
        json.WriteString("to", query.To.UtcDateTime);
        json.WriteString("interval", query.Interval?.ToString().ToLowerInvariant() ?? "none");
        json.WriteStartArray("group_by");
        foreach (string name in query.GroupBy)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (UsageReportRow row in page)
        {
            json.WriteStartObject();
            foreach ((string name, object? value) in Cells(query, row))
            {
                WriteValue(json, name, value);
            }

            WriteNames(json, row.Unpriced);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("total");
        foreach ((string name, object? value) in Cells(report.Total))
        {
            WriteValue(json, name, value);
        }

        WriteNames(json, report.Unpriced);
        json.WriteEndObject();
        if (report.FoldedTags.Count > 0)
        {
            json.WriteStartArray("folded_tags");
            foreach (string name in report.FoldedTags)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
        }

        json.WriteNumber("row_count", report.Rows.Count);
        if (NextPage(report) is { } next)
        {
            json.WriteString("next_page_token", next);
        }

        json.WriteEndObject();
    }

    /// <summary>What each dimension can be filtered by, and whose usage the reader sees.</summary>
    public static void WriteValues(IReadOnlyList<(string Dimension, IReadOnlyList<(string Value, long Requests)> Values)> dimensions, Principal principal, int limit, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Json.WriterOptions);
        json.WriteStartObject();
        json.WriteString("principal", principal.Id);
        json.WriteString("scope", principal.ReadsAll ? "all" : "own");
        json.WriteStartObject("dimensions");
        foreach ((string dimension, IReadOnlyList<(string Value, long Requests)> values) in dimensions)
        {
            json.WriteStartObject(dimension);
            json.WriteNumber("count", values.Count);
            json.WriteStartArray("values");
            foreach ((string value, long requests) in values.Take(limit))
            {
                json.WriteStartObject();
                json.WriteString("value", value);
                json.WriteNumber("requests", requests);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A page of the report as CSV (RFC 4180).</summary>
    public static void WriteCsv(UsageReportResult report, IBufferWriter<byte> output)
    {
        ReportQuery query = report.Query;
        string[] header = [.. query.Interval is null ? [] : (string[])["start"], .. query.GroupBy, .. Cells(report.Total).Select(c => c.Name), UnpricedModels];
        Csv.WriteLine(output, header);
        foreach (UsageReportRow row in Page(report))
        {
            Csv.WriteLine(output, Cells(query, row).Select(c => Csv.Text(c.Value)).Append(Csv.Text(string.Join("; ", row.Unpriced))));
        }
    }

    /// <summary>The token of the next page; null after the last.</summary>
    public static string? NextPage(UsageReportResult report)
    {
        long next = (long)report.Query.Offset + report.Query.Limit;
        return next < report.Rows.Count ? new ReportPage((int)next, report.Query.From, report.Query.To, ReportPage.OrderOf(report)).ToString() : null;
    }

    private static UsageReportRow[] Page(UsageReportResult report) => [.. report.Rows.Skip(report.Query.Offset).Take(report.Query.Limit)];

    private static IEnumerable<(string Name, object? Value)> Cells(ReportQuery query, UsageReportRow row)
    {
        if (row.Start is { } start)
        {
            yield return ("start", start);
        }

        for (int i = 0; i < row.Values.Count; i++)
        {
            yield return (query.GroupBy[i], row.Values[i]);
        }

        foreach ((string, object?) cell in Cells(row.Measures))
        {
            yield return cell;
        }
    }

    private static IEnumerable<(string Name, object? Value)> Cells(UsageMeasures measures)
    {
        for (int i = 0; i < UsageMeasures.Names.Count; i++)
        {
            string name = UsageMeasures.Names[i];
            if (name == "cost_nano_usd")
            {
                // Null and not zero when not one of the requests had a price.
                bool unpriced = measures[i] == 0 && measures["unpriced"] > 0;
                yield return ("cost_usd", unpriced ? null : measures[i] / 1_000_000_000m);
            }
            else
            {
                yield return (name, measures[i]);
            }
        }

        long input = measures["input_tokens"];
        yield return ("cache_hit_ratio", input == 0 ? null : Math.Round((double)measures["cache_read_tokens"] / input, 4));
        foreach ((string name, Histogram histogram) in ((string, Histogram)[])[("latency", measures.Latency), ("first_token", measures.TimeToFirstToken)])
        {
            foreach (double share in Shares)
            {
                yield return ($"{name}_p{(int)(share * 100)}_ms", histogram.Percentile(share) is { } value ? Math.Round(value, 1) : null);
            }
        }
    }

    private static void WriteNames(Utf8JsonWriter json, IReadOnlyList<string> names)
    {
        json.WriteStartArray(UnpricedModels);
        foreach (string name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNull(name);
                break;
            case long number:
                json.WriteNumber(name, number);
                break;
            case double number:
                json.WriteNumber(name, number);
                break;
            case decimal number:
                json.WriteNumber(name, number);
                break;
            case DateTimeOffset time:
                json.WriteString(name, time.UtcDateTime);
                break;
            default:
                json.WriteString(name, (string)value);
                break;
        }
    }
}

/// <summary>Comma-separated values as RFC 4180 has them. A text that a spreadsheet would run as a formula is quoted with an apostrophe.</summary>
internal static class Csv
{
    public static void WriteLine(IBufferWriter<byte> output, IEnumerable<string> cells)
    {
        bool first = true;
        foreach (string cell in cells)
        {
            if (!first)
            {
                output.Write(","u8);
            }

            first = false;
            bool quoted = cell.AsSpan().IndexOfAny("\",\r\n") >= 0;
            Encoding.UTF8.GetBytes(quoted ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell, output);
        }

        output.Write("\r\n"u8);
    }

    public static string Text(object? value) => value switch
    {
        null => "",
        string text => text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' ? "'" + text : text,
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
