using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>
/// Who serves a dialect: base URL, authentication, order of preference. A provider never reads or writes a body.
/// </summary>
public interface IProvider
{
    /// <summary>The provider's name in this gateway's configuration, for example <c>openai-eu</c>.</summary>
    string Name { get; }

    /// <summary>Its kind, for example <c>azure-openai</c>; names the row of the price list.</summary>
    string Kind { get; }

    /// <summary>The dialects that it speaks for a model, the preferred one first, chat and embeddings together.</summary>
    IReadOnlyList<DialectId> Dialects(string model);

    /// <summary>Where it departs from a dialect.</summary>
    DialectQuirks Quirks(DialectId dialect, string model);

    /// <summary>The path of the provider's list of models below its base URL; null when it has none.</summary>
    string? ModelsPath => null;

    /// <summary>The pooled connections to it. Never disposed by callers.</summary>
    HttpMessageInvoker Connections { get; }

    /// <summary>The authenticated request.</summary>
    /// <exception cref="GatewayException">No credential could be had (status 502).</exception>
    ValueTask<HttpRequestMessage> CreateRequestAsync(UpstreamRequest request, CancellationToken cancellationToken);
}

/// <summary>What the pipeline asks of a provider.</summary>
/// <param name="Dialect">One of <see cref="IProvider.Dialects"/>.</param>
/// <param name="Method">POST for answers, GET for lists.</param>
/// <param name="Path">The dialect's path below the base URL, query included, without a leading slash.</param>
/// <param name="Model">The model at the provider (Azure's dated API puts it into the path).</param>
/// <param name="Content">The body; null for GET.</param>
/// <param name="Headers">The client's headers that may cross (see <c>Pipeline/HeaderPolicy</c>).</param>
public sealed record UpstreamRequest(
    DialectId Dialect,
    HttpMethod Method,
    string Path,
    string Model,
    HttpContent? Content,
    IReadOnlyList<KeyValuePair<string, string>> Headers);
