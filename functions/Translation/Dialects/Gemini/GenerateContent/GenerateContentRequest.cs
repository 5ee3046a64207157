using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// The root of a request. Source: https://ai.google.dev/api/generate-content#request-body. Fields of inner objects that the canonical model
/// does not know are kept under their path (<c>generationConfig.imageConfig</c>), so that a report names them in full.
/// </summary>
internal static class GenerateContentRequest
{
    /// <summary>Reads a client's request.</summary>
    public static ChatRequest Decode(JsonElement body, RequestAddress address)
    {
        RequestField.Object(body, "body");
        List<ExtraField> extra = [];
        var request = new ChatRequest { Model = address.Model ?? "", Stream = address.Stream, IncludeStreamUsage = true, Messages = [] };
        bool hasContents = false;
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (GeminiNames.Camel(property.Name))
            {
                case "model":
                    request = address.Model is null ? request with { Model = ModelOf(RequestField.String(value, "model")) } : request;
                    break;
                case "contents":
                    request = request with { Messages = GenerateContentContents.Read(value) };
                    hasContents = true;
                    break;
                case "systemInstruction":
                    request = request with { Instructions = GenerateContentContents.ReadParts(value, "systemInstruction") };
                    break;
                case "tools":
                    request = request with { Tools = GenerateContentTools.Read(value) };
                    break;
                case "toolConfig":
                    request = request with { ToolChoice = GenerateContentTools.ReadConfig(value, extra) };
                    break;
                case "generationConfig":
                    request = GenerateContentConfig.Read(value, request, extra);
                    break;
                case "serviceTier":
                    request = request with { ServiceTier = GenerateContentWire.TierOf(RequestField.String(value, "serviceTier")) };
                    break;
                default:
                    extra.Add(new ExtraField(property.Name, value));
                    break;
            }
        }

        if (request.Model.Length == 0)
        {
            throw RequestField.Missing("model");
        }

        if (!hasContents)
        {
            throw RequestField.Missing("contents");
        }

        return request with { Extra = extra.Count == 0 ? null : new ExtraFields(GenerateContentWire.Dialect, "", extra) };
    }

    /// <summary>Reads a request to count tokens: the contents alone, or a whole request under <c>generateContentRequest</c>.</summary>
    public static ChatRequest DecodeCount(JsonElement body, RequestAddress address) =>
        GeminiNames.TryGet(RequestField.Object(body, "body"), "generateContentRequest", out JsonElement request)
            ? Decode(RequestField.Object(request, "generateContentRequest"), address)
            : Decode(body, address);

    /// <summary>Writes a request that the adapter has prepared.</summary>
    public static void Encode(Utf8JsonWriter writer, ChatRequest request, TargetProfile target, TranslationReport report)
    {
        writer.WriteStartObject();
        WriteFields(writer, request, target, report);
        writer.WriteEndObject();
    }

    /// <summary>Writes a request to count the tokens of a whole request.</summary>
    public static void EncodeCount(Utf8JsonWriter writer, ChatRequest request, TargetProfile target, TranslationReport report)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("generateContentRequest"u8);
        writer.WriteString("model"u8, GeminiPath.ResourceName(target.Model));
        WriteFields(writer, request, target, report);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The extra fields of an inner object, by their own names; of the root for an empty prefix.</summary>
    public static IEnumerable<ExtraField> ExtraOf(ChatRequest request, string prefix)
    {
        if (request.Extra is not { } extra || extra.Dialect != GenerateContentWire.Dialect)
        {
            return [];
        }

        return prefix.Length == 0
            ? extra.Fields.Where(f => !f.Name.Contains('.'))
            : extra.Fields.Where(f => f.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(f => new ExtraField(f.Name[prefix.Length..], f.Value));
    }

    /// <summary>Writes extra fields as they came.</summary>
    public static void WriteExtra(Utf8JsonWriter writer, IEnumerable<ExtraField> fields)
    {
        foreach (ExtraField field in fields)
        {
            writer.WritePropertyName(field.Name);
            writer.WriteRaw(field.Value);
        }
    }

    private static void WriteFields(Utf8JsonWriter writer, ChatRequest request, TargetProfile target, TranslationReport report)
    {
        GeminiModel model = GeminiModels.Of(target.Model);
        string? told = ToldFormat(request, model, report);
        new GenerateContentContentsWriter(writer, request, model, report).Write(told);
        GenerateContentTools.Write(writer, request, report);
        GenerateContentTools.WriteConfig(writer, request, report);
        GenerateContentConfig.Write(writer, request, model, told is not null, report);
        if (request.ServiceTier is { } tier and not "auto")
        {
            if (GenerateContentWire.TierNameOf(tier) is { } name)
            {
                writer.WriteString("serviceTier"u8, name);
            }
            else
            {
                report.Drop("service_tier", "Gemini has no such tier");
            }
        }

        ReportUnsaid(request, report);
        WriteExtra(writer, ExtraOf(request, ""));
    }

    /// <summary>
    /// The words that ask for JSON where the model cannot be held to it: before Gemini 3 it refuses <c>responseMimeType</c> beside tools
    /// (https://github.com/googleapis/python-genai/issues/706).
    /// </summary>
    private static string? ToldFormat(ChatRequest request, GeminiModel model, TranslationReport report)
    {
        if (model.ToolsWithJson || request.Tools.Count == 0 || request.ResponseFormat is null or { Kind: ResponseFormatKind.Text })
        {
            return null;
        }

        report.Change("response_format", "asked for in the instructions: this model cannot be held to JSON while it has tools");
        return request.ResponseFormat.Schema is { } schema
            ? $"When you do not call a tool, answer with JSON alone, without a code fence, that obeys this JSON Schema: {JsonText.Compact(schema)}"
            : "When you do not call a tool, answer with one JSON object alone, without a code fence.";
    }

    private static void ReportUnsaid(ChatRequest request, TranslationReport report)
    {
        if (request.PromptCacheKey is not null)
        {
            report.Change("prompt_cache_key", CacheBreakpoints.FindsPrefixes);
        }

        if (request.PromptCacheRetention is not null)
        {
            report.Change("prompt_cache_retention", CacheBreakpoints.FindsPrefixes);
        }

        foreach ((string field, bool isSet) in (ReadOnlySpan<(string, bool)>)
        [
            ("user", request.User is not null),
            ("safety_identifier", request.SafetyIdentifier is not null),
            ("verbosity", request.Verbosity is not null),
            ("store", request.Store == true),
            ("metadata", request.Metadata is { Count: > 0 }),
        ])
        {
            if (isSet)
            {
                report.Drop(field, "Gemini has nothing like it");
            }
        }
    }

    private static string ModelOf(string name) => name.StartsWith("models/", StringComparison.Ordinal) ? name["models/".Length..] : name;
}
