using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// The response object that a client is given: what came of its request, and the request itself once more. All 31 keys that
/// https://www.openresponses.org/specification requires are always there.
/// </summary>
internal sealed class ResponsesResource(AnswerContext context)
{
    private const string Prefix = "resp_";

    private readonly string _base = Plain(context.RequestId, ResponsesWire.MaxId - 18);

    /// <summary>The provider's id of the answer, if it gives one.</summary>
    public string? ProviderId { get; set; }

    /// <summary>The model that served the request.</summary>
    public string? Model { get; set; }

    /// <summary>When the answer was begun.</summary>
    public DateTimeOffset? Created { get; set; }

    /// <summary>The tier that served the request.</summary>
    public string? ServiceTier { get; set; }

    /// <summary>What was counted.</summary>
    public TokenUsage? Usage { get; set; }

    /// <summary>Why there is no answer.</summary>
    public GatewayError? Error { get; private set; }

    /// <summary><c>in_progress</c>, <c>completed</c>, <c>incomplete</c> or <c>failed</c>.</summary>
    public string Status { get; private set; } = ResponsesItem.InProgress;

    /// <summary>The items so far.</summary>
    public List<ResponsesItem> Items { get; } = [];

    private string? IncompleteReason { get; set; }

    /// <summary>A new item, the last so far.</summary>
    public ResponsesItem Begin(string? type, string prefix)
    {
        var item = new ResponsesItem(type, $"{prefix}_{_base}_{Items.Count}");
        Items.Add(item);
        return item;
    }

    /// <summary>Adds a whole part: to the last message when it can go on, otherwise as an item of its own.</summary>
    public void Add(ContentPart part)
    {
        part = ResponsesItem.Sayable(part);
        if (ResponsesItem.KindOf(part) is not var (type, prefix))
        {
            return;
        }

        ResponsesItem item = type == ResponsesItem.Message && Items is [.., { Type: ResponsesItem.Message } last] ? last : Begin(type, prefix);
        item.Parts.Add(part);
    }

    /// <summary>Sets what the answer came to, of its last item too: only that one can be incomplete.</summary>
    public void End(FinishReason reason)
    {
        bool refused = Items.Exists(i => i.Parts.Exists(p => p is RefusalPart));
        (Status, IncompleteReason) = reason switch
        {
            FinishReason.Length or FinishReason.ContextWindow => (ResponsesItem.Incomplete, "max_output_tokens"),
            FinishReason.ContentFilter => (ResponsesItem.Incomplete, "content_filter"),
            FinishReason.Refusal when !refused => (ResponsesItem.Incomplete, "content_filter"),
            FinishReason.Malformed => (ResponsesItem.Incomplete, ResponsesWire.MalformedOutput),
            _ => (ResponsesItem.Completed, (string?)null),
        };
        for (int i = 0; i < Items.Count; i++)
        {
            bool cut = Status != ResponsesItem.Completed && i == Items.Count - 1;
            Items[i].Status = cut ? ResponsesItem.Incomplete : ResponsesItem.Completed;
        }
    }

    /// <summary>Tells that there will be no more.</summary>
    public void Fail(GatewayError error)
    {
        Status = "failed";
        Error = error;
    }

    /// <summary>Writes the object.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        ChatRequest request = context.Request;
        long created = (Created ?? context.Created).ToUnixTimeSeconds();
        writer.WriteStartObject();
        writer.WriteString("id"u8, IdOf(ProviderId));
        writer.WriteString("object"u8, "response"u8);
        writer.WriteNumber("created_at"u8, created);
        writer.WriteString("status"u8, Status);
        writer.WriteBoolean("background"u8, false);
        WriteCompletion(writer, created);
        WriteError(writer);
        writer.WriteString("model"u8, Model ?? request.Model);
        writer.WriteStartArray("output"u8);
        foreach (ResponsesItem item in Items)
        {
            item.Write(writer);
        }

        writer.WriteEndArray();
        ResponsesEcho.Write(writer, request, ServiceTier);
        writer.WritePropertyName("usage"u8);
        WriteUsage(writer);
        writer.WriteEndObject();
    }

    private void WriteCompletion(Utf8JsonWriter writer, long created)
    {
        if (Status == ResponsesItem.Completed)
        {
            writer.WriteNumber("completed_at"u8, Math.Max(created, context.Created.ToUnixTimeSeconds()));
        }
        else
        {
            writer.WriteNull("completed_at"u8);
        }

        writer.WritePropertyName("incomplete_details"u8);
        if (IncompleteReason is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("reason"u8, IncompleteReason);
        writer.WriteEndObject();
    }

    private void WriteError(Utf8JsonWriter writer)
    {
        writer.WritePropertyName("error"u8);
        if (Error is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            ResponsesError.Write(writer, Error);
        }
    }

    private void WriteUsage(Utf8JsonWriter writer)
    {
        if (Usage is not { } usage)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("input_tokens"u8, usage.InputTokens ?? 0);
        writer.WriteStartObject("input_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CacheReadTokens ?? 0);
        if (usage.CacheWriteTokens is { } written)
        {
            writer.WriteNumber("cache_write_tokens"u8, written);
        }

        writer.WriteEndObject();
        writer.WriteNumber("output_tokens"u8, usage.OutputTokens ?? 0);
        writer.WriteStartObject("output_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens ?? 0);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens"u8, usage.TotalTokens ?? 0);
        writer.WriteEndObject();
    }

    /// <summary>The provider's id, in the form that clients know; items have ids of the gateway's request, since not every provider has unique ones.</summary>
    private string IdOf(string? providerId)
    {
        if (string.IsNullOrEmpty(providerId))
        {
            return Prefix + _base;
        }

        string bare = providerId.StartsWith(Prefix, StringComparison.Ordinal) ? providerId[Prefix.Length..] : providerId;
        return Prefix + Plain(bare, ResponsesWire.MaxId - Prefix.Length);
    }

    /// <summary>An id of letters that every client can send back, short enough to be part of another.</summary>
    private static string Plain(string id, int longest)
    {
        bool plain = id.Length > 0 && id.Length <= longest && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        return plain ? id : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..32];
    }
}
