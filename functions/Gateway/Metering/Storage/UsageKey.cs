using System.Globalization;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Where a record lies, told by its id alone: 10 characters of time, 2 of shard, 14 of chance, in Crockford's base 32. The shard is the
/// instance that wrote it, so that one partition has one writer, and it leads the partition key, so that no partition is hot.
/// </summary>
public static class UsageKey
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>Length of a request id.</summary>
    public const int Length = 26;

    private static readonly string Last = FirstOf(DateTimeOffset.MaxValue);

    /// <summary>True when the text has the form of a request id.</summary>
    public static bool IsValid(string id) => id.Length == Length && id.All(c => Alphabet.Contains(c)) && string.CompareOrdinal(id, 0, Last, 0, Last.Length) <= 0;

    /// <summary>When the request was accepted, to the millisecond.</summary>
    /// <exception cref="FormatException">It is no request id.</exception>
    public static DateTimeOffset TimeOf(string id)
    {
        if (!IsValid(id))
        {
            throw new FormatException($"'{id}' is no request id.");
        }

        long time = 0;
        foreach (char c in id.AsSpan(0, 10))
        {
            time = (time << 5) | (long)Alphabet.IndexOf(c);
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(time);
    }

    /// <summary>The text that no id of an earlier moment, and every id of that moment or a later one, sorts behind. Milliseconds count.</summary>
    public static string FirstOf(DateTimeOffset time) => string.Create(10, time.ToUnixTimeMilliseconds(), static (text, left) =>
    {
        for (int i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(left & 31)];
            left >>= 5;
        }
    });

    /// <summary>The shard of the instance that accepted the request.</summary>
    public static string ShardOf(string id) => id.Substring(10, 2);

    /// <summary>The month of a time as it stands in the names of tables.</summary>
    public static string MonthOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMM", CultureInfo.InvariantCulture);

    /// <summary>The start of a month as <see cref="MonthOf"/> writes it.</summary>
    public static DateTimeOffset TimeOfMonth(string month) => DateTimeOffset.ParseExact(month, "yyyyMM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>The partition of a request, <c>{shard}-{yyyyMMddHH}</c>.</summary>
    public static string PartitionOf(string id) => $"{ShardOf(id)}-{HourOf(TimeOf(id))}";

    /// <summary>The start of an hour as <see cref="HourOf"/> writes it.</summary>
    public static DateTimeOffset TimeOfHour(string hour) => DateTimeOffset.ParseExact(hour, "yyyyMMddHH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>The hour of a time as it stands in keys.</summary>
    public static string HourOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMddHH", CultureInfo.InvariantCulture);
}
