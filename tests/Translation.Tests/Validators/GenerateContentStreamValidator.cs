using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Validators;

/// <summary>
/// What Gemini's clients rely on in a stream (https://ai.google.dev/api/generate-content): frames of bare JSON without names or
/// <c>[DONE]</c>, parts that hold one thing each, calls whole, a finish reason in every candidate, counts that add up; or one
/// error and nothing after it.
/// </summary>
internal sealed class GenerateContentStreamValidator
{
    private static readonly string[] Things =
        ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];

    private static readonly string[] FinishReasons =
        ["STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"];

    private readonly List<string> _faults = [];
    private readonly Dictionary<int, bool> _finished = [];
    private bool _blocked;
    private bool _error;

    public static IReadOnlyList<string> Faults(ReadOnlySpan<byte> sse)
    {
        var validator = new GenerateContentStreamValidator();
        using var parser = new SseParser();
        parser.Append(sse);
        int number = 0;
        while (parser.TryRead(out SseFrame frame))
        {
            int before = validator._faults.Count;
            validator.Read(frame);
            for (int i = before; i < validator._faults.Count; i++)
            {
                validator._faults[i] = $"frame {number}: {validator._faults[i]}";
            }

            number++;
        }

        // Google repeats an error as bare JSON, without a blank line; clients older than the frame rely on it.
        validator.Require(!parser.TryReadLast(out SseFrame last) || (validator._error && last.IsComment), "the last frame has no blank line");
        validator.End();
        return validator._faults;
    }

    private void Read(in SseFrame frame)
    {
        if (frame.IsComment)
        {
            return;
        }

        Require(!_error, "a frame after the error");
        Require(frame.EventName.IsEmpty, "an event name");
        Require(frame.Raw.TrimStart("\r\n"u8).StartsWith("data: {"u8), "the SDK's parser wants 'data: ' and JSON");
        using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(frame.Data));
        JsonElement chunk = document.RootElement;
        if (chunk.TryGetProperty("error", out JsonElement error))
        {
            _error = true;
            Require(error.GetProperty("code").GetInt32() >= 400, "the error's code is no status");
            Require(error.GetProperty("message").GetString()!.Length > 0 && error.GetProperty("status").GetString()!.Length > 0, "an error without message and status");
            return;
        }

        Require(chunk.TryGetProperty("modelVersion", out JsonElement model) && model.GetString()!.Length > 0, "modelVersion is missing");
        Require(chunk.TryGetProperty("responseId", out JsonElement id) && id.GetString()!.Length > 0, "responseId is missing");
        _blocked |= chunk.TryGetProperty("promptFeedback", out _);
        if (chunk.TryGetProperty("usageMetadata", out JsonElement usage))
        {
            long Count(string name) => usage.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;
            Require(
                Count("totalTokenCount") == Count("promptTokenCount") + Count("candidatesTokenCount") + Count("thoughtsTokenCount") + Count("toolUsePromptTokenCount"),
                "usageMetadata does not add up");
            Require(Count("cachedContentTokenCount") <= Count("promptTokenCount"), "more was cached than sent");
        }

        if (chunk.TryGetProperty("candidates", out JsonElement candidates))
        {
            foreach (JsonElement candidate in candidates.EnumerateArray())
            {
                ReadCandidate(candidate);
            }
        }
    }

    private void ReadCandidate(JsonElement candidate)
    {
        int index = candidate.TryGetProperty("index", out JsonElement i) ? i.GetInt32() : 0;
        Require(!_finished.GetValueOrDefault(index), $"candidate {index} goes on after its finish reason");
        _finished.TryAdd(index, false);
        if (candidate.TryGetProperty("content", out JsonElement content))
        {
            Require(content.TryGetProperty("role", out JsonElement role) && role.ValueEquals("model"), "the role is not model");
            if (content.TryGetProperty("parts", out JsonElement parts))
            {
                foreach (JsonElement part in parts.EnumerateArray())
                {
                    ReadPart(part);
                }
            }
        }

        if (candidate.TryGetProperty("finishReason", out JsonElement reason))
        {
            _finished[index] = true;
            Require(FinishReasons.Contains(reason.GetString()), $"finishReason {reason}");
        }
    }

    private void ReadPart(JsonElement part)
    {
        string[] held = [.. Things.Where(name => part.TryGetProperty(name, out _))];
        Require(held.Length == 1, $"a part holds {held.Length} things ({string.Join(", ", held)})");
        if (part.TryGetProperty("functionCall", out JsonElement call))
        {
            Require(call.TryGetProperty("name", out JsonElement name) && name.GetString()!.Length > 0, "a call without name");
            Require(!call.TryGetProperty("args", out JsonElement args) || args.ValueKind == JsonValueKind.Object, "args are no object");
        }

        if (part.TryGetProperty("text", out JsonElement text))
        {
            Require(text.ValueKind == JsonValueKind.String, "text is no string");
        }

        if (part.TryGetProperty("inlineData", out JsonElement data))
        {
            Require(data.TryGetProperty("mimeType", out _) && data.TryGetProperty("data", out _), "inlineData without type or data");
        }
    }

    private void End()
    {
        if (_error)
        {
            return;
        }

        Require(_finished.Count > 0 || _blocked, "no candidate");
        Require(_finished.Values.All(f => f), "a candidate without finish reason");
    }

    private void Require(bool holds, string fault)
    {
        if (!holds)
        {
            _faults.Add(fault);
        }
    }
}
