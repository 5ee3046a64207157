using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Validators;

/// <summary>How a stream tells its clients that it is over: whole, or with an error.</summary>
internal sealed record StreamEnding(int Clean, int Errors, bool LastIsError)
{
    /// <summary>Counts the announcements of a clean end and the errors in what a client was sent.</summary>
    public static StreamEnding Of(DialectId dialect, ReadOnlySpan<byte> sse)
    {
        int clean = 0;
        int errors = 0;
        bool lastIsError = false;
        using var parser = new SseParser();
        parser.Append(sse);
        while (parser.TryRead(out SseFrame frame))
        {
            if (frame.IsComment)
            {
                continue;
            }

            lastIsError = IsError(dialect, frame);
            errors += lastIsError ? 1 : 0;
            clean += Announces(dialect, frame) ? 1 : 0;
        }

        return new StreamEnding(clean, errors, lastIsError);
    }

    /// <summary>True when the frame says that the answer is whole.</summary>
    public static bool Announces(DialectId dialect, in SseFrame frame)
    {
        if (dialect == DialectIds.ChatCompletions)
        {
            return frame.IsDone;
        }

        if (dialect == DialectIds.GenerateContent)
        {
            return Json(frame) is { } chunk && (chunk.TryGetProperty("promptFeedback", out _)
                || (chunk.TryGetProperty("candidates", out JsonElement candidates)
                    && candidates.EnumerateArray().Any(c => c.TryGetProperty("finishReason", out JsonElement reason) && reason.ValueKind == JsonValueKind.String)));
        }

        return Json(frame)?.GetProperty("type").GetString() is "message_stop" or "response.completed" or "response.incomplete";
    }

    private static bool IsError(DialectId dialect, in SseFrame frame)
    {
        if (frame.IsDone || Json(frame) is not { } json)
        {
            return false;
        }

        return dialect == DialectIds.ChatCompletions || dialect == DialectIds.GenerateContent
            ? json.TryGetProperty("error", out _)
            : json.GetProperty("type").GetString() == (dialect == DialectIds.Responses ? "response.failed" : "error");
    }

    private static JsonElement? Json(in SseFrame frame)
    {
        try
        {
            return JsonDocument.Parse(Encoding.UTF8.GetString(frame.Data)).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
