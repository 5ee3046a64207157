using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>The recorded payloads of every dialect in the catalog, as rows of a theory.</summary>
internal static class Recording
{
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
