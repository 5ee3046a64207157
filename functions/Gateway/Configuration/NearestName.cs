namespace Serverless.Gateway.Configuration;

/// <summary>Finds what somebody meant who mistyped a name.</summary>
internal static class NearestName
{
    /// <summary>A question to append to a fault, for example <c> Did you mean 'openai'?</c>; empty when nothing comes near.</summary>
    public static string Question(string typed, IEnumerable<string> names) => Find(typed, names) is { } name ? $" Did you mean '{name}'?" : "";

    /// <summary>The nearest of the names, when it is near enough to have been meant.</summary>
    public static string? Find(string typed, IEnumerable<string> names)
    {
        string? best = null;
        int bestDistance = Math.Max(2, typed.Length / 3) + 1;
        foreach (string name in names)
        {
            int distance = typed.Length > 3 && name.Contains(typed, StringComparison.OrdinalIgnoreCase)
                ? 1
                : Distance(typed.ToLowerInvariant(), name.ToLowerInvariant());
            if (distance < bestDistance && distance < name.Length)
            {
                (best, bestDistance) = (name, distance);
            }
        }

        return best;
    }

    // Letters to insert, delete, replace or swap with their neighbour.
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                int replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, 1 + Math.Min(d[i - 1, j], d[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
