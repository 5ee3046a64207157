namespace Serverless.Translation.Canonical;

/// <summary>
/// Names one wire format, for example <c>anthropic.messages</c>. The canonical model only ever compares it: whatever
/// carries a <see cref="DialectId"/> (extra fields, opaque parts, signatures) belongs to that wire format alone.
/// </summary>
public readonly record struct DialectId(string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
