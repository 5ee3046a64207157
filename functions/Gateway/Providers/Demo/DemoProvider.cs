using System.Collections.Frozen;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>
/// A provider within this process, so that everything can be tried without an account: it speaks every dialect. The model <c>demo</c> is asked in the
/// client's own; a model that is called as a dialect (<c>demo/messages</c>) speaks that one alone, so that the gateway translates.
/// </summary>
internal sealed class DemoProvider(string name) : IProvider
{
    /// <summary>The model that speaks every dialect; also the name of the endpoint that is there without configuration.</summary>
    public const string Model = "demo";

    private static readonly IReadOnlyList<DialectId> All =
        [DialectIds.ChatCompletions, DialectIds.Responses, DialectIds.Messages, DialectIds.GenerateContent, DialectIds.Embeddings, DialectIds.EmbedContent];

    // "openai.chat-completions" is the model "chat-completions".
    private static readonly FrozenDictionary<string, IReadOnlyList<DialectId>> ByModel =
        All.ToFrozenDictionary(dialect => dialect.Name[(dialect.Name.IndexOf('.', StringComparison.Ordinal) + 1)..], IReadOnlyList<DialectId> (dialect) => [dialect]);

    /// <summary>The row of the catalog.</summary>
    public static readonly ProviderKind Row = new("demo", static (settings, _) => new DemoProvider(settings.Name))
    {
        Source = "Providers/Demo",
        HasAddress = false,
        KeyRequired = false,
        Dialects = All,
    };

    /// <summary>The models that speak one dialect each.</summary>
    public static IReadOnlyList<string> Models { get; } = [.. ByModel.Keys.Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Kind => Row.Name;

    /// <inheritdoc/>
    public HttpMessageInvoker Connections { get; } = new(new DemoServer(TimeProvider.System));

    /// <inheritdoc/>
    public IReadOnlyList<DialectId> Dialects(string model) => ByModel.GetValueOrDefault(model, All);

    /// <inheritdoc/>
    public DialectQuirks Quirks(DialectId dialect, string model) => DialectQuirks.None;

    /// <inheritdoc/>
    public ValueTask<HttpRequestMessage> CreateRequestAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var message = new HttpRequestMessage(request.Method, "http://demo.invalid/" + request.Path) { Content = request.Content };
        message.Options.Set(DemoServer.Asked, request);
        return ValueTask.FromResult(message);
    }
}
