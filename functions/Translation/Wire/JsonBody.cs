using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Wire;

/// <summary>
/// A request body that has been checked once, in one pass: UTF-8, syntax, depth, duplicate keys. It remembers where the values of
/// the root object stand, so that single ones can be replaced in the client's own bytes (<see cref="Splice"/>).
/// </summary>
public sealed class JsonBody
{
    /// <summary>Deepest nesting of arrays and objects.</summary>
    public const int MaxDepth = 128;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly List<Property> _properties;
    private readonly int _afterBrace;

    private JsonBody(ReadOnlyMemory<byte> bytes, List<Property> properties, int afterBrace)
    {
        _bytes = bytes;
        _properties = properties;
        _afterBrace = afterBrace;
    }

    /// <summary>The body as it came.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Checks a body. The memory must stay unchanged while the result is in use; lone surrogate escapes are mended in it.</summary>
    /// <exception cref="GatewayException">The body is not a JSON object, is too deep, has a key twice or is not UTF-8; the message names the place.</exception>
    public static JsonBody Check(Memory<byte> body)
    {
        ReadOnlySpan<byte> span = body.Span;
        if (span.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
            span = body.Span;
        }

        if (!Utf8.IsValid(span))
        {
            throw Fault($"The body is not valid UTF-8 (at byte {FirstInvalidByte(span)}).");
        }

        LoneSurrogates.Mend(body.Span);
        var properties = new List<Property>(16);
        int afterBrace = Scan(span, properties);
        return new JsonBody(body, properties, afterBrace);
    }

    /// <summary>The body as a document. The caller disposes it when the canonical request is no longer in use.</summary>
    public JsonDocument Parse() => JsonDocument.Parse(_bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });

    /// <summary>The raw JSON of a value of the root object; empty when there is none of that name.</summary>
    public ReadOnlySpan<byte> RawValue(string name) => Find(name) is { } found ? _bytes.Span.Slice(found.Start, found.Length) : default;

    /// <summary>The string value of that name in the root object, or null when it is absent or not a string.</summary>
    public string? GetString(string name)
    {
        ReadOnlySpan<byte> raw = RawValue(name);
        if (raw.IsEmpty || raw[0] != '"')
        {
            return null;
        }

        var reader = new Utf8JsonReader(raw);
        reader.Read();
        return reader.GetString();
    }

    /// <summary>True when the root object has that name with the value <c>true</c>.</summary>
    public bool IsTrue(string name) => RawValue(name).SequenceEqual("true"u8);

    /// <summary>
    /// Writes the body with some values of the root object replaced, every other byte as it was. A name that is not there is added
    /// as the first.
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="replacements">Names with the raw JSON of their new values.</param>
    public void Splice(IBufferWriter<byte> output, params ReadOnlySpan<JsonReplacement> replacements)
    {
        ReadOnlySpan<byte> bytes = _bytes.Span;
        int at = 0;
        var present = new List<(Property Property, ReadOnlyMemory<byte> Json)>(replacements.Length);
        bool added = false;
        foreach (JsonReplacement replacement in replacements)
        {
            if (Find(replacement.Name) is { } property)
            {
                present.Add((property, replacement.Json));
                continue;
            }

            output.Write(added ? ","u8 : bytes[.._afterBrace]);
            added = true;
            using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
            writer.WriteStringValue(replacement.Name);
            writer.Flush();
            output.Write(":"u8);
            output.Write(replacement.Json.Span);
        }

        if (added)
        {
            at = _afterBrace;
            output.Write(_properties.Count == 0 ? default : ","u8);
        }

        present.Sort(static (a, b) => a.Property.Start.CompareTo(b.Property.Start));
        foreach ((Property property, ReadOnlyMemory<byte> json) in present)
        {
            output.Write(bytes[at..property.Start]);
            output.Write(json.Span);
            at = property.Start + property.Length;
        }

        output.Write(bytes[at..]);
    }

    private Property? Find(string name)
    {
        foreach (Property property in _properties)
        {
            if (property.Name == name)
            {
                return property;
            }
        }

        return null;
    }

    private static int Scan(ReadOnlySpan<byte> body, List<Property> properties)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth + 1, CommentHandling = JsonCommentHandling.Disallow });
        using var names = new NameStack();
        int afterBrace = 0;
        string? rootName = null;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw Fault("The body must be a JSON object.");
            }

            names.Push();
            afterBrace = (int)reader.BytesConsumed;
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject:
                        names.Push();
                        goto case JsonTokenType.StartArray;
                    case JsonTokenType.StartArray:
                        if (reader.CurrentDepth == MaxDepth)
                        {
                            throw Fault($"The body is nested more than {MaxDepth} levels deep (at byte {reader.TokenStartIndex}).");
                        }

                        if (reader.CurrentDepth == 1)
                        {
                            properties.Add(new Property(rootName!, (int)reader.TokenStartIndex, 0));
                        }

                        break;
                    case JsonTokenType.EndObject:
                        names.Pop();
                        goto case JsonTokenType.EndArray;
                    case JsonTokenType.EndArray:
                        if (reader.CurrentDepth == 1)
                        {
                            Property last = properties[^1];
                            properties[^1] = last with { Length = (int)reader.BytesConsumed - last.Start };
                        }

                        break;
                    case JsonTokenType.PropertyName:
                        if (!names.Add(ref reader))
                        {
                            string name = reader.GetString()!;
                            throw Fault($"The key '{name}' stands twice in one object (at byte {reader.TokenStartIndex}).", name);
                        }

                        if (reader.CurrentDepth == 1)
                        {
                            rootName = reader.GetString()!;
                        }

                        break;
                    default:
                        if (reader.CurrentDepth == 1)
                        {
                            properties.Add(new Property(rootName!, (int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex)));
                        }

                        break;
                }
            }
        }
        catch (JsonException e)
        {
            string message = $"The body is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of the line).";
            throw new GatewayException(GatewayError.Invalid(message, code: "invalid_json"), e);
        }

        return afterBrace;
    }

    private static int FirstInvalidByte(ReadOnlySpan<byte> span)
    {
        int at = 0;
        while (at < span.Length && Rune.DecodeFromUtf8(span[at..], out _, out int consumed) == OperationStatus.Done)
        {
            at += consumed;
        }

        return at;
    }

    private static GatewayException Fault(string message, string? param = null) => new(GatewayError.Invalid(message, param, "invalid_json"));

    private readonly record struct Property(string Name, int Start, int Length);
}

/// <summary>A value to put into a body in place of the client's.</summary>
/// <param name="Name">Name in the root object.</param>
/// <param name="Json">Raw JSON of the new value.</param>
public readonly record struct JsonReplacement(string Name, ReadOnlyMemory<byte> Json);
