using System.Collections.Frozen;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// Reads a JSON Schema of any draft for <see cref="GeminiSchema"/>: references are replaced by what they point to, <c>allOf</c> by one schema,
/// keywords that Gemini does not know by words.
/// </summary>
internal sealed class GeminiSchemaReader(JsonElement root, TranslationReport report)
{
    private const int MaxDepth = 32;
    private const int MaxNodes = 5000;
    private const int MaxNote = 200;

    /// <summary>Keywords that say nothing of the values: nothing is lost with them.</summary>
    private static readonly FrozenSet<string> Bookkeeping = FrozenSet.Create(
        StringComparer.Ordinal,
        "$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$comment", "$vocabulary", "$defs", "definitions", "deprecated", "readOnly", "writeOnly", "xml",
        "externalDocs", "discriminator");

    /// <summary>Keywords that Gemini does not know, to be told in the description.</summary>
    private static readonly FrozenSet<string> Told = FrozenSet.Create(
        StringComparer.Ordinal,
        "minLength", "maxLength", "pattern", "multipleOf", "uniqueItems", "minProperties", "maxProperties", "default", "example", "examples", "contentEncoding", "contentMediaType",
        "contentSchema", "not", "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "contains", "minContains",
        "maxContains", "unevaluatedItems", "unevaluatedProperties");

    private static readonly FrozenSet<string> Formats = FrozenSet.Create(
        StringComparer.Ordinal,
        "date-time", "date", "time", "int32", "int64", "float", "double");

    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private int _nodes;

    /// <summary>The schema of an element, not yet finished.</summary>
    public GeminiSchemaNode Read(JsonElement schema, string path, int depth = 0)
    {
        var node = new GeminiSchemaNode(path);
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return node;
        }

        if (depth > MaxDepth || ++_nodes > MaxNodes)
        {
            report.Change(path, "cut off: too deep or too large for Gemini");
            return Outline(schema, node);
        }

        foreach (JsonProperty property in schema.EnumerateObject())
        {
            ReadKeyword(node, property, depth);
        }

        if (schema.TryGetProperty("$ref", out JsonElement reference))
        {
            MergeReference(node, reference, depth);
        }

