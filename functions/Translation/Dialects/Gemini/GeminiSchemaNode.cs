using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>One schema while it is brought into the words that Gemini takes, see <see cref="GeminiSchema"/>.</summary>
/// <param name="path">Where it stands in the client's request, for the report.</param>
internal sealed class GeminiSchemaNode(string path)
{
    public string Path { get; } = path;

    /// <summary>Names of types in lower case, <c>null</c> among them; empty when any type will do.</summary>
    public List<string> Types { get; set; } = [];

    public string? Title { get; set; }

    public string? Description { get; set; }

    /// <summary>What Gemini has no keyword for, to be told in words.</summary>
    public List<string> Notes { get; } = [];

    public string? Format { get; set; }

    public List<JsonElement>? Enum { get; set; }

    public List<KeyValuePair<string, GeminiSchemaNode>>? Properties { get; set; }

    public List<string>? Required { get; set; }

    public List<string>? Ordering { get; set; }

    /// <summary>Whether other properties may be there; <see cref="Additional"/> says more.</summary>
    public bool? IsOpen { get; set; }

    public GeminiSchemaNode? Additional { get; set; }

    public GeminiSchemaNode? Items { get; set; }

    public List<GeminiSchemaNode>? Prefix { get; set; }

    public long? MinItems { get; set; }

    public long? MaxItems { get; set; }

    public decimal? Minimum { get; set; }

    public decimal? Maximum { get; set; }

    /// <summary>The bounds themselves are not allowed. Gemini cannot say that.</summary>
    public bool ExclusiveMinimum { get; set; }

    public bool ExclusiveMaximum { get; set; }

    public List<GeminiSchemaNode>? AnyOf { get; set; }

    public GeminiSchemaNode? Property(string name) => Properties?.Find(p => p.Key == name).Value;

    /// <summary>Demands of this schema what another demands, too (<c>allOf</c>, <c>$ref</c> with siblings). Where both name a thing, this one's words win.</summary>
    /// <returns>False when both offer alternatives: the other's are lost.</returns>
    public bool Merge(GeminiSchemaNode other)
    {
        Types = Types.Count == 0 ? other.Types : Common(Types, other.Types);
        Title ??= other.Title;
        Description ??= other.Description;
        Notes.AddRange(other.Notes);
        Format ??= other.Format;
        Enum = Enum is null ? other.Enum : Common(Enum, other.Enum);
        bool whole = MergeProperties(other);
        IsOpen ??= other.IsOpen;
        Additional ??= other.Additional;
        if (Items is not null && other.Items is not null)
        {
            whole &= Items.Merge(other.Items);
        }

        Items ??= other.Items;
        Prefix ??= other.Prefix;
        MinItems = Larger(MinItems, other.MinItems);
        MaxItems = -Larger(-MaxItems, -other.MaxItems);
        if (Minimum is null || other.Minimum > Minimum)
        {
            (Minimum, ExclusiveMinimum) = (other.Minimum, other.ExclusiveMinimum);
        }

        if (Maximum is null || other.Maximum < Maximum)
        {
            (Maximum, ExclusiveMaximum) = (other.Maximum, other.ExclusiveMaximum);
        }

        whole &= AnyOf is null || other.AnyOf is null;
        AnyOf ??= other.AnyOf;
        return whole;
    }

    /// <summary>Writes the finished schema. The order of its keywords is always the same, that of properties the client's.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (Types.Count == 1)
        {
            writer.WriteString("type"u8, Types[0]);
        }
        else if (Types.Count > 1)
        {
            WriteStrings(writer, "type", Types);
        }

        if (Title is not null)
        {
            writer.WriteString("title"u8, Title);
        }

        if (Description is not null || Notes.Count > 0)
        {
            string notes = Notes.Count == 0 ? "" : $"({string.Join("; ", Notes)})";
            writer.WriteString("description"u8, string.IsNullOrEmpty(Description) ? notes : notes.Length == 0 ? Description : $"{Description} {notes}");
        }

        if (Format is not null)
        {
            writer.WriteString("format"u8, Format);
        }

        if (Enum is not null)
        {
            writer.WriteStartArray("enum"u8);
            foreach (JsonElement value in Enum)
            {
                writer.WriteRaw(value);
            }

            writer.WriteEndArray();
        }

        WriteBounds(writer);
        WriteObject(writer);
        WriteArray(writer);
        WriteSchemas(writer, "anyOf", AnyOf);
        writer.WriteEndObject();
    }

    private void WriteBounds(Utf8JsonWriter writer)
    {
        if (Minimum is { } minimum)
        {
            writer.WriteNumber("minimum"u8, minimum);
        }

        if (Maximum is { } maximum)
        {
            writer.WriteNumber("maximum"u8, maximum);
        }
    }

    private void WriteObject(Utf8JsonWriter writer)
    {
        if (Properties is not null)
        {
            writer.WriteStartObject("properties"u8);
            foreach ((string name, GeminiSchemaNode schema) in Properties)
            {
                writer.WritePropertyName(name);
                schema.Write(writer);
            }

            writer.WriteEndObject();
        }

        WriteStrings(writer, "required", Required);
        WriteStrings(writer, "propertyOrdering", Ordering);
        if (Additional is not null)
        {
            writer.WritePropertyName("additionalProperties"u8);
            Additional.Write(writer);
        }
        else if (IsOpen is { } open)
        {
            writer.WriteBoolean("additionalProperties"u8, open);
        }
    }

    private void WriteArray(Utf8JsonWriter writer)
    {
        WriteSchemas(writer, "prefixItems", Prefix);
        if (Items is not null)
        {
            writer.WritePropertyName("items"u8);
            Items.Write(writer);
        }

        if (MinItems is { } minItems)
        {
            writer.WriteNumber("minItems"u8, minItems);
        }

        if (MaxItems is { } maxItems)
        {
            writer.WriteNumber("maxItems"u8, maxItems);
        }
    }

    private static void WriteSchemas(Utf8JsonWriter writer, string name, List<GeminiSchemaNode>? schemas)
    {
        if (schemas is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (GeminiSchemaNode schema in schemas)
        {
            schema.Write(writer);
        }

        writer.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, List<string>? values)
    {
        if (values is null || values.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private bool MergeProperties(GeminiSchemaNode other)
    {
        bool whole = true;
        foreach ((string name, GeminiSchemaNode schema) in other.Properties ?? [])
        {
            if (Property(name) is { } mine)
            {
                whole &= mine.Merge(schema);
            }
            else
            {
                (Properties ??= []).Add(new(name, schema));
            }
        }

        foreach (string name in other.Required ?? [])
        {
            if (Required is null || !Required.Contains(name))
            {
                (Required ??= []).Add(name);
            }
        }

        Ordering ??= other.Ordering;
        return whole;
    }

    private static List<string> Common(List<string> mine, List<string> others)
    {
        // integer is a kind of number.
        List<string> common = [.. mine.Where(t => others.Contains(t) || (t == "integer" && others.Contains("number")))];
        if (mine.Contains("number") && others.Contains("integer") && !common.Contains("integer"))
        {
            common.Add("integer");
        }

        return common.Count == 0 ? mine : common;
    }

    private static List<JsonElement> Common(List<JsonElement> mine, List<JsonElement>? others)
    {
        List<JsonElement> common = others is null ? [] : [.. mine.Where(m => others.Exists(o => JsonElement.DeepEquals(m, o)))];
        return common.Count == 0 ? mine : common;
    }

    private static long? Larger(long? a, long? b) => a is null || b > a ? b : a;
}
