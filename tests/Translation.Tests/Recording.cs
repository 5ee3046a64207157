using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>The recorded payloads of every dialect in the catalog, as rows of a theory.</summary>
internal static class Recording
{
    /// <summary>A recorded request, read as in production. On clouds' own paths the model stands in the URL, as Gemini's does.</summary>
    public static ChatRequest DecodeRequest(DialectId dialect, string file) =>
        Crossing.Decode(DialectCatalog.ChatDialect(dialect), Payloads.Read(file), AddressOf(dialect, file));

    /// <summary>What the URL said.</summary>
    public static RequestAddress AddressOf(DialectId dialect, string file) =>
        dialect == DialectIds.GenerateContent || !Payloads.ReadJson(file).TryGetProperty("model", out _) ? new RequestAddress("endpoint") : default;

    public static TheoryData<string, string> Rows(PayloadKind kind)
    {
        var rows = new TheoryData<string, string>();
        foreach (IChatDialect dialect in DialectCatalog.Chat)
        {
            foreach (string file in Payloads.Files(dialect.Id, kind))
            {
                rows.Add(dialect.Id.Name, file);
            }
        }

        if (rows.Count == 0)
        {
            rows.Add(new TheoryDataRow<string, string>("none", "none") { Skip = "No recorded payloads are at hand." });
        }

        return rows;
    }
}
