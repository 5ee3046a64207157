using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests;

/// <summary>
/// Real requests and answers, recorded at the providers. They lie beside the repository (<c>../shared/payloads</c>, or where
/// <c>SERVERLESS_PAYLOADS</c> points); tests over them are skipped, with that reason, where they are absent.
/// <code>
/// public static TheoryData&lt;string&gt; Streams => Payloads.Rows(DialectIds.Messages, PayloadKind.Stream);
/// [Theory, MemberData(nameof(Streams))] public void X(string file) { byte[] sse = Payloads.ReadSse(file); … }
/// </code>
/// </summary>
internal static class Payloads
{
    private const string Absent = "The recorded payloads are not on this machine (../shared/payloads, or set SERVERLESS_PAYLOADS).";

    /// <summary>Events of a shape that the API never had in public.</summary>
    private static readonly string[] Unreal = ["multimodalRequest/responses/followup-response-streaming.json"];

    /// <summary>The folder of the repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder of the payloads, or null.</summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>Files of a kind in a dialect's words, as paths below <see cref="Root"/>; empty when there are none.</summary>
    public static IEnumerable<string> Files(DialectId dialect, PayloadKind kind)
    {
        if (Root is null)
        {
            return [];
        }

        string[] names = NamesOf(kind);
        return Directory.EnumerateDirectories(Root)
            .SelectMany(folder => FoldersOf(dialect).SelectMany(d => names.Select(name => Path.Combine(folder, d, name))))
            .Where(File.Exists)
            .Select(path => Path.GetRelativePath(Root, path))
            .Except(Unreal)
            .Order(StringComparer.Ordinal);
    }

    /// <summary>The same as rows of a theory; one skipped row when the payloads are absent.</summary>
    public static TheoryData<string> Rows(DialectId dialect, PayloadKind kind)
    {
        var rows = new TheoryData<string>();
        foreach (string file in Files(dialect, kind))
        {
            rows.Add(file);
        }

        if (Root is null)
        {
            rows.Add(new TheoryDataRow<string>("absent") { Skip = Absent });
        }

        return rows;
    }

    /// <summary>Ends the running test as skipped when the payloads are absent.</summary>
    public static void Require() => Assert.SkipWhen(Root is null, Absent);

    /// <summary>The bytes of a file.</summary>
    public static byte[] Read(string file)
    {
        Require();
        return File.ReadAllBytes(Path.Combine(Root!, file));
    }

    /// <summary>A file as JSON, depth limit as in production.</summary>
    public static JsonElement ReadJson(string file) => Json.Parse(Read(file)).RootElement;

    /// <summary>A recorded stream as the provider sent it: server-sent events.</summary>
    public static byte[] ReadSse(string file, string newline = "\n") => ToSse(ReadJson(file), newline);

    /// <summary>Renders an array of event bodies as server-sent events. Typed events get their name; chunks get <c>[DONE]</c>.</summary>
    public static byte[] ToSse(JsonElement events, string newline = "\n")
    {
        var text = new StringBuilder();
        bool chunks = false;
        foreach (JsonElement body in events.EnumerateArray())
        {
            if (body.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String)
            {
                text.Append("event: ").Append(type.GetString()).Append(newline);
            }

            chunks |= body.TryGetProperty("object", out JsonElement kind) && kind.ValueEquals("chat.completion.chunk");
            text.Append("data: ").Append(body.GetRawText()).Append(newline).Append(newline);
        }

        if (chunks)
        {
            text.Append("data: [DONE]").Append(newline).Append(newline);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string[] FoldersOf(DialectId dialect) => dialect.Name switch
    {
        "openai.chat-completions" => ["chat-completions", "baseten"],
        "openai.responses" => ["responses"],
        "anthropic.messages" => ["anthropic", "bedrock-anthropic", "vertex-anthropic"],
        "gemini.generate-content" => ["google"],
        _ => [],
    };

    private static string[] NamesOf(PayloadKind kind) => kind switch
    {
        PayloadKind.Request => ["request.json", "followup-request.json"],
        PayloadKind.Response => ["response.json", "followup-response.json"],
        _ => ["response-streaming.json", "followup-response-streaming.json"],
    };

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Serverless.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run within the repository.");
    }

    private static string? FindRoot()
    {
        string? named = Environment.GetEnvironmentVariable("SERVERLESS_PAYLOADS");
        string root = string.IsNullOrEmpty(named)
            ? Path.Combine(Path.GetDirectoryName(Repository) ?? Repository, "shared", "payloads")
            : named;
        return Directory.Exists(root) ? root : null;
    }
}

/// <summary>What a recorded file holds.</summary>
internal enum PayloadKind
{
    /// <summary>A client's request.</summary>
    Request,

    /// <summary>A whole answer.</summary>
    Response,

    /// <summary>The events of a streamed answer, as a JSON array.</summary>
    Stream,
}
