using System.Text.Json;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>Writes top-level fields, but for those that the provider does not take, which it reports.</summary>
internal readonly struct RequestFieldWriter(Utf8JsonWriter writer, DialectQuirks quirks, TranslationReport report)
{
    public bool Begin(string name, bool known = true)
    {
        if (!known || quirks.RefusedFields.Contains(name))
        {
            report.Drop(name, "this provider does not take it");
            return false;
        }

        writer.WritePropertyName(name);
        return true;
    }

    public void Number(string name, double? value)
    {
        if (value is { } number && Begin(name))
        {
            writer.WriteNumberValue(number);
        }
    }

    public void Integer(string name, long? value, bool known = true)
    {
        if (value is { } number && Begin(name, known))
        {
            writer.WriteNumberValue(number);
        }
    }

    public void Boolean(string name, bool? value, bool known = true)
    {
        if (value is { } flag && Begin(name, known))
        {
            writer.WriteBooleanValue(flag);
        }
    }

    public void Text(string name, string? value, bool known = true)
    {
        if (value is not null && Begin(name, known))
        {
            writer.WriteStringValue(value);
        }
    }

    public void Texts(string name, IReadOnlyList<string> values)
    {
        if (values.Count > 0 && Begin(name))
        {
            writer.WriteStartArray();
            foreach (string value in values)
            {
                writer.WriteStringValue(value);
            }

            writer.WriteEndArray();
        }
    }

    public void Map(string name, IReadOnlyDictionary<string, string> values)
    {
        if (Begin(name))
        {
            writer.WriteStartObject();
            foreach ((string key, string value) in values)
            {
                writer.WriteString(key, value);
            }

            writer.WriteEndObject();
        }
    }
}
