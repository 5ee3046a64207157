using System.Text.Json;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// What usage can be grouped and filtered by. A request has one value of each, but for groups and tags, of which it can have several:
/// grouped by these it counts once under each.
/// </summary>
public sealed record UsageDimensions
{
    /// <summary>What stands for a value that a request does not have.</summary>
    public const string None = "(none)";

    /// <summary>What stands for the value of a tag that has too many different ones in a period, such as one for each request.</summary>
    public const string Many = "(many)";

    /// <summary>The endpoint that the client named.</summary>
    public string Endpoint { get; init; } = None;

    /// <summary>The caller.</summary>
    public string Principal { get; init; } = None;

    /// <summary>The caller's key.</summary>
    public string Key { get; init; } = None;

    /// <summary>The model that served, or else was asked.</summary>
    public string Model { get; init; } = None;

    /// <summary>The provider.</summary>
    public string Provider { get; init; } = None;

    /// <summary>The API.</summary>
    public string ApiType { get; init; } = None;

    /// <summary>The coding agent.</summary>
    public string Agent { get; init; } = None;

    /// <summary>The HTTP status that the caller got.</summary>
    public string Status { get; init; } = None;

    /// <summary>The caller's groups, as a JSON array of sorted names.</summary>
    public string Groups { get; init; } = "[]";

    /// <summary>The request's tags, as a JSON array of sorted <c>name=value</c>.</summary>
    public string Tags { get; init; } = "[]";

    /// <summary>The dimensions of one request.</summary>
    public static UsageDimensions Of(UsageRecord record) => new()
    {
        Endpoint = record.Endpoint ?? None,
        Principal = record.Principal ?? None,
        Key = record.KeyId ?? None,
        Model = record.ModelServed ?? record.ModelAsked ?? None,
        Provider = record.Provider ?? None,
        ApiType = record.ApiType,
        Agent = record.Agent ?? None,
        Status = StatusOf(record.Outcome, record.StatusCode),
        Groups = GroupsOf(record.Groups),
        Tags = TagsOf(record.Tags),
    };

    /// <summary>The status of a request.</summary>
    public static string StatusOf(RequestOutcome outcome, int statusCode) => outcome is RequestOutcome.Open or RequestOutcome.Lost
        ? UsageNames.Of(outcome)
        : statusCode == 200 ? "200" : statusCode.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Groups as <see cref="Groups"/> has them, each once.</summary>
    public static string GroupsOf(IReadOnlyList<string> groups) => groups.Count == 0 ? "[]" : ToJson(groups);

    /// <summary>Tags as <see cref="Tags"/> has them, each once.</summary>
    public static string TagsOf(IReadOnlyDictionary<string, string>? tags) => tags is { Count: > 0 } ? ToJson(tags.Select(t => $"{t.Key}={t.Value}")) : "[]";

    /// <summary>The values of a dimension; one, but for groups and tags.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public IReadOnlyList<string> Values(string name) => name switch
    {
        "endpoint" => [Endpoint],
        "principal" => [Principal],
        "key" => [Key],
        "model" => [Model],
        "provider" => [Provider],
        "api_type" => [ApiType],
        "agent" => [Agent],
        "status" => [Status],
        "group" => FromJson(Groups),
        "tag" => FromJson(Tags),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such dimension."),
    };

    /// <summary>The names of the tags whose values stand together as <see cref="Many"/>.</summary>
    public IEnumerable<string> FoldedTags() => Tags.Contains($"={Many}\"", StringComparison.Ordinal)
        ? FromJson(Tags).Where(t => t.EndsWith($"={Many}", StringComparison.Ordinal)).Select(NameOf)
        : [];

    /// <summary>The same, with all values of some tags as <see cref="Many"/>.</summary>
    /// <param name="names">Their names.</param>
    public UsageDimensions Fold(IReadOnlySet<string> names) => Tags == "[]" ? this : this with { Tags = ToJson(FromJson(Tags).Select(t => names.Contains(NameOf(t)) ? $"{NameOf(t)}={Many}" : t)) };

    /// <summary>The name of a tag.</summary>
    public static string NameOf(string tag) => tag[..Math.Max(0, tag.IndexOf('=', StringComparison.Ordinal))];

    /// <summary>The names of all dimensions.</summary>
    public static IReadOnlyList<string> Names { get; } = ["endpoint", "principal", "group", "key", "model", "provider", "api_type", "tag", "agent", "status"];

    private static string ToJson(IEnumerable<string> values) => JsonSerializer.Serialize([.. values.Distinct().Order(StringComparer.Ordinal)], UsageJson.Default.IReadOnlyListString);

    private static IReadOnlyList<string> FromJson(string json) => json == "[]" ? [None] : JsonSerializer.Deserialize(json, UsageJson.Default.IReadOnlyListString)!;
}
