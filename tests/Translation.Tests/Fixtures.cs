using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests;

/// <summary>
/// This project's own examples of what clients and providers say, written by hand:
/// <c>Fixtures/requests/{dialect}/{case}.json</c> (clients' requests), <c>Fixtures/streams/{dialect}/{case}.sse</c> (providers' streams)
/// and <c>Fixtures/responses/{dialect}/{case}.json</c> (providers' whole answers). A stream and an answer of the same name are twins:
/// the same answer, told both ways. A folder's name is the last part of the dialect's.
/// </summary>
internal sealed record Fixture(string Kind, IChatDialect Dialect, string Case, string Path)
{
    public const string Requests = "requests";
    public const string Streams = "streams";
    public const string Responses = "responses";

    /// <summary>The folder of this project's sources (golden files are written there).</summary>
    public static string Sources { get; } = System.IO.Path.Combine(Payloads.Repository, "tests", "Translation.Tests");

    /// <summary>The last part of a dialect's name, for folders.</summary>
    public static string FolderOf(DialectId dialect) => dialect.Name[(dialect.Name.IndexOf('.') + 1)..];

    /// <summary>All examples of a kind in all dialects of the catalog.</summary>
    public static IReadOnlyList<Fixture> All(string kind) =>
    [
        .. from dialect in DialectCatalog.Chat
           let folder = System.IO.Path.Combine(Sources, "Fixtures", kind, FolderOf(dialect.Id))
           where Directory.Exists(folder)
           from path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
           select new Fixture(kind, dialect, System.IO.Path.GetFileNameWithoutExtension(path), path),
    ];

    /// <summary>One row a file: the dialect's name and the case, so that a failure says where.</summary>
    public static TheoryData<string, string> Rows(string kind)
    {
        var rows = new TheoryData<string, string>();
        foreach (Fixture fixture in All(kind))
        {
            rows.Add(fixture.Dialect.Id.Name, fixture.Case);
        }

        if (rows.Count == 0)
        {
            rows.Add(new TheoryDataRow<string, string>("none", "none") { Skip = "No chat dialect is in the catalog." });
        }

        return rows;
    }

    /// <summary>The example that a row names.</summary>
    public static Fixture Of(string kind, string dialect, string name)
    {
        string folder = System.IO.Path.Combine(Sources, "Fixtures", kind, FolderOf(new DialectId(dialect)));
        string path = System.IO.Path.Combine(folder, name + (kind == Streams ? ".sse" : ".json"));
        return new Fixture(kind, DialectCatalog.ChatDialect(new DialectId(dialect)), name, path);
    }

    /// <summary>The bytes of the file.</summary>
    public byte[] Read() => File.ReadAllBytes(Path);

    /// <summary>The file as JSON.</summary>
    public JsonElement ReadJson() => Json.Parse(Read()).RootElement;

    /// <summary>What the URL said: only Gemini's model and action stand there.</summary>
    public RequestAddress Address => Dialect.Id == DialectIds.GenerateContent
        ? new RequestAddress("endpoint", Stream: Case.Contains("stream", StringComparison.Ordinal))
        : default;

    /// <summary>A report in the words of the client that sent it.</summary>
    public TranslationReport Report() => new(Dialect.FieldNames, JsonBody.Check(Read()).Parse().RootElement);

    /// <summary>The canonical request, read as in production: checked first.</summary>
    public ChatRequest DecodeRequest() => Crossing.Decode(Dialect, Read(), Address);
}
