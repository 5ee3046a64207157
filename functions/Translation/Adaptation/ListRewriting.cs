namespace Serverless.Translation.Adaptation;

/// <summary>Rewrites lists item by item. A list in which nothing changes stays the same object, so that a legal request costs no copy.</summary>
internal static class ListRewriting
{
    /// <summary>The items as <paramref name="rewrite"/> makes them, which is given each item and its index; null leaves an item out.</summary>
    public static IReadOnlyList<T> Rewrite<T>(this IReadOnlyList<T> items, Func<T, int, T?> rewrite)
        where T : class
    {
        List<T>? changed = null;
        for (int i = 0; i < items.Count; i++)
        {
            T? item = rewrite(items[i], i);
            if (changed is null)
            {
                if (ReferenceEquals(item, items[i]))
                {
                    continue;
                }

                changed = [.. items.Take(i)];
            }

            if (item is not null)
            {
                changed.Add(item);
            }
        }

        return changed ?? items;
    }
}
