using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>A row as one line of JSON, by the names of its columns: in journals, logs, reports and exports.</summary>
internal static class UsageRowJson
{
    private static readonly JsonEncodedText RequestId = JsonEncodedText.Encode("request_id");

    private static readonly UsageColumn[] All = [.. UsageColumns.All];

    private static readonly UsageColumn[] WhenAccepted = [.. All.Where(column => column.KnownWhenAccepted)];

    /// <summary>Writes the row of a finished request straight from its record.</summary>
    public static void Write(UsageRecord record, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Json.WriterOptions);
        Write(record, json);
    }

    /// <summary>As above, as an element of a larger text.</summary>
    public static void Write(UsageRecord record, Utf8JsonWriter json) => Write(record, All, json);

    /// <summary>Writes the row of an accepted request straight from its record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="json">Takes the row.</param>
    /// <param name="longest">Texts of more characters are left out.</param>
    public static void WriteAccepted(UsageRecord record, Utf8JsonWriter json, int longest = int.MaxValue) =>
        Write(record, longest == int.MaxValue ? WhenAccepted : [.. WhenAccepted.Where(column => column.Get(record) is not string text || text.Length <= longest)], json);

    /// <summary>Writes a row. What is unknown is absent, times are ISO 8601 in UTC.</summary>
    public static void Write(UsageRow row, IBufferWriter<byte> output)
    {
        if (row.TryCopyText(output))
        {
            return;
        }

        using var json = new Utf8JsonWriter(output, Json.WriterOptions);
        json.WriteStartObject();
        json.WriteString(RequestId, row.RequestId);
        foreach ((UsageColumn column, object value) in row.Values)
        {
            json.WritePropertyName(column.Name);
            switch (value)
            {
                case string text when column.Type == UsageColumnType.Json:
                    json.WriteRawValue(text, skipInputValidation: true);
                    break;
                case string text:
                    json.WriteStringValue(text);
                    break;
                case long number:
                    json.WriteNumberValue(number);
                    break;
                case double number:
                    json.WriteNumberValue(number);
                    break;
                case bool flag:
                    json.WriteBooleanValue(flag);
                    break;
                case DateTimeOffset time:
                    json.WriteStringValue(time.UtcDateTime);
                    break;
                default:
                    throw new InvalidOperationException($"The column '{column.Name}' cannot hold a {value.GetType()}.");
            }
        }

        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write(UsageRow, IBufferWriter{byte})"/> wrote; null when the text is cut off or no row. Columns that are not known are passed over.</summary>
    public static UsageRow? Read(string line) => Read(Encoding.UTF8.GetBytes(line));

    /// <summary>As above, out of UTF-8.</summary>
    public static UsageRow? Read(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            var values = new Dictionary<UsageColumn, object>();
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (UsageColumns.Find(property.Name) is { } column)
                {
                    values[column] = column.Type switch
                    {
                        UsageColumnType.Integer => property.Value.GetInt64(),
                        UsageColumnType.Real => property.Value.GetDouble(),
                        UsageColumnType.Boolean => property.Value.GetBoolean(),
                        UsageColumnType.Time => property.Value.GetDateTimeOffset(),
                        UsageColumnType.Json => property.Value.GetRawText(),
                        _ => property.Value.GetString()!,
                    };
                }
            }

            string? id = json.RootElement.GetProperty("request_id").GetString();
            return id is not null && UsageKey.IsValid(id) ? new UsageRow(id, values) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private static void Write(UsageRecord record, ReadOnlySpan<UsageColumn> columns, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString(RequestId, record.RequestId);
        foreach (UsageColumn column in columns)
        {
            column.Write(record, json);
        }

        json.WriteEndObject();
    }
}
