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
    public void Add(JsonProperty property) => Add(property.Name, property.Value);

    /// <summary>Keeps a field as it came, under a name of the decoder's.</summary>
    public void Add(string name, JsonElement value) => (_fields ??= []).Add(new ExtraField(name, value));

    /// <summary>Keeps a field whose absence elsewhere loses nothing, see <see cref="ExtraField.Incidental"/>.</summary>
    public void AddIncidental(JsonProperty property) => AddIncidental(property.Name, property.Value);

    /// <summary>Keeps a field whose absence elsewhere loses nothing, under a name of the decoder's.</summary>
    public void AddIncidental(string name, JsonElement value) => (_fields ??= []).Add(new ExtraField(name, value) { Incidental = true });

    /// <summary>All that was kept, or null.</summary>
    public readonly ExtraFields? Build() => _fields is null ? null : new ExtraFields(dialect, path, _fields);
}
