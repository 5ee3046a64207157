using System.Text.RegularExpressions;
using System.Web;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>
/// Makes the emulator page as the real service may at any time: never more than a few rows at once, whatever was asked for, and before
/// each page an empty one that leads to it.
/// </summary>
internal sealed partial class ShortPagesTransport(int rows) : HttpPipelineTransport
{
    private const string Partition = "NextPartitionKey";
    private const string Row = "NextRowKey";
    private const string Start = "!";

    private readonly HttpClientTransport _inner = new(new HttpClient());
    private readonly HashSet<string> _ledTo = [];

    /// <summary>Empty pages given.</summary>
    public int Empty { get; private set; }

    /// <summary>Pages that held rows.</summary>
    public int Full { get; private set; }

    public override Request CreateRequest() => _inner.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Only asynchronous calls are made.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        Uri asked = message.Request.Uri.ToUri();
        if (message.Request.Method != RequestMethod.Get || !asked.AbsolutePath.EndsWith("()", StringComparison.Ordinal))
        {
            await _inner.ProcessAsync(message);
            return;
        }

        var query = HttpUtility.ParseQueryString(asked.Query);
        if (query[Row] is null or not Start && _ledTo.Add(asked.ToString()))
        {
            Empty++;
            message.Response = new CannedResponse(200, """{"value":[]}""", ("x-ms-continuation-" + Partition, query[Partition] ?? Start), ("x-ms-continuation-" + Row, query[Row] ?? Start));
            return;
        }

        if (query[Row] == Start)
        {
            query.Remove(Partition);
            query.Remove(Row);
        }

        Full++;
        query["$top"] = rows.ToString(System.Globalization.CultureInfo.InvariantCulture);
        message.Request.Uri.Query = "?" + Plus().Replace(query.ToString()!, "%20");
        await _inner.ProcessAsync(message);
    }

    [GeneratedRegex("\\+")]
    private static partial Regex Plus();
}
