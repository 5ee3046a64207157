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

    public static RollupRow ToRow(Func<string, string> text, Func<string, long> sum) => new(
        new UsageDimensions
        {
            Endpoint = text("endpoint"),
            Principal = text("principal"),
            Key = text("key_id"),
            Model = text("model"),
            Provider = text("provider"),
            ApiType = text("api_type"),
            Agent = text("agent"),
            Status = text("status"),
            Groups = text("groups_json"),
            Tags = text("tags_json"),
        },
        UsageMeasures.Restore(sum, text("latency"), text("first_token")));
}
