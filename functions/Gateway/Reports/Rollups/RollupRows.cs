using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Gathers requests and rows of shorter periods into rows, one for each combination of dimensions. Not thread-safe.</summary>
public sealed class RollupRows
{
    /// <summary>
    /// Beyond so many combinations tags are looked for that have a value for each request or nearly so, which would make a row of each: all their
    /// values count as one, <see cref="UsageDimensions.Many"/>. Sums stay exact, and so do those by any other tag.
    /// </summary>
    public const int ManyRows = 4000;

    /// <summary>Values of a tag that are many. No list of teams or projects is as long.</summary>
    public const int ManyValues = 1000;

    private readonly HashSet<string> _folded = [];
    private int _lookAt = ManyRows;
    private Dictionary<UsageDimensions, UsageMeasures> _rows = [];

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
        if (_rows.TryGetValue(dimensions, out UsageMeasures? measures))
        {
            return measures;
        }

        if (_rows.Count >= _lookAt)
        {
            Fold();
        }

        UsageDimensions folded = _folded.Count == 0 ? dimensions : dimensions.Fold(_folded);
        if (!_rows.TryGetValue(folded, out measures))
        {
            _rows[folded] = measures = new UsageMeasures();
        }

        return measures;
    }

    private void Fold()
    {
        _folded.UnionWith(_rows.Keys
            .Where(d => d.Tags != "[]")
            .SelectMany(d => d.Values("tag"))
            .Distinct()
            .CountBy(UsageDimensions.NameOf)
            .Where(name => name.Value > ManyValues)
            .Select(name => name.Key));
        if (_folded.Count > 0)
        {
            Dictionary<UsageDimensions, UsageMeasures> rows = [];
            foreach ((UsageDimensions dimensions, UsageMeasures measures) in _rows)
            {
                UsageDimensions folded = dimensions.Fold(_folded);
                if (rows.TryGetValue(folded, out UsageMeasures? sum))
                {
                    sum.Merge(measures);
                }
                else
                {
                    rows[folded] = measures;
                }
            }

            _rows = rows;
        }

        _lookAt = Math.Max(ManyRows, 2 * _rows.Count);
    }
}
