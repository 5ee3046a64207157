using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Wire;

/// <summary>Gathers the fields of one JSON object that a decoder has no notion for.</summary>
/// <param name="dialect">The dialect that the object is of.</param>
/// <param name="path">JSON path of the object; empty for the root.</param>
internal struct ExtraFieldsBuilder(DialectId dialect, string path)
{
    private List<ExtraField>? _fields;

    /// <summary>Keeps a field as it came.</summary>
    public void Add(JsonProperty property) => (_fields ??= []).Add(new ExtraField(property.Name, property.Value));

    /// <summary>
    /// Keeps a field of an object nested in this one, under a dotted name (<c>image_url.format</c>), which is also what a report calls it.
    /// </summary>
    public void Add(string nestedIn, JsonProperty property) => (_fields ??= []).Add(new ExtraField($"{nestedIn}.{property.Name}", property.Value));

    /// <summary>Keeps the fields that were kept of a nested object, under dotted names.</summary>
    public void Add(string nestedIn, ExtraFields nested) =>
        (_fields ??= []).AddRange(nested.Fields.Select(f => f with { Name = $"{nestedIn}.{f.Name}" }));

    /// <summary>Keeps a field whose absence elsewhere loses nothing, see <see cref="ExtraField.Incidental"/>.</summary>
    public void AddIncidental(JsonProperty property) => (_fields ??= []).Add(new ExtraField(property.Name, property.Value) { Incidental = true });

    /// <summary>Keeps a field of an object nested in this one, under a dotted name, whose absence elsewhere loses nothing.</summary>
    public void AddIncidental(string nestedIn, JsonProperty property) =>
        (_fields ??= []).Add(new ExtraField($"{nestedIn}.{property.Name}", property.Value) { Incidental = true });

    /// <summary>All that was kept, or null.</summary>
    public readonly ExtraFields? Build() => _fields is null ? null : new ExtraFields(dialect, path, _fields);
}
