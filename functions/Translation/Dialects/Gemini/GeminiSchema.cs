using System.Buffers;
using System.Text.Json;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// JSON Schema → the part of it that Gemini takes in <c>parametersJsonSchema</c> and <c>responseJsonSchema</c>: <c>type</c>, <c>title</c>,
/// <c>description</c>, <c>format</c>, <c>enum</c> of strings and numbers, <c>items</c>, <c>prefixItems</c>, <c>minItems</c>, <c>maxItems</c>,
/// <c>minimum</c>, <c>maximum</c>, <c>anyOf</c>, <c>properties</c>, <c>additionalProperties</c>, <c>required</c> and its own
/// <c>propertyOrdering</c>. Source: https://ai.google.dev/api/generate-content#generationconfig (<c>responseJsonSchema</c>). It also knows
/// <c>$ref</c>, but refuses siblings of it and cycles through required properties, so references are replaced by what they point to.
/// What is left over is told in the description, or else reported as dropped. The same schema always gives the same bytes.
/// </summary>
internal static class GeminiSchema
{
    /// <summary>The parameters of a function: an object; null for a function without any.</summary>
    public static GeminiSchemaNode? Parameters(JsonElement schema, string path, TranslationReport report)
    {
        GeminiSchemaNode node = new GeminiSchemaReader(schema, report).Read(schema, path);
        Flatten(node, report);
        Finish(node, report);
        if (node.Types.Exists(t => t != "object") || node.AnyOf is not null)
        {
            if (!node.Types.Contains("object") || node.AnyOf is not null)
            {
                report.Change(path, "parameters are an object");
            }

            node.AnyOf = null;
            node.Enum = null;
        }

        node.Types = ["object"];
        bool saysNothing = node.Properties is null or [] && node.Additional is null && node.IsOpen != true && node.Description is null && node.Notes.Count == 0;
        return saysNothing ? null : node;
    }

    /// <summary>The schema of an answer.</summary>
    public static GeminiSchemaNode Response(JsonElement schema, string path, TranslationReport report)
    {
        GeminiSchemaNode node = new GeminiSchemaReader(schema, report).Read(schema, path);
        Finish(node, report);
        return node;
    }

    private static void Finish(GeminiSchemaNode node, TranslationReport report)
    {
        PrepareAlternatives(node, report);
        foreach ((_, GeminiSchemaNode schema) in node.Properties ?? [])
        {
            Finish(schema, report);
        }

        foreach (GeminiSchemaNode schema in (IEnumerable<GeminiSchemaNode>)[.. node.AnyOf ?? [], .. node.Prefix ?? []])
        {
            Finish(schema, report);
        }

        foreach (GeminiSchemaNode? schema in (ReadOnlySpan<GeminiSchemaNode?>)[node.Items, node.Additional])
        {
            if (schema is not null)
            {
                Finish(schema, report);
            }
        }

        FinishEnum(node, report);
        FinishType(node, report);
        FinishBounds(node, report);
        FinishObject(node, report);
        FinishAlternatives(node);
    }

    /// <summary>Nothing can stand beside alternatives: what is said of all of them is said of each.</summary>
    private static void PrepareAlternatives(GeminiSchemaNode node, TranslationReport report)
    {
        if (node.AnyOf is null or [])
        {
            node.AnyOf = null;
            return;
        }

        if (node.Properties is not null || node.Items is not null || node.Prefix is not null || node.Enum is not null)
        {
            Flatten(node, report);
            if (node.AnyOf is not null)
            {
                report.Drop($"{node.Path}.anyOf", "Gemini takes alternatives or what stands beside them");
                node.AnyOf = null;
            }

            return;
        }

        foreach (GeminiSchemaNode alternative in node.AnyOf)
        {
            bool isBare = alternative is { Types: [], Enum: null, AnyOf: null, Properties: null, Items: null, Prefix: null };
            alternative.Merge(new GeminiSchemaNode(node.Path)
            {
                Types = isBare ? [.. node.Types] : [],
                Format = node.Format,
                Required = node.Required is null ? null : [.. node.Required],
                Additional = node.Additional,
                IsOpen = node.IsOpen,
                MinItems = node.MinItems,
                MaxItems = node.MaxItems,
                Minimum = node.Minimum,
                Maximum = node.Maximum,
                ExclusiveMinimum = node.ExclusiveMinimum,
                ExclusiveMaximum = node.ExclusiveMaximum,
            });
        }

        bool isNullable = node.Types.Contains("null");
        Clear(node);
        node.Types = isNullable ? ["null"] : [];
    }

