using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Gathers requests and rows of shorter periods into rows, one for each combination of dimensions. Not thread-safe.</summary>
public sealed class RollupRows
{
    /// <summary>
    /// Most combinations in one period. Beyond it tags are left out of further combinations (a client that tags every request differently
    /// would otherwise make a row of each): sums stay exact, but what is over shows as untagged.
    /// </summary>
    public const int MaxRows = 4000;

    private readonly Dictionary<UsageDimensions, UsageMeasures> _rows = [];

    /// <summary>The rows so far.</summary>
    public IReadOnlyList<RollupRow> Rows => [.. _rows.Select(r => new RollupRow(r.Key, r.Value))];

    /// <summary>Adds a request.</summary>
    public void Add(UsageRecord record) => Add(UsageFacts.Of(record));

    /// <summary>Adds a request.</summary>
    public void Add(UsageFacts facts) => Measures(facts.Dimensions).Add(facts);

    /// <summary>Adds a row.</summary>
    public void Add(RollupRow row) => Measures(row.Dimensions).Merge(row.Measures);

    /// <summary>True when two lists of rows say the same, in whatever order.</summary>
    public static bool AreSame(IReadOnlyCollection<RollupRow> some, IReadOnlyCollection<RollupRow> others)
    {
        if (some.Count != others.Count)
        {
            return false;
        }

        var byDimensions = others.ToDictionary(r => r.Dimensions, r => r.Measures);
        return some.All(r => byDimensions.TryGetValue(r.Dimensions, out UsageMeasures? measures) && measures.IsSame(r.Measures));
    }

    private UsageMeasures Measures(UsageDimensions dimensions)
    {
        if (!_rows.TryGetValue(dimensions, out UsageMeasures? measures))
        {
            if (_rows.Count >= MaxRows && dimensions.Tags != "[]")
            {
                return Measures(dimensions with { Tags = "[]" });
            }

            _rows[dimensions] = measures = new UsageMeasures();
        }

        return measures;
    }
}
