using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// JSON Schemas as this API takes them. A tool's schema may be anything whose root is an object; a schema that is enforced
/// (<c>output_config.format</c>, a <c>strict</c> tool) is held to a subset: closed objects, no bounds on numbers, strings and lists.
/// What the subset cannot say goes into the description, where the model still reads it.
/// Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs (JSON Schema limitations).
/// </summary>
internal static class MessagesSchema
{
    private static readonly string[] RootCombinators = ["allOf", "anyOf", "oneOf"];

    /// <summary>Writes a tool's <c>input_schema</c>.</summary>
    public static void WriteInput(Utf8JsonWriter writer, JsonElement? parameters, string path, bool strict, TranslationReport report)
    {
        if (parameters is not { ValueKind: JsonValueKind.Object } schema)
        {
            WriteEmpty(writer);
        }
        else if (HasCombinator(schema))
        {
            report.Change($"{path}.parameters", "alternatives at the root were merged into one object");
            WriteMerged(writer, schema);
        }
        else if (strict)
        {
            WriteEnforced(writer, schema, $"{path}.parameters", report);
        }
        else if (IsObject(schema))
        {
            writer.WriteRaw(schema);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "object"u8);
            foreach (JsonProperty property in schema.EnumerateObject())
            {
                if (property.Name != "type")
                {
                    property.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }
    }

    /// <summary>Writes the schema of a tool without parameters.</summary>
    public static void WriteEmpty(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        writer.WriteStartObject("properties"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Writes a schema that is to be enforced.</summary>
    /// <param name="title">Its name, for when it has no <c>title</c> itself: the API has no other place for it.</param>
    /// <param name="about">What it is for, for when it has no <c>description</c> itself.</param>
    public static void WriteEnforced(
        Utf8JsonWriter writer, JsonElement schema, string field, TranslationReport report, string? title = null, string? about = null)
    {
        var moved = new SortedSet<string>(StringComparer.Ordinal);
        WriteSubset(writer, schema, moved, title, about);
        if (moved.Count > 0)
        {
            report.Change(field, $"not enforceable, so told in descriptions: {string.Join(", ", moved.Select(name => $"'{name}'"))}");
        }
    }

    /// <summary>Writes a schema as it is, but for its name and what it is for.</summary>
    public static void WriteNamed(Utf8JsonWriter writer, JsonElement schema, string? title, string? about)
    {
        if (schema.ValueKind != JsonValueKind.Object || (title is null && about is null))
        {
            writer.WriteRaw(schema);
            return;
        }

        writer.WriteStartObject();
        WriteTitle(writer, schema, title);
        if (about is not null && !schema.TryGetProperty("description", out _))
        {
            writer.WriteString("description"u8, about);
        }

        foreach (JsonProperty property in schema.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            writer.WriteRaw(property.Value);
        }

        writer.WriteEndObject();
    }

    private static void WriteTitle(Utf8JsonWriter writer, JsonElement schema, string? title)
    {
        if (title is not null && !schema.TryGetProperty("title", out _))
        {
            writer.WriteString("title"u8, title);
        }
    }

    private static void WriteSubset(Utf8JsonWriter writer, JsonElement schema, SortedSet<string> moved, string? title = null, string? about = null)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(writer);
            return;
        }

        List<string>? notes = null;
        string? description = about;
        writer.WriteStartObject();
        WriteTitle(writer, schema, title);
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            if (property.NameEquals("description"))
            {
                description = Json.Text(property.Value) ?? description;
            }
            else if (!WriteKeyword(writer, property, moved))
            {
                string name = property.Name;
                if (name is not ("$schema" or "$id" or "$comment" or "examples" or "propertyOrdering" or "additionalProperties"))
                {
                    (notes ??= []).Add($"{name}: {property.Value.GetRawText()}");
                    moved.Add(name);
                }
            }
        }

        CloseObject(writer, schema, ref notes, moved);
        if (notes is not null)
        {
            string constraints = "{" + string.Join(", ", notes) + "}";
            description = description is null ? constraints : $"{description}\n\n{constraints}";
        }

        if (description is not null)
        {
            writer.WriteString("description"u8, description);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes a keyword that the subset has, and tells whether it has it.</summary>
    private static bool WriteKeyword(Utf8JsonWriter writer, JsonProperty property, SortedSet<string> moved)
    {
        JsonElement value = property.Value;
        switch (property.Name)
        {
            case "properties" or "$defs" or "definitions" when value.ValueKind == JsonValueKind.Object:
                writer.WriteStartObject(property.Name);
                foreach (JsonProperty inner in value.EnumerateObject())
                {
                    writer.WritePropertyName(inner.Name);
                    WriteSubset(writer, inner.Value, moved);
                }

                writer.WriteEndObject();
                return true;
            case "anyOf" or "allOf" or "oneOf" when value.ValueKind == JsonValueKind.Array:
                writer.WriteStartArray(property.Name == "oneOf" ? "anyOf" : property.Name);
                foreach (JsonElement inner in value.EnumerateArray())
                {
                    WriteSubset(writer, inner, moved);
                }

                writer.WriteEndArray();
                return true;
            case "items" when value.ValueKind == JsonValueKind.Object:
                writer.WritePropertyName("items"u8);
                WriteSubset(writer, value, moved);
                return true;
            case "type" or "enum" or "const" or "default" or "required" or "title" or "$ref":
            case "minItems" when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int least) && least is 0 or 1:
            case "format" when IsKnownFormat(Json.Text(value)):
            case "pattern" when Json.Text(value) is { } pattern && !pattern.Contains("(?", StringComparison.Ordinal) && !HasBackReference(pattern):
                property.WriteTo(writer);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Every object must be closed. What was open (a map, say) can then not be said.</summary>
    private static void CloseObject(Utf8JsonWriter writer, JsonElement schema, ref List<string>? notes, SortedSet<string> moved)
    {
        bool hasProperties = schema.TryGetProperty("properties", out _);
        if (!hasProperties && !(schema.TryGetProperty("type", out JsonElement type) && Names(type, "object")))
        {
            return;
        }

        writer.WriteBoolean("additionalProperties"u8, false);
        bool told = schema.TryGetProperty("additionalProperties", out JsonElement additional);
        if (told && additional.ValueKind != JsonValueKind.False)
        {
            (notes ??= []).Add($"additionalProperties: {additional.GetRawText()}");
        }

        if (told ? additional.ValueKind != JsonValueKind.False : !hasProperties)
        {
            moved.Add("additionalProperties");
        }
    }

    private static bool IsKnownFormat(string? format) =>
        format is "date-time" or "time" or "date" or "duration" or "email" or "hostname" or "uri" or "ipv4" or "ipv6" or "uuid";

    private static bool HasBackReference(string pattern)
    {
        for (int i = 0; i + 1 < pattern.Length; i++)
        {
            if (pattern[i] == '\\' && char.IsAsciiDigit(pattern[++i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The API refuses <c>allOf</c>, <c>anyOf</c> and <c>oneOf</c> at the root. The branches' properties become one object's; required is
    /// what all branches require (of <c>allOf</c>: what any does).
    /// </summary>
    private static void WriteMerged(Utf8JsonWriter writer, JsonElement schema)
    {
        var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        HashSet<string> required = [];
        Collect(schema, schema, properties, required, depth: 0);

        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            if (property.Name is not ("type" or "properties" or "required" or "additionalProperties") && !RootCombinators.Contains(property.Name))
            {
                property.WriteTo(writer);
            }
        }

        writer.WriteStartObject("properties"u8);
        foreach ((string name, JsonElement value) in properties)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }

        writer.WriteEndObject();
        if (required.Count > 0)
        {
            writer.WriteStartArray("required"u8);
            foreach (string name in properties.Keys.Where(required.Contains))
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void Collect(JsonElement root, JsonElement schema, Dictionary<string, JsonElement> properties, HashSet<string> required, int depth)
    {
        schema = Resolve(root, schema);
        if (schema.ValueKind != JsonValueKind.Object || depth > 8)
        {
            return;
        }

        if (schema.TryGetProperty("properties", out JsonElement own) && own.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in own.EnumerateObject())
            {
                properties.TryAdd(property.Name, property.Value);
            }
        }

        if (schema.TryGetProperty("required", out JsonElement names) && names.ValueKind == JsonValueKind.Array)
        {
            required.UnionWith(names.EnumerateArray().Where(n => n.ValueKind == JsonValueKind.String).Select(n => n.GetString()!));
        }

        foreach (string combinator in RootCombinators)
        {
            if (!schema.TryGetProperty(combinator, out JsonElement branches) || branches.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            HashSet<string>? common = null;
            foreach (JsonElement branch in branches.EnumerateArray())
            {
                HashSet<string> ofBranch = [];
                Collect(root, branch, properties, ofBranch, depth + 1);
                if (common is null)
                {
                    common = ofBranch;
                }
                else if (combinator == "allOf")
                {
                    common.UnionWith(ofBranch);
                }
                else
                {
                    common.IntersectWith(ofBranch);
                }
            }

            required.UnionWith(common ?? []);
        }
    }

    private static JsonElement Resolve(JsonElement root, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("$ref", out JsonElement reference)
            || Json.Text(reference) is not { } target || !target.StartsWith("#/", StringComparison.Ordinal))
        {
            return schema;
        }

        JsonElement at = root;
        foreach (string step in target[2..].Split('/'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(step, out at))
            {
                return schema;
            }
        }

        return at;
    }

    private static bool HasCombinator(JsonElement schema) => RootCombinators.Any(c => schema.TryGetProperty(c, out _));

    private static bool IsObject(JsonElement schema) => schema.TryGetProperty("type", out JsonElement type) && type.Is("object");

    private static bool Names(JsonElement type, string name) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Any(t => t.Is(name))
        : type.Is(name);
}