    /// <summary>Only strings and numbers can be listed, all of one type.</summary>
    private static void FinishEnum(GeminiSchemaNode node, TranslationReport report)
    {
        if (node.Enum is null)
        {
            return;
        }

        List<JsonElement> values = [];
        foreach (JsonElement value in node.Enum)
        {
            if (!values.Exists(v => JsonElement.DeepEquals(v, value)))
            {
                values.Add(value);
            }
        }

        bool isNullable = values.RemoveAll(v => v.ValueKind == JsonValueKind.Null) > 0;
        if (isNullable && values.Count == 0)
        {
            (node.Types, node.Enum) = (["null"], null);
            return;
        }

        if (values.RemoveAll(v => v.ValueKind == JsonValueKind.String && v.GetString()!.Length == 0) > 0)
        {
            node.Notes.Add("or the empty string");
            report.Change($"{node.Path}.enum", "the empty string is told in the description");
        }

        if (values.Count == 0)
        {
            node.Enum = null;
            return;
        }

        List<string> types = [.. values.Select(TypeOf).Distinct()];
        if (types is ["string"] or ["integer"] or ["number"] or ["integer", "number"] or ["number", "integer"])
        {
            string type = types.Count == 2 || (types[0] == "integer" && node.Types.Contains("number")) ? "number" : types[0];
            node.Enum = values;
            node.Types = isNullable || node.Types.Contains("null") ? [type, "null"] : [type];
            return;
        }

        node.Enum = null;
        node.Types = [.. types.Select(t => t == "integer" && types.Contains("number") ? "number" : t).Distinct()];
        if (isNullable)
        {
            node.Types.Add("null");
        }

        if (types is not ["boolean"] || values.Count == 1)
        {
            string words = string.Join(", ", values.Select(JsonText.Compact));
            if (words.Length > 200)
            {
                report.Drop($"{node.Path}.enum", "Gemini lists strings and numbers only");
            }
            else if (words.Length > 0)
            {
                node.Notes.Add(values.Count == 1 ? $"always {words}" : $"one of {words}");
                report.Change($"{node.Path}.enum", "told in the description");
            }
        }
    }

    private static void FinishType(GeminiSchemaNode node, TranslationReport report)
    {
        if (node.Types.Count == 0 || node.Types is ["null"])
        {
            string? implied = node.Properties is not null || node.Additional is not null || node.IsOpen is not null || node.Required is not null ? "object"
                : node.Items is not null || node.Prefix is not null ? "array"
                : null;
            if (implied is not null)
            {
                node.Types.Insert(0, implied);
            }
        }

        if (node.Types.Contains("number"))
        {
            node.Types.Remove("integer");
        }

        if (!node.Types.Contains("null") && node.Types.Count < 2)
        {
            return;
        }

        // A type or null is the only union that the keyword takes; others become alternatives. Alternatives of the schema's own say more.
        List<string> types = [.. node.Types.Where(t => t != "null").Distinct()];
        bool isNullable = node.Types.Contains("null");
        if (node.AnyOf is not null)
        {
            node.Types = [];
            if (isNullable && !node.AnyOf.Exists(a => a.Types.Contains("null")))
            {
                node.AnyOf.Add(Null(node));
            }
        }
        else if (types.Count > 1 || (isNullable && node.Enum is not null))
        {
            node.AnyOf = [.. types.Select(t => Alternative(node, t))];
            node.AnyOf.ForEach(a => FinishBounds(a, report));
            if (isNullable)
            {
                node.AnyOf.Add(Null(node));
            }

            node.Types = [];
            Clear(node);
        }
        else
        {
            node.Types = types.Count == 0 ? ["null"] : isNullable ? [types[0], "null"] : types;
        }
    }

    private static void FinishBounds(GeminiSchemaNode node, TranslationReport report)
    {
        bool isInteger = node.Types.Contains("integer");
        if (!isInteger && !node.Types.Contains("number") && node.Types.Count > 0)
        {
            (node.Minimum, node.Maximum) = (null, null);
        }

        if (node.ExclusiveMinimum && node.Minimum is { } minimum)
        {
            if (isInteger)
            {
                node.Minimum = Math.Floor(minimum) + 1;
                report.Change($"{node.Path}.exclusiveMinimum", $"a minimum of {Plain(node.Minimum.Value)}");
            }
            else
            {
                node.Notes.Add($"more than {Plain(minimum)}");
                report.Change($"{node.Path}.exclusiveMinimum", "an inclusive bound, and told in the description");
            }
        }

        if (node.ExclusiveMaximum && node.Maximum is { } maximum)
        {
            if (isInteger)
            {
                node.Maximum = Math.Ceiling(maximum) - 1;
                report.Change($"{node.Path}.exclusiveMaximum", $"a maximum of {Plain(node.Maximum.Value)}");
            }
            else
            {
                node.Notes.Add($"less than {Plain(maximum)}");
                report.Change($"{node.Path}.exclusiveMaximum", "an inclusive bound, and told in the description");
            }
        }

        (node.ExclusiveMinimum, node.ExclusiveMaximum) = (false, false);
    }

    private static void FinishObject(GeminiSchemaNode node, TranslationReport report)
    {
        if (node.Required is not null)
        {
            foreach (string name in node.Required.Where(r => node.Property(r) is null).ToList())
            {
                node.Required.Remove(name);
                report.Change($"{node.Path}.required", $"without '{name}', which is no property");
            }
        }

        node.Ordering?.RemoveAll(o => node.Property(o) is null);
        if (node.Types.Count > 0 && !node.Types.Contains("object"))
        {
            (node.Properties, node.Required, node.Additional, node.IsOpen, node.Ordering) = (null, null, null, null, null);
        }

        if (node.Types.Count > 0 && !node.Types.Contains("array"))
        {
            (node.Items, node.Prefix, node.MinItems, node.MaxItems) = (null, null, null, null);
        }
    }

