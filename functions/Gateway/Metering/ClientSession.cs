using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Metering;

/// <summary>Where clients name the session that a request belongs to.</summary>
internal static class ClientSession
{
    /// <summary>Longest id that is kept.</summary>
    private const int Longest = 512;

    /// <summary>What stands before the session in Claude Code's end user id, <c>user_…_account_…_session_…</c>, before version 2.1.78.</summary>
    private const string InUserId = "_session_";

    /// <summary>A name of our own; Claude Code; Codex today and before; opencode and its like; Kilo Code; Copilot CLI; Copilot in VS Code (a turn); Mux; LiteLLM's clients.</summary>
    private static readonly string[] Headers =
    [
        "x-gateway-session",
        "x-claude-code-session-id",
        "session-id",
        "session_id",
        "x-session-id",
        "x-opencode-session",
        "x-session-affinity",
        "x-kilocode-taskid",
        "x-client-session-id",
        "x-interaction-id",
        "x-mux-workspace-id",
        "x-litellm-session-id",
    ];

    /// <summary>The session that the headers name, or null.</summary>
    public static string? Of(IHeaderDictionary headers)
    {
        foreach (string name in Headers)
        {
            if (headers.TryGetValue(name, out var values) && RecordText.Name(values.ToString(), Longest) is { } id)
            {
                return id;
            }
        }

        return null;
    }

    /// <summary>
    /// The session that a body names, or null: <c>session_id</c>, there or in <c>metadata</c>; what Claude Code writes into <c>metadata.user_id</c>; for a
    /// coding agent, which makes a new one for each session, the <c>prompt_cache_key</c>.
    /// </summary>
    /// <param name="body">The request's body.</param>
    /// <param name="agent">The coding agent that sent it, or null.</param>
    public static string? Of(JsonBody body, string? agent) => RecordText.Name(
        body.GetString("session_id") ?? InMetadata(body.RawValue("metadata")) ?? (agent is null ? null : body.GetString("prompt_cache_key")),
        Longest);

    private static string? InMetadata(ReadOnlySpan<byte> metadata)
    {
        if (metadata.IsEmpty || metadata[0] != '{')
        {
            return null;
        }

        string? session = null;
        string? user = null;
        var reader = new Utf8JsonReader(metadata, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader is not { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 })
            {
                continue;
            }

            bool isSession = reader.ValueTextEquals("session_id"u8);
            bool isUser = reader.ValueTextEquals("user_id"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                session = isSession ? reader.GetString() : session;
                user = isUser ? reader.GetString() : user;
            }
        }

        return session ?? InUser(user);
    }

    private static string? InUser(string? user)
    {
        if (user is null)
        {
            return null;
        }

        if (!user.StartsWith('{'))
        {
            int at = user.LastIndexOf(InUserId, StringComparison.Ordinal);
            return at < 0 ? null : user[(at + InUserId.Length)..];
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(user);
            return document.RootElement.TryGetProperty("session_id", out JsonElement session) && session.ValueKind == JsonValueKind.String ? session.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
