using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// One choice of one chunk, as it stands on the wire. The usual fields are read straight from the bytes; the rare ones are kept as
/// elements. One instance is filled again and again.
/// </summary>
internal sealed class ChatCompletionsChunk
{
    private readonly List<CallDelta> _calls = [];

    public int Index { get; private set; }

    public string? Text { get; private set; }

    public string? Reasoning { get; private set; }

    public string? Refusal { get; private set; }

    public string? FinishReason { get; private set; }

    public IReadOnlyList<CallDelta> Calls => _calls;

    /// <summary>A content that is a list.</summary>
    public JsonElement? Parts { get; private set; }

    /// <summary><c>reasoning_details</c> or <c>thinking_blocks</c>.</summary>
    public JsonElement? ReasoningDetails { get; private set; }

    public bool DetailsAreBlocks { get; private set; }

    public JsonElement? Annotations { get; private set; }

    public JsonElement? Audio { get; private set; }

    public JsonElement? Images { get; private set; }

    public JsonElement? LogProbs { get; private set; }

    public JsonElement? Error { get; private set; }

    /// <summary>A thought signature beside the content.</summary>
    public Signature? Signature { get; private set; }

    /// <summary>Reads the object that the reader stands at the start of.</summary>
    public void Read(ref Utf8JsonReader reader, int position)
    {
        Clear(position);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
            {
                ReadDelta(ref reader);
            }
            else if (reader.ValueTextEquals("index"u8))
            {
                Index = ReadInteger(ref reader) ?? position;
            }
            else if (reader.ValueTextEquals("finish_reason"u8))
            {
                FinishReason = ReadString(ref reader);
            }
            else if (reader.ValueTextEquals("logprobs"u8))
            {
                LogProbs = ReadElement(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                Error = ReadElement(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>The string behind the name that the reader stands on, or null when it is something else.</summary>
    public static string? ReadString(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return Json.ReadText(ref reader);
        }

        reader.Skip();
        return null;
    }

    /// <summary>The element behind the name that the reader stands on; null for <c>null</c>.</summary>
    public static JsonElement? ReadElement(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Null ? null : JsonElement.ParseValue(ref reader);
    }

    private void Clear(int position)
    {
        Index = position;
        Text = Reasoning = Refusal = FinishReason = null;
        Parts = ReasoningDetails = Annotations = Audio = Images = LogProbs = Error = null;
        DetailsAreBlocks = false;
        Signature = null;
        _calls.Clear();
    }

    private void ReadDelta(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                ReadContent(ref reader);
            }
            else if (reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8))
            {
                string? text = ReadString(ref reader);
                Reasoning = string.IsNullOrEmpty(Reasoning) ? text : Reasoning;
            }
            else if (reader.ValueTextEquals("tool_calls"u8))
            {
                ReadCalls(ref reader);
            }
            else if (reader.ValueTextEquals("refusal"u8))
            {
                Refusal = ReadString(ref reader);
            }
            else if (!ReadRare(ref reader))
            {
                reader.Skip();
            }
        }
    }

    private bool ReadRare(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("function_call"u8))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                var call = new CallDelta { Index = -1 };
                ReadBody(ref reader, ref call);
                _calls.Add(call);
            }
        }
        else if (reader.ValueTextEquals("reasoning_details"u8))
        {
            ReasoningDetails = ReadElement(ref reader);
        }
        else if (reader.ValueTextEquals("thinking_blocks"u8))
        {
            JsonElement? blocks = ReadElement(ref reader);
            DetailsAreBlocks = ReasoningDetails is null;
            ReasoningDetails ??= blocks;
        }
        else if (reader.ValueTextEquals("annotations"u8))
        {
            Annotations = ReadElement(ref reader);
        }
        else if (reader.ValueTextEquals("audio"u8))
        {
            Audio = ReadElement(ref reader);
        }
        else if (reader.ValueTextEquals("images"u8))
        {
            Images = ReadElement(ref reader);
        }
        else if (reader.ValueTextEquals("extra_content"u8))
        {
            Signature = ReadElement(ref reader) is { } extra ? ChatCompletionsWire.ReadThoughtSignature(extra) : null;
        }
        else
        {
            return false;
        }

        return true;
    }

    private void ReadContent(ref Utf8JsonReader reader)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                Text = Json.ReadText(ref reader);
                break;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                Parts = JsonElement.ParseValue(ref reader);
                break;
        }
    }

    private void ReadCalls(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadCall(ref reader);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadCall(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadCall(ref Utf8JsonReader reader)
    {
        var call = default(CallDelta);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("index"u8))
            {
                call.Index = ReadInteger(ref reader);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                call.Id = ReadString(ref reader);
            }
            else if (reader.ValueTextEquals("function"u8) || reader.ValueTextEquals("custom"u8))
            {
                ToolKind kind = reader.ValueTextEquals("custom"u8) ? ToolKind.Custom : ToolKind.Function;
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    call.Kind = kind;
                    ReadBody(ref reader, ref call);
                }
                else
                {
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("extra_content"u8))
            {
                call.Signature = ReadElement(ref reader) is { } extra ? ChatCompletionsWire.ReadThoughtSignature(extra) : null;
            }
            else
            {
                reader.Skip();
            }
        }

        _calls.Add(call);
    }

    private static void ReadBody(ref Utf8JsonReader reader, ref CallDelta call)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("input"u8))
            {
                reader.Read();
                call.Arguments = reader.TokenType switch
                {
                    JsonTokenType.String => Json.ReadText(ref reader),
                    JsonTokenType.Null => null,
                    _ => JsonElement.ParseValue(ref reader).GetRawText(), // the object itself instead of its text
                };
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                call.Name = ReadString(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static int? ReadInteger(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int number))
        {
            return number;
        }

        reader.Skip();
        return null;
    }
}
