using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>Picks dialects out of those that a provider speaks.</summary>
internal static class ChatDialects
{
    /// <summary>The chat dialect of that name; null when it is none for chat.</summary>
    public static IChatDialect? Find(DialectId id)
    {
        foreach (IChatDialect dialect in DialectCatalog.Chat)
        {
            if (dialect.Id == id)
            {
                return dialect;
            }
        }

        return null;
    }

    /// <summary>The client's own dialect where the provider speaks it, otherwise the first for chat that it does; null when there is none.</summary>
    public static IChatDialect? Choose(IChatDialect client, IReadOnlyList<DialectId> spoken)
    {
        if (spoken.Contains(client.Id))
        {
            return client;
        }

        foreach (DialectId id in spoken)
        {
            if (Find(id) is { } dialect)
            {
                return dialect;
            }
        }

        return null;
    }
}