        return node;
    }

    private void ReadKeyword(GeminiSchemaNode node, JsonProperty property, int depth)
    {
        JsonElement value = property.Value;
        string name = property.Name;
        switch (name)
        {
            case "$ref":
                break;
            case "type":
                node.Types = [.. Strings(value).Select(t => t.ToLowerInvariant()).Where(IsType).Concat(node.Types).Distinct()];
                break;
            case "nullable" when value.ValueKind == JsonValueKind.True && !node.Types.Contains("null"):
                node.Types.Add("null");
                break;
            case "nullable":
                break;
            case "title" when value.ValueKind == JsonValueKind.String:
                node.Title = value.GetString();
                break;
            case "description" when value.ValueKind == JsonValueKind.String:
                node.Description = value.GetString();
                break;
            case "format" when value.ValueKind == JsonValueKind.String && Formats.Contains(value.GetString()!):
                node.Format = value.GetString();
                break;
            case "format" when value.Is("enum"):
                break;
            case "format":
                Tell(node, property);
                break;
            case "enum" when value.ValueKind == JsonValueKind.Array:
                node.Enum = [.. value.EnumerateArray()];
                break;
            case "const":
                node.Enum = [value];
                break;
            case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum":
                ReadBound(node, property);
                break;
            case "minItems" when value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long minItems):
                node.MinItems = minItems;
                break;
            case "maxItems" when value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long maxItems):
                node.MaxItems = maxItems;
                break;
            default:
                ReadStructure(node, property, depth);
                break;
        }
    }

    private void ReadStructure(GeminiSchemaNode node, JsonProperty property, int depth)
    {
        JsonElement value = property.Value;
        string path = $"{node.Path}.{property.Name}";
        switch (property.Name)
        {
            case "properties" when value.ValueKind == JsonValueKind.Object:
                ReadProperties(node, value, path, depth);
                break;
            case "required" when value.ValueKind == JsonValueKind.Array:
                node.Required = [.. Strings(value).Distinct()];
                break;
            case "propertyOrdering" when value.ValueKind == JsonValueKind.Array:
                node.Ordering = [.. Strings(value)];
                break;
            case "additionalProperties" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                node.IsOpen = value.GetBoolean();
                break;
            case "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                node.Additional = Read(value, path, depth + 1);
                break;
            case "items" when value.ValueKind == JsonValueKind.Object:
                node.Items = Read(value, path, depth + 1);
                break;
            case "items" or "prefixItems" when value.ValueKind == JsonValueKind.Array:
                node.Prefix = ReadList(value, path, depth) is { Count: > 0 } prefix ? prefix : null;
                break;
            case "items" or "additionalItems" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                break;
            case "additionalItems" when value.ValueKind == JsonValueKind.Object:
                node.Items ??= Read(value, path, depth + 1);
                break;
            case "anyOf" or "oneOf" when value.ValueKind == JsonValueKind.Array:
                ReadAlternatives(node, property, path, depth);
                break;
            case "allOf" when value.ValueKind == JsonValueKind.Array:
                foreach (GeminiSchemaNode part in ReadList(value, path, depth))
                {
                    Merge(node, part);
                }

                break;
            default:
                Tell(node, property);
                break;
        }
    }

    private void ReadProperties(GeminiSchemaNode node, JsonElement properties, string path, int depth)
    {
        node.Properties ??= [];
        foreach (JsonProperty property in properties.EnumerateObject())
        {
            string place = $"{path}.{property.Name}";
            if (property.Value.ValueKind == JsonValueKind.False)
            {
                report.Drop(place, "Gemini cannot forbid a property");
                continue;
            }

            node.Properties.Add(new(property.Name, Read(property.Value, place, depth + 1)));
        }
    }

    private void ReadAlternatives(GeminiSchemaNode node, JsonProperty property, string path, int depth)
    {
        List<GeminiSchemaNode> alternatives = ReadList(property.Value, path, depth);
        if (node.AnyOf is not null)
        {
            report.Drop(path, "Gemini takes one list of alternatives");
            return;
        }

        if (property.Name == "oneOf" && alternatives.Count > 1)
        {
            report.Change(path, "any of the alternatives, not exactly one");
        }

        node.AnyOf = alternatives;
    }

    private List<GeminiSchemaNode> ReadList(JsonElement list, string path, int depth)
    {
        List<GeminiSchemaNode> nodes = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            // A schema `false` allows nothing: as an alternative it can be left out.
            if (item.ValueKind != JsonValueKind.False)
            {
                nodes.Add(Read(item, $"{path}[{nodes.Count}]", depth + 1));
            }
        }

        return nodes;
    }

    private void ReadBound(GeminiSchemaNode node, JsonProperty property)
    {
        bool isMinimum = property.Name is "minimum" or "exclusiveMinimum";
        bool exclusive = property.Name is "exclusiveMinimum" or "exclusiveMaximum";
        JsonElement value = property.Value;
        if (exclusive && value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            // Draft 4: a boolean beside the bound.
            if (isMinimum)
            {
                node.ExclusiveMinimum |= value.GetBoolean();
            }
            else
            {
                node.ExclusiveMaximum |= value.GetBoolean();
            }
        }
        else if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out decimal bound))
        {
            Tell(node, property);
        }
        else if (isMinimum && (node.Minimum is null || bound > node.Minimum || (exclusive && bound == node.Minimum)))
        {
            (node.Minimum, node.ExclusiveMinimum) = (bound, exclusive || (node.ExclusiveMinimum && node.Minimum is null));
        }
        else if (!isMinimum && (node.Maximum is null || bound < node.Maximum || (exclusive && bound == node.Maximum)))
        {
            (node.Maximum, node.ExclusiveMaximum) = (bound, exclusive || (node.ExclusiveMaximum && node.Maximum is null));
        }
    }

    private void MergeReference(GeminiSchemaNode node, JsonElement reference, int depth)
    {
        string path = $"{node.Path}.$ref";
        if (reference.ValueKind != JsonValueKind.String || Resolve(reference.GetString()!) is not { } target)
        {
            report.Drop(path, "it points to no schema of this document");
            return;
        }

        string pointer = reference.GetString()!;
        if (!_open.Add(pointer))
        {
            report.Change(path, "cut off where the schema contains itself");
            Merge(node, Outline(target, new GeminiSchemaNode(node.Path)));
            return;
        }

        Merge(node, Read(target, node.Path, depth + 1));
        _open.Remove(pointer);
    }

    /// <summary>What is said of a schema without going into it: its type and description.</summary>
    private static GeminiSchemaNode Outline(JsonElement schema, GeminiSchemaNode node)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return node;
        }

        if (schema.TryGetProperty("type", out JsonElement type))
        {
            node.Types = [.. Strings(type).Select(t => t.ToLowerInvariant()).Where(IsType)];
        }
        else if (schema.TryGetProperty("properties", out _))
        {
            node.Types = ["object"];
        }

        if (schema.TryGetProperty("description", out JsonElement description) && description.ValueKind == JsonValueKind.String)
        {
            node.Description = description.GetString();
        }

        return node;
    }

    private void Merge(GeminiSchemaNode node, GeminiSchemaNode other)
    {
        if (!node.Merge(other))
        {
            report.Drop($"{other.Path}.anyOf", "Gemini takes one list of alternatives");
        }
    }

    private void Tell(GeminiSchemaNode node, JsonProperty property)
    {
        string name = property.Name;
        if (Bookkeeping.Contains(name) || name.StartsWith("x-", StringComparison.Ordinal) || SaysNothing(property))
        {
            return;
        }

        bool known = Told.Contains(name) || name is "format" or "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum";
        string? words = known ? Words(property.Value) : null;
        if (words is null)
        {
            report.Drop($"{node.Path}.{name}", known ? "Gemini does not know it, and it is too long to tell in words" : "no keyword that Gemini knows");
            return;
        }

        node.Notes.Add($"{name}: {words}");
        report.Change($"{node.Path}.{name}", "told in the description");
    }

    private static bool SaysNothing(JsonProperty property) => property.Name switch
    {
        "uniqueItems" => property.Value.ValueKind == JsonValueKind.False,
        "minLength" or "minProperties" => property.Value.ValueKind == JsonValueKind.Number && property.Value.GetRawText() == "0",
        "default" => property.Value.ValueKind == JsonValueKind.Null,
        "unevaluatedProperties" or "unevaluatedItems" => property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => false,
    };

    private static string? Words(JsonElement value)
    {
        string words = value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonText.Compact(value);
        return words.Length <= MaxNote ? words : null;
    }

    private JsonElement? Resolve(string reference)
    {
        if (!reference.StartsWith('#'))
        {
            return null;
        }

        JsonElement at = root;
        foreach (string raw in reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = Uri.UnescapeDataString(raw).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out JsonElement inner))
            {
                at = inner;
            }
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, out int index) && index >= 0 && index < at.GetArrayLength())
            {
                at = at[index];
            }
            else
            {
                return null;
            }
        }

        return at.ValueKind is JsonValueKind.Object or JsonValueKind.True ? at : null;
    }

    private static IEnumerable<string> Strings(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!),
        _ => [],
    };

    private static bool IsType(string name) => name is "string" or "number" or "integer" or "boolean" or "object" or "array" or "null";
}
