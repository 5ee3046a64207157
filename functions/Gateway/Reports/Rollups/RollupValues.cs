namespace Serverless.Gateway.Reports.Rollups;

/// <summary>A row's values as stores hold them.</summary>
/// <param name="Texts">By <see cref="TextNames"/>: the dimensions, then the two histograms.</param>
/// <param name="Sums">By <see cref="UsageMeasures.Names"/>.</param>
internal readonly record struct RollupValues(string[] Texts, long[] Sums)
{
    public const int DimensionCount = 10;

    public static readonly string[] TextNames =
        ["endpoint", "principal", "key_id", "model", "provider", "api_type", "agent", "status", "groups_json", "tags_json", "latency", "first_token"];

    public static RollupValues Of(RollupRow row)
    {
        UsageDimensions d = row.Dimensions;
        return new RollupValues(
            [d.Endpoint, d.Principal, d.Key, d.Model, d.Provider, d.ApiType, d.Agent, d.Status, d.Groups, d.Tags, row.Measures.Latency.Serialize(), row.Measures.TimeToFirstToken.Serialize()],
            [.. Enumerable.Range(0, UsageMeasures.Names.Count).Select(i => row.Measures[i])]);
    }

    /// <summary>A row from what a store holds.</summary>
    /// <param name="text">A text by its place in <see cref="TextNames"/>.</param>
    /// <param name="sum">A sum by its place in <see cref="UsageMeasures.Names"/>; 0 when the store does not hold it.</param>
    public static RollupRow ToRow(Func<int, string> text, Func<int, long> sum) => new(
        new UsageDimensions
        {
            Endpoint = text(0),
            Principal = text(1),
            Key = text(2),
            Model = text(3),
            Provider = text(4),
            ApiType = text(5),
            Agent = text(6),
            Status = text(7),
            Groups = text(8),
            Tags = text(9),
        },
        UsageMeasures.Restore(sum, text(10), text(11)));
}
