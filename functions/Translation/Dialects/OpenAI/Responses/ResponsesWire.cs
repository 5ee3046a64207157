using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// What the codecs of the Responses API share. A request that was read from this dialect always has <see cref="ChatRequest.Extra"/>, and so
/// have its items, parts and tools, if only an empty one: encoders tell by it that the client speaks the dialect itself, and then write what
/// it wrote (a string or a list, <c>strict</c> or none) instead of what suits clients of other dialects.
/// Source: https://platform.openai.com/docs/api-reference/responses.
/// </summary>
internal static class ResponsesWire
{
    /// <summary>Least value of <c>max_output_tokens</c>.</summary>
    public const long MinOutputTokens = 16;

    /// <summary>Longest id, key or user that OpenAI takes.</summary>
    public const int MaxId = 64;

    /// <summary><c>include</c>: reasoning in encrypted form, without which a client that keeps the conversation itself cannot send it back.</summary>
    public const string IncludeEncryptedReasoning = "reasoning.encrypted_content";

    /// <summary><c>include</c>: log probabilities.</summary>
    public const string IncludeLogProbs = "message.output_text.logprobs";

    /// <summary>
    /// Begins the <c>encrypted_content</c> of reasoning that has no seal (<see cref="Adaptation.SignatureCarrier"/>'s form, of no maker): when
    /// the client sends it back, it is not mistaken for an item that OpenAI has stored.
    /// </summary>
    public const string Unsealed = "gw1..";

    /// <summary>As <see cref="Unsealed"/>, of a summary.</summary>
    public const string UnsealedSummary = Unsealed + "summary";

    /// <summary><c>incomplete_details.reason</c> where the model produced what nobody can read; OpenAI has no word for it.</summary>
    public const string MalformedOutput = "malformed_output";

    /// <summary>Marks what was read from this dialect and has no field that the canonical model does not know.</summary>
    public static readonly ExtraFields Own = new(DialectIds.Responses, "", []);

    /// <summary>True for what was read from this dialect.</summary>
    public static bool IsOwn(ExtraFields? extra) => extra?.Dialect == DialectIds.Responses;

    /// <summary>True when a field of that name was carried along and will be written as it came.</summary>
    public static bool Carries(ExtraFields? extra, string name) => IsOwn(extra) && extra![name] is not null;

    /// <summary>Writes what was carried along of an object, but for the fields of its inner objects, whose names hold a dot.</summary>
    /// <param name="writer">Takes them.</param>
    /// <param name="extra">What was carried along.</param>
    /// <param name="takes">Told each name; false to leave the field out. Null for all.</param>
    public static void WriteCarried(Utf8JsonWriter writer, ExtraFields? extra, Func<string, bool>? takes = null)
    {
        if (!IsOwn(extra))
        {
            return;
        }

        foreach (ExtraField field in extra!.Fields)
        {
            if (!field.Name.Contains('.') && takes?.Invoke(field.Name) != false)
            {
                writer.WritePropertyName(field.Name);
                writer.WriteRaw(field.Value);
            }
        }
    }

    /// <summary>Writes what was carried along of an inner object: the fields whose names begin with its path and a dot.</summary>
    public static void WriteCarried(Utf8JsonWriter writer, ExtraFields? extra, string inner)
    {
        if (!IsOwn(extra))
        {
            return;
        }

        foreach (ExtraField field in extra!.Fields)
        {
            if (field.Name.Length > inner.Length && field.Name[inner.Length] == '.' && field.Name.StartsWith(inner, StringComparison.Ordinal)
                && field.Name.IndexOf('.', inner.Length + 1) < 0)
            {
                writer.WritePropertyName(field.Name.AsSpan(inner.Length + 1));
                writer.WriteRaw(field.Value);
            }
        }
    }

    /// <summary>True when a field of an inner object was carried along.</summary>
    public static bool CarriesInner(ExtraFields? extra, string inner) =>
        IsOwn(extra) && extra!.Fields.Any(f => f.Name.StartsWith(inner, StringComparison.Ordinal) && f.Name.Length > inner.Length && f.Name[inner.Length] == '.');
}
