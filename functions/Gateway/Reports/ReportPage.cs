using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Serverless.Gateway.Reports;

/// <summary>
/// Which page of a report comes next: with the span of the first one, which else would move on with the clock, and with what tells whether the
/// report still has the same rows in the same order.
/// </summary>
/// <param name="Offset">Rows to pass over.</param>
/// <param name="From">First moment.</param>
/// <param name="To">The moment after the last.</param>
/// <param name="Order">As <see cref="OrderOf"/> gave it for the page before.</param>
internal sealed record ReportPage(int Offset, DateTimeOffset From, DateTimeOffset To, string Order)
{
    private const string Name = "page_token";

    /// <summary>The page that is asked for; null for the first, or when it is no page.</summary>
    public static ReportPage? Parse(IQueryCollection parameters, IList<string> faults)
    {
        if (ReportQuery.One(parameters, Name) is not { Length: > 0 } token)
        {
            return null;
        }

        string[] parts = token.Split('.');
        if (parts.Length != 4 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int offset) || !TryTime(parts[1], out DateTimeOffset from) || !TryTime(parts[2], out DateTimeOffset to) || from >= to)
        {
            faults.Add($"'{Name}' must be what an earlier page gave as next_page_token.");
            return null;
        }

        // A token may stand beside the parameters of the first page, and belongs to them.
        List<string> own = [];
        foreach ((string name, DateTimeOffset its) in ((string, DateTimeOffset)[])[("from", from), ("to", to)])
        {
            if (ReportQuery.Time(parameters, name, its, own) != its)
            {
                faults.Add($"'{Name}' is of a report with another '{name}'.");
            }
        }

        return new ReportPage(offset, from, to, parts[3]);
    }

    /// <summary>The token of the page.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Offset}.{From.UtcTicks:x}.{To.UtcTicks:x}.{Order}");

    /// <summary>The rows of a report and their order in a few letters, the same on every instance.</summary>
    public static string OrderOf(UsageReportResult report)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (UsageReportRow row in report.Rows)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{row.Start?.UtcTicks}\u0001{string.Join('\u0001', row.Values)}\u0002"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static bool TryTime(string ticks, out DateTimeOffset time)
    {
        bool read = long.TryParse(ticks, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long number) && number >= 0 && number <= DateTimeOffset.MaxValue.UtcTicks;
        time = read ? new DateTimeOffset(number, TimeSpan.Zero) : default;
        return read;
    }
}