    /// <summary>One alternative is none; <c>X or null</c> is X that can be null.</summary>
    private static void FinishAlternatives(GeminiSchemaNode node)
    {
        if (node.AnyOf is null)
        {
            return;
        }

        int nulls = node.AnyOf.Count(a => a.Types is ["null"]);
        List<GeminiSchemaNode> others = [.. node.AnyOf.Where(a => a.Types is not ["null"])];
        if (others is not [{ AnyOf: null } only] || (nulls > 0 && (only.Enum is not null || only.Types.Count == 0)))
        {
            return;
        }

        node.AnyOf = null;
        if (nulls > 0 && !only.Types.Contains("null"))
        {
            only.Types.Add("null");
        }

        node.Types = only.Types.Count > 0 ? only.Types : node.Types;
        node.Merge(only);
    }

    /// <summary>An object with alternatives becomes one object that has the properties of all of them.</summary>
    private static void Flatten(GeminiSchemaNode node, TranslationReport report)
    {
        List<GeminiSchemaNode> objects = [.. (node.AnyOf ?? []).Where(a => a.Properties is not null || a.Required is not null)];
        if (node.AnyOf is null || objects.Count == 0)
        {
            return;
        }

        HashSet<string> always = [.. objects[0].Required ?? []];
        List<string> groups = [];
        foreach (GeminiSchemaNode alternative in objects)
        {
            foreach ((string name, GeminiSchemaNode schema) in alternative.Properties ?? [])
            {
                Unite(node, name, schema);
            }

            always.IntersectWith(alternative.Required ?? []);
            if (alternative.Required is { Count: > 0 } required)
            {
                groups.Add(string.Join(" and ", required));
            }
        }

        node.Required = [.. (node.Required ?? []).Concat(always.Order(StringComparer.Ordinal)).Distinct()];
        if (groups.Distinct().Count() > 1)
        {
            node.Notes.Add($"required: {string.Join(", or ", groups.Distinct())}");
        }

        report.Change($"{node.Path}.anyOf", "one object with the properties of all alternatives");
        node.AnyOf = null;
    }

    private static void Unite(GeminiSchemaNode node, string name, GeminiSchemaNode schema)
    {
        int at = node.Properties?.FindIndex(p => p.Key == name) ?? -1;
        if (at < 0)
        {
            (node.Properties ??= []).Add(new(name, schema));
            return;
        }

        GeminiSchemaNode mine = node.Properties![at].Value;
        if (mine.Enum is not null && schema.Enum is not null && mine.Types.SequenceEqual(schema.Types))
        {
            mine.Enum.AddRange(schema.Enum.Where(s => !mine.Enum.Exists(m => JsonElement.DeepEquals(m, s))).ToList());
        }
        else if (!Bytes(mine).AsSpan().SequenceEqual(Bytes(schema)))
        {
            List<GeminiSchemaNode> alternatives = mine is { Types: [], AnyOf: { } list } ? [.. list, schema] : [mine, schema];
            node.Properties[at] = new(name, new GeminiSchemaNode(mine.Path) { AnyOf = alternatives });
        }
    }

    private static GeminiSchemaNode Alternative(GeminiSchemaNode node, string type) => type switch
    {
        "object" => new(node.Path)
        {
            Types = [type],
            Properties = node.Properties,
            Required = node.Required?.Where(r => node.Property(r) is not null).ToList(),
            Additional = node.Additional,
            IsOpen = node.IsOpen,
            Ordering = node.Ordering,
        },
        "array" => new(node.Path) { Types = [type], Items = node.Items, Prefix = node.Prefix, MinItems = node.MinItems, MaxItems = node.MaxItems },
        "number" or "integer" => new(node.Path)
        {
            Types = [type],
            Enum = node.Enum,
            Minimum = node.Minimum,
            Maximum = node.Maximum,
            ExclusiveMinimum = node.ExclusiveMinimum,
            ExclusiveMaximum = node.ExclusiveMaximum,
        },
        "string" => new(node.Path) { Types = [type], Enum = node.Enum, Format = node.Format },
        _ => new(node.Path) { Types = [type] },
    };

    private static GeminiSchemaNode Null(GeminiSchemaNode node) => new(node.Path) { Types = ["null"] };

    /// <summary>Takes away what the alternatives say now.</summary>
    private static void Clear(GeminiSchemaNode node)
    {
        (node.Properties, node.Required, node.Additional, node.IsOpen, node.Ordering) = (null, null, null, null, null);
        (node.Items, node.Prefix, node.MinItems, node.MaxItems) = (null, null, null, null);
        (node.Enum, node.Format, node.Minimum, node.Maximum, node.ExclusiveMinimum, node.ExclusiveMaximum) = (null, null, null, null, false, false);
    }

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        _ => "null",
    };

    private static string Plain(decimal number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static byte[] Bytes(GeminiSchemaNode node)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            node.Write(writer);
        }

        return output.WrittenSpan.ToArray();
    }
}
