using System.Text.Json;

namespace Serverless.Translation.Canonical;

/// <summary>
/// Fields of one JSON object that the canonical model has no notion for. They are scoped to the dialect they came from and
/// are written back only into that dialect; for every other target they are reported as dropped.
/// </summary>
/// <param name="Dialect">The dialect that the fields came from.</param>
/// <param name="Path">JSON path of the object that held them, without a trailing dot; empty for the root.</param>
/// <param name="Fields">The fields in their original order.</param>
public sealed record ExtraFields(DialectId Dialect, string Path, IReadOnlyList<ExtraField> Fields)
{
    /// <summary>The value of the named field, or null.</summary>
    public JsonElement? this[string name]
    {
        get
        {
            foreach (ExtraField field in Fields)
            {
                if (field.Name == name)
                {
                    return field.Value;
                }
            }

            return null;
        }
    }
}

/// <summary>One field that is passed on unread.</summary>
public readonly record struct ExtraField(string Name, JsonElement Value)
{
    /// <summary>
    /// True when leaving the field out loses nothing (the id of an item, a default spelled out). It is written back into its own dialect
    /// like the others, but its absence elsewhere is not reported.
    /// </summary>
    public bool Incidental { get; init; }
}
